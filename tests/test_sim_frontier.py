"""Frontier as simulated, held against its instructions and the community's notes on the live service."""

from __future__ import annotations

import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import WalkError

DAY = 86400


def test_an_error_is_a_sentence_and_a_log_reference() -> None:
    walk = Lab("frontier").walk()
    walk.do_authorize("authorize")
    walk.values["code"] = "made-up"
    with pytest.raises(WalkError) as refused:
        walk.do_step("token")
    assert refused.value.response is not None
    told = json.loads(refused.value.response.body)
    assert (refused.value.response.status, told.keys()) == (401, {"message", "logref"})


def test_an_app_without_a_shared_key_proves_itself_with_the_verifier() -> None:
    walk = Lab("frontier").walk()
    del walk.values["app.secret"]
    assert walk.run()["email"] == "alice@example.com"
    walk.do_step("refresh")
    walk = Lab("frontier").walk()
    for name in ("app.secret", "code_challenge", "code_challenge_method", "code_verifier"):
        del walk.values[name]
    with pytest.raises(WalkError, match="401"):
        walk.run()


def test_a_login_can_be_refreshed_for_25_days_and_no_longer() -> None:
    lab = Lab("frontier")
    walk = lab.walk()
    walk.run()
    for _ in range(4):
        lab.world.clock.advance(6 * DAY)
        used = walk.values["refresh_token"]
        walk.do_step("refresh")
        assert walk.values["refresh_token"] != used
    lab.world.clock.advance(DAY + 1)
    with pytest.raises(WalkError, match="401"):
        walk.do_step("refresh")


@pytest.mark.parametrize(("person", "email"), [("bob", "bob@example.org"), ("carol", "")])
def test_no_text_of_the_profile_is_null(person: str, email: str) -> None:
    lab = Lab("frontier")
    walk = lab.walk(person)
    walk.run()
    walk.do_step("decode")
    profile, decoded = walk.seen["userinfo"].document, walk.seen["decode"].document
    assert profile == decoded["usr"]
    assert profile["email"] == email
    assert profile["customer_id"].isdigit()
    assert (decoded["exp"] - decoded["iat"], decoded["scope"]) == (14400, "auth capi")
