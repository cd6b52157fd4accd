"""Zoom as simulated, held against its documentation and error table, and the answers of 2021."""

from __future__ import annotations

from datetime import date

from oauth2_login import BACK, BASIC, Client, document

ME = "https://api.zoom.us/v2/users/me"
TOKEN = "https://zoom.us/oauth/token"
THEN = date(2021, 11, 15)


def zoom(day: date | None = None, person: str = "alice") -> Client:
    return Client("https://zoom.us/oauth/authorize", TOKEN, person, day)


def test_credentials_come_as_basic_and_parameters_in_the_query_if_one_likes() -> None:
    client = zoom()
    code = client.callback()["code"]
    query = f"grant_type=authorization_code&code={code}&redirect_uri={BACK}"
    told = document(client.post(f"{TOKEN}?{query}", {"Authorization": BASIC}))
    assert told["token_type"] == "bearer"
    assert told["api_url"] == "https://api.zoom.us"
    assert document(client.get(ME, told["access_token"]))["email"] == "alice@example.com"
    refused = client.redeem(client.callback()["code"], client_secret="wrong")
    assert (refused.status, document(refused)["error"]) == (401, "invalid_client")


def test_verified_is_a_number() -> None:
    for person, verified in (("alice", 1), ("bob", 0)):
        client = zoom(person=person)
        told = document(client.get(ME, client.login()["access_token"]))["verified"]
        assert (type(told), told) == (int, verified)


def test_the_profile_and_the_refusals_of_2021() -> None:
    then, now = zoom(THEN), zoom()
    old = document(then.get(ME, then.login()["access_token"]))
    new = document(now.get(ME, now.login()["access_token"]))
    assert {"host_key", "phone_number"} <= old.keys()
    assert not {"host_key", "phone_number"} & new.keys()
    assert (then.refresh("made-up").status, now.refresh("made-up").status) == (401, 400)
    assert document(then.redeem("abc")) == {"reason": "Invalid authorization code abc", "error": "invalid_request"}
    assert document(now.redeem("abc"))["error"] == "invalid_grant"
