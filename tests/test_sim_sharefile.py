"""ShareFile as simulated, held against its guide and SDK: an account with a subdomain of its own, a signed callback."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from oauth2_login import Client, document

from mockidp.simulator import Simulator
from mockidp.world import World


def at(host: str, token_host: str) -> Client:
    return Client(f"https://{host}.sharefile.com/oauth/authorize", f"https://{token_host}.sharefile.com/oauth/token")


def users(name: str) -> str:
    return f"https://{name}.sf-api.com/sf/v3/Users"


@pytest.mark.parametrize(("host", "account"), [("secure", "mockidp"), ("acme", "acme")])
def test_callback_and_token_name_the_account_and_all_is_good_there(host: str, account: str) -> None:
    client = at(host, account)
    back = client.callback()
    assert (back["subdomain"], back["apicp"], back["appcp"]) == (account, "sf-api.com", "sharefile.com")
    told = document(client.redeem(back["code"]))
    assert (told["subdomain"], told["apicp"]) == (account, "sf-api.com")
    me = document(client.get(users(account), told["access_token"]))
    assert me["FullName"] == "Alice Archer"
    assert me["odata.metadata"].startswith(f"https://{account}.sf-api.com/sf/v3/$metadata#")
    assert client.get(users("secure"), told["access_token"]).status == 200
    assert client.get(users("another"), told["access_token"]).status == 401


def test_a_code_is_not_good_at_another_account() -> None:
    client = at("secure", "another")
    assert document(client.redeem(client.callback()["code"]))["error"] == "invalid_grant"


def test_h_signs_path_and_query_of_the_callback() -> None:
    url = urlsplit(at("secure", "secure").authorize().header("location"))
    signed, _, h = url.query.rpartition("&h=")
    digest = hmac.new(b"mockidp-secret", f"{url.path}?{signed}".encode(), hashlib.sha256).digest()
    assert h.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=") == b64encode(digest).decode()


def test_the_settings_move_login_tokens_and_api() -> None:
    moved = {"DEFAULT_URL": "https://acme.securevdr.com", "SUBDOMAIN": "acme", "APICP": "securevdr.com"}
    client = Client("https://acme.securevdr.com/oauth/authorize", "https://acme.securevdr.com/oauth/token")
    client.sim = Simulator(World(person="alice", settings={"sharefile": moved}))
    told = client.login()
    assert (told["subdomain"], told["appcp"]) == ("acme", "securevdr.com")
    assert document(client.get(users("acme"), told["access_token"]))["Domain"] == "acme"
