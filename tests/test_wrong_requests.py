"""Ten wrong requests, over real HTTP: refused by default, in the provider's own words, and the journal says why.

The words are those of GitHub's and Google's documentation, written here by hand; no contract is read.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.world import World

HERE, THERE = "http://127.0.0.1:5000/callback", "http://127.0.0.1:5000/elsewhere"
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass
class Site:
    """An application that does as it is told, and the server that it talks to."""

    world: World
    port: int

    def ask(
        self, method: str, host: str, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = urlencode(form) if form is not None else None
        sent = {**(FORM if form is not None else {}), "User-Agent": "site/1", **headers, "Host": host}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text, location = answer.read().decode(), answer.headers.get("Location", "")
        connection.close()
        return answer.status, location, text

    def code(self, **query: str) -> str:
        """The code of a GitHub login by alice."""
        asked = {"client_id": "mockidp", "redirect_uri": HERE, "state": "s", "scope": "user:email", **query}
        status, location, text = self.ask("GET", "github.com", f"/login/oauth/authorize?{urlencode(asked)}")
        assert status == 302, text
        return parse_qs(urlsplit(location).query)["code"][0]

    def redeem(self, code: str, **form: str) -> dict[str, str]:
        fields = {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": code, "redirect_uri": HERE, **form}
        kept = {name: value for name, value in fields.items() if value}
        status, _, text = self.ask("POST", "github.com", "/login/oauth/access_token", kept)
        assert status == 200  # GitHub says everything under 200
        return dict(json.loads(text))

    def refused(self) -> tuple[str, str | None, str | None]:
        """The last refusal of the journal: its name and the two values."""
        entry = self.world.journal.refusals()[-1]
        assert entry.why
        return entry.refused, entry.expected, entry.got


@pytest.fixture
def site() -> Iterator[Site]:
    world = World(person="alice")
    with Server(Simulator(world), port=0) as server:
        yield Site(world, urlsplit(server.url).port or 0)


def test_a_code_used_twice(site: Site) -> None:
    code = site.code()
    assert "access_token" in site.redeem(code)
    assert site.redeem(code)["error"] == "bad_verification_code"
    assert site.refused()[0] == "code_used"


def test_a_wrong_verifier(site: Site) -> None:
    code = site.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert site.redeem(code, code_verifier="w" * 43)["error"] == "bad_verification_code"
    name, expected, got = site.refused()
    assert (name, expected) == ("verifier_wrong", CHALLENGE)
    assert got not in (None, CHALLENGE)


def test_no_verifier_where_a_challenge_was_sent(site: Site) -> None:
    code = site.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert site.redeem(code)["error"] == "bad_verification_code"
    assert site.refused() == ("verifier_missing", CHALLENGE, "")


def test_the_right_verifier_of_rfc_7636_appendix_b(site: Site) -> None:
    code = site.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert "access_token" in site.redeem(code, code_verifier=VERIFIER)


def test_another_redirect_uri_at_token(site: Site) -> None:
    assert site.redeem(site.code(), redirect_uri=THERE)["error"] == "redirect_uri_mismatch"
    assert site.refused() == ("redirect_mismatch", HERE, THERE)


def test_no_redirect_uri_at_token(site: Site) -> None:
    assert site.redeem(site.code(), redirect_uri="")["error"] == "redirect_uri_mismatch"
    assert site.refused() == ("redirect_missing", HERE, "")


def test_a_wrong_secret(site: Site) -> None:
    assert site.redeem(site.code(), client_secret="guessed")["error"] == "incorrect_client_credentials"
    name, expected, got = site.refused()
    assert name == "wrong_secret"
    assert expected != got
    assert "mockidp-secret" not in str(expected)
    assert "guessed" not in str(got)


def test_the_code_of_another_app(site: Site) -> None:
    site.world.app("github", client_id="second", client_secret="its own", redirect_uris=[HERE])
    answer = site.redeem(site.code(), client_id="second", client_secret="its own")
    assert answer["error"] == "bad_verification_code"
    assert site.refused() == ("code_of_another_app", "mockidp", "second")


def test_an_unregistered_redirect_uri(site: Site) -> None:
    asked = urlencode({"client_id": "mockidp", "redirect_uri": "https://evil.example/cb", "state": "s"})
    status, location, text = site.ask("GET", "github.com", f"/login/oauth/authorize?{asked}")
    assert (status, location) == (400, "")
    assert "https://evil.example/cb" in text
    assert site.refused()[0] == "redirect_unregistered"
    assert site.refused()[2] == "https://evil.example/cb"


def test_a_made_up_bearer(site: Site) -> None:
    status, _, text = site.ask("GET", "api.github.com", "/user", Authorization="Bearer gho_madeup")
    assert status == 401
    assert json.loads(text)["message"] == "Bad credentials"
    assert site.refused()[0] == "bad_token"
    assert "madeup" not in str(site.refused()[2])


def test_a_made_up_refresh_token(site: Site) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "1//madeup", "client_id": "mockidp",
            "client_secret": "mockidp-secret"}  # fmt: skip
    status, _, text = site.ask("POST", "oauth2.googleapis.com", "/token", form)
    assert status == 400
    assert json.loads(text)["error"] == "invalid_grant"
    assert site.refused()[0] == "bad_refresh_token"
