"""EVE Online as simulated, held against its documentation (SSO, migration from v1 to v2, validating the token)."""

from __future__ import annotations

import datetime
import json
from base64 import b64encode
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK, HOST = "http://127.0.0.1:9000/back", "https://login.eveonline.com"
BASIC = {"Authorization": "Basic " + b64encode(b"mockidp:mockidp-secret").decode()}


def sim_of(date: str = "2026-11-20") -> Simulator:
    return Simulator(World(person="alice", date=datetime.date.fromisoformat(date)))


def begin(sim: Simulator, version: str, scope: str) -> Response:
    query = {"client_id": "mockidp", "response_type": "code", "redirect_uri": BACK, "state": "s", "scope": scope}
    return sim.handle(Request.of("GET", f"{HOST}{version}/oauth/authorize?{urlencode(query)}"))


def tokens(sim: Simulator, version: str = "/v2", scope: str = "publicData", json_body: bool = False) -> dict[str, str]:
    found = dict(parse_qsl(urlsplit(begin(sim, version, scope).header("location")).query))
    form = {"grant_type": "authorization_code", "code": found["code"]}
    body = json.dumps(form) if json_body else urlencode(form)
    kind = "application/json" if json_body else "application/x-www-form-urlencoded"
    asked = Request.of("POST", f"{HOST}{version}/oauth/token", {**BASIC, "Content-Type": kind}, body.encode())
    answer: dict[str, str] = json.loads(sim.handle(asked).body)
    return answer


def verify(sim: Simulator, url: str, token: str) -> Response:
    return sim.handle(Request.of("GET", f"{HOST}{url}", {"Authorization": f"Bearer {token}"}))


def test_the_token_says_who_it_is_and_is_signed_with_the_published_key() -> None:
    sim = sim_of()
    header, claims, _, _ = jose.split(tokens(sim)["access_token"])
    assert (header["alg"], header["kid"], claims["kid"]) == ("RS256", "JWT-Signature-Key", "JWT-Signature-Key")
    kind, tag, number = claims["sub"].split(":")
    assert (kind, tag, number.isdigit(), claims["name"]) == ("CHARACTER", "EVE", True, "Alice Archer")
    assert claims["aud"] == ["mockidp", "EVE Online"]
    assert claims["azp"] == "mockidp"
    assert (len(claims["owner"]), claims["iss"]) == (28, HOST)
    keys = json.loads(sim.handle(Request.of("GET", f"{HOST}/oauth/jwks")).body)["keys"]
    jose.verify(tokens(sim)["access_token"], jose.from_jwk(keys[0]), ["RS256"])


@pytest.mark.parametrize(
    ("scope", "scp"),
    [("publicData", "publicData"), ("publicData esi-a.b.v1", ["publicData", "esi-a.b.v1"]), ("", None)],
)
def test_one_scope_is_text_and_several_are_an_array(scope: str, scp: object) -> None:
    given = tokens(sim_of(), scope=scope)
    assert jose.split(given["access_token"])[1].get("scp") == scp
    assert (given["refresh_token"] is None) == (scp is None)


def test_in_2021_the_former_endpoints_gave_an_opaque_token_and_told_who_it_is() -> None:
    sim = sim_of("2021-11-15")
    former = tokens(sim, "", json_body=True)["access_token"]
    assert "." not in former
    told = json.loads(verify(sim, "/oauth/verify", former).body)
    assert (told["CharacterName"], told["TokenType"], told["Scopes"]) == ("Alice Archer", "Character", "publicData")
    claims = jose.split(tokens(sim)["access_token"])[1]
    assert told["CharacterOwnerHash"] == claims["owner"]
    assert claims["sub"].endswith(f":{told['CharacterID']}")
    assert "aud" not in claims
    assert claims["iss"] == "login.eveonline.com"


@pytest.mark.parametrize(("date", "there"), [("2025-05-12", True), ("2025-05-13", False), ("2026-11-20", False)])
def test_the_former_endpoints_ended_in_may_2025(date: str, there: bool) -> None:
    sim = sim_of(date)
    assert (begin(sim, "", "publicData").status == 302) == there
    assert (verify(sim, "/oauth/verify", "x").status == 401) == there
    assert begin(sim, "/v2", "publicData").status == 302


def test_today_a_body_of_json_is_not_read() -> None:
    assert tokens(sim_of(), json_body=True).get("error") in ("invalid_request", "invalid_grant")
