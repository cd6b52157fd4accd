"""Twitch as simulated, held against dev.twitch.tv (authentication, Get Users) and the end of the former API."""

from __future__ import annotations

import datetime
import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError
from mockidp.wire import Request, Response

HELIX, KRAKEN = "https://api.twitch.tv/helix/users", "https://api.twitch.tv/kraken/user"


def logged_in(person: str = "alice", scope: list[str] | None = None, date: str = "2026-11-20") -> tuple[Lab, Walk]:
    lab = Lab("twitch", date=datetime.date.fromisoformat(date))
    walk = lab.walk(person, scope=scope)
    walk.run()
    return lab, walk


def get(lab: Lab, url: str, **headers: str) -> Response:
    return lab.send(Request.of("GET", url, {key.replace("_", "-"): value for key, value in headers.items()}))


def test_a_user_stands_in_a_list_of_one_and_a_scope_list_is_an_array() -> None:
    _, walk = logged_in()
    assert [row["login"] for row in walk.seen["userinfo"].document["data"]] == ["alice_archer"]
    _, walk = logged_in(scope=["openid", "user:read:email"])  # not what the sample has
    assert walk.seen["token"].document["scope"] == ["openid", "user:read:email"]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "OAuth token is missing"),
        ({"Client_Id": "mockidp"}, "OAuth token is missing"),
        ({"Authorization": "Bearer TOKEN"}, "Client ID is missing"),
        ({"Authorization": "Bearer TOKEN", "Client_Id": "another"}, "Client ID and OAuth token do not match"),
        ({"Authorization": "Bearer made-up", "Client_Id": "mockidp"}, "Invalid OAuth token"),
    ],
)
def test_the_api_wants_a_token_and_the_client_id_that_it_is_of(headers: dict[str, str], message: str) -> None:
    lab, walk = logged_in()
    sent = {key: value.replace("TOKEN", walk.values["access_token"]) for key, value in headers.items()}
    answer = get(lab, HELIX, **sent)
    said = {"error": "Unauthorized", "status": 401, "message": message}
    assert (answer.status, json.loads(answer.body)) == (401, said)


@pytest.mark.parametrize(("person", "scope"), [("bob", None), ("carol", None), ("alice", ["openid"])])
def test_only_a_verified_address_is_given_and_only_with_its_scope(person: str, scope: list[str] | None) -> None:
    _, walk = logged_in(person, scope)
    assert "email" not in walk.seen["userinfo"].document["data"][0]


@pytest.mark.parametrize(("date", "status"), [("2021-11-15", 200), ("2022-03-01", 410)])
def test_the_former_api_ended_in_february_2022(date: str, status: int) -> None:
    lab, walk = logged_in(scope=["user_read"], date=date)
    v5 = {"Accept": "application/vnd.twitchtv.v5+json", "Client_Id": "mockidp"}
    answer = get(lab, KRAKEN, Authorization=f"OAuth {walk.values['access_token']}", **v5)
    assert answer.status == status
    assert status == 410 or json.loads(answer.body)["email"] == "alice@example.com"


def test_a_token_is_revoked_without_the_secret_and_only_a_good_one() -> None:
    lab, walk = logged_in()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    def revoke(token: str) -> tuple[int, bytes]:
        body = f"client_id=mockidp&token={token}".encode()
        answer = lab.send(Request.of("POST", "https://id.twitch.tv/oauth2/revoke", headers, body))
        return answer.status, answer.body

    assert revoke("made-up") == (400, b'{"status":400,"message":"Invalid token"}')
    assert revoke(walk.values["access_token"]) == (200, b"")
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")
