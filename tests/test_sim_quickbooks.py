"""QuickBooks as simulated: the company on the callback, camel case, the sandbox's host."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

BOOKS = "com.intuit.quickbooks.accounting"


@pytest.mark.parametrize(("scope", "company"), [(f"openid {BOOKS}", True), ("openid email", False)])
def test_the_callback_names_the_company_whose_books_were_asked_for(scope: str, company: bool) -> None:
    back = {"client_id": "mockidp", "redirect_uri": "http://127.0.0.1:9000/back", "response_type": "code"}
    url = f"https://appcenter.intuit.com/connect/oauth2?{urlencode({**back, 'scope': scope, 'state': 's1'})}"
    there = Simulator(World(person="alice")).handle(Request.of("GET", url)).header("location")
    told = dict(parse_qsl(urlsplit(there).query))
    assert ("realmId" in told) is company
    assert told.get("realmId", "0").isdecimal()


@pytest.mark.parametrize(
    ("given", "host"), [(None, ""), ("true", "sandbox-"), ("false", ""), (True, "sandbox-"), (False, "")]
)
def test_sandbox_picks_the_host_of_the_profile(given: object, host: str) -> None:
    settings = {} if given is None else {"quickbooks": {"SANDBOX": given}}
    world = World(settings=settings)  # type: ignore[arg-type]
    url = f"https://{host}accounts.platform.intuit.com/v1/openid_connect/userinfo"
    assert world.wire("quickbooks").step("userinfo").urls[0] == url  # type: ignore[union-attr]


def test_the_sandbox_has_a_discovery_document_of_its_own() -> None:
    sim = Simulator(World())
    seen = [
        json.loads(sim.handle(Request.of("GET", f"https://developer.api.intuit.com/.well-known/{name}")).body)
        for name in ("openid_configuration", "openid_sandbox_configuration")
    ]
    assert [key for key in seen[0] if seen[0][key] != seen[1][key]] == ["userinfo_endpoint"]
