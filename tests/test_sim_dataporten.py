"""Dataporten as simulated, held against feideconnect-authengine and docs.feide.no."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.wire import Response
from mockidp.world import World

SERVER = "https://auth.dataporten.no"


def access(sim: Simulator, client: str = "mockidp", secret: str = "mockidp-secret", **params: str) -> dict[str, str]:
    query = {"client_id": client, "redirect_uri": BACK, "response_type": "code", "state": "s", **params}
    code = callback(get(sim, f"{SERVER}/oauth/authorization?{urlencode(query)}"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    answer: dict[str, str] = json.loads(
        post(sim, f"{SERVER}/oauth/token", {**form, "client_id": client, "client_secret": secret}).body
    )
    return answer


def userinfo(sim: Simulator, token: str) -> Response:
    return get(sim, f"{SERVER}/userinfo", Authorization=f"Bearer {token}")


def test_the_audience_is_the_client_that_the_token_was_given_to() -> None:
    world = World(person="alice")
    world.apps.register("dataporten", client_id="other", client_secret="other-secret", redirect_uris=[BACK])
    sim = Simulator(world)
    bodies = [
        json.loads(userinfo(sim, access(sim, *app)["access_token"]).body)
        for app in (("mockidp", "mockidp-secret"), ("other", "other-secret"))
    ]
    assert [body["audience"] for body in bodies] == ["mockidp", "other"]
    assert bodies[0]["user"] == bodies[1]["user"]


def test_without_a_scope_all_that_the_client_is_registered_for_is_granted() -> None:
    sim = Simulator(World(person="alice"))
    user = json.loads(userinfo(sim, access(sim)["access_token"]).body)["user"]
    assert user.keys() == {"userid_sec", "userid", "name", "email", "profilephoto"}
    assert user["userid_sec"] == ["feide:alice-archer@example.org"]
    less = json.loads(userinfo(sim, access(sim, scope="userid")["access_token"]).body)["user"]
    assert less == {"userid_sec": [], "userid": user["userid"]}


@pytest.mark.parametrize(
    ("token", "status", "error"),
    [("made-up", 400, "Bad Request"), ("00000000-0000-4000-8000-000000000000", 401, "Invalid Token")],
)
def test_a_token_that_is_none_is_told_otherwise_than_an_unknown_one(token: str, status: int, error: str) -> None:
    answer = userinfo(Simulator(World()), token)
    assert (answer.status, json.loads(answer.body)["error"]) == (status, error)


def test_whoever_says_no_stays_with_the_provider() -> None:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s"}
    page = get(Simulator(World(person="dave")), f"{SERVER}/oauth/authorization?{urlencode(query)}")
    assert (page.status, page.header("location")) == (200, "")


def test_there_is_never_a_refresh_token() -> None:
    assert "refresh_token" not in access(Simulator(World(person="alice")))
