"""Pinterest as simulated, held against its v5 schema and, before it, against clients of v1."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

V1 = datetime.date(2021, 11, 15)


def logged_in(lab: Lab, **options: Any) -> Walk:
    walk = lab.walk("alice", **options)
    walk.run()
    return walk


def test_the_token_answer_tells_when_the_refresh_token_ends() -> None:
    lab = Lab("pinterest")
    lab.world.clock.freeze(1770000000)
    walk = logged_in(lab)
    token = walk.seen["token"].document
    assert (token["response_type"], token["refresh_token_expires_at"]) == ("authorization_code", 1775184000)
    walk.do_step("refresh")
    assert walk.seen["refresh"].document["response_type"] == "refresh_token"


def test_a_secret_in_the_body_is_none_today_and_was_one_in_2021() -> None:
    for date, status in ((None, 401), (V1, 200)):
        lab = Lab("pinterest", date=date)
        walk = lab.walk("alice")
        walk.do_authorize("authorize")
        form = f"grant_type=authorization_code&code={walk.values['code']}&redirect_uri={walk.redirect_uri}"
        body = f"{form}&client_id={walk.app.client_id}&client_secret={walk.app.client_secret}"
        url = "https://api.pinterest.com/v1/oauth/token" if date else "https://api.pinterest.com/v5/oauth/token"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert lab.simulator.handle(Request.of("POST", url, headers, body.encode())).status == status


def test_the_profile_of_v1_has_four_fields_unless_others_are_named() -> None:
    lab = Lab("pinterest", date=V1)
    walk = logged_in(lab)
    assert set(walk.seen["userinfo"].document["data"]) == {"id", "url", "first_name", "last_name"}
    walk.values["fields"] = "username,created_at"
    walk.do_step("userinfo")
    found = walk.seen["userinfo"].document["data"]
    assert (found["username"], found["created_at"]) == ("alice-archer", "2012-03-05T09:41:17")
    assert set(found) == {"id", "username", "created_at"}


@pytest.mark.parametrize("date", [None, V1])
def test_version_and_host_are_settings(date: datetime.date | None) -> None:
    lab = Lab(
        "pinterest", date=date, settings={"pinterest": {"PINTEREST_VERSION": "v9", "PINTEREST_URL": "api.example.org"}}
    )
    assert {url.split("/")[2:4] == ["api.example.org", "v9"] for url in lab.wire.steps["token"][0].urls[:1]} == {True}
    assert logged_in(lab).identity()["uid"].isdigit()


def test_the_account_needs_its_scope() -> None:
    with pytest.raises(WalkError, match="403"):
        logged_in(Lab("pinterest"), scope=["boards:read"])
