"""Shopify as simulated, held against shopify.dev (authorization code grant, access tokens, REST) and its change log."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.check.walk import walk_class
from mockidp.quirks.p_shopify import sign
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

SHOP = "https://mockidp.myshopify.com"
BACK = "http://127.0.0.1:9000/back"
TODAY = datetime.date(2026, 11, 24)
JSON = "application/json"
INVALID = "[API] Invalid API key or access token (unrecognized login or wrong password)"


def authorize(sim: Simulator, shop: str = SHOP, **params: str) -> Response:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "state": "s1", "scope": "read_orders", **params}
    return sim.handle(Request.of("GET", f"{shop}/admin/oauth/authorize?{urlencode(query)}"))


def callback(response: Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def post(sim: Simulator, fields: dict[str, str], shop: str = SHOP, kind: str = JSON, accept: str = JSON) -> Response:
    body = json.dumps(fields).encode() if kind == JSON else urlencode(fields).encode()
    headers = {"Content-Type": kind, "Accept": accept}
    return sim.handle(Request.of("POST", f"{shop}/admin/oauth/access_token", headers, body))


def exchange(sim: Simulator, shop: str = SHOP, accept: str = JSON, **fields: str) -> Response:
    return post(sim, {"client_id": "mockidp", "client_secret": "mockidp-secret", **fields}, shop, accept=accept)


def token(sim: Simulator, asked: dict[str, str] | None = None, **fields: str) -> dict[str, Any]:
    code = callback(authorize(sim, **(asked or {})))["code"]
    found: dict[str, Any] = json.loads(exchange(sim, code=code, **fields).body)
    return found


def shop(sim: Simulator, access: str, path: str = "/admin/shop.json", at: str = SHOP) -> Response:
    return sim.handle(Request.of("GET", f"{at}{path}", {"X-Shopify-Access-Token": access}))


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice", date=TODAY))


def test_the_signature_is_that_of_the_documentation() -> None:
    pairs = [
        ("code", "0907a61c0c8d55e99db179b68161bc00"),
        ("shop", "some-shop.myshopify.com"),
        ("state", "0.6784241404160823"),
        ("timestamp", "1337178173"),
    ]
    expected = "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
    assert sign([*pairs, ("hmac", expected)], "hush") == expected


def test_the_callback_names_the_shop_and_is_signed(sim: Simulator) -> None:
    params = callback(authorize(sim))
    assert set(params) == {"code", "hmac", "host", "shop", "state", "timestamp"}
    assert params["shop"] == "mockidp.myshopify.com"
    text = "&".join(f"{key}={params[key]}" for key in sorted(params) if key != "hmac")
    assert params["hmac"] == hmac.new(b"mockidp-secret", text.encode(), hashlib.sha256).hexdigest()


def test_a_state_with_odd_characters_is_signed_as_it_travels(sim: Simulator) -> None:
    location = authorize(sim, state="a b&c=d/é").header("location")
    parts = [part for part in urlsplit(location).query.split("&") if not part.startswith("hmac=")]
    expected = hmac.new(b"mockidp-secret", "&".join(sorted(parts)).encode(), hashlib.sha256).hexdigest()
    assert callback(authorize(sim))["hmac"] != expected
    assert dict(parse_qsl(urlsplit(location).query))["hmac"] == expected


@pytest.mark.parametrize(
    ("date", "host"),
    [
        (TODAY, "admin.shopify.com/store/mockidp"),
        (datetime.date(2021, 11, 15), "mockidp.myshopify.com/admin"),
        (datetime.date(2020, 6, 1), None),
    ],
)
def test_the_host_is_unpadded_base64_and_changed_with_the_years(date: datetime.date, host: str | None) -> None:
    found = callback(authorize(Simulator(World(person="alice", date=date)))).get("host")
    assert (found is None) == (host is None)
    if found is not None:
        assert "=" not in found
        assert base64.b64decode(found + "=" * (-len(found) % 4)).decode() == host


def test_who_cancels_is_not_sent_back() -> None:
    response = authorize(Simulator(World(person="dave")))
    assert (response.status, response.header("location")) == (200, "")


@pytest.mark.parametrize("kind", [JSON, "application/x-www-form-urlencoded"])
def test_an_offline_token_is_scope_and_token_and_nothing_else(sim: Simulator, kind: str) -> None:
    fields = {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": callback(authorize(sim))["code"]}
    answer = json.loads(post(sim, fields, kind=kind).body)
    assert set(answer) == {"access_token", "scope"}
    assert answer["access_token"].startswith("shpat_")
    sim.world.clock.advance(10 * 365 * 86400)
    assert shop(sim, answer["access_token"]).status == 200


def test_a_write_scope_implies_its_read_scope(sim: Simulator) -> None:
    assert token(sim, {"scope": "read_orders,write_orders,read_products"})["scope"] == "write_orders,read_products"


def test_the_shop_is_read_with_its_own_header(sim: Simulator) -> None:
    access = token(sim)["access_token"]
    found = json.loads(shop(sim, access).body)["shop"]
    assert type(found["id"]) is int
    assert found["myshopify_domain"] == "mockidp.myshopify.com"
    assert (found["email"], found["shop_owner"]) == ("alice@example.com", "Alice Archer")
    bearer = Request.of("GET", f"{SHOP}/admin/shop.json", {"Authorization": f"Bearer {access}"})
    assert sim.handle(bearer).status == 401


def test_only_the_fields_that_are_asked_for_are_answered(sim: Simulator) -> None:
    answer = json.loads(shop(sim, token(sim)["access_token"], "/admin/shop.json?fields=id,name,colour").body)
    assert set(answer["shop"]) == {"id", "name"}


def test_the_id_of_a_shop_follows_from_its_name_and_not_from_who_logs_in(sim: Simulator) -> None:
    first = json.loads(shop(sim, token(sim)["access_token"]).body)["shop"]["id"]
    sim.world.person = "bob"
    assert json.loads(shop(sim, token(sim)["access_token"]).body)["shop"]["id"] == first
    other = "https://petstore.myshopify.com"
    access = json.loads(exchange(sim, other, code=callback(authorize(sim, other))["code"]).body)["access_token"]
    assert json.loads(shop(sim, access, at=other).body)["shop"]["id"] != first


def test_codes_and_tokens_of_one_shop_open_no_other(sim: Simulator) -> None:
    other = "https://petstore.myshopify.com"
    assert json.loads(exchange(sim, other, code=callback(authorize(sim))["code"]).body)["error"] == "invalid_request"
    response = shop(sim, token(sim)["access_token"], at=other)
    assert (response.status, json.loads(response.body)) == (401, {"errors": INVALID})
    refresh_token = token(sim, expiring="1")["refresh_token"]
    response = exchange(sim, other, grant_type="refresh_token", refresh_token=refresh_token)
    assert json.loads(response.body)["error"] == "invalid_grant"
    refused = [entry.refused for entry in sim.world.journal.refusals()]
    assert refused == ["code_of_another_shop", "token_of_another_shop", "refresh_token_of_another_shop"]


def test_a_per_user_token_tells_who_logged_in(sim: Simulator) -> None:
    answer = token(sim, {"grant_options[]": "per-user"})
    assert answer["expires_in"] == 86399
    user = answer["associated_user"]
    assert {key: type(value) for key, value in user.items()} == {
        "id": int,
        "first_name": str,
        "last_name": str,
        "email": str,
        "account_owner": bool,
        "locale": str,
        "collaborator": bool,
        "email_verified": bool,
    }
    assert (user["email"], user["first_name"], user["email_verified"]) == ("alice@example.com", "Alice", True)
    sim.world.clock.advance(86400)
    assert shop(sim, answer["access_token"]).status == 401


def test_people_differ_in_per_user_mode(sim: Simulator) -> None:
    first = token(sim, {"grant_options[]": "per-user"})["associated_user"]
    sim.world.person = "bob"
    second = token(sim, {"grant_options[]": "per-user"})["associated_user"]
    assert first["id"] != second["id"]
    assert second["email_verified"] is False


def test_a_walk_reads_the_person_of_a_per_user_token(sim: Simulator) -> None:
    wire = sim.world.wire("shopify")
    walk = walk_class("shopify", wire.family)(
        wire, sim.world.apps.ready("shopify"), sim.handle, extra={"grant_mode": "per-user"}
    )
    assert walk.run()["uid"] == str(walk.seen["token"].document["associated_user"]["id"])


def test_a_token_expires_when_that_is_asked_for_and_is_refreshed(sim: Simulator) -> None:
    answer = token(sim, expiring="1")
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (3600, 90 * 86400)
    sim.world.clock.advance(3601)
    assert shop(sim, answer["access_token"]).status == 401
    new = json.loads(exchange(sim, grant_type="refresh_token", refresh_token=answer["refresh_token"]).body)
    assert new["refresh_token"] != answer["refresh_token"]
    assert shop(sim, new["access_token"]).status == 200


def test_before_december_2025_no_token_expired() -> None:
    sim = Simulator(World(person="alice", date=datetime.date(2025, 12, 9)))
    assert set(token(sim, expiring="1")) == {"access_token", "scope"}


def refreshed(sim: Simulator, refresh_token: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(exchange(sim, grant_type="refresh_token", refresh_token=refresh_token).body)
    return answer


def test_a_used_refresh_token_may_be_tried_again_until_its_replacement_is_used(sim: Simulator) -> None:
    first = token(sim, expiring="1")["refresh_token"]
    refreshed(sim, first)
    again = refreshed(sim, first)["refresh_token"]
    refreshed(sim, again)
    assert refreshed(sim, first)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("date", "seconds", "good"),
    [
        (TODAY, 30 * 86400, True),
        (TODAY, 30 * 86400 + 1, False),
        (datetime.date(2026, 8, 1), 3600, True),
        (datetime.date(2026, 8, 1), 3601, False),
    ],
)
def test_the_time_to_try_again_was_an_hour_and_is_thirty_days(date: datetime.date, seconds: int, good: bool) -> None:
    sim = Simulator(World(person="alice", date=date))
    sim.world.clock.freeze()
    first = token(sim, expiring="1")["refresh_token"]
    refreshed(sim, first)
    sim.world.clock.advance(seconds)
    assert ("access_token" in refreshed(sim, first)) is good


def test_a_public_app_must_ask_for_tokens_that_expire(sim: Simulator) -> None:
    sim.world.app("shopify", facts={"expiring_required": "true"}, redirect_uris=[BACK])
    response = shop(sim, token(sim)["access_token"])
    assert response.status == 403
    assert json.loads(response.body)["errors"].startswith("[API] Non-expiring access tokens are no longer accepted")
    assert shop(sim, token(sim, expiring="1")["access_token"]).status == 200


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        (
            {"code": "0" * 32},
            {
                "error": "invalid_request",
                "error_description": "The authorization code was not found or was already used",
            },
        ),
        ({"client_secret": "wrong"}, {"error": "invalid_client"}),
        (
            {"client_id": "nobody"},
            {"error": "invalid_request", "error_description": "Could not find Shopify API application with api_key"},
        ),
    ],
)
def test_errors_at_token_are_400(sim: Simulator, fields: dict[str, str], answer: dict[str, str]) -> None:
    response = exchange(sim, **{"code": callback(authorize(sim))["code"], **fields})
    assert (response.status, json.loads(response.body)) == (400, answer)


@pytest.mark.parametrize("accept", ["*/*", "", "text/html"])
def test_errors_are_a_page_unless_json_is_asked_for(sim: Simulator, accept: str) -> None:
    response = exchange(sim, accept=accept, code="0" * 32)
    assert (response.status, response.header("content-type")) == (400, "text/html; charset=utf-8")
    told = b"Oauth error invalid_request: The authorization code was not found or was already used"
    assert told in response.body
    assert exchange(sim, accept=accept, code=callback(authorize(sim))["code"]).header("content-type").startswith(JSON)


@pytest.mark.parametrize(
    ("fault", "status", "errors"),
    [
        ("bad_token", 401, INVALID),
        ("missing_scope", 403, "[API] This action requires merchant approval for read_orders scope."),
        ("shop_frozen", 402, "Unavailable Shop"),
        (
            "rate_limited",
            429,
            "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
        ),
    ],
)
def test_errors_of_the_api_are_a_text_under_errors(sim: Simulator, fault: str, status: int, errors: str) -> None:
    access = token(sim)["access_token"]
    sim.world.faults.add(f"error:{fault}", provider="shopify", step="userinfo")
    response = shop(sim, access)
    assert (response.status, json.loads(response.body)) == (status, {"errors": errors})
    assert (response.header("retry-after") == "2.0") == (status == 429)


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/admin/shop.json", "2026-01"),
        ("/admin/api/2026-10/shop.json", "2026-10"),
        ("/admin/api/2021-10/shop.json", "2026-01"),
        ("/admin/api/unstable/shop.json", "unstable"),
    ],
)
def test_an_old_version_and_none_are_the_oldest_that_is_served(sim: Simulator, path: str, version: str) -> None:
    response = shop(sim, token(sim)["access_token"], path)
    assert (response.status, response.header("x-shopify-api-version")) == (200, version)


def test_every_shop_is_served_and_in_path_form_too(sim: Simulator) -> None:
    query = urlencode({"client_id": "mockidp", "redirect_uri": BACK, "state": "s1"})
    path = "/pet-store.myshopify.com/admin/oauth/authorize"
    response = sim.handle(Request("GET", "127.0.0.1:8400", path, query, scheme="http"))
    assert callback(response)["shop"] == "pet-store.myshopify.com"
