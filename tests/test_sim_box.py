"""Box as simulated, held against its published description and guides."""

from __future__ import annotations

from oauth2_login import Client, document

ME = "https://api.box.com/2.0/users/me"


def box() -> Client:
    return Client("https://account.box.com/api/oauth2/authorize", "https://api.box.com/oauth2/token")


def test_a_refresh_ends_both_tokens_of_the_old_pair() -> None:
    client = box()
    old = client.login()
    assert old["restricted_to"] == []
    new = document(client.refresh(old["refresh_token"]))
    assert client.get(ME, new["access_token"]).status == 200
    refused = client.get(ME, old["access_token"])
    assert (refused.status, refused.body) == (401, b"")
    assert 'error="invalid_token"' in refused.header("www-authenticate")
    assert document(client.refresh(old["refresh_token"]))["error"] == "invalid_grant"


def test_a_caller_may_name_the_fields_it_wants() -> None:
    client = box()
    token = client.login()["access_token"]
    me = document(client.get(ME, token))
    assert (me["login"], me["name"]) == ("alice@example.com", "Alice Archer")
    assert me["created_at"] == "2012-03-05T01:41:17-08:00"
    assert "role" not in me
    assert document(client.get(ME, token, fields="role")).keys() == {"type", "id", "role"}


def test_a_wrong_secret_is_400_and_a_redirect_uri_at_token_is_not_looked_at() -> None:
    client = box()
    refused = client.redeem(client.callback()["code"], client_secret="wrong")
    assert (refused.status, document(refused)["error"]) == (400, "invalid_client")
    assert client.redeem(client.callback()["code"], redirect_uri="http://127.0.0.1/other").status == 200
