"""AngelList as simulated, held against what clients and their issues tell (Founden/doers#78, omniauth-angellist)."""

from __future__ import annotations

import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import WalkError


def test_the_callback_has_the_code_alone() -> None:
    walk = Lab("angellist").walk("alice")
    identity = walk.run()
    assert set(walk.seen["callback"].document) == {"code"}
    assert identity["username"] == "alice-archer"
    assert walk.seen["userinfo"].document["angellist_url"] == "https://angel.co/alice-archer"


@pytest.mark.parametrize(("scope", "there"), [([], False), (["email"], True), (["message"], False)])
def test_the_address_needs_its_scope(scope: list[str], there: bool) -> None:
    walk = Lab("angellist").walk("alice", scope=scope)
    walk.run()
    profile = walk.seen["userinfo"].document
    assert (("email" in profile), profile["scopes"]) == (there, scope)


def test_a_code_that_is_used_is_told_as_one_that_has_expired() -> None:
    walk = Lab("angellist").walk("alice")
    walk.run()
    with pytest.raises(WalkError) as error:
        walk.do_step("token")
    assert error.value.response is not None
    told = {"error": "invalid_grant", "error_description": "The given code has expired."}
    assert json.loads(error.value.response.body) == told


def test_a_client_may_leave_out_redirect_uri_with_the_code() -> None:
    walk = Lab("angellist").walk("alice")
    walk.do_authorize("authorize")
    walk.override = {"redirect_uri": None}
    walk.do_step("token")
    assert walk.seen["token"].document["token_type"] == "bearer"
