"""Salesforce as simulated: production, sandbox and My Domain hosts, the identity URL, bare words for errors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp import jose
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

BACK = "http://127.0.0.1:9000/back"
HOSTS = [
    "https://login.salesforce.com",
    "https://test.salesforce.com",
    "https://acme.my.salesforce.com",
    "https://acme--dev.sandbox.my.salesforce.com",
]
VERIFIER, S256 = "v" * 43, "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"


def token(sim: Simulator, host: str, more: dict[str, str] | None = None, **form: str) -> dict[str, Any]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s1", **(more or {})}
    query.setdefault("scope", "id openid")
    there = sim.handle(Request.of("GET", f"{host}/services/oauth2/authorize?{urlencode(query)}")).header("location")
    own = {"grant_type": "authorization_code", "client_id": "mockidp", "client_secret": "mockidp-secret"}
    sent = {**own, "redirect_uri": BACK, "code": dict(parse_qsl(urlsplit(there).query))["code"], **form}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{host}/services/oauth2/token"
    answer: dict[str, Any] = json.loads(sim.handle(Request.of("POST", url, headers, urlencode(sent).encode())).body)
    return answer


def read(sim: Simulator, url: str, access: str = "") -> Response:
    return sim.handle(Request.of("GET", url, {"Authorization": f"Bearer {access}"} if access else {}))


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.mark.parametrize("host", HOSTS)
def test_the_issuer_and_the_identity_url_are_those_of_the_host(sim: Simulator, host: str) -> None:
    answer = token(sim, host)
    claims = jose.split(answer["id_token"])[1]
    assert answer["id"].startswith(f"{host}/id/00D")
    assert claims["sub"] == answer["id"]
    assert claims["iss"] == json.loads(read(sim, f"{host}/.well-known/openid-configuration").body)["issuer"] == host
    assert "expires_in" not in answer
    assert answer["issued_at"].isdecimal()


def test_the_identity_url_is_one_persons(sim: Simulator) -> None:
    answer = token(sim, HOSTS[0])
    seen = json.loads(read(sim, answer["id"], answer["access_token"]).body)
    assert (seen["display_name"], seen["first_name"]) == ("Alice Archer", "Alice")
    other = read(sim, answer["id"][:-1] + "!", answer["access_token"])
    assert (other.status, other.body) == (403, b"Bad_OAuth_Token")


def test_the_token_may_travel_as_oauth_token_in_the_query(sim: Simulator) -> None:
    url = f"{HOSTS[0]}/services/oauth2/userinfo"
    access = token(sim, HOSTS[0])["access_token"]
    assert json.loads(read(sim, f"{url}?{urlencode({'oauth_token': access})}").body)["email"] == "alice@example.com"
    for refused, word in ((read(sim, url), b"Missing_OAuth_Token"), (read(sim, url, "made-up"), b"Bad_OAuth_Token")):
        assert (refused.status, refused.body) == (403, word)


def test_a_challenge_is_sha256_whether_it_says_so_or_not(sim: Simulator) -> None:
    challenge = {"code_challenge": S256}
    assert "access_token" in token(sim, HOSTS[0], challenge, code_verifier=VERIFIER)
    assert token(sim, HOSTS[0], challenge, code_verifier="w" * 43)["error"] == "invalid_request"


def test_every_user_has_a_last_name_and_an_address_be_it_empty() -> None:
    for person, member, value in (("surya", "family_name", "Suryadharma"), ("carol", "email", "")):
        sim = Simulator(World(person=person))
        url = f"{HOSTS[0]}/services/oauth2/userinfo"
        assert json.loads(read(sim, url, token(sim, HOSTS[0])["access_token"]).body)[member] == value
