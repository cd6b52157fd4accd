"""OpenID Authentication 2.0 at the provider: what is refused, in order, and what is asserted.

May live here: what the specifications say of all providers. Sections are those of OpenID Authentication 2.0.

A browser in path form and an application at the real hosts may take part in one login. An assertion must name the
endpoint as the application discovered it, so the form is remembered with the association, else taken from the
identifier that was asked for, else from the last discovery.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import msgspec

from mockidp.errors import Refusal
from mockidp.families import login, refusals, session
from mockidp.families import openid2_sig as sig
from mockidp.families.base import Call, Family, card
from mockidp.families.openid2_extensions import LINE, ax_answer, fields, sreg_answer, wanted
from mockidp.journal import Login
from mockidp.store import Grant
from mockidp.wire import Pairs, Response

LONGEST_URL = 2047  # characters; a longer answer goes as a form
DAY = 86400


def immediate(call: Call) -> bool:
    return fields(call).get("openid.mode") == "checkid_immediate"


# the form of URLs: the real one, or with a base in front


def endpoint(call: Call) -> str:
    """The provider's endpoint at its real host."""
    exchange = call.wire.step("authorize")
    assert exchange is not None
    return exchange.urls[0]


def split_base(call: Call, url: str) -> tuple[str, str]:
    """A URL of this provider as the base that stands in front of it, "" for none, and its real form."""
    hosts = "|".join(re.escape(host) for host in call.wire.hosts)
    found = re.fullmatch(rf"(https?://[^/]+(?:/~[^/]+)?)/((?:{hosts})(?:/.*)?)", url)
    return (found[1], f"https://{found[2]}") if found else ("", url)


def with_base(call: Call, url: str, base: str) -> str:
    """A real URL as somebody writes it who puts that base in front."""
    return call.family.hosts_regex(call.wire).sub(lambda found: f"{base}/{found[1]}", url) if base else url


def base_of_request(call: Call) -> str:
    return "" if call.real_urls else call.request.base


def base_of_app(call: Call) -> str:
    """The base that the application puts in front, as far as the request or what came before it tells."""
    known = association(call)
    if known is not None:
        return known.facts["base"]
    asked = call.told("identity")
    if asked and asked != sig.IDENTIFIER_SELECT:
        return split_base(call, asked)[0]
    last = call.store.get("openid_form", call.provider)
    return last.facts["base"] if last is not None else base_of_request(call)


def remember_form(call: Call) -> None:
    grant = call.new_grant(DAY, facts={"base": base_of_request(call)})
    call.store.put("openid_form", call.provider, grant)


def op_endpoint(call: Call) -> str:
    base = base_of_app(call) if call.step == "authorize" else base_of_request(call)
    return with_base(call, endpoint(call), base)


# refusals of an association


def unsupported_type(call: Call) -> Refusal | None:
    """A type that does not exist, a session that cannot carry the key, or one that shows it on the way (8.4.1)."""
    exchange, asked = call.exchange, f"{call.told('assoc_type')} with {call.told('session_type')}"
    if exchange.answer.body is None or "assoc_handle" not in exchange.answer.body.bind:
        return Refusal("unsupported_type", "this provider makes no associations", got=asked)
    if not sig.fits(call.told("assoc_type"), call.told("session_type")):
        return Refusal(
            "unsupported_type",
            "no such association, or the session has another key length",
            expected="HMAC-SHA1 with DH-SHA1, HMAC-SHA256 with DH-SHA256, or no-encryption",
            got=asked,
        )
    if call.told("session_type") == "no-encryption" and call.request.scheme != "https":
        return Refusal("unsupported_type", "no-encryption is for TLS only", expected="https", got=call.request.scheme)
    return None


def dh_refused(call: Call) -> Refusal | None:
    """Also makes the association's key and says it in the way that was asked for."""
    if call.told("session_type") == "no-encryption":
        call.values["mac_key"] = sig.base64(call.values["secret"])
        return None
    asked = {key.removeprefix("openid."): value for key, value in fields(call).items()}
    private = int.from_bytes(call.world.random(64), "big")
    try:
        call.values.update(sig.dh_answer(asked, call.values["secret"], private))
    except sig.OpenIDError as error:
        return Refusal("dh_refused", str(error))
    return None


# refusals at authorize


def return_to_invalid(call: Call) -> Refusal | None:
    """Also settles where the browser goes back to: any application may ask (section 9.2.1 leaves it to the realm)."""
    url = call.told("redirect_uri")
    if url is None:
        return Refusal("return_to_missing", "no openid.return_to")
    try:
        sig.parse_realm(url)
    except sig.OpenIDError as error:
        return Refusal("return_to_invalid", f"openid.return_to: {error}".replace("the realm", "it"), got=url)
    call.redirect_to = url
    return None


def realm_mismatch(call: Call) -> Refusal | None:
    realm, url = call.told("realm") or call.told("redirect_uri"), call.told("redirect_uri")
    try:
        wide = sig.parse_realm(realm)
    except sig.OpenIDError as error:
        return Refusal("realm_invalid", f"openid.realm: {error}", got=realm)
    if not sig.in_realm(realm, url):
        return Refusal("realm_mismatch", "openid.return_to is not below openid.realm", expected=realm, got=url)
    if wide.too_general:
        call.remark("the realm covers a whole top-level domain (section 9.2)")
    return None


def bad_identity(call: Call) -> Refusal | None:
    """Both or neither, and the one that the provider answers for is its own (section 9.1)."""
    claimed, identity = call.told("claimed_id"), call.told("identity")
    if (claimed is None) != (identity is None):
        return Refusal(
            "identity_alone",
            "openid.claimed_id and openid.identity come together or not at all",
            expected=claimed or identity,
            got="",
        )
    if (claimed == sig.IDENTIFIER_SELECT) != (identity == sig.IDENTIFIER_SELECT):
        return Refusal(
            "bad_identity",
            "only one of openid.claimed_id and openid.identity lets the person choose",
            expected=claimed,
            got=identity,
        )
    if identity in (None, sig.IDENTIFIER_SELECT):
        return None
    if any(LINE.fullmatch(url) is None for url in (claimed, identity)):
        return Refusal("bad_identity", "openid.claimed_id or openid.identity is no URL")
    page = call.wire.step("identifier")
    real = split_base(call, identity)[1]
    if page is None or not any(matched(url, real) for url in page.urls):
        return Refusal(
            "bad_identity",
            "openid.identity is no identifier of this provider",
            expected=page.urls[0] if page else "none",
            got=identity,
        )
    return None


def matched(template: str, url: str) -> dict[str, str] | None:
    """What a URL template's names stand for in a URL, or None when it is another."""
    from mockidp.contract.template import url_regex

    found = url_regex(template).fullmatch(url)
    return found.groupdict() if found else None


# refusals of a check


def handle_shared(call: Call) -> Refusal | None:
    """Section 11.4.2.1: never with a key that the application has."""
    if association(call) is not None:
        return Refusal("handle_shared", "the handle is of an association: the application has to check the signature")
    return None


def assertion_unknown(call: Call) -> Refusal | None:
    """Also goes on as the login that the assertion belongs to."""
    grant = call.store.get("assertion", f"{call.provider}:{call.told('response_nonce')}")
    if grant is None:
        return Refusal(
            "assertion_unknown", "no assertion with this nonce waits to be checked", got=call.told("response_nonce")
        )
    call.use(grant)
    if grant.facts["handle"] != call.told("assoc_handle"):
        return Refusal(
            "assertion_unknown",
            "the assertion had another handle",
            expected=grant.facts["handle"],
            got=call.told("assoc_handle"),
        )
    return None


def assertion_altered(call: Call) -> Refusal | None:
    assert call.grant is not None
    sent = {**fields(call), "openid.mode": "id_res"}
    try:
        if sig.verify(sent, b64decode(call.grant.secret), call.grant.facts["type"]):
            return None
    except sig.OpenIDError as error:
        return Refusal("assertion_altered", str(error))
    return Refusal(
        "assertion_altered",
        "the signature is not that of these fields",
        expected=call.grant.facts["sig"],
        got=call.told("sig"),
    )


def assertion_used(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.grant.used:
        return Refusal("assertion_used", "the assertion has been checked before")
    return None


def assertion_expired(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.now >= call.grant.expires:
        return Refusal(
            "assertion_expired",
            "the assertion is too old",
            expected=f"at most {call.lifetime('assertion')} s",
            got=f"{call.now - call.grant.issued:.0f} s",
        )
    return None


def unknown_identifier(call: Call) -> Refusal | None:
    """Asked only where the identifier carries the username."""
    name = call.told("username")
    if name is None or any(person.username == name for person in call.world.people.named()):
        return None
    if re.fullmatch(r"user[1-9]\d{0,6}|[a-z0-9-]{1,24}-[0-9a-f]{8}", name):  # generated people, and typed addresses
        return None
    return Refusal("unknown_identifier", "nobody has this identifier", got=name)


# acts


def association(call: Call) -> Grant | None:
    """The association that the request names, unless it is unknown or too old."""
    handle = call.told("assoc_handle")
    grant = call.store.get("association", f"{call.provider}:{handle}") if handle else None
    return grant if grant is not None and call.now < grant.expires else None


def associate(call: Call) -> None:
    """Keep the key, and the form of URLs that the application uses."""
    remember_form(call)
    grant = call.new_grant(
        call.lifetime("association"),
        secret=sig.base64(call.values["secret"]),
        facts={"type": call.told("assoc_type"), "base": base_of_request(call)},
    )
    call.store.put("association", f"{call.provider}:{call.values['handle']}", grant)


def discover(call: Call) -> None:
    remember_form(call)


def authorize(call: Call) -> Response | None:
    """Show the login page, or take the decision; the assertion is made when the browser is sent back."""
    call.app = msgspec.structs.replace(
        call.world.apps.ready(call.provider), name=call.told("realm") or call.told("redirect_uri")
    )
    owner = asked_for(call)
    call.values["scope"] = ",".join(wanted(call))
    if immediate(call):
        call.values["prompt"] = "none"  # as OpenID Connect puts it
        if not call.world.person and session.silent(call, login.scopes(call)) is None:
            raise Refusal("setup_needed", "nobody is logged in, and checkid_immediate shows no page")
    call.values["login_hint"] = owner
    try:
        page = login.authorize(call)
    except Refusal as refusal:
        refusal.name = "setup_needed" if immediate(call) else refusal.name
        raise
    if page is not None:
        return page
    if owner and real_identity(call) != call.values["identifier"]:
        raise Refusal(
            "identifier_of_another",
            "the identifier asked for is not of the person who logged in",
            expected=real_identity(call),
            got=call.values["identifier"],
        )
    if call.login:
        call.login.outcome = "code"
    return None


def real_identity(call: Call) -> str:
    return split_base(call, call.told("identity") or "")[1]


def asked_for(call: Call) -> str | None:
    """The last part of the identifier that was asked for, None when the person may choose."""
    if call.told("identity") in (None, sig.IDENTIFIER_SELECT):
        return None
    return real_identity(call).rpartition("/")[2]


def check(call: Call) -> None:
    """Use the assertion up, or refuse it when that has been done."""
    login.use_up(call, "assertion", call.told("response_nonce"), assertion_used)
    if call.login:
        call.login.outcome = "logged_in"


# the assertion


def asserted_id(call: Call) -> str | None:
    """The claimed identifier: the one asked for, or the person's own in the form that the application uses."""
    asked: str | None = call.told("claimed_id")
    if asked != sig.IDENTIFIER_SELECT:
        return asked
    return with_base(call, call.values["identifier"], base_of_app(call))


def asserted_identity(call: Call) -> str | None:
    asked: str | None = call.told("identity")
    return asked if asked != sig.IDENTIFIER_SELECT else asserted_id(call)


def invalidate_handle(call: Call) -> str | None:
    given: str | None = call.told("assoc_handle")
    return given if association(call) is None else None


def asserted_handle(call: Call) -> str:
    return str(call.told("assoc_handle")) if association(call) is not None else call.fresh("private_handle")


def confirmed_handle(call: Call) -> str | None:
    """The handle that the application may throw away, when the provider does not know it (any more)."""
    given: str | None = call.told("given_handle")
    grant = call.store.get("association", f"{call.provider}:{given}") if given else None
    return given if grant is None or call.now >= grant.expires else None


def assertion(call: Call, params: Pairs) -> Pairs:
    """The fields of a positive assertion with extensions and signature; one without an association is kept."""
    sent = {key: value for key, value in params if key not in ("openid.signed", "openid.sig")}
    more = dict([*sreg_answer(call), *ax_answer(call)])
    faults = {fault.name for fault in call.faults("token", *FIELD_FAULTS, "unsigned_identity", "wrong_key", "alg_none")}
    for name in faults & FIELD_FAULTS.keys():
        FIELD_FAULTS[name](sent, call)
    names = [name for name in dict(params)["openid.signed"].split(",") if name == "signed" or f"openid.{name}" in sent]
    if "unsigned_identity" in faults:
        names = [name for name in names if name not in ("claimed_id", "identity")]
    sent |= more
    sent["openid.signed"] = ",".join([*names, *(key.removeprefix("openid.") for key in more)])
    known = association(call)
    key, kind = (b64decode(known.secret), known.facts["type"]) if known else (call.world.random(20), "HMAC-SHA1")
    sent["openid.sig"] = sig.signature(sent, sent["openid.signed"], b"x" * 20 if "wrong_key" in faults else key, kind)
    if known is None:
        facts = {"handle": sent["openid.assoc_handle"], "type": kind, "sig": sent["openid.sig"]}
        grant = call.new_grant(call.lifetime("assertion"), secret=sig.base64(key), facts=facts)
        login.remember(call, "assertion", sent.get("openid.response_nonce", ""), grant)
    if "alg_none" in faults:
        del sent["openid.sig"]
    return list(sent.items())


def _dated(seconds: int) -> Callable[[dict[str, str], Call], None]:
    return lambda sent, call: sent.update({"openid.response_nonce": sig.make_nonce(call.now + seconds, "dated")})


FIELD_FAULTS: dict[str, Callable[[dict[str, str], Call], Any]] = {
    "wrong_iss": lambda sent, call: sent.update({"openid.op_endpoint": "https://issuer.invalid/openid"}),
    "wrong_aud": lambda sent, call: sent.update({"openid.return_to": "https://another-app.invalid/callback"}),
    "wrong_nonce": lambda sent, call: sent.update({"openid.response_nonce": "another-nonce"}),
    "missing_nonce": lambda sent, call: sent.pop("openid.response_nonce"),
    "id_token_expired": _dated(-30 * DAY),
    "id_token_not_yet_valid": _dated(30 * DAY),
}


def seen(login: Login | None, step: str) -> bool:
    """Whether a login has been through a step."""
    return login is not None and any(entry.step == step for entry in login.entries)


class OpenID2(Family):
    """Discovery, association, the assertion, and the check of one."""

    rules = {
        "associate": (refusals.misfit, unsupported_type, dh_refused),
        "authorize": (return_to_invalid, refusals.misfit, realm_mismatch, bad_identity),
        "check_authentication": (
            refusals.misfit,
            handle_shared,
            assertion_unknown,
            assertion_altered,
            assertion_expired,
        ),
        "identifier": (unknown_identifier,),
        "resource": (refusals.misfit,),
    }
    acts = {
        "associate": associate,
        "authorize": authorize,
        "check_authentication": check,
        "discovery": discover,
        "identifier": discover,
    }
    acted_out = frozenset({*FIELD_FAULTS, "unsigned_identity", "wrong_key", "alg_none"})
    values = {
        "op_endpoint": op_endpoint,
        "asserted_id": asserted_id,
        "asserted_identity": asserted_identity,
        "asserted_handle": asserted_handle,
        "invalidate_handle": invalidate_handle,
        "sig": lambda call: "",
        "signed": lambda call: "op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle",
        "response_nonce": lambda call: sig.make_nonce(call.now, call.fresh("salt")),
        "association_expires_in": lambda call: call.lifetime("association"),
        "confirmed_handle": confirmed_handle,
        "secret": lambda call: call.world.random(sig.key_size(call.told("assoc_type"))),
        "mac_key": lambda call: None,
        "dh_server_public": lambda call: None,
        "enc_mac_key": lambda call: None,
        "wants": lambda call: "xrds" if "application/xrds+xml" in call.request.headers.get("accept", "") else "html",
        "gender_letter": lambda call: {"female": "F", "male": "M"}.get(call.person.gender) if call.person else None,
    }

    def handle(self, call: Call) -> Response:
        call.problems = [
            problem for problem in call.problems if problem.kind != "unlisted" or not problem.key.startswith("openid.")
        ]
        return super().handle(call)

    def login_of(self, call: Call) -> Login | None:
        """A login begins with discovery, or with the browser where the application knows the endpoint already."""
        journal = call.world.journal
        last = journal.last(call.provider)
        if call.step == "authorize" and last is not None and last.outcome == "open" and not seen(last, "authorize"):
            return last
        begins = call.step in ("discovery", "authorize") or (call.step == "identifier" and seen(last, "identifier"))
        return journal.begin(call.provider, call.now) if begins else None

    def prepare_fault(self, call: Call) -> None:
        if call.step == "authorize":
            call.check((return_to_invalid,))

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        """Back to the app in the query, or in a form when that is too long."""
        if ("openid.mode", "id_res") in params:
            params = assertion(call, params)
        url = call.wire.redirect_url(call.redirect_to or "/", params)
        if len(url) > LONGEST_URL:
            from mockidp.web import pages  # lazy: few answers are so long

            return pages.form_post(call.redirect_to or "", params, card(call.wire))
        return Response(status, [*headers, ("Location", url)])
