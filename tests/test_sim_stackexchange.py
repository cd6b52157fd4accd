"""Stack Exchange as simulated, held against api.stackexchange.com/docs."""

from __future__ import annotations

import datetime
import gzip
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

ID, SECRET, KEY = "24680", "mockidp-secret((0123456", "mockidp-request-key((1234"
BACK = "http://127.0.0.1:9000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def authorize(sim: Simulator, **params: str) -> Response:
    query = {"client_id": ID, "redirect_uri": BACK, "state": "s1", **params}
    return sim.handle(Request.of("GET", f"https://stackoverflow.com/oauth?{urlencode(query)}"))


def token(sim: Simulator, path: str = "", scope: str = "", **changed: str) -> Response:
    code = dict(parse_qsl(urlsplit(authorize(sim, scope=scope).header("location")).query))["code"]
    form = {"client_id": ID, "client_secret": SECRET, "redirect_uri": BACK, "code": code, **changed}
    url = f"https://stackoverflow.com/oauth/access_token{path}"
    return sim.handle(Request.of("POST", url, FORM, urlencode(form).encode()))


def me(sim: Simulator, access_token: str, version: str = "2.3", **params: str) -> tuple[int, dict[str, Any]]:
    query = {"access_token": access_token, "key": KEY, "site": "stackoverflow", **params}
    kept = {name: value for name, value in query.items() if value}
    response = sim.handle(Request.of("GET", f"https://api.stackexchange.com/{version}/me?{urlencode(kept)}"))
    return response.status, unpacked(response)


def unpacked(response: Response) -> dict[str, Any]:
    """Whatever the API says comes compressed."""
    assert response.header("content-encoding") == "gzip"
    answer: dict[str, Any] = json.loads(gzip.decompress(response.body))
    return answer


def access(sim: Simulator) -> str:
    return dict(parse_qsl(token(sim).body.decode()))["access_token"]


def test_the_token_is_a_form_that_calls_itself_text(sim: Simulator) -> None:
    response = token(sim)
    assert response.header("content-type") == "text/plain; charset=utf-8"
    told = dict(parse_qsl(response.body.decode()))
    assert (set(told), told["expires"]) == ({"access_token", "expires"}, "86400")
    assert json.loads(token(sim, "/json").body).keys() == {"access_token", "expires"}


@pytest.mark.parametrize("scope", ["no_expiry", "read_inbox,no_expiry", "read_inbox no_expiry"])
def test_a_token_without_an_end_has_no_expires(sim: Simulator, scope: str) -> None:
    told = dict(parse_qsl(token(sim, scope=scope).body.decode()))
    assert set(told) == {"access_token"}
    sim.world.clock.advance(90000)
    assert me(sim, told["access_token"])[0] == 200


def test_one_account_and_on_every_site_another_user(sim: Simulator) -> None:
    given = access(sim)
    one, other = (me(sim, given, site=site)[1]["items"][0] for site in ("stackoverflow", "cooking"))
    assert one["account_id"] == other["account_id"]
    assert one["user_id"] != other["user_id"]
    assert one["link"].startswith(f"https://stackoverflow.com/users/{one['user_id']}/")
    assert other["link"].startswith("https://cooking.stackexchange.com/users/")
    assert (one["display_name"], one["creation_date"]) == ("Alice Archer", 1330940477)
    assert me(sim, given, version="2.1")[1]["items"][0] == one


def test_names_are_escaped() -> None:
    sim = Simulator(World(person="mallory"))
    assert "<" not in me(sim, access(sim))[1]["items"][0]["display_name"]


@pytest.mark.parametrize(
    ("params", "error_id", "error_name"),
    [
        ({"access_token": ""}, 401, "access_token_required"),
        ({"access_token": "nothing"}, 402, "invalid_access_token"),
        ({"key": ""}, 405, "key_required"),
        ({"key": "another"}, 400, "bad_parameter"),
        ({"site": ""}, 400, "bad_parameter"),
    ],
)
def test_every_error_of_the_api_is_a_400(
    sim: Simulator, params: dict[str, str], error_id: int, error_name: str
) -> None:
    status, told = me(sim, **{"access_token": access(sim), **params})
    assert (status, told["error_id"], told["error_name"]) == (400, error_id, error_name)


def test_a_token_is_ended_by_its_address(sim: Simulator) -> None:
    given = access(sim)
    url = f"https://api.stackexchange.com/2.3/access-tokens/{quote(given, safe='')}/invalidate"
    first, second = (unpacked(sim.handle(Request.of("GET", url))) for _ in range(2))
    assert first["items"][0]["access_token"] == given
    assert me(sim, given)[1]["error_name"] == "invalid_access_token"
    assert second["has_more"] is False


def test_any_page_of_the_registered_domain_will_do(sim: Simulator) -> None:
    sim.world.apps.register("stackexchange", client_id="99", redirect_uris=["https://app.example.com/cb"])
    there = authorize(sim, client_id="99", redirect_uri="https://app.example.com/other")
    elsewhere = authorize(sim, client_id="99", redirect_uri="https://evil.example.org/other")
    assert there.header("location").startswith("https://app.example.com/other?code=")
    assert (elsewhere.status, elsewhere.header("location")) == (400, "")


def test_a_challenge_was_nothing_to_it_before_june_2025() -> None:
    for date, status in ((datetime.date(2021, 11, 15), 200), (datetime.date(2026, 1, 1), 400)):
        sim = Simulator(World(person="alice", date=date))
        page = authorize(sim, code_challenge="x" * 43, code_challenge_method="S256")
        code = dict(parse_qsl(urlsplit(page.header("location")).query))["code"]
        assert token(sim, code=code).status == status
