"""Dropbox as simulated, held against its API specification and SDKs."""

from __future__ import annotations

import pytest
from oauth2_login import Client, document

from mockidp.wire import Request, Response

ME = "https://api.dropboxapi.com/2/users/get_current_account"
VERIFIER, S256 = "v" * 43, "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
CHALLENGE = {"code_challenge": S256, "code_challenge_method": "S256"}


@pytest.fixture
def client() -> Client:
    return Client("https://www.dropbox.com/oauth2/authorize", "https://api.dropboxapi.com/oauth2/token")


def post(client: Client, url: str, token: str, body: bytes = b"", **headers: str) -> Response:
    sent = {"Authorization": f"Bearer {token}", **{key.replace("_", "-"): value for key, value in headers.items()}}
    return client.sim.handle(Request.of("POST", url, sent, body))


def test_a_refresh_token_comes_to_those_who_ask_for_offline_access(client: Client) -> None:
    assert "refresh_token" not in client.login()
    assert "refresh_token" not in client.login(token_access_type="online")
    told = client.login(token_access_type="offline")
    assert "refresh_token" not in document(client.refresh(told["refresh_token"]))
    assert document(client.refresh(told["refresh_token"]))["expires_in"] == 14400


def test_a_verifier_stands_in_for_the_secret_at_a_refresh_too(client: Client) -> None:
    code = client.callback(**CHALLENGE, token_access_type="offline")["code"]
    told = document(client.redeem(code, client_secret=None, code_verifier=VERIFIER))
    assert "access_token" in document(client.refresh(told["refresh_token"], client_secret=None))
    with_secret = client.login(token_access_type="offline")["refresh_token"]
    for refused in (
        client.refresh(with_secret, client_secret=None),
        client.refresh(told["refresh_token"], client_secret="wrong"),
        client.redeem(client.callback()["code"], client_secret=None),
    ):
        assert document(refused) == {"error": "invalid_client: Invalid client_id or client_secret"}
    unproven = client.redeem(client.callback()["code"], client_secret=None, code_verifier=VERIFIER)
    assert document(unproven)["error"] == "invalid_grant"


def test_the_account_is_read_with_an_empty_post(client: Client) -> None:
    token = client.login()["access_token"]
    told = document(post(client, ME, token))
    assert told["name"]["display_name"] == "Alice Archer"
    assert told["email_verified"] is True
    assert post(client, ME, token, b"null", Content_Type="application/json").status == 200
    for body, kind in ((b"{}", "application/json"), (b"", "application/x-www-form-urlencoded")):
        refused = post(client, ME, token, body, Content_Type=kind)
        assert (refused.status, refused.header("content-type")) == (400, "text/plain; charset=utf-8")
    assert client.get(ME, token).status == 405


def test_a_token_needs_the_scope_and_ends_itself(client: Client) -> None:
    narrow = client.login(scope="files.metadata.read")["access_token"]
    assert document(post(client, ME, narrow))["error"]["required_scope"] == "account_info.read"
    token = client.login()["access_token"]
    ended = post(client, "https://api.dropboxapi.com/2/auth/token/revoke", token)
    assert (ended.status, ended.body) == (200, b"null")
    assert document(post(client, ME, token))["error"] == {".tag": "invalid_access_token"}
