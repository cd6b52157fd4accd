"""LinkedIn as simulated: OpenID Connect of today with what is odd about it, and the lite profile of 2021."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
OAUTH = "https://www.linkedin.com/oauth/v2"
API = "https://api.linkedin.com/v2"


def callback(sim: Simulator, scope: str, **params: str) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1"}
    answer = sim.handle(Request.of("GET", f"{OAUTH}/authorization?{urlencode({**query, **params})}"))
    return dict(parse_qsl(urlsplit(answer.header("location")).query))


def token(sim: Simulator, scope: str, method: str = "POST", nonce: str = "n1", **form: str) -> Response:
    own = {"grant_type": "authorization_code", "client_id": "mockidp", "client_secret": "mockidp-secret"}
    sent = urlencode({**own, "redirect_uri": BACK, "code": callback(sim, scope, nonce=nonce)["code"], **form})
    if method == "GET":
        return sim.handle(Request.of("GET", f"{OAUTH}/accessToken?{sent}"))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sim.handle(Request.of("POST", f"{OAUTH}/accessToken", headers, sent.encode()))


def read(sim: Simulator, path: str, access: str) -> tuple[int, dict[str, Any]]:
    response = sim.handle(Request.of("GET", f"{API}/{path}", {"Authorization": f"Bearer {access}"}))
    return response.status, json.loads(response.body)


def on(year: int, month: int, day: int, person: str = "alice") -> Simulator:
    return Simulator(World(person=person, date=datetime.date(year, month, day)))


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def test_the_identity_token_has_no_nonce_and_a_text_for_a_flag(sim: Simulator) -> None:
    claims = jose.split(json.loads(token(sim, "openid profile email").body)["id_token"])[1]
    assert "nonce" not in claims
    assert (claims["email_verified"], claims["iss"]) == ("true", "https://www.linkedin.com/oauth")


def test_the_issuer_changed_in_april_2024() -> None:
    for sim, issuer in ((on(2024, 4, 11), ""), (on(2024, 4, 12), "/oauth")):
        claims = jose.split(json.loads(token(sim, "openid").body)["id_token"])[1]
        url = "https://www.linkedin.com/oauth/.well-known/openid-configuration"
        assert json.loads(sim.handle(Request.of("GET", url)).body)["issuer"] == claims["iss"]
        assert claims["iss"] == f"https://www.linkedin.com{issuer}"


def test_a_verifier_is_an_authentication_that_failed_and_a_challenge_is_not(sim: Simulator) -> None:
    assert "code" in callback(sim, "openid", code_challenge="c" * 43, code_challenge_method="S256")
    refused = token(sim, "openid", code_verifier="v" * 43)
    assert (refused.status, json.loads(refused.body)["error"]) == (401, "invalid_client")


def test_the_scopes_of_before_are_refused_to_new_apps_since_august_2023(sim: Simulator) -> None:
    back = callback(sim, "r_liteprofile")
    assert back["error"] == "unauthorized_scope_error"
    assert back["error_description"] == 'Scope "r_liteprofile" is not authorized for your application'
    assert "code" in callback(on(2023, 7, 31), "r_liteprofile")
    assert callback(on(2023, 8, 1), "r_liteprofile")["error"] == "unauthorized_scope_error"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_in_2021_name_and_address_are_two_calls(method: str) -> None:
    sim = on(2021, 11, 15)
    answer = json.loads(token(sim, "r_liteprofile r_emailaddress", method).body)
    assert set(answer) == {"access_token", "expires_in", "scope"}
    status, me = read(sim, "me?projection=(id,firstName,lastName)", answer["access_token"])
    assert (status, set(me)) == (200, {"id", "firstName", "lastName"})
    assert me["firstName"]["localized"] == {"en_US": "Alice"}
    path = "emailAddress?q=members&projection=(elements*(handle~))"
    assert read(sim, path, answer["access_token"])[1]["elements"][0]["handle~"] == {"emailAddress": "alice@example.com"}


def test_in_2021_pictures_come_when_the_projection_opens_them() -> None:
    sim = on(2021, 11, 15)
    access = json.loads(token(sim, "r_liteprofile").body)["access_token"]
    path = "me?projection=(id,profilePicture(displayImage~:playableStreams))"
    me = read(sim, path, access)[1]
    assert set(me) == {"id", "profilePicture"}
    assert me["profilePicture"]["displayImage~"]["elements"][0]["identifiers"][0]["identifierType"] == "EXTERNAL_URL"
    assert set(read(sim, "me", access)[1]["profilePicture"]) == {"displayImage"}


def test_in_2021_a_call_without_its_scope_is_403_and_nobody_without_an_address_has_one() -> None:
    sim = on(2021, 11, 15, "carol")
    path = "emailAddress?q=members&projection=(elements*(handle~))"
    status, body = read(sim, path, json.loads(token(sim, "r_liteprofile").body)["access_token"])
    assert (status, body["message"]) == (403, "Not enough permissions to access: GET-members /emailAddress")
    assert read(sim, path, json.loads(token(sim, "r_emailaddress").body)["access_token"])[1] == {"elements": []}
