"""Persona: no redirect, no app, no token. A script in the site's page gets an assertion, the site has it verified.

The assertion is two signed parts with a tilde between: the provider's certificate that a key is of an e-mail address,
and, by that key, that its owner wants to log in at one origin in the next two minutes (mozilla/persona; the verifier:
mozilla/browserid-verifier). The window and the page spoke by messages, which a simulator cannot; so the sign-in page
here is told the origin and the page in its address, and answers with a form that it posts there, or in the fragment
for the script.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockidp import jose
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oidc, refusals
from mockidp.families.base import Call, Family, card, nothing
from mockidp.journal import Login
from mockidp.people import Person
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

ISSUER = "login.persona.org"
SPOILT = ("wrong_key", "wrong_iss", "wrong_aud", "id_token_expired")  # the faults of an assertion
PORTS = {"http": 80, "https": 443}
READABLE = ("application/x-www-form-urlencoded", "application/json")
SECURITY = [("X-XSS-Protection", "1; mode=block"), ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")]


# the sign-in page


def is_page(call: Call) -> bool:
    """Whether a browser opens it as a page, and does not load it as a script."""
    as_script = call.request.path == "/include.js" and "text/html" not in call.request.headers.get("accept", "")
    return bool(call.decision) or not as_script


def origin(call: Call) -> str:
    return call.told("origin") or origin_of(call.told("return_to") or "") or call.wire.settings["AUDIENCE"]


def origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in PORTS or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port not in (None, PORTS[parts.scheme]) else ''}"


def wrong_origin(call: Call) -> Refusal | None:
    """Also settles where the assertion goes: to a page of the site that it is for."""
    site = call.values["origin"] = origin(call)
    target = call.told("return_to") or f"{site}/"
    if not origin_of(site) or origin_of(target) != origin_of(site):
        return Refusal("wrong_origin", "the page to go back to is not of the site's origin", expected=site, got=target)
    call.redirect_to = target
    return None


def sign_in(call: Call) -> Response | None:
    if not is_page(call):
        script = call.wire.step("script")
        assert script is not None
        return call.answer(script.answer)
    page = login.authorize(call)
    if page is None and call.person is not None and call.person.email is None:
        raise Refusal("no_address", "this person has no e-mail address")
    return page


def assertion(call: Call) -> str:
    """The certificate and the statement. The faults of signed tokens are acted out here."""
    assert call.person is not None
    faults = {fault.name for fault in call.faults("token", *SPOILT)}
    ring, now = oidc.ring(call), int(call.now * 1000)
    key = ring.signing()
    numbers = jose.public_jwk(key.public)
    verified = "email" if call.person.email_verified else "unverified-email"
    certificate = {
        "public-key": {"algorithm": "RS", "n": number(numbers["n"]), "e": number(numbers["e"])},
        "principal": {verified: call.person.email},
        "iat": now,
        "exp": now + call.lifetime("certificate") * 1000,
        "iss": "issuer.invalid" if "wrong_iss" in faults else ISSUER,
    }
    life = -1 if "id_token_expired" in faults else call.lifetime("code")
    statement = {
        "exp": now + life * 1000,
        "aud": "https://another-site.invalid" if "wrong_aud" in faults else call.values["origin"],
    }
    signer = ring.stranger() if "wrong_key" in faults else key
    head = {"alg": "RS256", "kid": None, "typ": None}
    text = "~".join(jose.sign(part, by, header=head) for part, by in ((certificate, key), (statement, signer)))
    grant = call.new_grant(call.lifetime("code"), facts={"origin": call.values["origin"]})
    login.remember(call, "assertion", digest(text), grant)
    if call.login:
        call.login.outcome = "code"
    return text


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def number(part: str) -> str:
    """A number of a JWK in decimal, as BrowserID has it."""
    return str(int.from_bytes(jose.unb64url(part), "big"))


# the verifier


def wrong_content_type(call: Call) -> Refusal | None:
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in READABLE or call.told("assertion") is not None:
        return None
    return Refusal(
        "wrong_content_type", "the body is of a type that is not read", expected=" or ".join(READABLE), got=kind
    )


def untrue(call: Call) -> Refusal | None:
    """The signatures; what they vouch for is kept for the rules after this one."""
    parts = call.told("assertion").split("~")
    if len(parts) < 2:
        return Refusal("no_certificates", "there is no tilde in the assertion, and so no certificate before it")
    try:
        certificate, statement = jose.split(parts[0])[1], jose.split(parts[-1])[1]
        own = certificate["public-key"]
        jwk = {"kty": "RSA", "n": b64number(own["n"]), "e": b64number(own["e"])}
    except (jose.JoseError, KeyError, TypeError, ValueError):
        return Refusal("malformed", "the assertion is not two signed parts")
    known = [jose.from_jwk(row) for row in oidc.ring(call).published()]
    if not any(holds(parts[0], key) for key in known):
        return Refusal("bad_signature", "the certificate is not signed by the provider")
    if len(parts) > 2 or not holds(parts[1], jose.from_jwk(jwk)):
        return Refusal("bad_signature", "the statement is not signed by the key of the certificate")
    call.values.update(certificate=certificate, statement=statement)
    principal = certificate["principal"]
    call.values.update(email=principal.get("email"), unverified_email=principal.get("unverified-email"))
    return None


def b64number(text: str) -> str:
    value = int(text)
    return jose.b64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def holds(token: str, key: Any) -> bool:
    try:
        jose.verify(token, key, ["RS256"])
    except jose.JoseError:
        return False
    return True


def assertion_expired(call: Call) -> Refusal | None:
    """An assertion is good for two minutes, and as often as it is shown."""
    ends = min(call.values["statement"]["exp"], call.values["certificate"]["exp"])
    if call.now * 1000 < ends:
        return None
    most, late = f"at most {call.lifetime('code')} s", f"{call.now - ends / 1000:.0f} s too late"
    return Refusal("assertion_expired", "the assertion is too old", expected=most, got=late)


def other_audience(call: Call) -> Refusal | None:
    """The site says who it is by scheme, host and port; by its host alone it says less."""
    want, got = call.values["statement"]["aud"], call.told("audience")
    made, shown = urlsplit(want), urlsplit(got if "://" in got else f"//{got}")
    try:
        ports = made.port or PORTS.get(made.scheme), shown.port or PORTS.get(shown.scheme)
    except ValueError:
        ports = None, None
    if shown.scheme and made.scheme != shown.scheme:
        name = "wrong_scheme"
    elif made.hostname != shown.hostname:
        name = "wrong_domain"
    elif ports[1] is not None and ports[0] != ports[1]:
        name = "wrong_port"
    else:
        return None
    return Refusal(name, "the assertion was made for another site", expected=want, got=got)


def wrong_issuer(call: Call) -> Refusal | None:
    """Only the fallback signs here, for every address; a site may insist on an issuer."""
    issuer, forced = call.values["certificate"]["iss"], call.told("forced_issuer")
    if issuer != ISSUER or forced not in (None, ISSUER):
        return Refusal("wrong_issuer", "the issuer is not trusted with this", expected=forced or ISSUER, got=issuer)
    return None


def unverified(call: Call) -> Refusal | None:
    if call.values["email"] is None and call.told("allow_unverified") != "true":
        return Refusal("unverified", "the address was never verified, and nobody asked for such ones")
    return None


def verified(call: Call) -> None:
    """Tell it as part of the login that the assertion came from; that one is remembered makes none of them true."""
    grant = call.store.get("assertion", f"{call.provider}:{digest(call.told('assertion'))}")
    if grant is not None:
        call.use(grant)
    if call.login is not None:
        call.login.outcome = "logged_in"


class Rules(Family):
    rules = {
        "authorize": (wrong_origin,),
        "verify": (
            wrong_content_type,
            refusals.misfit,
            untrue,
            assertion_expired,
            other_audience,
            wrong_issuer,
            unverified,
        ),
    }
    acts = {"authorize": sign_in, "verify": verified}
    acted_out = frozenset(SPOILT)
    values = {
        "assertion": assertion,
        "email": nothing,  # both are told by the certificate
        "unverified_email": nothing,
        "expires": lambda call: int(call.values["statement"]["exp"]),
    }

    def handle(self, call: Call) -> Response:
        if call.step == "verify":
            call.headers += SECURITY
        return super().handle(call)

    def login_of(self, call: Call) -> Login | None:
        return super().login_of(call) if call.step == "authorize" and is_page(call) else None

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        if call.told("answer") == "fragment":
            url = call.wire.redirect_url(call.redirect_to or "", params, fragment=True)
            return Response(status, [*headers, ("Location", url)])
        from mockidp.web import pages  # lazy: no other provider of a process may need them

        return pages.form_post(call.redirect_to or "", params, card(call.wire))


# the other side


class Walk(walk.Walk):
    """Opens the page for this redirect URI's origin, and takes what is posted to it to the verifier."""

    def initial(self) -> dict[str, Any]:
        site = origin_of(self.redirect_uri)
        return {**super().initial(), "origin": site, "return_to": self.redirect_uri, "audience": site}

    def build(self, exchange: Exchange) -> Request:
        request = super().build(exchange)
        if exchange.step == "verify" and "labelled" in self.values:
            headers = {**request.headers, "content-type": self.values["labelled"]}
            return Request.of(request.method, request.url, headers, request.body)
        return request

    def barred(self, person: Person) -> str:
        """Nobody without an address gets an assertion, and one for an address that is not verified is worth nothing."""
        return "no_address" if person.email is None else "" if person.email_verified else "unverified"


def as_person(who: str) -> provoke.Spoil:
    """Be somebody else from the beginning."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        login.person = who

    return spoil


def signed_in_as(who: str) -> provoke.Spoil:
    def spoil(login: walk.Walk, lab: Lab) -> None:
        login.person = who
        login.do_authorize("authorize")

    return spoil


def with_fault(name: str) -> provoke.Spoil:
    """Sign in once more, with a fault."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        lab.world.faults.add(name, provider=lab.provider, step="authorize")
        login.do_authorize("authorize")

    return spoil


def cut(login: walk.Walk, lab: Lab) -> None:
    """Another statement under the old signature."""
    certificate, _, statement = login.values["assertion"].partition("~")
    head, _, signature = statement.split(".")
    login.values["assertion"] = f"{certificate}~{head}.{jose.b64url(b'{}')}.{signature}"


def forged(login: walk.Walk, lab: Lab) -> None:
    """A certificate by nobody, for anybody."""
    certificate, _, statement = login.values["assertion"].partition("~")
    head, claims, _ = certificate.split(".")
    login.values["assertion"] = f"{head}.{claims}.{jose.b64url(b'x' * 256)}~{statement}"


Walk.provocations = {
    "denied": Provocation("authorize", as_person("dave")),
    "no_address": Provocation("authorize", as_person("carol")),
    "wrong_origin": Provocation("authorize", provoke.put(return_to="https://evil.example/")),
    "wrong_content_type": Provocation("verify", provoke.put(labelled="text/plain")),
    "assertion_missing": Provocation("verify", provoke.drop("assertion")),
    "audience_missing": Provocation("verify", provoke.drop("audience")),
    "no_certificates": Provocation("verify", provoke.put(assertion="made-up")),
    "malformed": Provocation("verify", provoke.put(assertion="made~up")),
    "bad_signature": Provocation("verify", cut),
    "bad_signature@certificate": Provocation("verify", forged, "", "bad_signature"),
    "bad_signature@stranger": Provocation("verify", with_fault("wrong_key"), "", "bad_signature"),
    "assertion_expired": Provocation("verify", provoke.wait("code")),
    "wrong_scheme": Provocation("verify", provoke.put(audience="https://127.0.0.1:8000")),
    "wrong_domain": Provocation("verify", provoke.put(audience="http://evil.example:8000")),
    "wrong_domain@bare": Provocation("verify", provoke.put(audience="evil.example"), "", "wrong_domain"),
    "wrong_port": Provocation("verify", provoke.put(audience="http://127.0.0.1:9000")),
    "wrong_issuer": Provocation("verify", with_fault("wrong_iss")),
    "wrong_issuer@forced": Provocation("verify", provoke.put(forced_issuer="idp.example"), "", "wrong_issuer"),
    "unverified": Provocation("verify", signed_in_as("bob")),
}
