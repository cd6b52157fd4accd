"""GitLab as simulated, held against its own source: lib/api/entities, doorkeeper and doorkeeper-openid_connect."""

from __future__ import annotations

import datetime
import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.world import World


def login(sim: Simulator, server: str = "https://gitlab.com", **params: str) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s", **params}
    code = callback(get(sim, f"{server}/oauth/authorize?{urlencode(query)}"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    app = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    answer: dict[str, str] = json.loads(post(sim, f"{server}/oauth/token", form | app).body)
    return answer


def user(sim: Simulator, server: str = "https://gitlab.com", **params: str) -> dict[str, object]:
    token = login(sim, server, **params)["access_token"]
    answer: dict[str, object] = json.loads(get(sim, f"{server}/api/v4/user?access_token={token}").body)
    return answer


@pytest.mark.parametrize(("person", "day"), [("alice", "2012-03-05T09:41:17Z"), ("bob", None), ("carol", None)])
def test_confirmed_at_is_null_until_the_address_is_confirmed(person: str, day: str | None) -> None:
    assert user(Simulator(World(person=person)))["confirmed_at"] == day


def test_a_server_of_ones_own_is_the_issuer_and_the_host_of_every_page() -> None:
    sim = Simulator(World(person="alice", settings={"gitlab": {"GITLAB_URL": "https://git.example.net"}}))
    assert user(sim, "https://git.example.net")["web_url"] == "https://git.example.net/alice-archer"
    found = json.loads(get(sim, "https://git.example.net/.well-known/openid-configuration").body)
    assert (found["issuer"], found["jwks_uri"]) == (
        "https://git.example.net",
        "https://git.example.net/oauth/discovery/keys",
    )


def test_without_a_scope_the_application_has_api_and_with_another_the_user_is_closed() -> None:
    sim = Simulator(World(person="alice"))
    assert login(sim)["scope"] == "api"
    token = login(sim, scope="read_repository")["access_token"]
    response = get(sim, "https://gitlab.com/api/v4/user", Authorization=f"Bearer {token}")
    assert (response.status, json.loads(response.body)["error"]) == (403, "insufficient_scope")


def test_a_token_of_another_app_cannot_be_revoked_and_an_unknown_one_is_no_error() -> None:
    world = World(person="alice")
    world.apps.register("gitlab", client_id="other", client_secret="other-secret", redirect_uris=[BACK])
    sim = Simulator(world)
    token = login(sim)["access_token"]
    other = {"client_id": "other", "client_secret": "other-secret"}
    refused = post(sim, "https://gitlab.com/oauth/revoke", {**other, "token": token})
    assert (refused.status, json.loads(refused.body)["error"]) == (403, "unauthorized_client")
    unknown = post(sim, "https://gitlab.com/oauth/revoke", {**other, "token": "0" * 64})
    assert (unknown.status, unknown.body) == (200, b"{}")


def test_in_2021_there_was_skype_and_no_discord() -> None:
    old, new = (user(Simulator(World(person="alice", date=day))) for day in (datetime.date(2021, 11, 15), None))
    assert ("skype" in old, "discord" in old, "skype" in new, "discord" in new) == (True, False, False, True)
