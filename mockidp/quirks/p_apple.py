"""Apple: the client secret is a token that the app signs, and a person's name comes once, as JSON in the callback.

Code, because the secret is checked and not compared, because what the first login tells must be remembered, and because
`response_mode` hangs on the scopes. Sources: developer.apple.com/documentation/signinwithapplerestapi (Request an
authorization; Generate and validate tokens; Token revocation), …/accountorganizationaldatasharing/
creating-a-client-secret, TN3107, 2026-11.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mockidp import jose
from mockidp.apps import LOOPBACK, App
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.template import stretch
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import oauth2, oidc, refusals
from mockidp.families.base import Call
from mockidp.keys import Key, public_of
from mockidp.wire import Request

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

AUDIENCE = "https://appleid.apple.com"
LONGEST = 15_777_000  # seconds from now that a client secret may live: six months
MODES = ("query", "fragment", "form_post")

# refusals at authorize


def redirect_not_public(call: Call) -> Refusal | None:
    """Apple registers https URIs on a public domain only; a login on this machine would be impossible, so a remark."""
    parts = urlsplit(call.redirect_to or "")
    if parts.scheme != "https" or parts.hostname in LOOPBACK or is_ip(parts.hostname or ""):
        call.remark("Apple takes no redirect URI without https, on localhost or with an IP address")
    return None


def is_ip(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def form_post_missing(call: Call) -> Refusal | None:
    mode = call.told("response_mode")
    if call.told("scope") and mode != "form_post":
        return Refusal(
            "form_post_missing",
            "a scope was asked for, and response_mode is not form_post",
            expected="form_post",
            got=mode or "none",
        )
    return None


def response_mode_refused(call: Call) -> Refusal | None:
    """An identity token does not travel in a query; without a mode it comes in the fragment."""
    tokens = call.told("response_type") != "code"
    mode = call.values["response_mode"] = call.told("response_mode") or ("fragment" if tokens else "query")
    if mode not in MODES or (tokens and mode == "query"):
        served = " or ".join(MODES[1 if tokens else 0 :])
        return Refusal("bad_request", "this response_mode is not served", expected=served, got=mode)
    return None


# refusals of the client secret, in the order in which they can be found out


def secret_unreadable(call: Call) -> Refusal | None:
    """Also takes the secret apart for the rules that follow."""
    try:
        header, claims, _, _ = jose.split(call.told("client_jwt") or "")
    except jose.JoseError as error:
        return Refusal("secret_unreadable", f"the client secret is no signed token: {error}")
    call.values["secret_header"], call.values["secret_claims"] = header, claims
    app = call.app
    if app is not None and app.learned and not app.client_secret:
        app.facts |= {"key_id": str(header.get("kid")), "team_id": str(claims.get("iss")), "certificate_key": ""}
        app.client_secret = "learned from its first client secret"
    return None


def secret_key_id_wrong(call: Call) -> Refusal | None:
    kid, known = call.values["secret_header"].get("kid"), call.values["app.key_id"]
    if kid != known:
        return Refusal(
            "secret_key_id_wrong", "kid of the client secret is not the app's key id", expected=known, got=str(kid)
        )
    return None


def secret_not_signed(call: Call) -> Refusal | None:
    pem = call.values["app.certificate_key"]
    if not pem:
        call.entry.remarks.append("the client secret's signature was not checked: a learned app's key is not known")
        return None
    try:
        jose.verify(call.told("client_jwt"), public_of(pem), ["ES256"])
    except jose.JoseError as error:
        return Refusal(
            "secret_not_signed",
            f"the client secret is not signed with the app's key: {error}",
            expected="ES256",
            got=str(call.values["secret_header"]["alg"]),
        )
    return None


def _claim_wrong(name: str, claim: str, what: str, want: Callable[[Call], str]) -> Callable[[Call], Refusal | None]:
    """A refusal of one claim of the client secret that has another value than the app's."""

    def rule(call: Call) -> Refusal | None:
        got, wanted = call.values["secret_claims"].get(claim), want(call)
        if got == wanted or got == [wanted]:
            return None
        return Refusal(name, f"{claim} of the client secret is not {what}", expected=wanted, got=str(got))

    rule.__name__ = name
    return rule


secret_team_wrong = _claim_wrong(
    "secret_team_wrong", "iss", "the team id", lambda call: str(call.values["app.team_id"])
)
secret_app_wrong = _claim_wrong("secret_app_wrong", "sub", "the client id", lambda call: str(call.values["app.id"]))
secret_audience_wrong = _claim_wrong("secret_audience_wrong", "aud", "Apple", lambda call: AUDIENCE)


def secret_expired(call: Call) -> Refusal | None:
    end = _seconds(call, "exp")
    if end <= call.now:
        return Refusal(
            "secret_expired",
            "exp of the client secret is missing or has passed",
            expected=f"after {call.now:.0f}",
            got=f"{end:.0f}",
        )
    return None


def secret_lives_too_long(call: Call) -> Refusal | None:
    latest, end = int(call.now) + 1 + LONGEST, _seconds(call, "exp")
    if end > latest:
        return Refusal(
            "secret_lives_too_long",
            "exp of the client secret is more than six months away",
            expected=f"at most {latest}",
            got=f"{end:.0f}",
        )
    return None


def _seconds(call: Call, claim: str) -> float:
    value = call.values["secret_claims"].get(claim)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


# values and acts


def front_id_token(call: Call) -> str | None:
    """The identity token of the callback, where one was asked for."""
    return oidc.issue_id_token(call) if call.told("response_type") == "code id_token" else None


def first_user(call: Call) -> str | None:
    """Name and address as the person gave them, as JSON: at the first login of a person at an app, never again.

    Revoking the authorization makes the next login a first one.
    """
    person, key = call.person, _authorized(call)
    if person is None or not call.granted or call.store.get("authorized", key) is not None:
        return None
    call.store.put("authorized", key, call.new_grant(0))
    name = {"firstName": person.given_name or person.name, "lastName": person.family_name or ""}
    user: dict[str, Any] = {"name": name} if "name" in call.granted else {}
    email = shown_email(call)
    if "email" in call.granted and email is not None:
        user["email"] = email
    return msgspec.json.encode(user).decode()


def _authorized(call: Call) -> str:
    return f"{call.provider}:{call.values['app.id']}:{call.person.id if call.person else ''}"


def shown_email(call: Call) -> str | None:
    """The person's own address, or the one that hides it."""
    return (call.person.relay_email or call.person.email) if call.person is not None else None


def is_private_email(call: Call) -> bool | None:
    return True if call.person is not None and call.person.relay_email else None


def email_checked(call: Call) -> bool | None:
    return None if call.person is None or shown_email(call) is None else call.person.email_verified


def uid(call: Call) -> Any:
    """A subject of this team: the same for all of its apps, another for another team."""
    if call.person is None:
        return None
    seed = f"{call.provider}:{call.values['app.team_id']}:{call.person.number}".encode()
    return call.wire.person["uid"](lambda count: stretch(seed, count), call.values)


def revoke(call: Call) -> None:
    """Also forgets that the person has authorized the app."""
    for kind in ("access", "refresh"):
        grant = call.store.get(kind, f"{call.provider}:{call.told('token')}")
        if grant is not None:
            call.store.drop("authorized", f"{call.provider}:{grant.client_id}:{grant.person}")
    oauth2.revoke(call)


class Rules(oidc.Oidc):
    """The code flow, and `code id_token`, with a signed client secret and no userinfo."""

    rules = {
        **oidc.Oidc.rules,
        "authorize": (
            refusals.unknown_client,
            refusals.redirect_unregistered,
            refusals.misfit,
            refusals.response_type_other_than("code", "code id_token"),
            refusals.scope_unknown,
            form_post_missing,
            response_mode_refused,
            redirect_not_public,
            refusals.best_practice,
        ),
        "token": (
            refusals.unknown_code,
            refusals.code_of_another_app,
            refusals.code_used,
            refusals.code_expired,
            refusals.redirect_missing,
            refusals.redirect_mismatch,
        ),
        "refresh": (refusals.bad_refresh_token, refusals.refresh_token_of_another_app, refusals.refresh_token_revoked),
        "client": (
            refusals.unknown_client,
            secret_unreadable,
            secret_key_id_wrong,
            secret_not_signed,
            secret_team_wrong,
            secret_app_wrong,
            secret_audience_wrong,
            secret_expired,
            secret_lives_too_long,
        ),
    }
    acts = {**oidc.Oidc.acts, "revoke": revoke}
    values = {
        **oidc.Oidc.values,
        "front_id_token": front_id_token,
        "first_user": first_user,
        "uid": uid,
        "shown_email": shown_email,
        "is_private_email": is_private_email,
        "email_checked": email_checked,
    }


# the other side: how a client of Apple's is walked and spoilt


def client_secret(app: App, **changes: Any) -> str:
    """The client secret that an app signs, good for an hour; `changes` are other claims, or `kid`, `alg` and `pem`."""
    now = int(time.time())
    pem, kid = changes.pop("pem", app.facts["certificate_key"]), changes.pop("kid", app.facts["key_id"])
    key = Key(kid, changes.pop("alg", "ES256"), _private(pem))
    claims = {"iss": app.facts["team_id"], "iat": now, "exp": now + 3600, "aud": AUDIENCE, "sub": app.client_id}
    return jose.sign({**claims, **changes}, key)


def _private(pem: str) -> Any:
    return load_pem_private_key(pem.encode(), None) if pem.startswith("-----") else pem.encode()


class Walk(walk.Walk):
    """Signs the client secret anew for every request. `secret` are the changes that a provocation makes to it."""

    def __post_init__(self) -> None:
        self.secret: dict[str, Any] = {}
        super().__post_init__()

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "response_type": "code id_token", "response_mode": "form_post"}

    def build(self, exchange: Exchange) -> Request:
        self.values["client_jwt"] = client_secret(self.app, **self.secret)
        return super().build(exchange)

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        super().callback(exchange, params)
        if "user" in params:
            self.seen["callback"].document = {**params, "user": msgspec.json.decode(params["user"])}


def _secret(**changes: Any) -> provoke.Spoil:
    return lambda walk, lab: walk.secret.update(changes) if isinstance(walk, Walk) else None


def _on_a_public_host(walk: walk.Walk, lab: Lab) -> None:
    """Leave the state out where nothing else is amiss."""
    walk.values["redirect_uri"] = "https://app.example.com/callback"
    walk.app.redirect_uris.append("https://app.example.com/callback")
    provoke.drop("state", "nonce")(walk, lab)


Walk.provocations = {
    **provoke.OAUTH2,
    "state_missing": Provocation("authorize", _on_a_public_host, "", "bad_request", strict=True),
    "redirect_not_public": Provocation("authorize", provoke.nothing, "", "bad_request", strict=True),
    "unsupported_response_type": Provocation("authorize", provoke.put(response_type="token")),
    "response_type_missing": Provocation("authorize", provoke.drop("response_type"), "", "unsupported_response_type"),
    "bad_scope": Provocation("authorize", provoke.put(scope="name phone")),
    "form_post_missing": Provocation("authorize", provoke.put(response_mode="query")),
    "response_mode_refused": Provocation(
        "authorize",
        lambda walk, lab: (provoke.drop("scope")(walk, lab), provoke.put(response_mode="query")(walk, lab)),
        "",
        "bad_request",
    ),
    "wrong_secret": Provocation("token", provoke.send(client_secret=None)),
    "wrong_secret@refresh": Provocation("refresh", provoke.send(client_secret=None), "refresh", "wrong_secret"),
    "secret_unreadable": Provocation("token", provoke.send(client_secret="not-a-token")),
    "secret_key_id_wrong": Provocation("token", _secret(kid="OTHERKEYID")),
    "secret_not_signed": Provocation("token", _secret(pem="a-shared-secret", alg="HS256")),
    "secret_team_wrong": Provocation("token", _secret(iss="OTHERTEAM0")),
    "secret_app_wrong": Provocation("token", _secret(sub="com.example.other")),
    "secret_audience_wrong": Provocation("token", _secret(aud="https://appleid.apple.com/auth/token")),
    "secret_expired": Provocation("token", _secret(exp=1_600_000_000)),
    "secret_lives_too_long": Provocation("token", _secret(exp=int(time.time()) + 2 * LONGEST)),
}
