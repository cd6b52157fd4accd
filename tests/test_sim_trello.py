"""Trello: the profile is not signed, tokens live as long as was asked, the address needs the scope account."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oauth1_login import BACK, Client

AT, ME = "https://trello.com/1/OAuth", "https://api.trello.com/1/members/me"


def client(person: str = "alice", **consent: str) -> Client:
    out = Client(f"{AT}GetRequestToken", f"{AT}AuthorizeToken", f"{AT}GetAccessToken", person=person)
    out.login(consent)
    return out


def profile(trello: Client, **more: str) -> dict[str, Any]:
    query = "&".join(f"{key}={value}" for key, value in {"key": "mockidp", "token": trello.token[0], **more}.items())
    answer = trello.send("GET", f"{ME}?{query}")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = json.loads(answer.body)
    return told


def test_key_and_token_open_the_profile_and_a_signature_does_too() -> None:
    trello = client(scope="read,account")
    assert profile(trello)["email"] == "alice@example.com"
    assert json.loads(trello.signed("GET", ME).body)["username"] == "alicearcher"
    trello.token = (trello.token[0], "wrong")
    assert trello.signed("GET", ME).status == 401


def test_without_the_scope_account_there_is_no_address() -> None:
    assert "email" not in profile(client(scope="read"))
    assert profile(client("carol", scope="read,account"))["email"] is None


def test_fields() -> None:
    trello = client(scope="read")
    assert sorted(profile(trello, fields="username,fullName")) == ["fullName", "id", "username"]
    assert profile(trello, fields="all").keys() == profile(trello).keys()


@pytest.mark.parametrize(("asked", "days"), [("1hour", 1 / 24), ("1day", 1), ("30days", 30), ("", 30), ("never", 0)])
def test_a_token_lives_as_long_as_was_asked_for(asked: str, days: float) -> None:
    trello = client(**({"expiration": asked} if asked else {}))
    url = f"https://api.trello.com/1/tokens/{trello.token[0]}?key=mockidp&token={trello.token[0]}"
    ends = json.loads(trello.send("GET", url).body)["dateExpires"]
    assert (ends is None) is (days == 0)
    trello.world.clock.advance(86400 * (days or 4000) - 1)
    assert trello.send("GET", url).status == 200
    trello.world.clock.advance(2)
    assert trello.send("GET", url).status == (401 if days else 200)


def test_a_token_can_be_given_up() -> None:
    trello = client()
    url = f"https://api.trello.com/1/tokens/{trello.token[0]}/?key=mockidp&token={trello.token[0]}"
    assert trello.send("DELETE", url).body == b'{"_value":null}'
    gone = trello.send("GET", f"{ME}?key=mockidp&token={trello.token[0]}")
    assert (gone.status, gone.body) == (401, b"invalid token")


def test_a_wrong_signature_is_a_server_error_in_plain_text() -> None:
    trello = Client(f"{AT}GetRequestToken", f"{AT}AuthorizeToken", f"{AT}GetAccessToken", secret="wrong")
    answer = trello.signed("POST", f"{AT}GetRequestToken", oauth_callback=BACK)
    assert (answer.status, answer.body) == (500, b"Invalid Signature")
