"""Eventbrite as simulated, held against its API blueprint: errors of its own for each kind of bad token."""

from __future__ import annotations

from datetime import date

import pytest
from oauth2_login import Client, document

ME = "https://www.eventbriteapi.com/v3/users/me/"


def eventbrite(person: str = "alice", day: date | None = None) -> Client:
    return Client("https://www.eventbrite.com/oauth/authorize", "https://www.eventbrite.com/oauth/token", person, day)


@pytest.mark.parametrize(
    ("token", "scheme", "status", "error"),
    [
        ("", "", 401, "NO_AUTH"),
        ("made-up", "Bearer", 400, "INVALID_AUTH"),
        ("made-up", "Token", 400, "INVALID_AUTH_HEADER"),
    ],
)
def test_each_bad_token_has_its_error(token: str, scheme: str, status: int, error: str) -> None:
    refused = eventbrite().get(ME, token, scheme)
    told = document(refused)
    assert (refused.status, told["status_code"], told["error"]) == (status, status, error)


def test_the_token_may_travel_in_the_query_and_never_ends() -> None:
    client = eventbrite()
    told = client.login()
    assert "expires_in" not in told
    assert document(client.get(f"{ME}?token={told['access_token']}"))["name"] == "Alice Archer"
    moved = client.get(ME.rstrip("/"), told["access_token"])
    assert (moved.status, moved.header("location")) == (301, ME)


def test_addresses_are_a_list_with_a_flag_each() -> None:
    for person, emails in (
        ("alice", [{"email": "alice@example.com", "verified": True}]),
        ("bob", [{"email": "bob@example.org", "verified": False}]),
        ("carol", []),
    ):
        client = eventbrite(person)
        assert document(client.get(ME, client.login()["access_token"]))["emails"] == emails
    then = eventbrite(day=date(2021, 11, 15))
    assert document(then.get(ME, then.login()["access_token"]))["emails"][0]["primary"] is True
