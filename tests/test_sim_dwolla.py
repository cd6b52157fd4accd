"""Dwolla as simulated on its last day, held against its pages of 2018."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
HAL = "application/vnd.dwolla.v1.hal+json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def code(sim: Simulator, host: str = "www.dwolla.com", back: str = BACK) -> str:
    query = {"client_id": "mockidp", "response_type": "code", "redirect_uri": back, "scope": "Send|AccountInfoFull"}
    page = sim.handle(Request.of("GET", f"https://{host}/oauth/v2/authenticate?{urlencode(query)}"))
    return dict(parse_qsl(urlsplit(page.header("location")).query))["code"]


def token(sim: Simulator, host: str = "www.dwolla.com", **changed: str) -> dict[str, Any]:
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
    form |= {"grant_type": "authorization_code", "code": code(sim, host), **changed}
    url = f"https://{host}/oauth/v2/token"
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("POST", url, FORM, urlencode(form).encode())).body)
    return answer


def account(sim: Simulator, url: str, access_token: str, accept: str = HAL) -> Response:
    return sim.handle(Request.of("GET", url, {"Authorization": f"Bearer {access_token}", "Accept": accept}))


@pytest.mark.parametrize(
    ("host", "api"),
    [
        ("www.dwolla.com", "https://api.dwolla.com"),
        ("sandbox.dwolla.com", "https://api-sandbox.dwolla.com"),
        ("uat.dwolla.com", "https://api-sandbox.dwolla.com"),
    ],
)
def test_the_profile_is_where_the_token_links_to(sim: Simulator, host: str, api: str) -> None:
    told = token(sim, host)
    link = told["_links"]["account"]["href"]
    assert link == f"{api}/accounts/{told['account_id']}"
    assert (told["token_type"], told["scope"]) == ("bearer", "send|accountinfofull")
    response = account(sim, link, told["access_token"])
    profile = json.loads(response.body)
    assert response.header("content-type") == HAL
    assert (profile["id"], profile["name"], "email" in profile) == (told["account_id"], "Alice Archer", False)
    assert profile["_links"]["self"]["href"] == link


def test_the_version_must_be_asked_for_and_the_account_be_ones_own(sim: Simulator) -> None:
    told = token(sim)
    link = told["_links"]["account"]["href"]
    plain = account(sim, link, told["access_token"], "application/json")
    other = account(sim, link[:-1] + ("0" if link[-1] != "0" else "1"), told["access_token"])
    assert (plain.status, json.loads(plain.body)["code"]) == (406, "InvalidVersion")
    assert (other.status, json.loads(other.body)["code"]) == (403, "Forbidden")


def test_an_error_at_the_token_is_no_status(sim: Simulator) -> None:
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK, "code": "made-up"}
    body = urlencode({**form, "grant_type": "authorization_code"}).encode()
    response = sim.handle(Request.of("POST", "https://www.dwolla.com/oauth/v2/token", FORM, body))
    assert (response.status, json.loads(response.body)["error"]) == (200, "access_denied")


def test_the_query_of_a_redirect_is_the_apps_own(sim: Simulator) -> None:
    registered = "https://app.example.com/cb"
    sim.world.apps.register("dwolla", client_id="other", redirect_uris=[registered])
    query = {"client_id": "other", "response_type": "code", "scope": "Send"}
    url = "https://www.dwolla.com/oauth/v2/authenticate?"
    mine = sim.handle(Request.of("GET", url + urlencode({**query, "redirect_uri": f"{registered}?own=1"})))
    others = sim.handle(Request.of("GET", url + urlencode({**query, "redirect_uri": f"{registered}/x?own=1"})))
    assert mine.header("location").startswith(f"{registered}?own=1&code=")
    assert others.header("location") == ""
