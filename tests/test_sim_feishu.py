"""Feishu as simulated, held against its documents of authen v1 and v2."""

from __future__ import annotations

import datetime
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

API = "https://open.feishu.cn/open-apis"
INDEX = f"{API}/authen/v1/index"
PAGE = "https://accounts.feishu.cn/open-apis/authen/v1/authorize"
ID, SECRET = "cli_a0123456789abcde", "mockidpsecret0123456789abcdefghi"
BACK = "http://127.0.0.1:9000/back"
APP_TOKEN = f"{API}/auth/v3/app_access_token/internal/"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.fixture
def old() -> Simulator:
    return Simulator(World(person="alice", date=datetime.date(2021, 11, 15)))


def code(sim: Simulator, page: str = INDEX, **params: str) -> str:
    query = {"redirect_uri": BACK, "state": "s1", **params}
    back = sim.handle(Request.of("GET", f"{page}?{urlencode(query)}")).header("location")
    return dict(parse_qsl(urlsplit(back).query))["code"]


def post(sim: Simulator, url: str, token: str = "", **fields: str) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    response = sim.handle(Request.of("POST", url, headers, json.dumps(fields).encode()))
    return response.status, json.loads(response.body)


def app_token(sim: Simulator) -> str:
    status, told = post(sim, APP_TOKEN, app_id=ID, app_secret=SECRET)
    assert (status, told["code"], told["msg"], told["expire"]) == (200, 0, "ok", 7200)
    return str(told["app_access_token"])


def profile(sim: Simulator, token: str) -> tuple[int, dict[str, Any]]:
    response = sim.handle(Request.of("GET", f"{API}/authen/v1/user_info", {"Authorization": f"Bearer {token}"}))
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("way", ["header", "body"])
def test_the_first_version_begins_with_the_apps_token_and_has_everything_under_data(old: Simulator, way: str) -> None:
    token = app_token(old)
    given = {"grant_type": "authorization_code", "code": code(old, app_id=ID)}
    if way == "header":
        status, told = post(old, f"{API}/authen/v1/access_token", token, **given)
    else:
        status, told = post(old, f"{API}/authen/v1/access_token", app_access_token=token, **given)
    assert (status, set(told), told["code"], told["msg"]) == (200, {"code", "msg", "data"}, 0, "success")
    data = told["data"]
    assert re.fullmatch(r"u-\w{32}", data["access_token"])
    assert re.fullmatch(r"ou_[0-9a-f]{32}", data["open_id"])
    assert (data["token_type"], data["refresh_expires_in"], data["name"]) == ("Bearer", 2592000, "Alice Archer")
    assert profile(old, data["access_token"])[1]["data"]["open_id"] == data["open_id"]
    again = post(old, f"{API}/authen/v1/access_token", token, **given)
    assert again == (200, {"code": 20007, "msg": "failed to generate user access token"})


def test_the_first_version_refreshes_with_the_apps_token_at_its_own_address(old: Simulator) -> None:
    token = app_token(old)
    first = post(
        old, f"{API}/authen/v1/access_token", token, grant_type="authorization_code", code=code(old, app_id=ID)
    )[1]["data"]
    url, given = f"{API}/authen/v1/refresh_access_token", {"grant_type": "refresh_token"}
    told = post(old, url, token, refresh_token=first["refresh_token"], **given)[1]
    assert told["data"]["open_id"] == first["open_id"]
    assert told["data"]["access_token"] != first["access_token"]
    assert post(old, url, token, refresh_token=first["refresh_token"], **given) == (
        400,
        {"code": 20026, "msg": "refresh token is invalid"},
    )


def test_an_app_that_cannot_prove_itself_gets_no_further(old: Simulator) -> None:
    assert post(old, APP_TOKEN, app_id=ID, app_secret="no")[1] == {"code": 10014, "msg": "app secret invalid"}
    given = {"grant_type": "authorization_code", "code": code(old, app_id=ID)}
    assert post(old, f"{API}/authen/v1/access_token", "a-nothing", **given)[1]["code"] == 99991664
    assert post(old, f"{API}/authen/v1/access_token", **given)[1]["code"] == 99991661


def test_todays_addresses_were_not_there_in_2021(old: Simulator) -> None:
    query = urlencode({"client_id": ID, "redirect_uri": BACK, "response_type": "code"})
    assert old.handle(Request.of("GET", f"{PAGE}?{query}")).status == 404
    assert old.handle(Request.of("POST", f"{API}/authen/v2/oauth/token")).status == 404


def test_today_the_token_is_flat_and_has_a_refresh_token_only_when_asked_for(sim: Simulator) -> None:
    asked = {"client_id": ID, "response_type": "code"}
    proof = {"grant_type": "authorization_code", "client_id": ID, "client_secret": SECRET}
    url = f"{API}/authen/v2/oauth/token"
    plain = post(sim, url, code=code(sim, PAGE, **asked), redirect_uri=BACK, **proof)[1]
    assert set(plain) == {"code", "access_token", "expires_in", "token_type", "scope"}
    assert plain["access_token"].startswith("eyJ")
    scope = "contact:user.email:readonly offline_access"
    told = post(sim, url, code=code(sim, PAGE, scope=scope, **asked), **proof)[1]
    assert (told["refresh_token_expires_in"], told["scope"]) == (604800, scope)
    assert profile(sim, told["access_token"])[1]["data"]["email"] == "alice@example.com"
    assert "email" not in profile(sim, plain["access_token"])[1]["data"]


def test_only_the_third_version_minds_a_verifier_without_a_challenge(sim: Simulator) -> None:
    asked = {"client_id": ID, "response_type": "code"}
    proof = {"grant_type": "authorization_code", "client_id": ID, "client_secret": SECRET, "code_verifier": VERIFIER}
    third = "https://accounts.feishu.cn/oauth/v3/token"
    assert post(sim, f"{API}/authen/v2/oauth/token", code=code(sim, PAGE, **asked), **proof)[1]["code"] == 0
    status, told = post(sim, third, code=code(sim, PAGE, **asked), **proof)
    assert (status, told["code"], told["error"]) == (400, 20049, "invalid_grant")
    challenged = code(sim, PAGE, code_challenge=CHALLENGE, code_challenge_method="S256", **asked)
    assert post(sim, third, code=challenged, **proof)[1]["code"] == 0


def test_errors_of_the_profile_are_400_with_a_number(sim: Simulator) -> None:
    status, told = profile(sim, "u-nothing")
    assert (status, told["code"]) == (400, 99991668)
