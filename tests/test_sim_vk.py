"""VK as simulated: VK ID of today, held against its API description, and oauth.vk.com of 2021 with the API's schema."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
VERIFIER = "v" * 43
S256 = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"  # of the verifier


def post(sim: Simulator, url: str, **form: str) -> Response:
    return sim.handle(Request.of("POST", url, FORM, urlencode(form).encode()))


def callback(sim: Simulator, url: str, **params: str) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s1", **params}
    answer = sim.handle(Request.of("GET", f"{url}?{urlencode(query)}"))
    return dict(parse_qsl(urlsplit(answer.header("location")).query))


def begun(sim: Simulator, method: str = "S256", scope: str = "email") -> dict[str, str]:
    challenge = {"code_challenge": S256, "code_challenge_method": method}
    return callback(sim, "https://id.vk.ru/authorize", scope=scope, **challenge)


def token(sim: Simulator, back: dict[str, str], **form: str) -> Response:
    own = {"grant_type": "authorization_code", "client_id": "mockidp", "redirect_uri": BACK, "state": "fresh"}
    told = {"code": back["code"], "device_id": back["device_id"], "code_verifier": VERIFIER}
    return post(sim, "https://id.vk.ru/oauth2/auth", **{**own, **told, **form})


def older(sim: Simulator, scope: str = "email") -> dict[str, Any]:
    back = callback(sim, "https://oauth.vk.com/authorize", scope=scope)
    own = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
    answer: dict[str, Any] = json.loads(post(sim, "https://oauth.vk.com/access_token", code=back["code"], **own).body)
    return answer


def users(sim: Simulator, **query: str) -> dict[str, Any]:
    response = sim.handle(Request.of("GET", f"https://api.vk.com/method/users.get?{urlencode(query)}"))
    assert response.status == 200  # whatever goes wrong
    answer: dict[str, Any] = json.loads(response.body)
    return answer


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.fixture
def old() -> Simulator:
    return Simulator(World(person="alice", date=datetime.date(2021, 11, 15)))


def test_the_callback_brings_a_device_and_the_life_of_the_code(sim: Simulator) -> None:
    back = begun(sim)
    assert set(back) == {"code", "state", "device_id", "ext_id", "expires_in", "type"}
    assert (back["type"], back["expires_in"]) == ("code_v2", "600")


@pytest.mark.parametrize("method", ["S256", "s256"])
def test_s256_may_be_written_small(sim: Simulator, method: str) -> None:
    answer = json.loads(token(sim, begun(sim, method)).body)
    assert (answer["state"], answer["scope"]) == ("fresh", "email vkid.personal_info")
    assert isinstance(answer["user_id"], int)


def test_a_code_is_good_with_its_device_alone(sim: Simulator) -> None:
    wrong = token(sim, begun(sim), device_id="another")
    assert (wrong.status, json.loads(wrong.body)["error_description"]) == (400, "device_id is missing or invalid")
    first = json.loads(token(sim, back := begun(sim)).body)
    own = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": "mockidp", "state": "s"}
    assert post(sim, "https://id.vk.ru/oauth2/auth", device_id="another", **own).status == 400
    assert post(sim, "https://id.vk.ru/oauth2/auth", device_id=back["device_id"], **own).status == 200


def test_the_profile_of_vk_id_has_its_own_forms(sim: Simulator) -> None:
    access = json.loads(token(sim, begun(sim, scope="email phone")).body)["access_token"]
    user = json.loads(post(sim, "https://id.vk.com/oauth2/user_info", access_token=access, client_id="mockidp").body)
    assert user["user"]["birthday"] == "17.04.1990"
    assert (user["user"]["sex"], user["user"]["phone"]) == (1, "447700900101")
    assert user["user"]["user_id"].isdecimal()


def test_in_2021_the_address_comes_with_the_token_and_never_with_the_profile(old: Simulator) -> None:
    answer = older(old)
    assert set(answer) == {"access_token", "expires_in", "user_id", "email"}
    assert (answer["email"], answer["expires_in"]) == ("alice@example.com", 86400)
    seen = users(old, access_token=answer["access_token"], v="5.95", fields="screen_name,bdate,email")
    assert set(seen["response"][0]) == {
        "id", "first_name", "last_name", "is_closed", "can_access_closed", "screen_name", "bdate",
    }  # fmt: skip
    assert seen["response"][0]["bdate"] == "17.4.1990"
    assert "email" not in older(old, "friends")


def test_in_2021_the_scope_offline_makes_a_token_endless(old: Simulator) -> None:
    answer = older(old, "email,offline")
    assert answer["expires_in"] == 0
    old.world.clock.advance(10 * 86400)
    assert "response" in users(old, access_token=answer["access_token"], v="5.131")


@pytest.mark.parametrize(("version", "error"), [("5.20", 8), ("3.0", 8), ("latest", 8), ("5.21", None)])
def test_old_versions_of_the_api_are_refused(old: Simulator, version: str, error: int | None) -> None:
    seen = users(old, access_token=older(old)["access_token"], v=version)
    assert seen.get("error", {}).get("error_code") == error


def test_a_wrong_token_is_error_5_under_200(old: Simulator) -> None:
    assert users(old, access_token="0" * 85, v="5.131")["error"]["error_code"] == 5
