"""Basecamp as simulated, held against its authentication pages, the newer and the older."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from oauth2_login import BACK, Client, document

from mockidp.wire import Request

TOKEN = "https://launchpad.37signals.com/authorization/token"
ME = "https://launchpad.37signals.com/authorization.json"


@pytest.fixture
def client() -> Client:
    return Client("https://launchpad.37signals.com/authorization/new", TOKEN)


def test_the_draft_is_still_spoken(client: Client) -> None:
    own = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
    code = client.callback(response_type=None, type="web_server")["code"]
    told = document(client.post(f"{TOKEN}?type=web_server", None, code=code, **own))
    for way in (
        client.post(TOKEN, None, type="refresh", refresh_token=told["refresh_token"], **own),
        client.post(f"{TOKEN}?type=refresh", None, refresh_token=told["refresh_token"], **own),
        client.refresh(told["refresh_token"]),
    ):
        assert document(way).keys() == {"access_token", "expires_in", "token_type"}


def test_the_identity_tells_when_the_token_ends(client: Client) -> None:
    told = client.login()
    me = document(client.get(ME, told["access_token"]))
    left = datetime.fromisoformat(me["expires_at"]) - datetime.now(UTC)
    assert told["expires_in"] == 1209600
    assert left.days in (13, 14)
    assert (me["identity"]["first_name"], me["identity"]["email_address"]) == ("Alice", "alice@example.com")
    assert me["accounts"][0]["href"] == f"https://3.basecampapi.com/{me['accounts'][0]['id']}"


def test_who_asks_must_say_who_it_is(client: Client) -> None:
    token = client.login()["access_token"]
    assert client.sim.handle(Request.of("GET", ME, {"Authorization": f"Bearer {token}"})).status == 400
