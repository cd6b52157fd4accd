"""edX as simulated, held against edx-platform: oauth_dispatch/urls.py, user_api/accounts, core/lib/api."""

from __future__ import annotations

import datetime
import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.wire import Response
from mockidp.world import World


def access(sim: Simulator, server: str, slash: str = "/") -> str:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s"}
    code = callback(get(sim, f"{server}/oauth2/authorize{slash}?{urlencode(query)}"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    app = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    return str(json.loads(post(sim, f"{server}/oauth2/access_token{slash}", form | app).body)["access_token"])


def account(sim: Simulator, name: str, server: str = "https://edx.org") -> Response:
    token = access(sim, server)
    return get(sim, f"{server}/api/user/v1/accounts/{name}", Authorization=f"Bearer {token}")


@pytest.mark.parametrize("server", ["https://edx.org", "https://courses.edx.org"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_the_last_slash_of_the_oauth_paths_is_optional(server: str, slash: str) -> None:
    assert len(access(Simulator(World(person="alice")), server, slash)) == 30


def test_an_account_names_the_site_that_was_asked() -> None:
    sim = Simulator(World(person="alice", settings={"edx": {"EDX_URL": "https://learn.example.net"}}))
    found = json.loads(account(sim, "alice-archer", "https://learn.example.net").body)
    assert found["url"] == "https://learn.example.net/api/user/v1/accounts/alice-archer"
    assert found["profile_image"]["image_url_small"].startswith("https://learn.example.net/media/profile-images/")
    assert found["profile_image"]["image_url_small"].endswith("_30.jpg?v=1600000000")


def test_the_account_of_another_is_hidden() -> None:
    answer = account(Simulator(World(person="alice")), "bob-baumann")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(("person", "active"), [("alice", True), ("bob", False)])
def test_an_account_is_active_once_its_address_is_confirmed(person: str, active: bool) -> None:
    sim = Simulator(World(person=person))
    name = {"alice": "alice-archer", "bob": "bob-baumann"}[person]
    assert json.loads(account(sim, name).body)["is_active"] is active


def test_a_token_in_the_query_is_not_read() -> None:
    sim = Simulator(World(person="alice"))
    answer = get(sim, f"https://edx.org/api/user/v1/me?access_token={access(sim, 'https://edx.org')}")
    assert (answer.status, list(json.loads(answer.body))) == (401, ["detail"])


def test_the_activation_key_was_there_in_2021() -> None:
    days = (datetime.date(2021, 11, 15), None)
    old, new = (json.loads(account(Simulator(World(person="alice", date=day)), "alice-archer").body) for day in days)
    assert old.keys() - new.keys() == {"activation_key"}
