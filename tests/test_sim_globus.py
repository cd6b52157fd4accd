"""Globus as simulated, held against its Auth API reference and the vendor's SDK."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
AUTH = "https://auth.globus.org/v2/oauth2"
ID = "3f1e0c5a-7b2d-4c8e-9a6f-0d1c2b3a4e5f"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def token(sim: Simulator, **asked: str) -> dict[str, Any]:
    query = {"client_id": ID, "redirect_uri": BACK, "response_type": "code", "scope": "openid profile email", **asked}
    back = sim.handle(Request.of("GET", f"{AUTH}/authorize?{urlencode(query)}")).header("location")
    form = {"grant_type": "authorization_code", "code": dict(parse_qsl(urlsplit(back).query))["code"]}
    form |= {"redirect_uri": BACK, "client_id": ID, "client_secret": "mockidp-secret"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = json.loads(sim.handle(Request.of("POST", f"{AUTH}/token", headers, urlencode(form).encode())).body)
    assert isinstance(answer, dict)
    return answer


def test_the_token_answer_repeats_the_state(sim: Simulator) -> None:
    assert token(sim, state="s1")["state"] == "s1"
    assert token(sim)["state"] == "_default"


def test_there_is_one_key_without_a_name_and_rs512(sim: Simulator) -> None:
    (key,) = json.loads(sim.handle(Request.of("GET", "https://auth.globus.org/jwk.json")).body)["keys"]
    assert ("kid" in key, key["alg"]) == (False, "RS512")
    given = token(sim)["id_token"]
    assert jose.split(given)[0] == {"alg": "RS512", "typ": "JWT"}
    assert jose.verify(given, jose.from_jwk(key), ["RS512"])["aud"] == ID


def test_a_refresh_token_comes_by_scope_or_by_access_type(sim: Simulator) -> None:
    assert "refresh_token" not in token(sim)
    assert token(sim, scope="openid offline_access")["refresh_token"].startswith("Ag")
    assert token(sim, access_type="offline")["refresh_token"].startswith("Ag")
