"""Zoho as simulated, held against its pages and SDKs: everybody in one of several data centres."""

from __future__ import annotations

import pytest
from oauth2_login import Client, document

from mockidp import jose

ASK = {"scope": "aaaserver.profile.READ,ZohoCRM.users.READ"}


def zoho(person: str, token_host: str, host: str = "accounts.zoho.com") -> Client:
    return Client(f"https://{host}/oauth/v2/auth", f"https://{token_host}/oauth/v2/token", person)


@pytest.mark.parametrize(
    ("person", "location", "accounts", "api"),
    [
        ("alice", "us", "accounts.zoho.com", "www.zohoapis.com"),
        ("zofie", "eu", "accounts.zoho.eu", "www.zohoapis.eu"),
        ("priya", "in", "accounts.zoho.in", "www.zohoapis.in"),
        ("haruka", "jp", "accounts.zoho.jp", "www.zohoapis.jp"),
        ("ling", "cn", "accounts.zoho.com.cn", "www.zohoapis.com.cn"),
    ],
)
def test_all_is_good_in_the_data_centre_of_the_callback_alone(
    person: str, location: str, accounts: str, api: str
) -> None:
    client = zoho(person, accounts)
    back = client.callback(**ASK, access_type="offline")
    assert (back["location"], back["accounts-server"]) == (location, f"https://{accounts}")
    told = document(client.redeem(back["code"]))
    token = told["access_token"]
    assert (told["api_domain"], told["scope"]) == (f"https://{api}", "aaaserver.profile.READ ZohoCRM.users.READ")
    info = document(client.get(f"https://{accounts}/oauth/user/info", token, "Zoho-oauthtoken"))
    crm = document(client.get(f"https://{api}/crm/v2/users", token, "Zoho-oauthtoken", type="CurrentUser"))
    assert str(info["ZUID"]) == crm["users"][0]["zuid"]
    other, other_api = ("accounts.zoho.sa", "www.zohoapis.sa")
    assert client.get(f"https://{other}/oauth/user/info", token).status == 401
    lost = client.get(f"https://{other_api}/crm/v2/users", token, type="CurrentUser")
    assert (lost.status, document(lost)["code"]) == (401, "INVALID_TOKEN")
    client.token_url = f"https://{other}/oauth/v2/token"
    for refused in (
        client.refresh(told["refresh_token"]),
        client.redeem(client.callback(**ASK)["code"]),
    ):
        assert (refused.status, document(refused)) == (200, {"error": "invalid_code"})


def test_a_refresh_token_comes_with_offline_access_and_stays() -> None:
    client = zoho("alice", "accounts.zoho.com")
    assert "refresh_token" not in client.login(**ASK)
    told = client.login(**ASK, access_type="offline")
    assert "refresh_token" not in document(client.refresh(told["refresh_token"]))
    assert "access_token" in document(client.refresh(told["refresh_token"]))


def test_an_identity_token_is_of_the_data_centre_that_was_asked() -> None:
    client = zoho("zofie", "accounts.zoho.eu")
    claims = jose.split(client.login(scope="openid,email", nonce="n1")["id_token"])[1]
    assert (claims["iss"], claims["email"]) == ("https://accounts.zoho.eu", "zofie@example.net")
    found = document(client.get("https://accounts.zoho.eu/.well-known/openid-configuration"))
    assert found["issuer"] == claims["iss"]
    assert "first_name" not in claims
