"""Baidu as simulated, held against openauth.baidu.com/doc and Baidu's OAuth error codes."""

from __future__ import annotations

from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError


def logged_in(lab: Lab, **options: Any) -> Walk:
    walk = lab.walk("alice", **options)
    walk.run()
    return walk


def test_scopes_may_have_commas_and_basic_is_always_there() -> None:
    token = logged_in(Lab("baidu"), scope=["netdisk,mobile"]).seen["token"].document
    assert token["scope"] == "netdisk mobile basic"
    assert token["expires_in"] == 2592000
    assert "token_type" not in token


def test_a_refresh_token_is_good_for_one_use() -> None:
    walk = logged_in(Lab("baidu"))
    old = walk.values["refresh_token"]
    walk.do_step("refresh")
    walk.values["refresh_token"] = old
    with pytest.raises(WalkError, match="expired_token"):
        walk.do_step("refresh")


def test_the_longer_profile_has_ids_of_the_app_and_of_the_developer() -> None:
    lab = Lab("baidu")
    other = lab.world.apps.register("baidu", client_id="two", client_secret="2", redirect_uris=["http://127.0.0.1/cb"])
    one = logged_in(lab)
    two = type(one)(lab.wire, other, lab.send, "alice", "http://127.0.0.1/cb")
    two.run()
    for walk in (one, two):
        walk.do_step("userinfo_full")
        assert "unionid" not in walk.seen["userinfo_full"].document
        walk.values["get_unionid"] = "1"
        walk.do_step("userinfo_full")
    mine, theirs = one.seen["userinfo_full"].document, two.seen["userinfo_full"].document
    assert mine["openid"] != theirs["openid"]
    assert mine["unionid"] == theirs["unionid"]
    assert (mine["userid"], mine["sex"]) == (theirs["userid"], "2")


def test_an_expired_session_ends_the_token_and_not_the_refresh_token() -> None:
    walk = logged_in(Lab("baidu"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("expire")
    with pytest.raises(WalkError, match="110"):
        walk.do_step("userinfo")
    walk.do_step("refresh")
    walk.do_step("userinfo")


def test_a_permission_that_is_taken_back_opens_nothing_and_says_so_with_status_200() -> None:
    walk = logged_in(Lab("baidu"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    assert walk.seen["revoke"].document == {"result": "1"}
    with pytest.raises(WalkError, match="110") as refused:
        walk.do_step("userinfo")
    assert refused.value.response is not None
    assert refused.value.response.status == 200
