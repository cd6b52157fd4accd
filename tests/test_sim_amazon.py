"""Amazon as simulated, held against the pages of Login with Amazon."""

from __future__ import annotations

import pytest
from oauth2_login import Client, document

from mockidp.wire import Request

ME = "https://api.amazon.com/user/profile"
INFO = "https://api.amazon.com/auth/o2/tokeninfo"


@pytest.fixture
def client() -> Client:
    return Client("https://www.amazon.com/ap/oa", "https://api.amazon.com/auth/o2/token")


def test_the_callback_tells_the_scopes_and_an_unknown_one_is_refused(client: Client) -> None:
    assert client.callback(scope="profile postal_code")["scope"] == "profile postal_code"
    assert client.callback(scope="profile email")["error"] == "invalid_scope"


def test_each_scope_opens_its_own_members(client: Client) -> None:
    for scope, members in (
        ("profile", {"user_id", "email", "name"}),
        ("profile postal_code", {"user_id", "email", "name", "postal_code"}),
        ("profile:user_id", {"user_id"}),
    ):
        assert document(client.get(ME, client.login(scope=scope)["access_token"])).keys() == members
    refused = client.get(ME, client.login(scope="postal_code")["access_token"])
    assert (refused.status, document(refused)["error"]) == (401, "insufficient_scope")


def test_the_token_may_travel_in_three_places(client: Client) -> None:
    token = client.login(scope="profile")["access_token"]
    assert token.startswith("Atza|")
    for given in (
        client.get(ME, token),
        client.get(ME, access_token=token),
        client.sim.handle(Request.of("GET", ME, {"x-amz-access-token": token})),
    ):
        assert document(given)["name"] == "Alice Archer"
    assert (client.get(ME).status, client.get(ME, "made-up").status) == (400, 400)


def test_the_token_information_counts_the_seconds_down(client: Client) -> None:
    token = client.login(scope="profile")["access_token"]
    client.sim.world.clock.advance(600)
    told = document(client.get(INFO, access_token=token))
    assert (told["aud"], told["iss"]) == ("mockidp", "https://www.amazon.com")
    assert 2995 < told["exp"] <= 3000
