"""A login at an OAuth 1.0a provider with no client library: the plain walk, with every request signed."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from mockidp.browser import decide
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation, drop, put, send
from mockidp.contract.template import builder
from mockidp.contract.wire import Exchange
from mockidp.families import oauth1_sig as sig
from mockidp.wire import Request

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

LEGS = ("request_token", "authorize", "access_token")
TOKEN_SECRETS = {"request_token": "request_secret", "access_token": "access_secret"}


def wait(kind: str) -> provoke.Spoil:
    """Let more time go by than a token lives, on both clocks."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        seconds = login.wire.lifetimes[kind] + 1
        lab.world.clock.advance(seconds)
        login.values["skew"] = seconds

    return spoil


def again(step: str) -> provoke.Spoil:
    """Do a step once before it is done: the second time is the one that is looked at."""
    return lambda login, lab: login.do_step(step)


def not_authorized(login: walk.Walk, lab: Lab) -> None:
    """Go on with a request token that nobody has seen."""
    verifier = login.values["verifier"]
    login.do_step("request_token")
    login.values["verifier"] = verifier


def same_nonce(step: str = "") -> provoke.Spoil:
    """Send the very same request twice."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        login.override |= {"oauth_nonce": secrets.token_hex(8), "oauth_timestamp": str(int(time.time()))}
        login.do_step(step or opened(login))

    return spoil


def denied_before(login: walk.Walk, lab: Lab) -> None:
    """Have the person say no to this request token first."""
    login.send(decide(login.build(login.exchange("authorize")).url, "alice", deny=True))


def opened(login: walk.Walk) -> str:
    """The first step that is read with the access token."""
    return next(item.step for item in login.wire.exchanges if item.step not in LEGS and "access_token" in item.names)


OAUTH1: dict[str, Provocation] = {
    "unknown_consumer": Provocation("request_token", provoke.unknown_app),
    "bad_signature": Provocation("request_token", provoke.other_secret),
    "timestamp_refused": Provocation("request_token", put(skew=-100_000)),
    "nonce_used": Provocation("request_token", same_nonce("request_token")),
    "signature_method_rejected": Provocation("request_token", send(oauth_signature_method="HMAC-MD5")),
    "version_rejected": Provocation("request_token", send(oauth_version="2.0")),
    "bad_request": Provocation("request_token", send(oauth_nonce=None)),
    "malformed_header": Provocation("request_token", put(malformed=True), "", "bad_request"),
    "malformed_header@access_token": Provocation("access_token", put(malformed=True), "", "bad_request"),
    "malformed_header@resource": Provocation("resource", put(malformed=True), "", "bad_request"),
    "callback_missing": Provocation("request_token", drop("redirect_uri")),
    "callback_unregistered": Provocation("request_token", put(redirect_uri="https://evil.example/cb")),
    "callback_on_localhost": Provocation(
        "request_token", put(redirect_uri="http://localhost:8000/callback"), "error:callback_on_localhost"
    ),
    "request_token_missing@authorize": Provocation("authorize", drop("request_token"), "", "request_token_missing"),
    "bad_request_token@authorize": Provocation("authorize", put(request_token="made-up"), "", "bad_request_token"),
    "request_token_expired@authorize": Provocation("authorize", wait("request_token"), "", "request_token_expired"),
    "request_token_used@authorize": Provocation("authorize", denied_before, "", "request_token_used"),
    "request_token_authorized": Provocation("authorize", lambda login, lab: login.do_authorize("authorize")),
    "denied": Provocation("authorize", lambda login, lab: setattr(login, "person", "dave")),
    "unknown_consumer@access_token": Provocation("access_token", provoke.unknown_app, "", "unknown_consumer"),
    "bad_signature@access_token": Provocation("access_token", put(request_secret="not-it"), "", "bad_signature"),
    "timestamp_refused@access_token": Provocation("access_token", put(skew=-100_000), "", "timestamp_refused"),
    "nonce_used@access_token": Provocation("access_token", same_nonce("access_token"), "", "nonce_used"),
    "bad_request_token": Provocation("access_token", put(request_token="made-up")),
    "request_token_missing": Provocation("access_token", drop("request_token")),
    "request_token_used": Provocation("access_token", again("access_token")),
    "request_token_expired": Provocation("access_token", wait("request_token")),
    "request_token_of_another_app": Provocation("access_token", provoke.as_another_app),
    "request_token_not_authorized": Provocation("access_token", not_authorized),
    "verifier_missing": Provocation("access_token", drop("verifier")),
    "verifier_wrong": Provocation("access_token", put(verifier="wrong")),
    "bad_token": Provocation("resource", put(access_token="made-up")),
    "no_token": Provocation("resource", drop("access_token")),
    "unknown_consumer@resource": Provocation("resource", provoke.unknown_app, "", "unknown_consumer"),
    "bad_signature@resource": Provocation("resource", put(access_secret="not-it"), "", "bad_signature"),
    "timestamp_refused@resource": Provocation("resource", put(skew=-100_000), "", "timestamp_refused"),
    "nonce_used@resource": Provocation("resource", same_nonce(), "", "nonce_used"),
    "token_of_another_app": Provocation("resource", provoke.as_another_app),
    "token_expired": Provocation("resource", wait("access_token"), "lifetime:access_token"),
    "token_revoked": Provocation("resource", lambda login, lab: lab.revoke(login)),
    "missing_scope": Provocation("scoped", provoke.nothing, "scoped"),
    "person_deleted": Provocation("resource", provoke.nothing, "deleted"),
}


class Walk(walk.Walk):
    """The parameters travel in the header. `values["skew"]` is how many seconds this client's clock is ahead."""

    provocations = OAUTH1

    def steps(self) -> list[str]:
        sources = {where.source for where in self.wire.spec.identity.values()}
        return self.wire.spec.walk or [*LEGS, *(step for step in self.wire.steps if step in sources - set(LEGS))]

    def build(self, exchange: Exchange) -> Request:
        if exchange.accepts[0] != "oauth":
            return super().build(exchange)
        self.values |= {
            "oauth_timestamp": str(int(time.time() + self.values.get("skew", 0))),
            "oauth_nonce": secrets.token_hex(16),
        }
        self.values.pop("oauth_signature", None)
        url = str(builder(exchange.urls[0])(self.values))
        query, form = self._params(exchange, "query"), self._params(exchange, "form")
        protocol = [pair for pair in form if pair[0].startswith("oauth_")]
        body = [pair for pair in form if pair not in protocol]
        if exchange.method == "GET":
            query, body = query + body, []
        protocol.append(("oauth_signature", self.sign(exchange, url, [*query, *protocol, *body])))
        headers = {
            "Accept": "application/json",
            "User-Agent": walk.AGENT,
            **dict(self._params(exchange, "headers")),
            "Authorization": sig.authorization(protocol) + (", oops" if self.values.get("malformed") else ""),
        }
        if body:
            headers["Content-Type"] = walk.FORM
        return Request.of(
            exchange.method, f"{url}?{urlencode(query)}" if query else url, headers, urlencode(body).encode()
        )

    def sign(self, exchange: Exchange, url: str, pairs: list[tuple[str, str]]) -> str:
        """The signature over a request, with the secret of whichever token it carries."""
        token = exchange.params["form"].get("oauth_token")
        token_secret = "".join(str(self.values.get(TOKEN_SECRETS[name], "")) for name in (token.names if token else ()))
        if dict(pairs).get("oauth_signature_method") == "PLAINTEXT":
            return sig.plaintext(self.app.client_secret, token_secret)
        return sig.hmac_sha1(sig.base_string(exchange.method, url, pairs), self.app.client_secret, token_secret)

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        """Only the request token that this login began with may come back, and a verifier with it."""
        refused = walk.told_error(self.wire, params)
        if refused:
            raise walk.WalkError("authorize", f"the app was told {refused}", error=refused)
        mine = self.values["request_token"]
        super().callback(exchange, params)
        if self.values["request_token"] != mine:
            raise walk.WalkError("authorize", "the callback brings another request token")
