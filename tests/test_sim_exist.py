"""Exist as simulated, held against exist-api-docs (v2) and old-exist-api-docs (v1)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError

V1 = datetime.date(2021, 11, 15)


def logged_in(lab: Lab, person: str = "alice", **options: Any) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def test_the_old_profile_has_a_number_and_the_new_one_none() -> None:
    new, old = logged_in(Lab("exist")), logged_in(Lab("exist", date=V1))
    assert "id" not in new.seen["userinfo"].document
    assert new.identity()["uid"] == "alice-archer"
    assert isinstance(old.seen["userinfo"].document["id"], int)
    assert old.seen["token"].document["scope"] == "read"


@pytest.mark.parametrize(("name", "found"), [("$self", True), ("alice-archer", True), ("bob-baumann", False)])
def test_the_old_path_names_whose_profile_it_is(name: str, found: bool) -> None:
    walk = logged_in(Lab("exist", date=V1))
    walk.values["self"] = name
    if found:
        walk.do_step("userinfo")
    else:
        with pytest.raises(WalkError, match="404"):
            walk.do_step("userinfo")


@pytest.mark.parametrize(("date", "scope"), [(None, "read"), (V1, "mood_read")])
def test_each_version_has_scopes_of_its_own(date: datetime.date | None, scope: str) -> None:
    with pytest.raises(WalkError, match="invalid_scope"):
        logged_in(Lab("exist", date=date), scope=[scope])


def test_a_refresh_ends_the_whole_pair() -> None:
    walk = logged_in(Lab("exist"))
    old = walk.values["access_token"]
    walk.do_step("refresh")
    assert walk.values["access_token"] != old
    walk.do_step("userinfo")
    walk.values["access_token"] = old
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")


def test_the_time_is_the_persons_own() -> None:
    lab = Lab("exist")
    lab.world.clock.freeze(1782900000)  # 2026-07-01 10:00 UTC
    profile = logged_in(lab).seen["userinfo"].document
    assert (profile["timezone"], profile["local_time"]) == ("Europe/London", "2026-07-01T11:00:00.000000+01:00")
