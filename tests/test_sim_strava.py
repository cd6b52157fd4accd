"""Strava as simulated, held against developers.strava.com (authentication, getLoggedInAthlete)."""

from __future__ import annotations

import datetime
import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def test_there_is_no_address_and_the_whole_athlete_needs_its_own_scope() -> None:
    summary = logged_in(Lab("strava")).seen["userinfo"].document
    detailed = logged_in(Lab("strava"), scope=["read", "profile:read_all"]).seen["userinfo"].document
    assert (summary["resource_state"], detailed["resource_state"]) == (2, 3)
    assert {"follower_count", "clubs", "bikes"} <= detailed.keys() - summary.keys()
    assert "email" not in detailed


def test_the_token_answer_has_the_athlete_and_the_end_of_the_token() -> None:
    token = logged_in(Lab("strava")).seen["token"].document
    assert token["athlete"]["firstname"] == "Alice"
    assert token["expires_in"] == 21600


def test_the_callback_tells_the_scope_with_commas_since_2018() -> None:
    assert logged_in(Lab("strava")).seen["callback"].document["scope"] == "read,activity:read"
    lab = Lab("strava", date=datetime.date(2018, 5, 1))
    assert "scope" not in logged_in(lab).seen["callback"].document


@pytest.mark.parametrize(("waited", "kept"), [(60, True), (21600 - 3601, True), (21600 - 3599, False)])
def test_a_refresh_keeps_a_token_that_is_good_for_more_than_an_hour(waited: int, kept: bool) -> None:
    lab = Lab("strava")
    walk = logged_in(lab)
    before = walk.values["access_token"]
    lab.world.clock.advance(waited)
    walk.do_step("refresh")
    answer = walk.seen["refresh"].document
    assert (answer["access_token"] == before) == kept
    assert answer["expires_in"] == (21600 - waited if kept else 21600)


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("https://app.example.org/any/path", 302),
        ("https://www.app.example.org/cb", 302),
        ("http://localhost:9000/cb", 302),
        ("https://app.example.org.evil.example/cb", 400),
        ("https://notapp.example.org/cb", 400),
    ],
)
def test_an_app_registers_a_domain(uri: str, status: int) -> None:
    lab = Lab("strava", person="alice")
    lab.world.app("strava", client_id="77", redirect_uris=["https://app.example.org/cb"])
    url = f"https://www.strava.com/oauth/authorize?client_id=77&response_type=code&scope=read&redirect_uri={uri}"
    answer = lab.send(Request.of("GET", url))
    assert answer.status == status
    if status == 400:
        error = {"resource": "Application", "field": "redirect_uri", "code": "invalid"}
        assert json.loads(answer.body) == {"message": "Bad Request", "errors": [error]}


def test_a_token_can_be_given_up() -> None:
    walk = logged_in(Lab("strava"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    assert walk.seen["revoke"].document == {"access_token": walk.values["access_token"]}
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")
