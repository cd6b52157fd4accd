"""Which requests a live check makes: one for each endpoint at level 0, a few more with a sandbox app at level 1.

A probe knows how to prepare a walk, not how to send. So the same probe is built twice: with the values of the real
app for the real host, and with those of the simulator's app for the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mockidp.apps import App
from mockidp.check.walk import Seen, Walk, WalkError
from mockidp.contract.wire import Exchange, Wire
from mockidp.wire import Request, Response

NOBODY = "https://mockidp.invalid/callback"  # RFC 2606: a name that leads nowhere
MADE_UP = {
    "code": "mockidp-made-up-code",
    "request_token": "mockidp-made-up-token",
    "verifier": "mockidp-made-up-verifier",
}
DOCUMENTS = ("discovery", "jwks")  # what anybody may read
MADE_UP_ASSERTION = {  # OpenID Authentication 2.0, section 10.1, with a signature of nobody's
    "openid.ns": "http://specs.openid.net/auth/2.0",
    "openid.mode": "id_res",
    "openid.op_endpoint": "https://mockidp.invalid/op",
    "openid.claimed_id": "https://mockidp.invalid/nobody",
    "openid.identity": "https://mockidp.invalid/nobody",
    "openid.return_to": NOBODY,
    "openid.response_nonce": "2026-01-01T00:00:00Zmockidp",
    "openid.assoc_handle": "mockidp-made-up-handle",
    "openid.signed": "op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle",
    "openid.sig": "bW9ja2lkcC1tYWRlLXVwLXNpZw==",
}
BROWSER = "authorize"
ITSELF = "app-client-credentials"  # the case in which an app acts for itself (RFC 6749 section 4.4)
WELL_KNOWN = "/.well-known/openid-configuration"
Prepare = Callable[[Walk], None]


def as_it_is(walk: Walk) -> None:
    """The walk's own values are right."""


@dataclass(frozen=True)
class Probe:
    """One request. `case` names it; `exchange` is None for a document that the contract does not have (`url`).

    `prepare` spoils a value first. `learns` probes give the next ones a value: a fresh token.
    """

    case: str
    exchange: Exchange | None
    level: int = 0
    prepare: Prepare = field(default=as_it_is, compare=False)
    url: str = ""
    learns: bool = False

    @property
    def step(self) -> str:
        return self.exchange.step if self.exchange is not None else self.case

    def request(self, walk: Walk) -> Request:
        """The request with the values of a walk. WalkError where one is missing."""
        if self.exchange is None:
            return Request.of("GET", self.url, {"Accept": "application/json"})
        before = dict(walk.values), dict(walk.override)
        try:
            self.prepare(walk)
            request = walk.build(self.exchange)
            if self.step == BROWSER:
                request.headers["accept"] = "text/html"
            return request
        except KeyError as error:  # a part of the address that only an answer tells
            raise WalkError(self.step, f"no value for {error.args[0]} in the address") from None
        finally:
            walk.values, walk.override = before


def made_up_app(wire: Wire, ready: App) -> App:
    """An app that no provider has, with whatever this provider's apps have beside id and secret."""
    return App(
        provider=wire.id,
        client_id="mockidp-contract-check",
        client_secret="mockidp-made-up-secret",
        redirect_uris=[NOBODY],
        facts=dict(ready.facts),
    )


def without_credentials(walk: Walk) -> list[Probe]:
    """Level 0: each endpoint once, with what anybody can send. `walk` is that of the made-up app."""
    wire, out, seen = walk.wire, [], set()
    for exchange in _in_order(walk):
        probe = Probe(exchange.label, exchange, prepare=_invent)
        try:
            request = probe.request(walk)
        except WalkError:
            continue  # an address that only an answer tells
        endpoint = (request.method, request.host, request.path)
        if endpoint not in seen:
            seen.add(endpoint)
            out.append(probe)
    start = wire.step(BROWSER) or wire.step(walk.steps()[0])
    if wire.step("discovery") is None and wire.family in ("oauth2", "oidc") and start is not None:
        at = urlsplit(start.urls[0])
        if "$" not in at.netloc:
            out.append(Probe("well-known", None, url=f"{at.scheme}://{at.netloc}{WELL_KNOWN}"))
    return out


def _in_order(walk: Walk) -> Iterator[Exchange]:
    """The documents first, then a login's own steps, then whatever else a token opens."""
    plain = [item for item in walk.wire.exchanges if not item.when and item.urls]
    check = ["check_authentication"] if walk.wire.family == "openid2" else []
    wanted = [*DOCUMENTS, *(step for step in walk.steps() if step != "associate"), *check]
    steps = dict.fromkeys(wanted)
    yield from (item for step in steps for item in plain if item.step == step and not item.name)
    for item in plain:
        elsewhere = item.step not in steps or item.name  # another address of a step, where it has one
        if elsewhere and walk.wire.group(item.step) == "resource" and item.method == "GET":
            yield item


def _invent(walk: Walk) -> None:
    """Values that no provider has given out, and no token."""
    for name in ("access_token", "access_secret", "refresh_token", "id_token"):
        walk.values.pop(name, None)
    walk.values.update(MADE_UP)
    if walk.wire.family == "openid2":
        walk.seen["callback"] = Seen("json", dict(MADE_UP_ASSERTION), Response())


def with_an_app(walk: Walk) -> list[Probe]:
    """Level 1: what a sandbox app and a stored token can ask. `walk` is that of the simulator's own app."""
    return [probe for probe in _with_an_app(walk.wire) if _possible(probe, walk)]


def _possible(probe: Probe, walk: Walk) -> bool:
    try:
        probe.request(walk)
    except WalkError:
        return False
    return True


def _with_an_app(wire: Wire) -> Iterator[Probe]:
    for step in ("request_token", BROWSER):
        if (exchange := wire.step(step)) is not None:
            yield Probe(f"app-{step}", exchange, 1, learns=step != BROWSER)
    token = wire.step("token")
    if token is not None:
        yield Probe("app-token", token, 1, prepare=lambda walk: walk.values.update(code=MADE_UP["code"]))
        if wire.client.auth not in ("none", "jwt"):
            yield Probe("app-wrong-secret", token, 1, prepare=_other_secret)
    refresh = wire.step("refresh")
    if refresh is not None:
        yield Probe("app-refresh", refresh, 1, learns=True)
    for exchange in wire.exchanges:
        grant = exchange.params["form"].get("grant_type")  # whatever the step is called
        if grant is not None and grant.text == "client_credentials":
            yield Probe(ITSELF, exchange, 1)
    for exchange in wire.exchanges:
        if exchange.spec.gone or exchange.name or exchange.when or exchange.method != "GET":
            continue
        if "access_token" in exchange.names:
            yield Probe(f"app-{exchange.label}", exchange, 1)


def _other_secret(walk: Walk) -> None:
    from dataclasses import replace

    import msgspec

    app = msgspec.structs.replace(walk.app, client_secret="mockidp-made-up-secret")
    other = replace(walk, app=app, values={}, seen={})
    walk.values.update({name: other.values[name] for name in ("app.secret", "basic") if name in other.values})
    walk.values["code"] = MADE_UP["code"]
