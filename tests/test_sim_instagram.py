"""Instagram as it was on the last day of the Basic Display API, held against its guides."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

ME = "https://graph.instagram.com/me"
DAY = 86400


def logged_in(lab: Lab, **options: Any) -> Walk:
    walk = lab.walk("alice", **options)
    walk.run()
    return walk


def test_the_callback_ends_in_a_fragment_that_belongs_to_nothing() -> None:
    lab = Lab("instagram")
    url = "https://api.instagram.com/oauth/authorize?client_id=998877665544332&response_type=code&scope=user_profile"
    lab.world.person = "alice"
    location = lab.simulator.handle(
        Request.of("GET", f"{url}&state=s&redirect_uri=http://127.0.0.1:8000/cb", {}, b"")
    ).header("location")
    assert location is not None
    assert location.endswith("&state=s#_")


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("", {"id"}),
        ("&fields=id,username,account_type", {"id", "username", "account_type"}),
        ("&fields=id&fields=username", {"id", "username"}),
        ("&fields=username&fields=account_type", {"id", "account_type"}),
        ("&fields=media_count", {"id"}),
    ],
)
def test_fields_are_a_list_and_the_last_of_several_counts(fields: str, keys: set[str]) -> None:
    lab = Lab("instagram")
    token = logged_in(lab).values["access_token"]
    response = lab.simulator.handle(Request.of("GET", f"{ME}?access_token={token}{fields}", {}, b""))
    assert set(Lab("instagram").walk().parse("userinfo", response).document) == keys


def test_scopes_may_have_blanks_and_the_one_of_the_older_interface_is_named_in_the_refusal() -> None:
    walk = logged_in(Lab("instagram"), scope=["user_profile user_media"])
    walk.values["fields"] = "media_count"
    walk.do_step("userinfo")
    assert set(walk.seen["userinfo"].document) == {"id", "media_count"}
    with pytest.raises(WalkError) as refused:
        logged_in(Lab("instagram"), scope=["basic"])
    assert refused.value.response is not None
    assert b'"error_message":"Invalid scope field(s): basic"' in refused.value.response.body


def test_before_that_there_was_an_interface_with_names_and_another_scope() -> None:
    lab = Lab("instagram", date=datetime.date(2020, 6, 1))
    walk = logged_in(lab)
    assert walk.seen["token"].document["user"]["full_name"] == walk.identity()["name"] == "Alice Archer"
    assert walk.seen["userinfo"].document["meta"] == {"code": 200}
    with pytest.raises(WalkError):
        logged_in(lab, scope=["user_profile"])


def test_a_token_of_an_hour_becomes_one_of_sixty_days_that_renews_itself() -> None:
    lab = Lab("instagram")
    walk = logged_in(lab)
    walk.do_step("long_lived")
    assert walk.seen["long_lived"].document["expires_in"] == 60 * DAY
    with pytest.raises(WalkError, match="not old enough"):
        walk.do_step("refresh")
    lab.world.clock.advance(DAY)
    walk.do_step("refresh")
    with pytest.raises(WalkError, match="190"):
        walk.do_step("userinfo")
    walk.values["access_token"] = walk.seen["refresh"].document["access_token"]
    lab.world.clock.advance(59 * DAY)
    walk.do_step("userinfo")
    assert walk.seen["userinfo"].document["username"] == "alice-archer"
