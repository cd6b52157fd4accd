"""Yandex as simulated, held against yandex.ru/dev/id/doc (code-url, user-information, token-invalidate)."""

from __future__ import annotations

from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request

INFO = "https://login.yandex.ru/info"


def logged_in(lab: Lab, person: str = "alice", **options: Any) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("OAuth {}", "?format=json", 200),
        ("Bearer {}", "", 200),
        ("", "?oauth_token={}&format=json", 200),
        ("Token {}", "", 401),
        ("", "?access_token={}", 401),
    ],
)
def test_the_profile_takes_the_token_as_documented(header: str, query: str, status: int) -> None:
    lab = Lab("yandex")
    token = logged_in(lab).values["access_token"]
    headers = {"Authorization": header.format(token)} if header else {}
    response = lab.simulator.handle(Request.of("GET", INFO + query.format(token), headers, b""))
    assert response.status == status


def test_addresses_are_a_list_which_is_empty_without_any() -> None:
    assert logged_in(Lab("yandex")).seen["userinfo"].document["emails"] == ["alice@example.com"]
    carol = logged_in(Lab("yandex"), "carol").seen["userinfo"].document
    assert carol["emails"] == []
    assert "default_email" not in carol


def test_each_part_of_the_profile_needs_its_scope() -> None:
    found = logged_in(Lab("yandex"), scope=["login:avatar"]).seen["userinfo"].document
    assert set(found) == {
        "id",
        "login",
        "client_id",
        "psuid",
        "old_social_login",
        "default_avatar_id",
        "is_avatar_empty",
    }


def test_a_verifier_stands_in_for_the_secret() -> None:
    walk = Lab("yandex").walk("alice")
    del walk.values["app.secret"]
    assert walk.run()["email"] == "alice@example.com"
    walk = Lab("yandex").walk("alice")
    for name in ("app.secret", "code_verifier", "code_challenge", "code_challenge_method"):
        del walk.values[name]
    with pytest.raises(WalkError, match="Basic auth required"):
        walk.run()


def test_the_scope_is_told_when_it_is_less_than_was_asked_for() -> None:
    assert "scope" not in logged_in(Lab("yandex")).seen["token"].document
    less = logged_in(Lab("yandex"), extra={"scope": "login:info", "optional_scope": "login:email"})
    assert less.seen["token"].document["scope"] == "login:info"


@pytest.mark.parametrize(("device", "ended"), [("authorize", True), ("token", True), ("", False)])
def test_only_a_token_of_a_device_can_be_ended(device: str, ended: bool) -> None:
    walk = Lab("yandex").walk("alice")
    if device != "authorize":
        name = walk.values.pop("device_id")
    walk.do_authorize("authorize")
    if device == "token":
        walk.values["device_id"] = name
    walk.do_step("token")
    walk.values["token"] = walk.values["access_token"]
    if not ended:
        with pytest.raises(WalkError, match="unsupported_token_type"):
            walk.do_step("revoke")
        return
    walk.do_step("revoke")
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")
