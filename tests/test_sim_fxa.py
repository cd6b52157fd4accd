"""Mozilla accounts as simulated, held against the server's source (token.js, oauth-error.ts, profile.js)."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
OAUTH = "https://oauth.accounts.firefox.com/v1"
ID, SECRET = "6d6f636b69647001", "6d6f636b6964702d7365637265742d6f662d6d6f7a696c6c612d6163636f756e"
BASIC = {"Authorization": "Basic " + b64encode(f"{ID}:{SECRET}".encode()).decode()}


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def authorize(sim: Simulator, scope: str = "profile", **more: str) -> Response:
    query = {"client_id": ID, "redirect_uri": BACK, "scope": scope, "state": "s1", **more}
    return sim.handle(Request.of("GET", f"{OAUTH}/authorization?{urlencode(query)}"))


def code(sim: Simulator, scope: str = "profile", **more: str) -> str:
    return dict(parse_qsl(urlsplit(authorize(sim, scope, **more).header("location")).query))["code"]


def post(sim: Simulator, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Response:
    sent = {"Content-Type": "application/json", **(headers or {})}
    return sim.handle(Request.of("POST", f"{OAUTH}/{path}", sent, json.dumps(form).encode()))


def token(sim: Simulator, scope: str = "profile", **more: str) -> dict[str, Any]:
    form = {"client_id": ID, "client_secret": SECRET, "code": code(sim, scope, **more)}
    answer: dict[str, Any] = json.loads(post(sim, "token", form).body)
    return answer


def errno(response: Response) -> tuple[int, int]:
    return response.status, json.loads(response.body)["errno"]


def profile(sim: Simulator, access: str) -> dict[str, Any]:
    url = "https://profile.accounts.firefox.com/v1/profile"
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("GET", url, {"Authorization": f"Bearer {access}"})).body)
    return answer


def test_the_grant_type_may_be_left_out_and_redirect_uri_too(sim: Simulator) -> None:
    assert set(token(sim)) == {"access_token", "token_type", "scope", "expires_in", "auth_at"}


def test_openid_brings_an_identity_token_without_nonce_and_sub_in_the_profile(sim: Simulator) -> None:
    answer = token(sim, "profile openid", nonce="n1")
    claims = jose.split(answer["id_token"])[1]
    assert "nonce" not in claims
    assert "email" not in claims
    assert claims["exp"] - claims["iat"] == 300
    assert profile(sim, answer["access_token"])["sub"] == claims["sub"]


def test_what_was_not_granted_is_left_out_of_the_profile(sim: Simulator) -> None:
    assert set(profile(sim, token(sim, "profile:uid profile:email")["access_token"])) == {"uid", "email"}
    assert "sub" not in profile(sim, token(sim)["access_token"])


def test_an_unknown_scope_ends_on_a_page(sim: Simulator) -> None:
    refused = authorize(sim, "profile everything")
    assert (refused.status, refused.header("location")) == (400, "")


def test_a_refresh_token_is_for_offline_access_and_its_answer_has_neither_openid_nor_another(sim: Simulator) -> None:
    assert "refresh_token" not in token(sim)
    refresh = token(sim, "profile openid", access_type="offline")["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": ID, "client_secret": SECRET}
    answer = json.loads(post(sim, "token", form).body)
    assert set(answer) == {"access_token", "token_type", "scope", "expires_in"}
    assert answer["scope"] == "profile"


def test_a_verifier_is_refused_in_other_words_beside_each_kind_of_secret(sim: Simulator) -> None:
    form = {"code": code(sim), "code_verifier": "v" * 43}
    assert errno(post(sim, "token", {**form, "client_id": ID, "client_secret": SECRET})) == (400, 109)
    assert errno(post(sim, "token", form, BASIC)) == (400, 116)


def test_a_secret_comes_one_way_only(sim: Simulator) -> None:
    form = {"code": code(sim)}
    assert errno(post(sim, "token", {**form, "client_id": ID, "client_secret": SECRET}, BASIC)) == (400, 109)
    assert post(sim, "token", form, BASIC).status == 200


def test_an_unknown_token_cannot_be_destroyed_and_a_known_one_by_anybody(sim: Simulator) -> None:
    access = token(sim)["access_token"]
    assert errno(post(sim, "destroy", {"token": "0" * 64})) == (400, 108)
    assert post(sim, "destroy", {"token": access}).body == b"{}"
    assert profile(sim, access)["code"] == 401


def test_a_used_code_is_an_unknown_one(sim: Simulator) -> None:
    form = {"client_id": ID, "client_secret": SECRET, "code": code(sim)}
    assert post(sim, "token", form).status == 200
    again = post(sim, "token", form)
    assert errno(again) == (400, 105)
    assert json.loads(again.body)["requestCode"] == form["code"]
