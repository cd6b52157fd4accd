"""Figma as simulated, held against developers.figma.com (authentication) and its REST API description."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError

THEN = datetime.date(2021, 11, 15)


def logged_in(lab: Lab, **options: Any) -> Walk:
    walk = lab.walk("alice", **options)
    walk.run()
    return walk


def test_the_token_moved_to_the_host_of_the_api() -> None:
    now, then = Lab("figma"), Lab("figma", date=THEN)
    assert now.wire.steps["token"][0].requests == [("POST", "https://api.figma.com/v1/oauth/token")]
    assert then.wire.steps["token"][0].requests == [("POST", "https://www.figma.com/api/oauth/token")]
    assert logged_in(now).seen["token"].document["user_id_string"].isdigit()
    assert isinstance(logged_in(then).seen["token"].document["user_id"], int)


@pytest.mark.parametrize(
    ("date", "scope", "known"),
    [
        (None, "current_user:read", True),
        (None, "files:read", True),
        (None, "file_comments:read,current_user:read", True),
        (None, "file_read", False),
        (THEN, "file_read", True),
        (THEN, "folders:read", False),
    ],
)
def test_the_scope_was_renamed_twice(date: datetime.date | None, scope: str, known: bool) -> None:
    lab = Lab("figma", date=date)
    if known:
        assert logged_in(lab, scope=[scope]).identity()["name"] == "Alice Archer"
    else:
        with pytest.raises(WalkError, match="400"):
            logged_in(lab, scope=[scope])


def test_a_code_is_good_for_thirty_seconds() -> None:
    for waited, good in ((29, True), (31, False)):
        lab = Lab("figma")
        walk = lab.walk("alice")
        walk.do_authorize("authorize")
        lab.world.clock.advance(waited)
        if good:
            walk.do_step("token")
        else:
            with pytest.raises(WalkError, match="Invalid code"):
                walk.do_step("token")


@pytest.mark.parametrize(("person", "ended"), [("alice", True), ("bob", False)])
def test_a_person_has_one_live_token_an_app(person: str, ended: bool) -> None:
    lab = Lab("figma")
    first = logged_in(lab)
    lab.walk(person).run()
    if ended:
        with pytest.raises(WalkError, match="Invalid token"):
            first.do_step("userinfo")
    else:
        first.do_step("userinfo")


def test_a_profile_without_its_scope_is_refused_in_figmas_words() -> None:
    with pytest.raises(WalkError, match=r"Invalid scope\(s\): projects:read\. This endpoint requires"):
        logged_in(Lab("figma"), scope=["projects:read"])
