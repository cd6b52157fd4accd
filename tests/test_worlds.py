"""Worlds: what happens in one is not seen in another, and three ways in which a request finds its own."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

CB = "http://127.0.0.1:1/cb"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@pytest.fixture
def simulator() -> Simulator:
    simulator = Simulator(World(person="bob"))
    simulator.add(World("blue", person="alice"))
    simulator.add(World("red", person="carol"))
    return simulator


def login(simulator: Simulator, prefix: str = "", client_id: str = "mockidp") -> str:
    """The access token of a GitHub login, by requests that name their world in the way asked for."""
    query = urlencode({"client_id": client_id, "redirect_uri": CB, "state": "s", "scope": "user:email"})
    went = ask(simulator, "GET", f"{prefix}/login/oauth/authorize?{query}")
    code = parse_qs(urlsplit(went.header("location")).query)["code"][0]
    form = {"client_id": client_id, "client_secret": "mockidp-secret", "code": code, "redirect_uri": CB}
    body = json.loads(ask(simulator, "POST", f"{prefix}/login/oauth/access_token", form).body)
    return str(body["access_token"])


def ask(simulator: Simulator, method: str, path: str, form: dict[str, str] | None = None) -> Response:
    return simulator.handle(Request.of(method, f"https://github.com{path}", FORM, urlencode(form or {}).encode()))


def name(simulator: Simulator, token: str, prefix: str = "") -> tuple[int, str | None]:
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "t"}
    answer = simulator.handle(Request.of("GET", f"https://api.github.com{prefix}/user", headers))
    return answer.status, json.loads(answer.body).get("login")


def test_a_path_prefix_chooses_the_world(simulator: Simulator) -> None:
    assert name(simulator, login(simulator, "/~blue"), "/~blue") == (200, "alice-archer")
    assert name(simulator, login(simulator)) == (200, "bob-baumann")


def test_a_client_id_chooses_the_world_and_its_tokens_lead_back_to_it(simulator: Simulator) -> None:
    assert name(simulator, login(simulator, client_id="mockidp~blue")) == (200, "alice-archer")
    assert name(simulator, login(simulator, client_id="mockidp~red")) == (200, "carol-chevalier")
    assert [entry.step for entry in simulator.worlds["blue"].journal.last("github").entries] == [  # type: ignore[union-attr]
        "authorize", "token", "userinfo"]  # fmt: skip
    assert len(simulator.world.journal) == 0


def test_a_client_id_of_no_world_is_an_unknown_app(simulator: Simulator) -> None:
    query = urlencode({"client_id": "mockidp~green", "redirect_uri": CB})
    assert ask(simulator, "GET", f"/login/oauth/authorize?{query}").status == 400
    assert simulator.world.journal.refusals()[-1].refused == "unknown_client"


def test_a_token_of_one_world_opens_nothing_in_another(simulator: Simulator) -> None:
    token = login(simulator, client_id="mockidp~blue")
    assert name(simulator, token, "/~red") == (401, None)


def test_a_world_that_is_gone_takes_its_tokens_along(simulator: Simulator) -> None:
    token = login(simulator, client_id="mockidp~blue")
    simulator.drop("blue")
    assert name(simulator, token) == (401, None)


def test_faults_clock_and_apps_stay_in_their_world(simulator: Simulator) -> None:
    blue = simulator.worlds["blue"]
    blue.faults.add("error:rate_limited", provider="github", step="userinfo")
    blue.clock.advance(10_000)
    blue.app("github", client_id="own", client_secret="s", redirect_uris=[CB])
    assert name(simulator, login(simulator)) == (200, "bob-baumann")
    assert simulator.world.apps.find("github", "own") is None
    assert name(simulator, login(simulator, "/~blue"), "/~blue")[0] == 403
