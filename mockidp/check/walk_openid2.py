"""A login at an OpenID 2.0 provider with no client library: discover, associate, go there and back, and check.

Where the contract binds an `assoc_handle` the walk makes an association and checks the signature itself; with
`values["stateless"]`, or where there are no associations, it asks the provider (`check_authentication`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation, drop, put, send
from mockidp.contract.template import url_regex
from mockidp.contract.wire import Exchange
from mockidp.families import openid2_sig as sig
from mockidp.wire import Request

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

XRDS_STEPS = ("discovery", "xrds", "identifier", "identifier_xrds")
XRD = "{*}XRD/{*}Service"


def binds_handle(exchange: Exchange | None) -> bool:
    """Whether the provider makes associations."""
    body = exchange.answer.body if exchange is not None else None
    return body is not None and "assoc_handle" in body.bind


class Walk(walk.Walk):
    """`values` hold the request's fields by their names; the callback's fields stand in `assertion`."""

    def initial(self) -> dict[str, Any]:
        parts = urlsplit(self.redirect_uri)
        return {
            **super().initial(),
            "realm": f"{parts.scheme}://{parts.netloc}/",
            "claimed_id": sig.IDENTIFIER_SELECT,
            "identity": sig.IDENTIFIER_SELECT,
            "assoc_type": "HMAC-SHA256",
            "session_type": "DH-SHA256",
            "private": secrets.randbelow(sig.MODULUS - 2) + 1,
            "stateless": not binds_handle(self.wire.step("associate")),
        }

    def steps(self) -> list[str]:
        sources = {where.source for where in self.wire.spec.identity.values()}
        own = ["discovery", "associate", "authorize", "check_authentication", "identifier"]
        own.remove("associate" if self.values["stateless"] else "check_authentication")
        return self.wire.spec.walk or [*own, *(step for step in self.wire.steps if step in sources - set(own))]

    def build(self, exchange: Exchange) -> Request:
        if exchange.step == "associate" and self.values["session_type"] != "no-encryption":
            public = sig.public_number(self.values["private"])
            self.values["dh_consumer_public"] = sig.base64(sig.btwoc(public))
        request = super().build(exchange)
        if exchange.step in XRDS_STEPS:
            request.headers["accept"] = "application/xrds+xml"
        if exchange.step == "check_authentication":
            sent = {**self.assertion, **dict(request.form_pairs), **self.override}
            request.form_pairs = [(key, value) for key, value in sent.items() if value is not None]
            request.body = urlencode(request.form_pairs).encode()
        return request

    @property
    def assertion(self) -> dict[str, str]:
        return dict(self.seen["callback"].document) if "callback" in self.seen else {}

    def do_discovery(self, step: str) -> None:
        """The provider's own document must name its endpoint."""
        self.ask(self.exchange(step))
        self.values["endpoint"] = self.service(step, sig.SERVER_TYPE)

    def do_identifier(self, step: str) -> None:
        """The claimed identifier's document must name the endpoint that asserted it (section 11.2)."""
        claimed = self.values.get("asserted_id") or self.values["claimed_id"]
        exchange = self.exchange(step)
        found = url_regex(exchange.urls[0]).fullmatch(claimed)
        if found is None:
            raise walk.WalkError(step, f"{claimed} is no identifier of this provider")
        self.values |= found.groupdict()
        self.ask(exchange)
        if self.service(step, sig.SIGNON_TYPE) != self.values["endpoint"]:
            raise walk.WalkError(step, "the identifier is answered for by another endpoint")

    def service(self, step: str, kind: str) -> str:
        """The endpoint of the document's service of a type."""
        for service in self.seen[step].document.findall(XRD):
            if kind in [item.text for item in service.findall("{*}Type")]:
                return str(service.findtext("{*}URI"))
        raise walk.WalkError(step, f"no service of the type {kind}")

    def do_associate(self, step: str) -> None:
        super().ask(self.exchange(step))
        answer = self.seen[step].document
        self.values["assoc_handle"] = answer["assoc_handle"]
        self.values["key"] = sig.mac_key(answer, self.values["session_type"], self.values["private"])

    def do_check_authentication(self, step: str) -> None:
        super().ask(self.exchange(step))

    def ask(self, exchange: Exchange) -> walk.Seen:
        """A check needs an assertion made without an association; none is a good answer where none are made."""
        if exchange.step == "check_authentication" and not self.values["stateless"]:
            self.go_stateless()
        try:
            return super().ask(exchange)
        except walk.WalkError as error:
            if exchange.step != "associate" or binds_handle(exchange) or error.response is None:
                raise
            return self.parse(exchange.step, error.response)

    def go_stateless(self) -> None:
        """Log in once more without an association."""
        self.values["stateless"] = True
        self.values.pop("assoc_handle", None)
        self.do_authorize("authorize")

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        """Everything that section 11 asks for, but the discovery that is a step of its own."""
        refused = walk.told_error(self.wire, params)
        if refused:
            raise walk.WalkError("authorize", f"the app was told {refused}", error=refused)
        super().callback(exchange, params)
        if params["openid.return_to"] != self.redirect_uri or sig.unsigned_fields(params):
            raise walk.WalkError("authorize", "return_to is another, or a field is not signed")
        if params["openid.op_endpoint"] != self.values.get("endpoint", params["openid.op_endpoint"]):
            raise walk.WalkError("authorize", "another endpoint asserts than was discovered")
        sig.parse_nonce(params["openid.response_nonce"])
        if not self.values["stateless"] and not sig.verify(params, self.values["key"], self.values["assoc_type"]):
            raise walk.WalkError("authorize", "the signature is wrong")


# provocations


def sent(**values: str | None) -> provoke.Spoil:
    """Send other fields, or none, whatever the contract says of them."""
    return send(**{f"openid.{name}": value for name, value in values.items()})


def stateless(spoil: provoke.Spoil) -> provoke.Spoil:
    """Log in once more without an association, then spoil."""

    def both(login: walk.Walk, lab: Lab) -> None:
        assert isinstance(login, Walk)
        login.go_stateless()
        spoil(login, lab)

    return both


def checked(login: walk.Walk, lab: Lab) -> None:
    """Check the assertion once before it is done: the second time is the one that is looked at."""
    login.do_step("check_authentication")


def own_identifier(person: str) -> Callable[[walk.Walk, Lab], None]:
    """Ask for one person's identifier and log in as another."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        other = type(login)(login.wire, login.app, login.send, person)
        other.run()
        login.values |= {"claimed_id": other.values["asserted_id"], "identity": other.values["asserted_id"]}

    return spoil


def immediately(login: walk.Walk, lab: Lab) -> None:
    """Ask for an answer without a page while nobody is logged in."""
    login.override["openid.mode"] = "checkid_immediate"


OPENID2: dict[str, Provocation] = {
    "unsupported_type": Provocation("associate", put(assoc_type="HMAC-MD5")),
    "unsupported_type@session": Provocation("associate", put(session_type="DH-SHA1"), "", "unsupported_type"),
    "dh_refused": Provocation("associate", sent(dh_consumer_public="AA=="), "gives:handle"),
    "bad_request@associate": Provocation("associate", sent(ns=None), "", "bad_request"),
    "return_to_missing": Provocation("authorize", drop("redirect_uri")),
    "return_to_invalid": Provocation("authorize", put(redirect_uri="javascript:alert(1)")),
    "bad_request": Provocation("authorize", sent(ns="http://openid.net/signon/1.1")),
    "realm_mismatch": Provocation("authorize", put(realm="https://other.example/")),
    "realm_invalid": Provocation("authorize", put(realm="ftp://other.example/")),
    "bad_identity": Provocation(
        "authorize", put(claimed_id="https://other.example/x", identity="https://other.example/x")
    ),
    "bad_identity@half": Provocation("authorize", put(identity="https://other.example/x"), "", "bad_identity"),
    "denied": Provocation("authorize", lambda login, lab: setattr(login, "person", "dave")),
    "identifier_of_another": Provocation("authorize", own_identifier("bob")),
    "setup_needed": Provocation("authorize", immediately),
    "handle_shared": Provocation("check_authentication", provoke.nothing, "gives:handle"),
    "assertion_unknown": Provocation("check_authentication", stateless(sent(response_nonce="2026-01-01T00:00:00Zno"))),
    "assertion_unknown@handle": Provocation(
        "check_authentication", stateless(sent(assoc_handle="made-up")), "", "assertion_unknown"
    ),
    "assertion_altered": Provocation("check_authentication", stateless(sent(claimed_id="https://x.example/"))),
    "assertion_used": Provocation("check_authentication", stateless(checked)),
    "assertion_expired": Provocation("check_authentication", stateless(provoke.wait("assertion"))),
    "bad_request@check_authentication": Provocation(
        "check_authentication", stateless(sent(sig=None)), "", "bad_request"
    ),
    "unknown_identifier": Provocation(
        "identifier",
        lambda login, lab: login.values.update(asserted_id=str(login.values["asserted_id"]) + "-nobody"),
        "url:username",
    ),
}
Walk.provocations = OPENID2
