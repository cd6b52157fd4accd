"""Persona as simulated, held against the archived pages of MDN and the tests of Mozilla's verifier."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mockidp.browser import browse
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

SITE = "https://shop.example.com"
PAGE = f"{SITE}/login?next=%2F"
SIGN_IN = f"https://login.persona.org/sign_in?{urlencode({'origin': SITE, 'return_to': PAGE})}"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World())


def verify(sim: Simulator, **form: str) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = "https://verifier.login.persona.org/verify"
    response = sim.handle(Request.of("POST", url, headers, urlencode(form).encode()))
    assert response.header("content-type") == "application/json; charset=utf-8"
    assert response.header("x-content-type-options") == "nosniff"
    return response.status, json.loads(response.body)


def assertion(sim: Simulator, person: str = "alice") -> str:
    return browse(sim.handle, SIGN_IN, person=person).form["assertion"]


def part(text: str, at: int) -> dict[str, Any]:
    claims = text.split("~")[at].split(".")[1]
    answer: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return answer


def get(sim: Simulator, url: str, accept: str) -> Response:
    return sim.handle(Request.of("GET", url, {"Accept": accept}))


def test_the_assertion_is_posted_to_the_sites_own_page(sim: Simulator) -> None:
    callback = browse(sim.handle, SIGN_IN, person="alice")
    assert (callback.method, callback.url, set(callback.form)) == ("POST", PAGE, {"assertion"})
    certificate, statement = part(callback.form["assertion"], 0), part(callback.form["assertion"], 1)
    assert certificate["principal"] == {"email": "alice@example.com"}
    assert (certificate["iss"], certificate["public-key"]["algorithm"]) == ("login.persona.org", "RS")
    assert statement["aud"] == SITE
    assert statement["exp"] - certificate["iat"] == 120_000


def test_the_verifier_says_who_it_is_for_two_minutes_and_more_than_once(sim: Simulator) -> None:
    text = assertion(sim)
    ends = part(text, 1)["exp"]
    okay = {"status": "okay", "email": "alice@example.com", "audience": SITE, "expires": ends}
    assert verify(sim, assertion=text, audience=SITE) == (200, {**okay, "issuer": "login.persona.org"})
    assert verify(sim, assertion=text, audience="shop.example.com")[1]["audience"] == "shop.example.com"
    sim.world.clock.advance(121)
    late = verify(sim, assertion=text, audience=SITE)
    assert late == (200, {"status": "failure", "reason": "assertion has expired"})


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ("http://shop.example.com", "audience mismatch: scheme mismatch"),
        ("https://evil.example", "audience mismatch: domain mismatch"),
        ("evil.example", "audience mismatch: domain mismatch"),
        ("https://shop.example.com:8443", "audience mismatch: port mismatch"),
        ("shop.example.com:8443", "audience mismatch: port mismatch"),
    ],
)
def test_an_assertion_for_another_site_is_a_failure_under_200(sim: Simulator, audience: str, reason: str) -> None:
    told = verify(sim, assertion=assertion(sim), audience=audience)
    assert told == (200, {"status": "failure", "reason": reason})


def test_the_default_port_may_be_named(sim: Simulator) -> None:
    assert verify(sim, assertion=assertion(sim), audience=f"{SITE}:443")[1]["status"] == "okay"


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"audience": SITE}, "missing assertion parameter"),
        ({"assertion": "a~b"}, "missing audience parameter"),
    ],
)
def test_what_is_missing_is_a_400(sim: Simulator, form: dict[str, str], reason: str) -> None:
    assert verify(sim, **form) == (400, {"status": "failure", "reason": reason})


def test_an_address_that_was_never_verified_counts_only_where_it_is_asked_for(sim: Simulator) -> None:
    text = assertion(sim, "bob")
    refused = verify(sim, assertion=text, audience=SITE)[1]
    assert refused["reason"].startswith("untrusted assertion")
    told = verify(sim, assertion=text, audience=SITE, experimental_allowUnverified="true")[1]
    assert (told["status"], told["unverified-email"], "email" in told) == ("okay", "bob@example.org", False)


def test_a_certificate_for_somebody_elses_address_is_not_signed(sim: Simulator) -> None:
    alice, robin = assertion(sim), assertion(sim, "robin")
    head, claims, signature = robin.split("~")[0].split(".")
    assert part(alice, 0)["principal"] != part(robin, 0)["principal"]
    forged = f"{head}.{alice.split('.')[1]}.{signature}~{robin.split('~')[1]}"
    assert verify(sim, assertion=forged, audience=SITE)[1]["reason"] == "bad signature in chain"
    assert verify(sim, assertion=f"{head}.{claims}.{signature}~{robin.split('~')[1]}", audience=SITE)[1]["email"]


def test_the_address_is_a_script_for_a_script_tag_and_a_page_for_a_person(sim: Simulator) -> None:
    url = "https://login.persona.org/include.js"
    script = get(sim, url, "*/*")
    assert script.header("content-type").startswith("application/javascript")
    assert b"navigator.id" in script.body
    assert get(sim, url, "text/html").header("content-type").startswith("text/html")


def test_the_script_is_told_in_the_fragment(sim: Simulator) -> None:
    callback = browse(sim.handle, f"{SIGN_IN}&answer=fragment", person="alice")
    assert callback.url.startswith(f"{PAGE}#assertion=")
    assert set(parse_qs(urlsplit(callback.url).fragment)) == {"assertion"}


def test_a_page_of_another_site_gets_no_assertion(sim: Simulator) -> None:
    url = f"https://login.persona.org/sign_in?{urlencode({'origin': SITE, 'return_to': 'https://evil.example/'})}"
    response = get(sim, url, "text/html")
    assert b"not of one origin" in response.body
