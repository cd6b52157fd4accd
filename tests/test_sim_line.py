"""LINE as simulated, held against the LINE Login v2.1 API reference."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
API = "https://api.line.me/oauth2/v2.1"
CHANNEL, SECRET = "1653000000", "6d6f636b6964702d6c696e652d736563"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def authorize(sim: Simulator, scope: str = "profile openid email", **more: str) -> dict[str, str]:
    query = {"client_id": CHANNEL, "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1", **more}
    response = sim.handle(Request.of("GET", f"https://access.line.me/oauth2/v2.1/authorize?{urlencode(query)}"))
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def post(sim: Simulator, path: str, **form: str) -> Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sim.handle(Request.of("POST", f"{API}/{path}", headers, urlencode(form).encode()))


def token(sim: Simulator, scope: str = "profile openid email", **more: str) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "client_id": CHANNEL, "client_secret": SECRET}
    answer: dict[str, Any] = json.loads(post(sim, "token", code=authorize(sim, scope, **more)["code"], **form).body)
    return answer


def verified(sim: Simulator, **form: str) -> tuple[int, dict[str, Any]]:
    response = post(sim, "verify", **form)
    return response.status, json.loads(response.body)


def test_a_web_login_signs_with_the_channel_secret(sim: Simulator) -> None:
    header = jose.split(token(sim)["id_token"])[0]
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert jose.verify(token(sim)["id_token"], SECRET.encode(), ["HS256"])["iss"] == "https://access.line.me"
    (key,) = json.loads(sim.handle(Request.of("GET", f"{API}/certs")).body)["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("EC", "P-256", "ES256")


def test_the_email_scope_is_granted_and_never_told(sim: Simulator) -> None:
    answer = token(sim)
    assert answer["scope"] == "profile openid"
    assert jose.split(answer["id_token"])[1]["email"] == "alice@example.com"
    assert "email" not in jose.split(token(sim, "profile openid")["id_token"])[1]


def test_profile_or_openid_must_be_asked_for_and_email_only_with_openid(sim: Simulator) -> None:
    assert authorize(sim, "email")["error"] == "INVALID_SCOPE"
    assert authorize(sim, "profile email")["error"] == "INVALID_SCOPE"
    assert authorize(sim, "profile timeline")["error"] == "INVALID_SCOPE"
    assert authorize(sim, "openid")["code"]


def test_it_verifies_an_identity_token_without_a_secret(sim: Simulator) -> None:
    given = token(sim, nonce="n1")["id_token"]
    assert verified(sim, id_token=given, client_id=CHANNEL, nonce="n1") == (200, jose.split(given)[1])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"client_id": "1653999999"}, "Invalid IdToken Audience."),
        ({"nonce": "n2"}, "Invalid IdToken Nonce."),
        ({"user_id": "U" + "0" * 32}, "Invalid IdToken Subject Identifier."),
        ({"id_token": "e30.e30.e30"}, "Invalid IdToken."),
    ],
)
def test_and_says_what_is_wrong_with_one(sim: Simulator, more: dict[str, str], why: str) -> None:
    form = {"id_token": token(sim, nonce="n1")["id_token"], "client_id": CHANNEL, **more}
    assert verified(sim, **form) == (400, {"error": "invalid_request", "error_description": why})


def test_an_hour_later_the_identity_token_has_expired_and_the_access_token_lives_on(sim: Simulator) -> None:
    answer = token(sim)
    sim.world.clock.advance(3601)
    assert verified(sim, id_token=answer["id_token"], client_id=CHANNEL)[1]["error_description"] == "IdToken expired."
    left = json.loads(sim.handle(Request.of("GET", f"{API}/verify?access_token={answer['access_token']}")).body)
    assert (left["client_id"], left["scope"]) == (CHANNEL, "profile openid")
    assert 2588000 < left["expires_in"] <= 2588400


def test_auth_time_comes_with_max_age_and_friendship_with_bot_prompt(sim: Simulator) -> None:
    assert "auth_time" not in jose.split(token(sim)["id_token"])[1]
    assert jose.split(token(sim, max_age="3600")["id_token"])[1]["auth_time"] == int(sim.world.clock.now())
    assert "friendship_status_changed" not in authorize(sim)
    assert authorize(sim, bot_prompt="normal")["friendship_status_changed"] == "false"
