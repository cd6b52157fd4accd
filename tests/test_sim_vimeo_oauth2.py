"""Vimeo's API 3 as simulated, held against its description of version 3.4 and vimeo/vimeo.php."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

NEWER = {"resource_key", "pictures/resource_key", "upload_quota/periodic"}


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def me(lab: Lab, walk: Walk, accept: str = "*/*", query: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {walk.values['access_token']}", "Accept": accept}
    return json.loads(lab.send(Request.of("GET", f"https://api.vimeo.com/me{query}", headers)).body)


@pytest.mark.parametrize("scope", [None, ["public"]])
def test_the_token_answer_has_the_whole_profile_in_it(scope: list[str] | None) -> None:
    lab = Lab("vimeo_oauth2")
    walk = logged_in(lab, scope=scope)
    user, profile = walk.seen["token"].document["user"], me(lab, walk)
    for document in (user, profile):
        document["upload_quota"].pop("periodic")
    assert user == profile
    assert ("email" in user) == (scope is None)
    assert walk.identity()["uid"] == user["uri"].removeprefix("/users/")


@pytest.mark.parametrize(
    ("accept", "there"),
    [
        ("*/*", NEWER),
        ("application/vnd.vimeo.*+json;version=3.4", NEWER),
        ("application/vnd.vimeo.user+json; version=3.2", set()),
    ],
)
def test_accept_names_the_version(accept: str, there: set[str]) -> None:
    lab = Lab("vimeo_oauth2")
    profile = me(lab, logged_in(lab), accept)
    found = {
        place
        for place in NEWER
        if place.rpartition("/")[2] in (profile[place.partition("/")[0]] if "/" in place else profile)
    }
    assert found == there


def test_fields_are_filtered() -> None:
    lab = Lab("vimeo_oauth2")
    assert me(lab, logged_in(lab), query="?fields=uri,pictures.sizes").keys() == {"uri", "pictures"}


@pytest.mark.parametrize("size", [30, 360])
def test_a_portrait_comes_in_sizes(size: int) -> None:
    lab = Lab("vimeo_oauth2")
    pictures = me(lab, logged_in(lab))["pictures"]
    row = next(row for row in pictures["sizes"] if row["width"] == size)
    assert row["link"] == f"{pictures['link']}_{size}x{size}"
    assert row["link_with_play_button"].startswith("https://i.vimeocdn.com/filter/overlay?src0=https%3A%2F%2F")


def test_a_token_is_looked_at_and_given_up() -> None:
    walk = logged_in(Lab("vimeo_oauth2"))
    walk.do_step("verify")
    assert walk.seen["verify"].document["access_token"] == walk.seen["token"].document["access_token"]
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    assert walk.seen["revoke"].response.status == 204
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")


def test_times_have_an_offset_and_sites_are_a_list() -> None:
    lab = Lab("vimeo_oauth2")
    profile = me(lab, logged_in(lab))
    assert profile["created_time"] == "2012-03-05T09:41:17+00:00"
    assert [row["link"] for row in profile["websites"]] == ["https://alice.example.org/"]
