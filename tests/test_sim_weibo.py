"""Weibo as simulated, held against copies of open.weibo.com/wiki (OAuth2/access_token, 2/users/show)."""

from __future__ import annotations

from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

SHOW = "https://api.weibo.com/2/users/show.json"


def logged_in(lab: Lab, **options: Any) -> Walk:
    walk = lab.walk("alice", **options)
    walk.run()
    return walk


def test_the_id_is_a_text_at_the_token_and_a_number_elsewhere() -> None:
    walk = logged_in(Lab("weibo"), scope=["email", "all"])
    token, profile = walk.seen["token"], walk.seen["userinfo"].document
    assert token.response.header("content-type") == "text/plain;charset=UTF-8"
    assert set(token.document) == {"access_token", "remind_in", "expires_in", "uid", "isRealName"}
    assert token.document["uid"] == profile["idstr"] == str(profile["id"])
    walk.do_step("token_info")
    info = walk.seen["token_info"].document
    assert (info["uid"], info["scope"]) == (profile["id"], "email,all")
    assert 157679000 < info["expire_in"] <= 157679999


def test_times_are_of_peking_and_genders_letters() -> None:
    profile = logged_in(Lab("weibo")).seen["userinfo"].document
    assert (profile["created_at"], profile["gender"]) == ("Mon Mar 05 17:41:17 +0800 2012", "f")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [("", 400, b"10016"), ("&uid=5999999999", 400, b"20003"), ("&screen_name=Bobby", 400, b"20003")],
)
def test_the_profile_is_asked_for_by_the_id(query: str, status: int, code: bytes) -> None:
    lab = Lab("weibo")
    token = logged_in(lab).values["access_token"]
    response = lab.simulator.handle(Request.of("GET", f"{SHOW}?access_token={token}{query}", {}, b""))
    assert response.status == status
    assert code in response.body
    own = lab.simulator.handle(Request.of("GET", f"{SHOW}?access_token={token}&screen_name=Ali", {}, b""))
    assert own.status == 200


def test_a_refusal_names_the_path_and_the_address_needs_its_scope() -> None:
    walk = logged_in(Lab("weibo"))
    with pytest.raises(WalkError, match=r'"request":"/2/account/profile/email\.json"') as refused:
        walk.do_step("emails")
    assert refused.value.response is not None
    assert refused.value.response.status == 403


def test_a_token_ends_by_itself() -> None:
    walk = logged_in(Lab("weibo"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    assert walk.seen["revoke"].document == {"result": "true"}
    with pytest.raises(WalkError, match="21317"):
        walk.do_step("userinfo")
