"""Stocktwits as simulated, held against stocktwits/slate 07af97af (2016)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk
from mockidp.wire import Request


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def stream(lab: Lab, whose: object) -> tuple[int, dict[str, Any]]:
    answer = lab.send(Request.of("GET", f"https://api.stocktwits.com/api/2/streams/user/{whose}.json"))
    return answer.status, json.loads(answer.body)


def test_the_token_answer_tells_who_it_is() -> None:
    walk = logged_in(Lab("stocktwits"))
    token, user = walk.seen["token"].document, walk.seen["userinfo"].document["user"]
    assert set(token) == {"user_id", "access_token", "scope", "username"}
    assert (token["user_id"], token["username"], token["scope"]) == (user["id"], "alice-archer", "read")
    assert (user["join_date"], user["official"]) == ("2012-03-05", False)


@pytest.mark.parametrize("person", ["alice", "person-4711"])
def test_a_stream_is_read_by_id_or_name_and_without_a_token(person: str) -> None:
    lab = Lab("stocktwits")
    token = logged_in(lab, person).seen["token"].document
    status, by_id = stream(lab, token["user_id"])
    assert (status, by_id["response"]) == (200, {"status": 200})
    assert by_id["user"]["username"] == by_id["messages"][0]["user"]["username"] == token["username"]
    if person == "alice":
        assert stream(lab, "alice-archer")[1] == by_id


def test_a_stream_of_somebody_of_the_cast_who_never_logged_in() -> None:
    assert stream(Lab("stocktwits"), "bob-baumann")[1]["user"]["name"] == "Bob Baumann"


def test_nobodys_stream_is_not_found() -> None:
    status, told = stream(Lab("stocktwits"), 99)
    assert status == 404
    assert (told["response"]["status"], len(told["errors"])) == (404, 1)


def test_a_token_in_the_query_opens_nothing() -> None:
    lab = Lab("stocktwits")
    token = logged_in(lab).values["access_token"]
    answer = lab.send(Request.of("GET", f"https://api.stocktwits.com/api/2/account/verify.json?access_token={token}"))
    assert answer.status == 401


@pytest.mark.parametrize(("asked", "told"), [(None, "read"), (["read", "watch_lists"], "read,watch_lists")])
def test_scopes_are_parted_by_commas(asked: list[str] | None, told: str) -> None:
    assert logged_in(Lab("stocktwits"), scope=asked).seen["token"].document["scope"] == told
