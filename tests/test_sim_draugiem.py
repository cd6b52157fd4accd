"""Draugiem as simulated, held against its passport page and its own PHP SDK."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

ID, KEY = "15012345", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
BACK = "http://127.0.0.1:9000/back?own=1"
HASH = "8020237f8cfb5953b0abfdb3855e11bc"  # md5sum(1) of KEY and BACK
DENIED = {"error": {"description": "Access denied", "code": 150}}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def get(sim: Simulator, path: str, **params: str) -> Response:
    return sim.handle(Request.of("GET", f"https://api.draugiem.lv{path}?{urlencode(params)}"))


def ask(sim: Simulator, **params: str) -> dict[str, Any]:
    response = get(sim, "/json/", **params)
    assert (response.status, response.header("content-type")) == (200, "application/json")
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def authorize(sim: Simulator, **params: str) -> Response:
    return get(sim, "/authorize/", **{"app": ID, "redirect": BACK, "hash": HASH, **params})


def code(sim: Simulator) -> str:
    return dict(parse_qsl(urlsplit(authorize(sim).header("location")).query))["dr_auth_code"]


def test_the_browser_comes_back_to_the_redirect_with_its_own_query(sim: Simulator) -> None:
    back = authorize(sim, popup="1").header("location")
    assert back.startswith(BACK + "&dr_auth_status=ok&dr_auth_code=")
    assert back.endswith("&dr_popup=1")


def test_a_hash_by_another_key_sends_nobody_back(sim: Simulator) -> None:
    response = authorize(sim, hash="0" * 32)
    assert (response.header("location"), b"not signed" in response.body) == ("", True)


def test_who_says_no_comes_back_with_another_status() -> None:
    back = authorize(Simulator(World(person="dave"))).header("location")
    assert back == BACK + "&dr_auth_status=failed"


def test_the_key_stands_where_the_id_stood_and_the_user_under_his_own_id(sim: Simulator) -> None:
    answer = ask(sim, action="authorize", app=KEY, code=code(sim))
    uid = answer["uid"]
    assert set(answer) == {"apikey", "uid", "language", "users"}
    assert list(answer["users"]) == [uid]
    user = answer["users"][uid]
    assert (user["uid"], user["name"], user["surname"]) == (int(uid), "Alice", "Archer")
    assert (user["adult"], user["deleted"], user["created"]) == (1, False, "05.03.2012 09:41:17")
    again = ask(sim, action="userdata", app=KEY, apikey=answer["apikey"])
    assert again == {"users": {uid: user}}


def test_the_id_is_no_key_and_a_code_is_good_once(sim: Simulator) -> None:
    first = code(sim)
    assert ask(sim, action="authorize", app=ID, code=first) == DENIED
    assert "apikey" in ask(sim, action="authorize", app=KEY, code=first)
    assert ask(sim, action="authorize", app=KEY, code=first) == DENIED


def test_an_app_that_is_learned_is_held_to_the_key_of_its_first_hash() -> None:
    sim = Simulator(World(person="alice", apps="learn"))
    own, own_hash = "a" * 32, "1d64087f1b3846ad459b679117d7d984"
    back = authorize(sim, app="777", hash=own_hash).header("location")
    first = dict(parse_qsl(urlsplit(back).query))["dr_auth_code"]
    assert ask(sim, action="authorize", app="f" * 32, code=first) == DENIED
    assert "apikey" in ask(sim, action="authorize", app=own, code=first)
    assert authorize(sim, app="777", hash="1" * 32).header("location") == ""
    assert authorize(sim, app="777", hash=own_hash).header("location") != ""
