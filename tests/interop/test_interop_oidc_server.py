"""Our OpenID Connect client at a server that others wrote: oidc-provider-mock, over HTTP on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

import providers
from providers.oidc import OIDC
from providers.settings import url

# The server's own; its modules are imported in fixtures, since they warn already then.
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

CALLBACK = "http://127.0.0.1:8000/callback"
ANN = {
    "email": "ann@example.com",
    "email_verified": True,
    "name": "Ann Example",
    "given_name": "Ann",
    "family_name": "Example",
    "preferred_username": "ann",
    "picture": "https://people.example.com/ann.png",
}


class Elsewhere(OIDC):
    """Any OpenID Connect server, as a user would write it down."""

    id, name = "elsewhere", "Elsewhere"
    settings = {"SERVER": url(None)}
    issuers = ("{SERVER}",)
    authorize_url, token_url = "{SERVER}/oauth2/authorize", "{SERVER}/oauth2/token"
    jwks_url, profile_url = "{SERVER}/jwks", "{SERVER}/userinfo"
    always_userinfo = True


class Misled(Elsewhere):
    """The same with the wrong issuer."""

    issuers = ("https://issuer.example.org",)


@dataclass
class Server:
    """The running server, and the app that it registered (RFC 7591)."""

    base: str
    http: httpx.Client
    app: dict[str, Any]
    asked: list[httpx.Request] = field(default_factory=list)

    def client(self, kind: type[Elsewhere] = Elsewhere, secret: str = "") -> Elsewhere:
        return kind(
            client_id=self.app["client_id"],
            client_secret=secret or self.app["client_secret"],
            settings={"SERVER": self.base},
            clock=time.time,
        )

    def decide(self, begun: str, **form: str) -> str:
        """Post the server's page; where it sends the browser then."""
        assert self.http.get(begun).status_code == 200
        answer = self.http.post(begun, data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def sent(self, path: str) -> dict[str, str]:
        request = next(request for request in self.asked if request.url.path == path)
        return dict(parse_qsl((request.content or request.url.query).decode()))


@pytest.fixture
def server() -> Iterator[Server]:
    from oidc_provider_mock import User, run_server_in_thread

    asked: list[httpx.Request] = []
    with (
        run_server_in_thread(
            require_client_registration=True, require_nonce=True, user_claims=[User(sub="ann-1", claims=ANN)]
        ) as running,
        httpx.Client(event_hooks={"request": [asked.append]}) as http,
    ):
        base = f"http://localhost:{running.server_port}"
        registered = http.post(
            f"{base}/oauth2/clients",
            json={"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"},
        )
        assert registered.status_code == 201, registered.text
        yield Server(base, http, registered.json(), asked)


def test_our_client_logs_in(server: Server) -> None:
    client = server.client()
    login = client.begin(redirect_uri=CALLBACK)
    identity = client.finish(login.session, server.decide(login.url, sub="ann-1"), http=server.http)
    assert (identity.uid, identity.email, identity.email_verified) == ("ann-1", "ann@example.com", True)
    assert (identity.name, identity.first_name, identity.last_name) == ("Ann Example", "Ann", "Example")
    assert (identity.username, identity.picture) == ("ann", "https://people.example.com/ann.png")
    assert identity.raw["id_token"]["nonce"] == server.sent("/oauth2/authorize")["nonce"]
    assert {request.url.path for request in server.asked} >= {"/oauth2/token", "/jwks", "/userinfo"}


def test_the_code_challenge_is_what_authlib_makes_of_the_verifier(server: Server) -> None:
    """The server itself looks at neither, but its library knows RFC 7636."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    client = server.client()
    login = client.begin(redirect_uri=CALLBACK)
    client.finish(login.session, server.decide(login.url, sub="ann-1"), http=server.http)
    begun, verifier = server.sent("/oauth2/authorize"), server.sent("/oauth2/token")["code_verifier"]
    assert begun["code_challenge_method"] == "S256"
    assert begun["code_challenge"] == create_s256_code_challenge(verifier)


def test_our_client_hears_a_person_say_no(server: Server) -> None:
    """Some versions of the server leave out the state, which RFC 6749 section 4.1.2.1 asks for: it is put back."""
    client = server.client()
    login = client.begin(redirect_uri=CALLBACK)
    told = dict(parse_qsl(urlsplit(server.decide(login.url, action="deny")).query))
    told.pop("state", None)
    with pytest.raises(providers.StateMismatch) as refused:
        client.finish(login.session, told, http=server.http)
    assert refused.value.code == "state_missing"
    told["state"] = dict(parse_qsl(urlsplit(login.url).query))["state"]
    with pytest.raises(providers.DeniedByUser):
        client.finish(login.session, told, http=server.http)


def test_our_client_says_that_the_secret_is_wrong(server: Server) -> None:
    client = server.client(secret="wrong")
    login = client.begin(redirect_uri=CALLBACK)
    with pytest.raises(providers.Misconfigured) as refused:
        client.finish(login.session, server.decide(login.url, sub="ann-1"), http=server.http)
    assert refused.value.code == "invalid_client"


def test_our_client_is_refused_a_code_that_was_used(server: Server) -> None:
    client = server.client()
    login = client.begin(redirect_uri=CALLBACK)
    callback, again = server.decide(login.url, sub="ann-1"), dict(login.session)
    client.finish(login.session, callback, http=server.http)
    with pytest.raises(providers.TokenRefused) as refused:
        client.finish(again, callback, http=server.http)
    assert refused.value.code == "invalid_grant"


def test_our_client_takes_no_token_of_another_issuer(server: Server) -> None:
    client = server.client(Misled)
    login = client.begin(redirect_uri=CALLBACK)
    with pytest.raises(providers.IdentityUnusable) as refused:
        client.finish(login.session, server.decide(login.url, sub="ann-1"), http=server.http)
    assert refused.value.code == "id_token_issuer"
