"""23andMe as simulated, held against api.23andme.com/docs (authentication, v1 reference)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def get(lab: Lab, walk: Walk, path: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {walk.values['access_token']}"}
    answer = lab.send(Request.of("GET", f"https://api.23andme.com{path}", headers))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("scope", "query", "there"),
    [
        (None, "?email=true", True),
        (None, "", False),
        (["basic", "names"], "?email=true", False),
    ],
)
def test_the_address_needs_the_scope_and_the_question(scope: list[str] | None, query: str, there: bool) -> None:
    lab = Lab("twentythreeandme")
    status, account = get(lab, logged_in(lab, scope=scope), f"/1/user/{query}")
    assert (status, "email" in account) == (200, there)


def test_services_are_told_where_they_are_asked_for() -> None:
    lab = Lab("twentythreeandme")
    walk = logged_in(lab)
    assert get(lab, walk, "/1/user/")[1]["profiles"][0].keys() == {"id", "genotyped"}
    assert get(lab, walk, "/1/user/?services=true")[1]["profiles"][0]["services"][0]["label"] == "pgs_ancestry"


def test_names_are_those_of_a_profile_of_the_account() -> None:
    lab = Lab("twentythreeandme")
    walk, other = logged_in(lab), logged_in(lab, "bob")
    own = walk.seen["userinfo"].document
    assert own["id"] != own["profiles"][0]["id"]
    status, names = get(lab, walk, f"/1/names/{own['profiles'][0]['id']}/")
    assert (status, names["id"], names["first_name"], names["last_name"]) == (200, own["id"], "Alice", "Archer")
    assert names["profiles"][0]["id"] == own["profiles"][0]["id"]
    assert get(lab, other, f"/1/names/{own['profiles'][0]['id']}/")[0] == 404


def test_names_need_their_scope() -> None:
    with pytest.raises(WalkError, match="403"):
        logged_in(Lab("twentythreeandme"), scope=["basic"])


def test_a_challenge_is_s256_though_it_never_says_so() -> None:
    walk = Lab("twentythreeandme").walk("alice")
    walk.do_authorize("authorize")
    assert "code_challenge=" in walk.opened
    assert "code_challenge_method" not in walk.opened
    walk.do_step("token")
    walk = Lab("twentythreeandme").walk("alice")
    walk.values["code_challenge"] = walk.values["code_verifier"]  # as it would be with `plain`
    walk.do_authorize("authorize")
    with pytest.raises(WalkError, match="invalid_grant"):
        walk.do_step("token")
