"""CILogon as simulated, held against the source of the site and of its OAuth server (OA4MP)."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
ID = "cilogon:/client_id/6d5c4b3a29181706f5e4d3c2b1a09f8e"
BASE = "http://127.0.0.1:8400/"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def authorize(sim: Simulator, base: str = "https://", **asked: str) -> dict[str, str]:
    query = {"client_id": ID, "redirect_uri": BACK, "response_type": "code", "state": "s1", **asked}
    back = sim.handle(Request.of("GET", f"{base}cilogon.org/authorize?{urlencode(query)}")).header("location")
    return dict(parse_qsl(urlsplit(back).query))


def access(sim: Simulator, base: str = "https://") -> str:
    form = {"grant_type": "authorization_code", "code": authorize(sim, base, scope="openid email")["code"]}
    form |= {"redirect_uri": BACK, "client_id": ID, "client_secret": "mockidp-secret"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    made = Request.of("POST", f"{base}cilogon.org/oauth2/token", headers, urlencode(form).encode())
    return str(json.loads(sim.handle(made).body)["access_token"])


@pytest.mark.parametrize("scope", ["openid Email", "openid everything", "openid+email"])
def test_a_scope_that_it_does_not_know_is_refused(sim: Simulator, scope: str) -> None:
    assert authorize(sim, scope=scope)["error"] == "invalid_scope"


def test_prompt_is_login_or_select_account(sim: Simulator) -> None:
    assert authorize(sim, scope="openid", prompt="login")["code"]
    assert authorize(sim, scope="openid", prompt="consent")["error"] == "invalid_request"


def test_the_token_travels_in_header_query_or_form(sim: Simulator) -> None:
    url, token = "https://cilogon.org/oauth2/userinfo", access(sim)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = [
        Request.of("GET", url, {"Authorization": f"Bearer {token}"}),
        Request.of("GET", f"{url}?access_token={token}"),
        Request.of("POST", url, form, urlencode({"access_token": token}).encode()),
    ]
    assert [sim.handle(request).status for request in asked] == [200, 200, 200]
    assert sim.handle(Request.of("GET", url)).status == 401


def test_who_somebody_is_stays_the_same_in_path_form(sim: Simulator) -> None:
    headers = {"Authorization": f"Bearer {access(sim, BASE)}"}
    found = json.loads(sim.handle(Request.of("GET", f"{BASE}cilogon.org/oauth2/userinfo", headers)).body)
    assert found["sub"].startswith("http://cilogon.org/serverA/users/")
    assert found["iss"] == f"{BASE}cilogon.org"
