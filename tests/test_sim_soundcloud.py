"""SoundCloud as simulated, held against its OpenAPI descriptions of 2021 and of today."""

from __future__ import annotations

import datetime

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request


def logged_in(date: str) -> tuple[Lab, Walk]:
    lab = Lab("soundcloud", date=datetime.date.fromisoformat(date))
    walk = lab.walk()
    walk.run()
    return lab, walk


@pytest.mark.parametrize(
    ("date", "has", "lacks"),
    [
        ("2026-11-20", {"urn"}, {"id", "email"}),
        ("2025-01-15", {"urn", "id"}, {"email"}),
        ("2021-11-15", {"id"}, {"urn", "email"}),
    ],
)
def test_the_number_gave_way_to_a_name(date: str, has: set[str], lacks: set[str]) -> None:
    _, walk = logged_in(date)
    profile = walk.seen["userinfo"].document
    assert has <= profile.keys()
    assert not lacks & profile.keys()
    assert profile["created_at"] == "2012/03/05 09:41:17 +0000"


def test_the_number_is_in_the_name() -> None:
    before, today = (logged_in(date)[1].seen["userinfo"].document for date in ("2021-11-15", "2026-11-20"))
    assert today["urn"] == f"soundcloud:users:{before['id']}"


@pytest.mark.parametrize(
    ("date", "url", "headers", "status"),
    [
        ("2026-11-20", "/me", {"Authorization": "OAuth TOKEN"}, 200),
        ("2026-11-20", "/me", {"Authorization": "Bearer TOKEN"}, 200),
        ("2026-11-20", "/me?oauth_token=TOKEN", {}, 401),
        ("2026-11-20", "/me.json?oauth_token=TOKEN", {}, 404),
        ("2021-11-15", "/me.json?oauth_token=TOKEN", {}, 200),
        ("2021-11-15", "/me", {"Authorization": "OAuth TOKEN"}, 200),
        ("2021-11-15", "/me.json", {}, 401),
    ],
)
def test_the_token_travelled_in_the_query_and_now_in_a_header(
    date: str, url: str, headers: dict[str, str], status: int
) -> None:
    lab, walk = logged_in(date)
    token = str(walk.values["access_token"])
    sent = {key: value.replace("TOKEN", token) for key, value in headers.items()}
    answer = lab.send(Request.of("GET", "https://api.soundcloud.com" + url.replace("TOKEN", token), sent))
    assert answer.status == status


def test_today_nobody_logs_in_without_pkce_and_the_former_address_is_gone() -> None:
    lab = Lab("soundcloud")
    walk = lab.walk()
    del walk.values["code_challenge"]
    with pytest.raises(WalkError, match="invalid_request"):
        walk.run()
    assert [entry.refused for entry in lab.world.journal.refusals()] == ["challenge_missing"]
    gone = Lab("soundcloud").send(Request.of("GET", "https://soundcloud.com/connect?client_id=mockidp"))
    assert gone.status in (404, 421)


def test_a_refresh_token_is_good_once() -> None:
    _, walk = logged_in("2026-11-20")
    used = walk.values["refresh_token"]
    walk.do_step("refresh")
    walk.values["refresh_token"] = used
    with pytest.raises(WalkError, match="invalid_grant"):
        walk.do_step("refresh")
