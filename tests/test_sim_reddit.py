"""Reddit as simulated, held against the last open source of the server and what others recorded."""

from __future__ import annotations

import datetime
import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK, WWW = "http://127.0.0.1:9000/back", "https://www.reddit.com/api/v1"
BASIC = "Basic " + b64encode(b"mockidp:mockidp-secret").decode()
OWN = "linux:com.example.app:v1 (by /u/example)"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice", date=datetime.date(2026, 11, 20)))


def begin(sim: Simulator, **params: str | None) -> Response:
    usual = {"client_id": "mockidp", "response_type": "code", "redirect_uri": BACK, "state": "s", "scope": "identity"}
    query = {key: value for key, value in {**usual, **params}.items() if value is not None}
    return sim.handle(Request.of("GET", f"{WWW}/authorize?{urlencode(query)}"))


def post(sim: Simulator, path: str, agent: str | None = OWN, basic: str = BASIC, **form: str) -> Response:
    headers = {"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {} if agent is None else {"User-Agent": agent}
    return sim.handle(Request.of("POST", WWW + path, headers, urlencode(form).encode()))


def redeem(sim: Simulator, **params: str | None) -> dict[str, Any]:
    code = dict(parse_qsl(urlsplit(begin(sim, **params).header("location")).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    answer: dict[str, Any] = json.loads(post(sim, "/access_token", **form).body)
    return answer


def me(sim: Simulator, token: str, agent: str | None = OWN) -> Response:
    headers = {"Authorization": f"bearer {token}"} | ({} if agent is None else {"User-Agent": agent})
    return sim.handle(Request.of("GET", "https://oauth.reddit.com/api/v1/me", headers))


@pytest.mark.parametrize(
    "agent", [None, "", "python-requests/2.32.3", "Python-urllib/3.12", "curl/8.9", "Go-http-client/1.1", "Java/17"]
)
def test_who_does_not_say_who_it_is_is_turned_away_at_every_step(sim: Simulator, agent: str | None) -> None:
    token = redeem(sim, duration="permanent")
    answers = [
        post(sim, "/access_token", agent, grant_type="authorization_code", code="x", redirect_uri=BACK),
        post(sim, "/access_token", agent, grant_type="refresh_token", refresh_token=token["refresh_token"]),
        me(sim, token["access_token"], agent),
        post(sim, "/revoke_token", agent, token=token["access_token"]),
    ]
    assert {(answer.status, answer.body) for answer in answers} == {
        (429, b'{"message":"Too Many Requests","error":429}')
    }


@pytest.mark.parametrize("agent", [OWN, "NodeApp/1.0", "django-allauth-header", "Mozilla/5.0 (X11) Firefox/130.0"])
def test_words_of_ones_own_are_enough(sim: Simulator, agent: str) -> None:
    assert me(sim, redeem(sim)["access_token"], agent).status == 200


def test_a_refresh_token_comes_only_for_good(sim: Simulator) -> None:
    assert "refresh_token" not in redeem(sim)
    assert "refresh_token" not in redeem(sim, duration="temporary")
    assert redeem(sim, duration="permanent")["token_type"] == "bearer"
    assert "refresh_token" in redeem(sim, duration="permanent")


def test_errors_of_a_code_come_with_status_200_and_those_of_a_secret_with_401(sim: Simulator) -> None:
    wrong = post(sim, "/access_token", grant_type="authorization_code", code="x", redirect_uri=BACK)
    assert (wrong.status, wrong.body) == (200, b'{"error":"invalid_grant"}')
    none = post(sim, "/access_token", grant_type="authorization_code", redirect_uri=BACK)
    assert (none.status, none.body) == (200, b'{"error":"invalid_request"}')
    basic = "Basic " + b64encode(b"mockidp:wrong").decode()
    refused = post(sim, "/access_token", basic=basic, grant_type="authorization_code", code="x", redirect_uri=BACK)
    assert (refused.status, refused.header("www-authenticate")) == (401, 'Basic realm="reddit"')


@pytest.mark.parametrize("missing", ["state", "scope"])
def test_a_login_needs_state_and_scope(sim: Simulator, missing: str) -> None:
    assert begin(sim, **{missing: None}).status == 400


def test_scopes_may_be_joined_with_commas_and_are_told_sorted(sim: Simulator) -> None:
    assert begin(sim, scope="read,identity").status == 302
    assert redeem(sim, scope="read,identity")["scope"] == "identity read"
    profile = json.loads(me(sim, redeem(sim, scope="identity,privatemessages")["access_token"]).body)
    assert "has_mail" in profile
    assert "has_mail" not in json.loads(me(sim, redeem(sim)["access_token"]).body)


@pytest.mark.parametrize(("date", "seconds"), [("2021-11-15", 3600), ("2026-11-20", 86400)])
def test_a_token_lived_an_hour_until_april_2022(date: str, seconds: int) -> None:
    sim = Simulator(World(person="alice", date=datetime.date.fromisoformat(date)))
    token = redeem(sim)
    assert token["expires_in"] == seconds
    sim.world.clock.advance(seconds - 1)
    assert me(sim, token["access_token"]).status == 200
    sim.world.clock.advance(1)
    assert me(sim, token["access_token"]).status == 401
