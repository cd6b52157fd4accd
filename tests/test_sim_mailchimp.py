"""Mailchimp as simulated, held against its guide: tokens without end, and the data centre of each account."""

from __future__ import annotations

from base64 import b64encode

import pytest
from oauth2_login import Client, document

META = "https://login.mailchimp.com/oauth2/metadata"


@pytest.fixture
def client() -> Client:
    return Client("https://login.mailchimp.com/oauth2/authorize", "https://login.mailchimp.com/oauth2/token")


def test_a_token_has_no_scope_and_no_end(client: Client) -> None:
    told = client.login()
    assert (told["expires_in"], told["scope"], told.keys()) == (0, None, {"access_token", "expires_in", "scope"})
    client.sim.world.clock.advance(10 * 365 * 86400)
    assert client.get(META, told["access_token"], "OAuth").status == 200


def test_the_metadata_name_the_data_centre_and_no_other_knows_the_account(client: Client) -> None:
    token = client.login()["access_token"]
    meta = document(client.get(META, token, "OAuth"))
    assert meta["api_endpoint"] == f"https://{meta['dc']}.api.mailchimp.com"
    root = document(client.get(f"{meta['api_endpoint']}/3.0/", token))
    assert (root["login_id"], root["first_name"]) == (str(meta["login"]["login_id"]), "Alice")
    key = b64encode(f"anystring:{token}-{meta['dc']}".encode()).decode()
    assert client.get(f"{meta['api_endpoint']}/3.0/", key, "Basic").status == 200
    for refused in (
        client.get("https://us1.api.mailchimp.com/3.0/", token),
        client.get(f"{meta['api_endpoint']}/3.0/", "no base64", "Basic"),
    ):
        assert (refused.status, document(refused)["title"]) == (401, "API Key Invalid")


def test_a_bad_token_is_told_with_status_200(client: Client) -> None:
    refused = client.get(META, "made-up", "OAuth")
    assert (refused.status, document(refused)) == (200, {"error": "invalid_token"})


def test_127_0_0_1_is_taken_and_localhost_is_not(client: Client) -> None:
    assert client.authorize(redirect_uri="http://127.0.0.1:5000/cb").status == 302
    assert client.authorize(redirect_uri="http://localhost:5000/cb").status == 400
