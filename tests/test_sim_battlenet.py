"""Battle.net as simulated, held against develop.battle.net: regions, the hosts of 2021 and of today."""

from __future__ import annotations

import datetime
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back?region=eu"


def ask(sim: Simulator, url: str, method: str = "GET", **params: str) -> Response:
    token = params.pop("bearer", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if method == "GET":
        return sim.handle(Request.of("GET", f"{url}?{urlencode(params)}", headers))
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return sim.handle(Request.of("POST", url, headers, urlencode(params).encode()))


def sim_of(date: str) -> Simulator:
    return Simulator(World(person="alice", date=datetime.date.fromisoformat(date)))


def token(sim: Simulator, base: str) -> str:
    begun = ask(sim, f"{base}/authorize", client_id="mockidp", redirect_uri=BACK, response_type="code", state="s")
    found = dict(parse_qsl(urlsplit(begun.header("location")).query))
    assert (found["region"], found["state"]) == ("eu", "s")
    form = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": BACK}
    answer = ask(sim, f"{base}/token", "POST", client_id="mockidp", client_secret="mockidp-secret", **form)
    return str(json.loads(answer.body)["access_token"])


@pytest.mark.parametrize(
    ("date", "base", "prefix"),
    [
        ("2026-11-20", "https://oauth.battle.net", "US"),
        ("2026-11-20", "https://eu.battle.net/oauth", "EU"),
        ("2026-11-20", "https://www.battlenet.com.cn/oauth", "CN"),
        ("2021-11-15", "https://kr.battle.net/oauth", "KR"),
        ("2021-11-15", "https://tw.battle.net/oauth", "TW"),
        ("2021-11-15", "https://www.battlenet.com.cn/oauth", "CN"),
    ],
)
def test_a_login_at_every_region_gives_a_token_of_it(date: str, base: str, prefix: str) -> None:
    sim = sim_of(date)
    given = token(sim, base)
    assert given[:2] == prefix
    profile = json.loads(ask(sim, f"{base}/userinfo", bearer=given).body)
    assert isinstance(profile["id"], int)
    assert profile["sub"] == str(profile["id"])
    assert profile["battletag"].startswith("Alice#")


def test_the_global_host_was_not_there_in_2021() -> None:
    assert ask(sim_of("2021-11-15"), "https://oauth.battle.net/authorize", client_id="mockidp").status in (404, 421)


@pytest.mark.parametrize(("date", "status"), [("2021-11-15", 200), ("2026-11-20", 401)])
def test_a_token_in_the_query_was_taken_in_2021(date: str, status: int) -> None:
    sim = sim_of(date)
    given = token(sim, "https://us.battle.net/oauth")
    assert ask(sim, "https://us.battle.net/oauth/userinfo", access_token=given).status == status


def test_the_setting_names_the_region_of_the_former_host() -> None:
    sim = sim_of("2021-11-15")
    sim.world.configure("battlenet", REGION="apac")
    assert sim.world.wire("battlenet").step("authorize").urls[0] == "https://apac.battle.net/oauth/authorize"  # type: ignore[union-attr]
    assert token(sim, "https://apac.battle.net/oauth")[:2] == "AP"


def test_who_has_one_name_only_has_no_battletag() -> None:
    sim = Simulator(World(person="surya"))
    given = token(sim, "https://oauth.battle.net")
    profile = json.loads(ask(sim, "https://oauth.battle.net/userinfo", bearer=given).body)
    assert profile.keys() == {"id", "sub"}
