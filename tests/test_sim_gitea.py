"""Gitea as simulated, held against its own source: oauth2_provider.go, convert/user.go, api.go."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.wire import Response
from mockidp.world import World

SERVER = "https://gitea.com"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
APP = {"client_id": "mockidp", "client_secret": "mockidp-secret"}


def authorize(sim: Simulator, server: str = SERVER, **params: str) -> Response:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", **params}
    return get(sim, f"{server}/login/oauth/authorize?{urlencode(query)}")


def token(sim: Simulator, server: str = SERVER, **fields: str) -> Response:
    return post(sim, f"{server}/login/oauth/access_token", {"grant_type": "authorization_code", **APP, **fields})


def access(sim: Simulator, **params: str) -> str:
    return str(json.loads(token(sim, code=callback(authorize(sim, **params))["code"]).body)["access_token"])


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def test_a_refusal_brings_a_state_even_where_none_was_sent() -> None:
    told = callback(authorize(Simulator(World(person="dave"))))
    assert told == {"error": "access_denied", "error_description": "the request is denied", "state": ""}


def test_a_used_code_is_an_unauthorized_client(sim: Simulator) -> None:
    code = callback(authorize(sim))["code"]
    assert (code[:4], len(code)) == ("gta_", 56)
    token(sim, code=code)
    again = token(sim, code=code)
    want = {"error": "unauthorized_client", "error_description": "client is not authorized"}
    assert (again.status, json.loads(again.body)) == (400, want)


def test_the_redirect_uri_at_token_must_be_registered_and_need_not_be_the_same(sim: Simulator) -> None:
    refused = token(sim, code=callback(authorize(sim))["code"], redirect_uri="https://evil.example/back")
    assert json.loads(refused.body)["error_description"] == "unexpected redirect URI"
    assert token(sim, code=callback(authorize(sim))["code"], redirect_uri="http://127.0.0.1:1/x").status == 200
    assert token(sim, code=callback(authorize(sim))["code"]).status == 200


def test_a_refresh_token_is_good_for_more_than_one_use(sim: Simulator) -> None:
    old = json.loads(token(sim, code=callback(authorize(sim))["code"]).body)["refresh_token"]
    answers = [token(sim, grant_type="refresh_token", refresh_token=old) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert len({json.loads(answer.body)["refresh_token"] for answer in answers} | {old}) == 3


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_a_verifier_is_held_to_its_challenge(sim: Simulator, method: str) -> None:
    digest = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {"code_challenge": digest if method == "S256" else VERIFIER, "code_challenge_method": method}
    assert token(sim, code=callback(authorize(sim, **asked))["code"], code_verifier=VERIFIER).status == 200
    wrong = token(sim, code=callback(authorize(sim, **asked))["code"], code_verifier="x" * 43)
    assert json.loads(wrong.body)["error_description"] == "failed PKCE code challenge"


@pytest.mark.parametrize(
    ("scope", "status"), [("", 200), ("openid", 200), ("read:user", 200), ("read:repository", 403)]
)
def test_a_token_opens_all_unless_a_scope_of_the_api_narrows_it(sim: Simulator, scope: str, status: int) -> None:
    assert get(sim, f"{SERVER}/api/v1/user", Authorization=f"token {access(sim, scope=scope)}").status == status


def test_an_error_of_the_api_names_the_servers_own_documentation() -> None:
    sim = Simulator(World(settings={"gitea": {"GITEA_URL": "https://git.example.net/"}}))
    answer = get(sim, "https://git.example.net/api/v1/user", Authorization="Bearer unknown")
    assert answer.status == 401
    assert json.loads(answer.body)["url"] == "https://git.example.net/api/swagger"


@pytest.mark.parametrize(
    ("date", "lacks", "issuer"),
    [
        (None, set(), SERVER),
        (datetime.date(2024, 12, 17), set(), f"{SERVER}/"),
        (datetime.date(2023, 1, 1), {"html_url", "source_id"}, f"{SERVER}/"),
        (datetime.date(2021, 11, 15), {"html_url", "source_id", "login_name"}, f"{SERVER}/"),
    ],
)
def test_older_servers_lack_members_and_end_their_issuer_with_a_slash(
    date: datetime.date | None, lacks: set[str], issuer: str
) -> None:
    sim = Simulator(World(person="alice", date=date))
    user = json.loads(get(sim, f"{SERVER}/api/v1/user?access_token={access(sim)}").body)
    assert {"html_url", "source_id", "login_name"} - user.keys() == lacks
    assert json.loads(get(sim, f"{SERVER}/.well-known/openid-configuration").body)["issuer"] == issuer
