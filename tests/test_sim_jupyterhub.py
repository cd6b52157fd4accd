"""JupyterHub as simulated, held against jupyterhub 6.1.1 and its change log."""

from __future__ import annotations

import datetime
import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.world import World

HUB = "https://jupyterhub.example.org"
OLD = {"kind", "name", "admin", "groups"}


def user(sim: Simulator, hub: str = HUB) -> tuple[dict[str, object], dict[str, object]]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s"}
    code = callback(get(sim, f"{hub}/hub/api/oauth2/authorize?{urlencode(query)}"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    app = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    token = json.loads(post(sim, f"{hub}/hub/api/oauth2/token", form | app).body)
    found = get(sim, f"{hub}/hub/api/user", Authorization=f"token {token['access_token']}")
    return token, json.loads(found.body)


@pytest.mark.parametrize(
    ("date", "members"),
    [
        (None, {"user_info", "session_id", "scopes", "token_id"}),
        (datetime.date(2025, 1, 1), {"session_id", "scopes", "token_id"}),
        (datetime.date(2023, 1, 1), {"session_id", "scopes"}),
        (datetime.date(2021, 11, 15), {"server", "pending", "created", "last_activity", "servers"}),
    ],
)
def test_what_a_hub_tells_of_somebody_by_its_version(date: datetime.date | None, members: set[str]) -> None:
    token, found = user(Simulator(World(person="alice", date=date)))
    assert found.keys() == OLD | members
    assert (found["kind"], found["name"]) == ("user", "alice-archer")
    assert (token["expires_in"], token["token_type"]) == (1209600, "Bearer")


def test_the_token_says_which_scopes_it_has_and_so_does_the_user() -> None:
    token, found = user(Simulator(World(person="alice")))
    assert found["scopes"] == str(token["scope"]).split()
    assert "access:services!service=mockidp" in str(token["scope"])


def test_a_hub_below_a_prefix_is_a_setting() -> None:
    hub = "https://example.net/jupyter"
    sim = Simulator(World(person="bob", settings={"jupyterhub": {"API_URL": hub}}))
    assert user(sim, hub)[1]["name"] == "bob-baumann"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer unknown"}])
def test_no_token_and_a_bad_one_are_forbidden_not_unauthorized(headers: dict[str, str]) -> None:
    answer = get(Simulator(World()), f"{HUB}/hub/api/user", **headers)
    assert (answer.status, json.loads(answer.body)) == (403, {"status": 403, "message": None})
