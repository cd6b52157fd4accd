"""Slack as simulated, held against docs.slack.dev: OpenID Connect of today, identity.* scopes of 2021, ok or not."""

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

API = "https://slack.com/api"
BACK = "http://127.0.0.1:9000/back"
OWN = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def authorize(sim: Simulator, page: str, scope: str) -> Response:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1"}
    return sim.handle(Request.of("GET", f"https://slack.com/{page}?{urlencode(query)}"))


def ask(sim: Simulator, method: str, access: str = "", **form: str) -> dict[str, Any]:
    headers = {**FORM, **({"Authorization": f"Bearer {access}"} if access else {})}
    response = sim.handle(Request.of("POST" if form else "GET", f"{API}/{method}", headers, urlencode(form).encode()))
    assert (response.status, response.header("content-type")) == (200, "application/json; charset=utf-8")
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def token(sim: Simulator, page: str, method: str, scope: str) -> dict[str, Any]:
    back = dict(parse_qsl(urlsplit(authorize(sim, page, scope).header("location")).query))
    return ask(sim, method, code=back["code"], redirect_uri=BACK, **OWN)


def today(sim: Simulator, scope: str = "openid profile email") -> dict[str, Any]:
    return token(sim, "openid/connect/authorize", "openid.connect.token", scope)


def legacy(sim: Simulator, scope: str = "identity.basic,identity.email") -> dict[str, Any]:
    return token(sim, "oauth/authorize", "oauth.access", scope)


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.fixture
def old() -> Simulator:
    return Simulator(World(person="alice", date=datetime.date(2021, 11, 15)))


@pytest.mark.parametrize("scope", ["openid profile email", "openid,profile,email"])
def test_blanks_and_commas_part_scopes_alike(sim: Simulator, scope: str) -> None:
    answer = ask(sim, "openid.connect.userInfo", today(sim, scope)["access_token"])
    assert answer["ok"] is True
    assert answer["email"] == "alice@example.com"
    assert answer["sub"] == answer["https://slack.com/user_id"]


def test_the_date_of_verification_is_there_for_verified_addresses_alone(sim: Simulator) -> None:
    claims = jose.split(today(sim)["id_token"])[1]
    assert claims["date_email_verified"] == 1330940477  # 2012-03-05T09:41:17Z
    other = Simulator(World(person="bob"))
    claims = jose.split(today(other)["id_token"])[1]
    assert claims["email_verified"] is False
    assert "date_email_verified" not in claims
    assert claims["exp"] - claims["iat"] == 300


def test_a_missing_scope_says_which_is_needed_and_which_there_are(sim: Simulator) -> None:
    answer = ask(sim, "openid.connect.userInfo", today(sim, "email,profile")["access_token"])
    assert answer == {"ok": False, "error": "missing_scope", "needed": "openid", "provided": "email,profile"}


def test_a_revoked_token_opens_nothing(sim: Simulator) -> None:
    access = today(sim)["access_token"]
    assert ask(sim, "auth.revoke", access) == {"ok": True, "revoked": True}
    assert ask(sim, "openid.connect.userInfo", access) == {"ok": False, "error": "token_revoked"}
    assert ask(sim, "auth.revoke") == {"ok": False, "error": "not_authed"}


def test_names_of_claims_stay_what_they_are_in_path_form(sim: Simulator) -> None:
    access = today(sim)["access_token"]
    url = "http://127.0.0.1:8400/slack.com/api/openid.connect.userInfo"
    document = json.loads(sim.handle(Request.of("GET", url, {"Authorization": f"Bearer {access}"})).body)
    assert {"https://slack.com/user_id", "https://slack.com/team_id"} <= set(document)


def test_in_2021_the_identity_comes_with_the_token_and_from_a_method_of_its_own(old: Simulator) -> None:
    answer = legacy(old)
    assert answer["scope"] == "identity.basic,identity.email"
    assert answer["user"]["email"] == "alice@example.com"
    assert "id_token" not in answer
    seen = ask(old, "users.identity", answer["access_token"])
    assert set(seen) == {"ok", "user", "team"}
    assert set(seen["team"]) == {"id"}
    assert set(seen["user"]) == {"name", "id", "email"}


def test_in_2021_the_scope_identify_is_not_enough(old: Simulator) -> None:
    answer = ask(old, "users.identity", legacy(old, "identify")["access_token"])
    assert answer == {"ok": False, "error": "missing_scope", "needed": "identity.basic", "provided": "identify"}


def test_new_apps_of_today_may_not_ask_for_the_old_scopes(sim: Simulator) -> None:
    assert authorize(sim, "openid/connect/authorize", "identity.basic").status == 400
    assert authorize(sim, "oauth/authorize", "identity.basic").status == 400
