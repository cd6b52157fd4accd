"""Edmodo as simulated, held against the archived pages of its Connect API (get users)."""

from __future__ import annotations

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk
from mockidp.wire import Request, Response

ME = "https://api.edmodo.com/users/me"


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def get(lab: Lab, url: str, token: str = "", base: str = "") -> Response:
    request = Request.of("GET", url, {"Authorization": f"Bearer {token}"} if token else {})
    request.base = base
    return lab.send(request)


def test_me_sends_on_to_the_persons_own_address() -> None:
    lab = Lab("edmodo")
    walk = logged_in(lab)
    uid, token = walk.identity()["uid"], walk.values["access_token"]
    assert walk.seen["userinfo"].document["url"] == f"https://api.edmodo.com/users/{uid}"
    answer = get(lab, ME, token)
    assert (answer.status, answer.body) == (302, b"")
    assert answer.header("location") == f"https://api.edmodo.com/users/{uid}"
    assert get(lab, answer.header("location"), token).status == 200
    here = get(lab, ME, token, "http://127.0.0.1:8400").header("location")
    assert here == f"http://127.0.0.1:8400/api.edmodo.com/users/{uid}"


def test_a_token_in_the_query_travels_along() -> None:
    lab = Lab("edmodo")
    token = logged_in(lab).values["access_token"]
    there = get(lab, f"{ME}?access_token={token}").header("location")
    assert there.endswith(f"?access_token={token}")
    assert get(lab, there).status == 200


def test_nobody_elses_profile_is_opened() -> None:
    lab = Lab("edmodo")
    walk, other = logged_in(lab), logged_in(lab, "bob").identity()["uid"]
    assert get(lab, f"https://api.edmodo.com/users/{other}", walk.values["access_token"]).status == 404
    assert get(lab, ME).status == 401


@pytest.mark.parametrize(("person", "scope", "there"), [("alice", ["basic"], False), ("carol", None, False)])
def test_the_address_needs_its_scope_and_an_address(person: str, scope: list[str] | None, there: bool) -> None:
    profile = logged_in(Lab("edmodo"), person, scope=scope).seen["userinfo"].document
    assert ("email" in profile) == there
    assert profile["avatars"]["small"] == profile["avatars"]["large"].replace(".jpg", "_t.jpg")
