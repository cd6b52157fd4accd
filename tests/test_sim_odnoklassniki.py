"""Odnoklassniki as simulated, held against its own SDKs and quoted answers."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.quirks.p_odnoklassniki import signature
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

ID, SECRET, KEY = "512000000001", "0F1E2D3C4B5A69788796A5B4", "CMOCKIDPPUBLICKEY"
BACK = "http://127.0.0.1:9000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def login(sim: Simulator, scope: str = "GET_EMAIL") -> str:
    query = {"client_id": ID, "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1"}
    page = sim.handle(Request.of("GET", f"https://connect.ok.ru/oauth/authorize?{urlencode(query)}"))
    code = dict(parse_qsl(urlsplit(page.header("location")).query))["code"]
    form = {"client_id": ID, "client_secret": SECRET, "redirect_uri": BACK}
    form |= {"grant_type": "authorization_code", "code": code}
    url = "https://api.ok.ru/oauth/token.do"
    told = json.loads(sim.handle(Request.of("POST", url, FORM, urlencode(form).encode())).body)
    assert set(told) == {"access_token", "token_type", "refresh_token", "expires_in"}
    assert (told["token_type"], told["expires_in"]) == ("session", "1800")
    return str(told["access_token"])


def call(sim: Simulator, token: str, url: str = "https://api.ok.ru/fb.do", **changed: str) -> Response:
    """The signed call as the SDK makes it: the pairs by name, then the session's secret; all written out here."""
    text = f"application_key={KEY}fields=uid,name,emailformat=jsonmethod=users.getCurrentUser"
    query = {"application_key": KEY, "fields": "uid,name,email", "format": "json", "method": "users.getCurrentUser"}
    sig = md5(text + md5(token + SECRET))
    return sim.handle(Request.of("GET", f"{url}?{urlencode({**query, 'access_token': token, 'sig': sig, **changed})}"))


def told(response: Response) -> dict[str, Any]:
    assert (response.status, response.header("content-type")) == (200, "application/json;charset=utf-8")
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def test_a_call_is_signed_with_a_secret_that_is_made_of_token_and_key(sim: Simulator) -> None:
    answer = told(call(sim, login(sim)))
    assert set(answer) == {"uid", "name", "email"}  # the fields that were asked for
    assert (answer["name"], answer["email"]) == ("Alice Archer", "alice@example.com")
    assert told(call(sim, login(sim)))["uid"] == answer["uid"]


def test_the_token_is_no_part_of_what_is_signed() -> None:
    pairs = [("method", "m"), ("access_token", "t"), ("application_key", "k"), ("sig", "x"), ("session_key", "y")]
    assert signature(pairs, "t", "s") == md5("application_key=kmethod=m" + md5("ts"))


@pytest.mark.parametrize(
    ("changed", "code", "word"),
    [
        ({"fields": "uid"}, 104, "PARAM_SIGNATURE"),
        ({"extra": "1"}, 104, "PARAM_SIGNATURE"),
        ({"application_key": "CANOTHER"}, 101, "PARAM_API_KEY"),
        ({"access_token": "-n-nothing"}, 103, "PARAM_SESSION_KEY"),
    ],
)
def test_what_is_not_as_signed_is_refused_under_200(
    sim: Simulator, changed: dict[str, str], code: int, word: str
) -> None:
    answer = told(call(sim, login(sim), **changed))
    assert (answer["error_code"], answer["error_msg"].split(" : ")[0], answer["error_data"]) == (code, word, None)


def test_without_the_scope_there_is_no_address(sim: Simulator) -> None:
    assert set(told(call(sim, login(sim, "VALUABLE_ACCESS")))) == {"uid", "name"}


def test_a_session_ends_after_half_an_hour(sim: Simulator) -> None:
    token = login(sim)
    sim.world.clock.advance(1801)
    assert told(call(sim, token))["error_code"] == 102


def test_xml_comes_unless_json_is_asked_for(sim: Simulator) -> None:
    token = login(sim)
    query = {"application_key": KEY, "method": "users.getCurrentUser"}
    sig = md5(f"application_key={KEY}method=users.getCurrentUser" + md5(token + SECRET))
    url = f"https://api.ok.ru/fb.do?{urlencode({**query, 'access_token': token})}"
    good, bad = (sim.handle(Request.of("GET", f"{url}&sig={s}")) for s in (sig, "0" * 32))
    assert good.header("content-type") == bad.header("content-type") == "application/xml;charset=utf-8"
    assert b">Alice Archer</" in good.body
    assert b"<error_code>104</error_code>" in bad.body
