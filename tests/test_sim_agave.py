"""Agave as simulated, held against its documentation of 2021."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
API = "https://public.agaveapi.co"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def login(sim: Simulator, api: str = API) -> dict[str, Any]:
    query = {"client_id": "mockidp", "response_type": "code", "redirect_uri": BACK, "scope": "PRODUCTION", "state": "s"}
    page = sim.handle(Request.of("GET", f"{api}/authorize?{urlencode(query)}"))
    code = dict(parse_qsl(urlsplit(page.header("location")).query))["code"]
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK, "code": code}
    body = urlencode({**form, "grant_type": "authorization_code"}).encode()
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("POST", f"{api}/token", FORM, body)).body)
    return answer


def profile(sim: Simulator, header: str, query: str, api: str = API) -> tuple[int, dict[str, Any]]:
    url = f"{api}/profiles/v2/me?access_token={query}"
    response = sim.handle(Request.of("GET", url, {"Authorization": f"Bearer {header}"} if header else {}))
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("alice", ("20120305094117Z", "alice-archer", "alice@example.com", "Alice", "Archer")),
        ("carol", ("20140130235959Z", "carol-chevalier", "", "Carol", "Chevalier")),
    ],
)
def test_the_profile_is_a_result_and_tells_when_the_account_was_made(person: str, expected: tuple[str, ...]) -> None:
    sim = Simulator(World(person=person))
    told = login(sim)
    assert (told["token_type"], told["expires_in"]) == ("bearer", 14400)
    status, answer = profile(sim, told["access_token"], told["access_token"])
    assert (status, answer["status"], answer["message"]) == (200, "success", None)
    keys = ("create_time", "username", "email", "first_name", "last_name")
    assert tuple(answer["result"][key] for key in keys) == expected


def test_of_a_token_sent_twice_the_header_counts() -> None:
    sim = Simulator(World(person="alice"))
    token = login(sim)["access_token"]
    assert profile(sim, token, "nothing")[0] == 200
    assert profile(sim, "nothing", token) == (401, {"fault": profile(sim, "x", "x")[1]["fault"]})
    assert profile(sim, "", token)[1]["fault"]["code"] == 900902


def test_a_tenant_has_its_own_address() -> None:
    own = "https://api.tenant.example.org"
    sim = Simulator(World(person="alice", settings={"agave": {"API_URL": own}}))
    result = profile(sim, login(sim, own)["access_token"], "x", own)[1]["result"]
    assert result["_links"]["self"]["href"] == f"{own}/profiles/v2/alice-archer"
