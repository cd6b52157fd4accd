"""Weixin as simulated, held against its documentation (website login, web page authorization, error codes)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.check.walk import walk_class
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

WEBSITE = "https://open.weixin.qq.com/connect/qrconnect"
OFFICIAL = "https://open.weixin.qq.com/connect/oauth2/authorize"
API = "https://api.weixin.qq.com/sns"
BACK = "http://127.0.0.1:9000/back"


def get(sim: Simulator, url: str, **params: str) -> Response:
    return sim.handle(Request.of("GET", f"{url}?{urlencode(params)}"))


def ask(sim: Simulator, url: str, **params: str) -> dict[str, Any]:
    """The answer of the API: always 200, always JSON that calls itself text."""
    response = get(sim, url, **params)
    assert (response.status, response.header("content-type")) == (200, "text/plain")
    answer: dict[str, Any] = json.loads(response.body)
    return answer


def authorize(sim: Simulator, page: str = WEBSITE, scope: str = "snsapi_login", **params: str) -> Response:
    query = {"appid": "mockidp", "redirect_uri": BACK, "response_type": "code", "scope": scope, "state": "s1", **params}
    return get(sim, page, **query)


def code(sim: Simulator, page: str = WEBSITE, scope: str = "snsapi_login", **params: str) -> str:
    return dict(parse_qsl(urlsplit(authorize(sim, page, scope, **params).header("location")).query))["code"]


def token(sim: Simulator, **params: str) -> dict[str, Any]:
    query = {"appid": "mockidp", "secret": "mockidp-secret", "grant_type": "authorization_code", **params}
    return ask(sim, f"{API}/oauth2/access_token", **query)


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def test_a_website_login_brings_openid_and_unionid_with_the_token(sim: Simulator) -> None:
    answer = token(sim, code=code(sim))
    assert set(answer) == {"access_token", "expires_in", "refresh_token", "openid", "scope", "unionid"}
    assert (answer["expires_in"], answer["scope"]) == (7200, "snsapi_login")
    assert re.fullmatch(r"o[\w-]{27}", answer["openid"])
    assert answer["openid"] != answer["unionid"]


def test_the_profile_needs_token_and_openid_in_the_query(sim: Simulator) -> None:
    answer = token(sim, code=code(sim))
    profile = ask(sim, f"{API}/userinfo", access_token=answer["access_token"], openid=answer["openid"], lang="zh_CN")
    assert set(profile) == {
        "openid",
        "nickname",
        "sex",
        "language",
        "city",
        "province",
        "country",
        "headimgurl",
        "privilege",
        "unionid",
    }
    assert (profile["openid"], profile["unionid"]) == (answer["openid"], answer["unionid"])
    assert (profile["sex"], profile["privilege"], profile["city"]) == (0, [], "")


def test_a_nickname_is_utf_8_though_no_charset_says_so() -> None:
    sim = Simulator(World(person="ling"))
    answer = token(sim, code=code(sim))
    response = get(sim, f"{API}/userinfo", access_token=answer["access_token"], openid=answer["openid"])
    assert "小令".encode() in response.body
    assert "charset" not in response.header("content-type")


@pytest.mark.parametrize(
    ("params", "errcode", "errmsg"),
    [
        ({"code": "021unknown"}, 40029, "invalid code"),
        ({"secret": "wrong"}, 40125, "invalid appsecret"),
        ({"appid": "wx0000000000000000"}, 40013, "invalid appid"),
        ({"grant_type": "password"}, 40002, "invalid grant_type"),
    ],
)
def test_errors_are_an_integer_errcode_under_200(
    sim: Simulator, params: dict[str, str], errcode: int, errmsg: str
) -> None:
    answer = token(sim, **{"code": code(sim), **params})
    assert answer["errcode"] == errcode
    assert re.fullmatch(errmsg + r", rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", answer["errmsg"])
    assert set(answer) == {"errcode", "errmsg"}


def test_a_missing_code_and_a_used_one_have_their_own_errcodes(sim: Simulator) -> None:
    assert token(sim)["errcode"] == 41008
    used = code(sim)
    token(sim, code=used)
    assert token(sim, code=used)["errcode"] == 40163


def test_a_code_of_another_appid_is_invalid(sim: Simulator) -> None:
    sim.world.app("weixin", client_id="wx1", client_secret="s", redirect_uris=[BACK])
    assert token(sim, code=code(sim), appid="wx1", secret="s")["errcode"] == 40029


def test_the_errors_of_the_profile(sim: Simulator) -> None:
    answer = token(sim, code=code(sim))
    access, openid = answer["access_token"], answer["openid"]
    url = f"{API}/userinfo"
    assert ask(sim, url, access_token="83_made_up", openid=openid)["errcode"] == 40001
    assert ask(sim, url, access_token=access, openid="o" + "x" * 27)["errcode"] == 40003
    assert ask(sim, url, openid=openid)["errcode"] == 41001
    assert ask(sim, url, access_token=access)["errcode"] == 41009
    sim.world.clock.advance(7201)
    assert ask(sim, url, access_token=access, openid=openid)["errcode"] == 42001


def test_snsapi_base_gives_an_openid_and_no_profile(sim: Simulator) -> None:
    answer = token(sim, code=code(sim, OFFICIAL, "snsapi_base"))
    assert "unionid" not in answer
    profile = ask(sim, f"{API}/userinfo", access_token=answer["access_token"], openid=answer["openid"])
    assert profile["errcode"] == 48001


def test_snsapi_userinfo_gives_a_profile(sim: Simulator) -> None:
    answer = token(sim, code=code(sim, OFFICIAL, "snsapi_userinfo"))
    assert "nickname" in ask(sim, f"{API}/userinfo", access_token=answer["access_token"], openid=answer["openid"])


@pytest.mark.parametrize(
    ("page", "scope"), [(WEBSITE, "snsapi_userinfo"), (OFFICIAL, "snsapi_login"), (WEBSITE, "snsapi_login,snsapi_base")]
)
def test_each_login_page_has_its_own_scopes(sim: Simulator, page: str, scope: str) -> None:
    response = authorize(sim, page, scope)
    assert response.header("location") == ""
    assert response.header("content-type").startswith("text/html")
    assert [entry.refused for entry in sim.world.journal.refusals()] == ["bad_scope"]


def test_who_says_no_is_not_sent_back() -> None:
    response = authorize(Simulator(World(person="dave")))
    assert (response.status, response.header("location")) == (200, "")


def test_an_openid_is_of_one_app_and_the_unionid_of_all(sim: Simulator) -> None:
    sim.world.app("weixin", client_id="wx1", client_secret="s", redirect_uris=[BACK])
    first = token(sim, code=code(sim))
    second = token(sim, code=code(sim, appid="wx1"), appid="wx1", secret="s")
    assert first["openid"] != second["openid"]
    assert first["unionid"] == second["unionid"]


def test_a_refresh_needs_no_secret_and_keeps_both_tokens_while_they_are_good(sim: Simulator) -> None:
    old = token(sim, code=code(sim))
    query = {"appid": "mockidp", "grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    sim.world.clock.advance(7000)
    kept = ask(sim, f"{API}/oauth2/refresh_token", **query)
    assert (kept["access_token"], kept["refresh_token"]) == (old["access_token"], old["refresh_token"])
    sim.world.clock.advance(7000)
    assert "nickname" in ask(sim, f"{API}/userinfo", access_token=kept["access_token"], openid=kept["openid"])
    sim.world.clock.advance(7000)
    new = ask(sim, f"{API}/oauth2/refresh_token", **query)
    assert new["access_token"] != old["access_token"]
    sim.world.clock.advance(30 * 86400)
    assert ask(sim, f"{API}/oauth2/refresh_token", **query)["errcode"] == 42002


def test_a_made_up_refresh_token_is_40030(sim: Simulator) -> None:
    answer = ask(sim, f"{API}/oauth2/refresh_token", appid="mockidp", grant_type="refresh_token", refresh_token="83_x")
    assert answer["errcode"] == 40030


def test_a_token_can_be_checked(sim: Simulator) -> None:
    answer = token(sim, code=code(sim))
    good = {"access_token": answer["access_token"], "openid": answer["openid"]}
    assert ask(sim, f"{API}/auth", **good) == {"errcode": 0, "errmsg": "ok"}
    assert ask(sim, f"{API}/auth", **{**good, "openid": "o1"})["errcode"] == 40003
    assert ask(sim, f"{API}/auth", **{**good, "access_token": "x"})["errcode"] == 40014


def test_a_posted_form_is_taken_too(sim: Simulator) -> None:
    form = {"appid": "mockidp", "secret": "mockidp-secret", "grant_type": "authorization_code", "code": code(sim)}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = sim.handle(Request.of("POST", f"{API}/oauth2/access_token", headers, urlencode(form).encode()))
    assert "openid" in json.loads(response.body)


def test_an_app_registers_a_host_and_may_come_back_to_any_path_of_it(sim: Simulator) -> None:
    sim.world.app("weixin", client_id="wx1", redirect_uris=["https://app.example/one"])
    allowed = authorize(sim, appid="wx1", redirect_uri="https://app.example/other")
    assert allowed.header("location").startswith("https://app.example/other?code=")
    assert authorize(sim, appid="wx1", redirect_uri="https://evil.example/one").header("location") == ""


def test_a_walk_opens_the_page_with_the_fragment_that_weixin_asks_for(sim: Simulator) -> None:
    wire = sim.world.wire("weixin")
    app = sim.world.apps.ready("weixin")
    walk = walk_class("weixin", wire.family)(wire, app, sim.handle, scope=["snsapi_userinfo"])
    assert walk.run()["name"] == "Ali"
    assert walk.opened.startswith(f"{OFFICIAL}?")
    assert walk.opened.endswith("#wechat_redirect")


def test_the_other_login_page_is_a_setting() -> None:
    sim = Simulator(World(person="alice", settings={"weixin": {"AUTHORIZE_URL": OFFICIAL}}))
    wire = sim.world.wire("weixin")
    walk = walk_class("weixin", wire.family)(wire, sim.world.apps.ready("weixin"), sim.handle)
    walk.run()
    assert "scope=snsapi_userinfo" in walk.opened
