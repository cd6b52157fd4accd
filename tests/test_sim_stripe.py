"""Stripe Connect as simulated, held against stripe-node and stripe-ruby (OAuth) and the published schema."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.simulator import Simulator
from mockidp.wire import Response
from mockidp.world import World

TOKEN = "https://connect.stripe.com/oauth/token"
SECRET = {"client_secret": "mockidp-secret"}
BEARER = {"Authorization": "Bearer mockidp-secret"}


def authorize(sim: Simulator, **params: str) -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s", **params}
    return callback(get(sim, f"https://connect.stripe.com/oauth/authorize?{urlencode(query)}"))


def token(sim: Simulator, code: str, fields: dict[str, str], headers: dict[str, str]) -> Response:
    return post(sim, TOKEN, {"grant_type": "authorization_code", "code": code, **fields}, **headers)


def connect(sim: Simulator) -> dict[str, str]:
    answer: dict[str, str] = json.loads(token(sim, authorize(sim)["code"], SECRET, {}).body)
    return answer


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.mark.parametrize(("fields", "headers"), [(SECRET, {}), ({}, BEARER), (SECRET, BEARER)])
def test_the_key_alone_says_which_platform_it_is(
    sim: Simulator, fields: dict[str, str], headers: dict[str, str]
) -> None:
    answer = json.loads(token(sim, authorize(sim)["code"], fields, headers).body)
    assert answer.keys() == {
        "access_token",
        "livemode",
        "refresh_token",
        "token_type",
        "stripe_publishable_key",
        "stripe_user_id",
        "scope",
    }
    assert (answer["livemode"], answer["token_type"], answer["scope"]) == (False, "bearer", "read_only")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer another-key"}])
def test_no_key_and_a_strange_one_are_an_invalid_client(sim: Simulator, headers: dict[str, str]) -> None:
    refused = token(sim, authorize(sim)["code"], {}, headers)
    assert (refused.status, json.loads(refused.body)["error"]) == (401, "invalid_client")


def test_the_callback_tells_the_scope_and_a_strange_one_is_refused(sim: Simulator) -> None:
    assert authorize(sim)["scope"] == "read_only"
    assert authorize(sim, scope="read_write")["scope"] == "read_write"
    assert authorize(sim, scope="read_all")["error"] == "invalid_scope"


@pytest.mark.parametrize("path", ["accounts/{account}", "account"])
@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_an_account_is_read_with_its_key_as_a_token_or_as_a_user_name(sim: Simulator, path: str, scheme: str) -> None:
    answer = connect(sim)
    key = answer["access_token"]
    sent = key if scheme == "Bearer" else base64.b64encode(f"{key}:".encode()).decode()
    url = f"https://api.stripe.com/v1/{path.format(account=answer['stripe_user_id'])}"
    found = json.loads(get(sim, url, Authorization=f"{scheme} {sent}").body)
    assert (found["id"], found["email"]) == (answer["stripe_user_id"], "alice@example.com")
    assert found["settings"]["dashboard"]["display_name"] == "Alice Archer"


def test_no_other_account_is_opened(sim: Simulator) -> None:
    url = "https://api.stripe.com/v1/accounts/acct_0000000000000000"
    refused = get(sim, url, Authorization=f"Bearer {connect(sim)['access_token']}")
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (403, "account_invalid")


@pytest.mark.parametrize("key", ["Basic bm8tc3VjaC1rZXk6", "Basic %%%"])
def test_a_user_name_that_is_no_key_opens_nothing(sim: Simulator, key: str) -> None:
    assert get(sim, "https://api.stripe.com/v1/account", Authorization=key).status == 401


def test_access_is_ended_by_naming_the_account(sim: Simulator) -> None:
    answer = connect(sim)
    url, named = "https://connect.stripe.com/oauth/deauthorize", {"stripe_user_id": answer["stripe_user_id"]}
    ended = post(sim, url, {"client_id": "mockidp", **named}, **BEARER)
    assert (ended.status, json.loads(ended.body)) == (200, named)
    auth = f"Bearer {answer['access_token']}"
    assert get(sim, "https://api.stripe.com/v1/account", Authorization=auth).status == 401
    again = post(sim, url, {"client_id": "mockidp", **named}, **BEARER)
    assert (again.status, json.loads(again.body)["error"]) == (401, "invalid_client")
