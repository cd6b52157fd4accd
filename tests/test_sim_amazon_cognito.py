"""Amazon Cognito as simulated, held against its developer guide (endpoints of a user pool's domain, tokens)."""

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
DOMAIN = "https://mockidp.auth.us-east-1.amazoncognito.com"
ELSEWHERE = "https://shop.auth.eu-central-1.amazoncognito.com"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def authorize(sim: Simulator, scope: str, domain: str = DOMAIN) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1"}
    response = sim.handle(Request.of("GET", f"{domain}/oauth2/authorize?{urlencode(query)}"))
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def post(sim: Simulator, url: str, **form: str) -> Response:
    body = urlencode({"client_id": "mockidp", "client_secret": "mockidp-secret", **form}).encode()
    return sim.handle(Request.of("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, body))


def token(sim: Simulator, scope: str = "openid profile email", domain: str = DOMAIN) -> dict[str, Any]:
    code = authorize(sim, scope, domain)["code"]
    response = post(sim, f"{domain}/oauth2/token", grant_type="authorization_code", code=code, redirect_uri=BACK)
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def userinfo(sim: Simulator, access: str, domain: str = DOMAIN) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {access}"}
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("GET", f"{domain}/oauth2/userInfo", headers)).body)
    return answer


def test_the_issuer_is_the_user_pool_of_the_settings(sim: Simulator) -> None:
    claims = jose.split(token(sim)["id_token"])[1]
    assert claims["iss"] == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Mock1dpXy"
    assert claims["token_use"] == "id"


def test_the_pool_of_another_domain_is_in_that_domains_region_and_has_its_own_keys_address(sim: Simulator) -> None:
    issuer = jose.split(token(sim, domain=ELSEWHERE)["id_token"])[1]["iss"]
    assert issuer.startswith("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_")
    found = json.loads(sim.handle(Request.of("GET", f"{issuer}/.well-known/openid-configuration")).body)
    assert (found["issuer"], found["jwks_uri"]) == (issuer, f"{issuer}/.well-known/jwks.json")
    assert json.loads(sim.handle(Request.of("GET", found["jwks_uri"])).body)["keys"]


def test_the_flag_is_text_at_userinfo_and_a_boolean_in_the_identity_token(sim: Simulator) -> None:
    answer = token(sim)
    assert userinfo(sim, answer["access_token"])["email_verified"] == "true"
    assert jose.split(answer["id_token"])[1]["email_verified"] is True


def test_openid_alone_shows_everything_and_another_scope_only_what_it_names(sim: Simulator) -> None:
    everything = token(sim, "openid")
    assert {"email", "name", "phone_number"} <= set(userinfo(sim, everything["access_token"]))
    assert {"email", "name"} <= set(jose.split(everything["id_token"])[1])
    named = token(sim, "openid email")
    assert set(userinfo(sim, named["access_token"])) == {"sub", "username", "email", "email_verified"}
    assert "name" not in jose.split(named["id_token"])[1]


def test_a_scope_of_a_resource_server_is_known_and_any_other_is_not(sim: Simulator) -> None:
    assert authorize(sim, "openid https://api.example.com/read")["code"]
    assert authorize(sim, "openid everything")["error"] == "invalid_scope"


def test_only_a_refresh_token_can_be_revoked(sim: Simulator) -> None:
    answer = token(sim)
    refused = post(sim, f"{DOMAIN}/oauth2/revoke", token=answer["access_token"])
    assert (refused.status, json.loads(refused.body)) == (400, {"error": "unsupported_token_type"})
    assert post(sim, f"{DOMAIN}/oauth2/revoke", token=answer["refresh_token"]).status == 200
