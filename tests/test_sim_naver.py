"""Naver as simulated, held against naver-openapi-guide (ko/login/api, ko/login/profile)."""

from __future__ import annotations

from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request


def logged_in(lab: Lab, person: str = "alice", **options: Any) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def test_the_profile_is_wrapped_and_the_lifetime_is_a_text() -> None:
    walk = logged_in(Lab("naver"))
    profile = walk.seen["userinfo"].document
    assert (profile["resultcode"], profile["message"]) == ("00", "success")
    assert walk.seen["token"].document["expires_in"] == "3600"
    assert walk.values["access_token"].startswith("AAAA")


def test_age_birthday_and_gender_have_forms_of_their_own() -> None:
    lab = Lab("naver")
    lab.world.clock.freeze(1770000000)  # 2026-02-02, before alice's 36th birthday
    found = logged_in(lab).seen["userinfo"].document["response"]
    assert [found[name] for name in ("age", "birthday", "birthyear", "gender")] == ["30-39", "04-17", "1990", "F"]
    assert found["mobile_e164"] == "+82" + found["mobile"].replace("-", "")[1:]


def test_an_id_belongs_to_one_app() -> None:
    lab = Lab("naver")
    other = lab.world.apps.register("naver", client_id="two", client_secret="2", redirect_uris=["http://127.0.0.1/cb"])
    one = logged_in(lab).identity()["uid"]
    walk = type(lab.walk())(lab.wire, other, lab.send, "alice", "http://127.0.0.1/cb")
    assert walk.run()["uid"] != one


@pytest.mark.parametrize("step", ["delete", "revoke"])
def test_both_ways_of_ending_a_token_end_it(step: str) -> None:
    walk = logged_in(Lab("naver"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step(step)
    with pytest.raises(WalkError, match="024"):
        walk.do_step("userinfo")


def test_a_refused_code_comes_with_status_200_and_a_login_without_state_is_none() -> None:
    lab = Lab("naver")
    url = "https://nid.naver.com/oauth2.0/token?grant_type=authorization_code&client_id=mockidp&code=x&state=y"
    secret = lab.world.app("naver").client_secret
    response = lab.simulator.handle(Request.of("GET", f"{url}&client_secret={secret}", {}, b""))
    assert response.status == 200
    assert b'"error":"invalid_request"' in response.body.replace(b" ", b"")
    url = "https://nid.naver.com/oauth2.0/authorize?response_type=code&client_id=mockidp&redirect_uri=http://127.0.0.1/"
    assert lab.simulator.handle(Request.of("GET", url, {}, b"")).status == 400
