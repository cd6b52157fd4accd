"""Kakao as simulated, held against its SDKs (User, OAuthToken) and developers.kakao.com (trouble-shooting)."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

ME = "https://kapi.kakao.com/v2/user/me"
DAY = 86400


def logged_in(lab: Lab, person: str = "alice", **options: Any) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def account(person: str = "alice", **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = logged_in(Lab("kakao"), person, **options).seen["userinfo"].document["kakao_account"]
    return found


def test_an_address_comes_with_its_flags() -> None:
    flags = ("has_email", "email_needs_agreement", "is_email_valid", "is_email_verified")
    assert [account().get(name) for name in flags] == [True, False, True, True]
    assert [account("bob").get(name) for name in flags] == [True, False, True, False]
    assert [account("carol").get(name) for name in flags] == [False, False, None, None]


def test_what_was_not_agreed_to_is_left_out_and_its_flag_says_so() -> None:
    found = account(scope=["profile_nickname"])
    assert found["email_needs_agreement"] is True
    assert found["profile_image_needs_agreement"] is True
    assert "email" not in found
    assert found["profile"] == {"nickname": "Ali", "is_default_nickname": False}


def test_consent_items_may_have_commas_between_them() -> None:
    walk = logged_in(Lab("kakao"), scope=["account_email,name"])
    assert walk.seen["token"].document["scope"] == "account_email name"
    assert walk.seen["userinfo"].document["kakao_account"]["name"] == "Alice Archer"


def test_an_app_gets_no_item_that_it_does_not_have() -> None:
    with pytest.raises(WalkError) as refused:
        logged_in(Lab("kakao"), scope=["openid"])
    assert b"KOE205" in (refused.value.response.body if refused.value.response else b"")


@pytest.mark.parametrize(("left", "renewed"), [(31, False), (29, True)])
def test_a_refresh_token_is_renewed_in_its_last_month_only(left: int, renewed: bool) -> None:
    lab = Lab("kakao")
    walk = logged_in(lab)
    lab.world.clock.advance(5183999 - left * DAY)
    old = walk.values["refresh_token"]
    walk.do_step("refresh")
    answer = walk.seen["refresh"].document
    assert ("refresh_token" in answer) == ("refresh_token_expires_in" in answer) == renewed
    assert answer["expires_in"] == 21599
    walk.values["refresh_token"] = old
    if renewed:
        with pytest.raises(WalkError, match="KOE322"):
            walk.do_step("refresh")
    else:
        walk.do_step("refresh")


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        (
            '["kakao_account.email"]',
            {"email", "email_needs_agreement", "has_email", "is_email_valid", "is_email_verified"},
        ),
        ('["properties.nickname"]', None),
    ],
)
def test_a_caller_may_name_what_it_wants(keys: str, wanted: set[str] | None) -> None:
    lab = Lab("kakao")
    token = logged_in(lab).values["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"}
    response = lab.simulator.handle(Request.of("POST", ME, headers, f"property_keys={keys}".encode()))
    found = json.loads(response.body)
    assert set(found) == {"id", "connected_at", "kakao_account" if wanted else "properties"}
    assert wanted is None or set(found["kakao_account"]) == wanted


def test_an_age_is_a_group_and_a_birthday_has_no_year() -> None:
    lab = Lab("kakao")
    lab.world.clock.freeze(1770000000)  # 2026-02-02, before alice's 36th birthday
    found = logged_in(lab, scope=["age_range", "birthday", "birthyear"]).seen["userinfo"].document["kakao_account"]
    assert (found["age_range"], found["birthyear"], found["birthday"]) == ("30~39", "1990", "0417")


@pytest.mark.parametrize(("date", "status"), [(datetime.date(2020, 2, 9), 200), (datetime.date(2020, 2, 10), 400)])
def test_the_first_profile_had_a_flat_address_until_2020(date: datetime.date, status: int) -> None:
    lab = Lab("kakao", date=date)
    token = logged_in(lab).values["access_token"]
    old = Request.of("GET", ME.replace("v2", "v1"), {"Authorization": f"Bearer {token}"}, b"")
    response = lab.simulator.handle(old)
    assert response.status == status
    told = json.loads(response.body)
    assert told["kaccount_email"] == "alice@example.com" if status == 200 else told["code"] == -9


def test_unlinking_ends_the_token() -> None:
    lab = Lab("kakao")
    walk = logged_in(lab)
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    assert walk.seen["revoke"].document == {"id": int(walk.identity()["uid"])}
    with pytest.raises(WalkError, match="-401"):
        walk.do_step("userinfo")
