"""Untappd as simulated, held against untappd.com/api/docs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
APP = {"client_id": "mockidp", "client_secret": "mockidp-secret", "response_type": "code"}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def get(sim: Simulator, url: str, agent: str = "Example/1", **params: str) -> Response:
    return sim.handle(Request.of("GET", f"{url}?{urlencode(params)}", {"User-Agent": agent} if agent else {}))


def code(sim: Simulator) -> str:
    url = "https://untappd.com/oauth/authenticate/"
    back = get(sim, url, client_id="mockidp", response_type="code", redirect_url=BACK).header("location")
    return dict(parse_qsl(urlsplit(back).query))["code"]


def token(sim: Simulator, agent: str = "Example/1", **params: str) -> tuple[int, dict[str, Any]]:
    query = {**APP, "redirect_url": BACK, "code": code(sim), **params}
    kept = {name: value for name, value in query.items() if value}
    response = get(sim, "https://untappd.com/oauth/authorize/", agent, **kept)
    return response.status, json.loads(response.body)


def user(sim: Simulator, access_token: str) -> tuple[int, dict[str, Any]]:
    response = get(sim, "https://api.untappd.com/v4/user/info/", access_token=access_token)
    return response.status, json.loads(response.body)


def test_authenticate_is_the_page_and_authorize_the_token(sim: Simulator) -> None:
    status, told = token(sim)
    assert (status, told["meta"], set(told["response"])) == (200, {"http_code": 200}, {"access_token"})
    profile = user(sim, told["response"]["access_token"])[1]["response"]["user"]
    assert profile["uid"] == profile["id"]
    assert (profile["user_name"], profile["is_private"]) == ("alice-archer", 0)
    assert profile["date_joined"] == "Mon, 05 Mar 2012 09:41:17 +0000"
    assert profile["settings"]["email_address"] == "alice@example.com"


def test_redirect_uri_is_not_what_it_is_called(sim: Simulator) -> None:
    page = get(
        sim, "https://untappd.com/oauth/authenticate/", client_id="mockidp", response_type="code", redirect_uri=BACK
    )
    assert page.header("location") == ""
    status, told = token(sim, redirect_url="", redirect_uri=BACK)
    assert (status, told["meta"]["http_code"], told["meta"]["error_type"]) == (500, 500, "Param_error")


def test_no_agent_is_refused_and_that_of_a_library_remarked(sim: Simulator) -> None:
    assert token(sim, agent="")[0] == 500
    assert token(sim, agent="python-requests/2.32.3")[0] == 200
    assert "the app's own name" in sim.world.journal.text()


def test_nobody_is_known_by_a_wrong_token(sim: Simulator) -> None:
    status, told = user(sim, "NOTHING")
    assert (status, told["meta"]["error_type"], told["response"]) == (500, "invalid_auth", [])


def test_an_empty_address_and_a_single_name() -> None:
    for person, key, value in (("carol", "settings", ""), ("surya", "last_name", "")):
        sim = Simulator(World(person=person))
        profile = user(sim, token(sim)[1]["response"]["access_token"])[1]["response"]["user"]
        got = profile[key]["email_address"] if key == "settings" else profile[key]
        assert got == value
