"""Bitbucket with OAuth 1.0a, held against Atlassian's pages on users and emails of API 1.0."""

from __future__ import annotations

import json

import pytest
from oauth1_login import Client

API = "https://bitbucket.org/api/1.0"


def client(person: str = "alice") -> Client:
    out = Client(f"{API}/oauth/request_token", f"{API}/oauth/authenticate", f"{API}/oauth/access_token", person=person)
    out.login()
    return out


@pytest.mark.parametrize(
    ("account", "found"),
    [("alice@example.com", "alice-archer"), ("alice%40example.com", "alice-archer"), ("bob-baumann", "bob-baumann")],
)
def test_a_profile_is_asked_for_by_name_or_address(account: str, found: str) -> None:
    answer = client().signed("GET", f"{API}/users/{account}")
    assert json.loads(answer.body)["user"]["username"] == found


def test_an_account_that_there_is_not() -> None:
    assert client().signed("GET", f"{API}/users/nobody%40example.com").status == 404


@pytest.mark.parametrize(
    ("person", "rows"),
    [
        ("alice", [(True, True)]),
        ("bob", [(False, True)]),
        ("carol", []),
        ("mateo", [(True, False), (False, True)]),
    ],
)
def test_an_address_is_active_once_it_is_confirmed(person: str, rows: list[tuple[bool, bool]]) -> None:
    told = json.loads(client(person).signed("GET", f"{API}/emails/").body)
    assert [(row["active"], row["primary"]) for row in told] == rows
