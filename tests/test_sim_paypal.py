"""PayPal as simulated: the profile of its Identity schema, the older services, live and sandbox."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASIC = {"Authorization": "Basic bW9ja2lkcDptb2NraWRwLXNlY3JldA=="}  # mockidp:mockidp-secret


def callback(sim: Simulator, page: str, scope: str) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1"}
    answer = sim.handle(Request.of("GET", f"{page}?{urlencode(query)}"))
    return dict(parse_qsl(urlsplit(answer.header("location")).query))


def post(sim: Simulator, url: str, headers: dict[str, str], **form: str) -> Response:
    return sim.handle(Request.of("POST", url, {**FORM, **headers}, urlencode(form).encode()))


def token(sim: Simulator, scope: str = "openid email") -> dict[str, Any]:
    code = callback(sim, "https://www.paypal.com/signin/authorize", scope)["code"]
    form = {"grant_type": "authorization_code", "code": code}
    answer: dict[str, Any] = json.loads(post(sim, "https://api-m.paypal.com/v1/oauth2/token", BASIC, **form).body)
    return answer


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="mateo"))


def profile(sim: Simulator, scope: str = "openid email") -> dict[str, Any]:
    url = "https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1"
    headers = {"Authorization": f"Bearer {token(sim, scope)['access_token']}"}
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("GET", url, headers)).body)
    return answer


def test_the_profile_lists_every_address_the_primary_one_first(sim: Simulator) -> None:
    assert profile(sim)["emails"] == [
        {"value": "mateo@example.net", "primary": True, "confirmed": False},
        {"value": "mateo.molina@example.org", "primary": False, "confirmed": True},
        {"value": "teo@old.example.com", "primary": False, "confirmed": False},
    ]
    assert set(profile(sim)) == {"user_id", "sub", "emails"}
    assert profile(sim, "openid profile")["given_name"] == "Mateo"


def test_an_account_without_an_address_has_no_list() -> None:
    assert "emails" not in profile(Simulator(World(person="carol")))


def test_a_wrong_code_is_access_denied(sim: Simulator) -> None:
    form = {"grant_type": "authorization_code", "code": "made-up"}
    answer = post(sim, "https://api.sandbox.paypal.com/v1/oauth2/token", BASIC, **form)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "access_denied")


def test_a_scope_that_is_not_the_apps_is_told_back_with_the_address(sim: Simulator) -> None:
    back = callback(sim, "https://www.paypal.com/connect", "openid everything")
    assert (back["error"], back["error_uri"]) == ("invalid_scope", BACK)


@pytest.mark.parametrize("host", ["paypal.com", "sandbox.paypal.com"])
def test_clients_of_2021_post_for_the_profile_with_everything_in_the_query(sim: Simulator, host: str) -> None:
    page = f"https://www.{host}/webapps/auth/protocol/openidconnect/v1/authorize"
    back = callback(sim, page, "openid email")
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": BACK}
    own = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    service = f"https://api.{host}/v1/identity/openidconnect"
    answer = json.loads(post(sim, f"{service}/tokenservice", {}, **form, **own).body)
    url = f"{service}/userinfo?schema=openid&access_token={answer['access_token']}"
    document = json.loads(post(sim, url, {}).body)
    assert set(document) == {"user_id", "sub", "email", "email_verified"}
    assert (document["email"], document["email_verified"]) == ("mateo@example.net", False)


@pytest.mark.parametrize(("mode", "host"), [("live", "paypal.com"), ("test", "sandbox.paypal.com")])
def test_the_mode_picks_the_hosts(mode: str, host: str) -> None:
    wire = World(settings={"paypal": {"MODE": mode}}).wire("paypal")
    assert wire.step("authorize").urls[0] == f"https://www.{host}/signin/authorize"  # type: ignore[union-attr]
    assert wire.step("token").urls[0] == f"https://api-m.{host}/v1/oauth2/token"  # type: ignore[union-attr]
