"""Keycloak: realms in the path, one session in every token, and refusals of its own.

Code, because a realm is a server of its own, because one session id runs through the code, the callback and every
token, and because the server asks for more than RFC 7636 does. Sources: keycloak 26.1, services/src/main/java/org/
keycloak/protocol/oidc (AuthorizationCodeGrantType, TokenManager, PkceUtils, TokenRevocationEndpoint,
OIDCWellKnownProvider); guide "Configuring the hostname (v2)".
"""

from __future__ import annotations

import re
import uuid
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2, oidc, refusals
from mockidp.families.base import Call
from mockidp.jose import b64url

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

VERIFIER = re.compile(r"[0-9A-Za-z.~_-]{43,128}")

# refusals


def unknown_realm(call: Call) -> Refusal | None:
    """One realm, by the setting; in a world that learns its apps every realm is there."""
    known, asked = call.wire.settings["KEYCLOAK_REALM"], call.told("realm")
    if asked != known and call.world.apps.mode != "learn":
        return Refusal(
            "unknown_realm", "there is no such realm; the setting KEYCLOAK_REALM names it", expected=known, got=asked
        )
    return None


def of_another_realm(call: Call) -> Refusal | None:
    """What one realm issued is unknown to another."""
    assert call.grant is not None
    issued, asked = call.grant.facts.get("realm"), call.told("realm")
    if issued != asked:
        name = {"token": "bad_code", "refresh": "bad_refresh_token"}.get(call.step, "bad_token")
        return Refusal(name, "this was issued by another realm", expected=issued, got=asked)
    return None


def verifier_unexpected(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.grant.challenge is None and call.told("code_verifier"):
        return Refusal("verifier_unexpected", "a code_verifier came, and no code_challenge was sent at authorize")
    return None


def verifier_malformed(call: Call) -> Refusal | None:
    verifier = call.told("code_verifier")
    if verifier and not VERIFIER.fullmatch(verifier):
        return Refusal(
            "verifier_malformed",
            "the code_verifier is not of the form that RFC 7636 section 4.1 asks for",
            expected="43 to 128 of A-Z a-z 0-9 - . _ ~",
            got=f"{len(verifier)} characters",
        )
    return None


def unreadable_token(call: Call) -> Refusal | None:
    token = f"{call.provider}:{call.told('token')}"
    grant = call.store.get("access", token) or call.store.get("refresh", token)
    if grant is None:
        return Refusal("unreadable_token", "this server has issued no such token")
    call.use(grant)
    return None


def token_of_another_app(call: Call) -> Refusal | None:
    assert call.grant is not None
    assert call.app is not None
    if call.grant.client_id != call.app.client_id:
        return Refusal(
            "token_of_another_app",
            "the token was issued to another app",
            expected=call.grant.client_id,
            got=call.app.client_id,
        )
    return None


# values


def session_state(call: Call) -> str | None:
    """The browser session: made at authorize, and in the middle of the code ever after; none of an app by itself."""
    if call.grant is None:
        return call.fresh("session")
    return call.grant.family.split(".")[1] if call.grant.family else None


def client_uuid(call: Call) -> str:
    """The server's own id of the app."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.told('realm')}/{call.values['app.id']}"))


def uid(call: Call) -> Any:
    """Of the person or, where an app acts for itself, of the account that the server keeps for it."""
    if call.person is not None:
        return call.derived("uid")
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{client_uuid(call)}/service account"))


def username(call: Call) -> Any:
    return call.values["person.username"] or f"service-account-{call.values['app.id']}"


def origin(call: Call) -> str:
    uri = call.grant.redirect_uri if call.grant is not None else None
    return "/".join((uri or "https://app.example.com/").split("/")[:3])


def email_verified(call: Call) -> bool:
    """False, and not absent, for somebody without an address."""
    return call.person is not None and call.person.email is not None and call.person.email_verified


def backend(call: Call) -> str:
    """The base URL for the app's own calls, as the host that was asked names it."""
    settings = call.wire.settings
    front, back = settings["KEYCLOAK_URL"], settings["KEYCLOAK_URL_ALT"]
    asked = f"{call.request.host}{call.request.path}"
    return back if asked.startswith(back.partition("://")[2] + "/") else front


def jwks(call: Call) -> list[dict[str, Any]]:
    """The realm's signing keys with their certificates, and the key for encryption that signs nothing."""
    ring, body = oidc.ring(call), call.exchange.answer.body
    beside = [row for row in body.document["keys"] if row["use"] != "sig"] if body is not None else []
    return [{**row, **certificate(ring.certificates()[row["kid"]])} for row in ring.published()] + beside


@lru_cache(maxsize=64)
def certificate(pem: str) -> dict[str, Any]:
    made = x509.load_pem_x509_certificate(pem.encode())
    der = made.public_bytes(Encoding.DER)
    thumbs = {"x5t": hashes.SHA1(), "x5t#S256": hashes.SHA256()}  # RFC 7517 section 4.8
    return {"x5c": [b64encode(der).decode()], **{key: b64url(made.fingerprint(alg)) for key, alg in thumbs.items()}}


# acts


def refresh(call: Call) -> None:
    """A new refresh token every time; the old one stays good, for a realm does not revoke refresh tokens by default."""
    call.values["presented_refresh_token"] = call.told("refresh_token")
    del call.values["refresh_token"]


def revoke(call: Call) -> None:
    """A refresh token takes the session with it, an access token only itself."""
    key = f"{call.provider}:{call.told('token')}"
    grant = call.store.get("access", key)
    if grant is None:
        return oauth2.revoke(call)
    grant.revoked = True
    return call.store.put("access", key, grant)


class Rules(oidc.Oidc):
    """The code flow at one realm of one server."""

    rules = {
        **oidc.Oidc.rules,
        "authorize": (
            refusals.unknown_client,
            refusals.redirect_unregistered,
            unknown_realm,
            refusals.misfit,
            refusals.scope_unknown,
            refusals.challenge_method_refused,
            refusals.best_practice,
            oauth2.login_required,
        ),
        "any": (unknown_realm, refusals.misfit),
        "token": (
            refusals.unknown_code,
            of_another_realm,
            refusals.code_used,
            refusals.code_expired,
            refusals.redirect_missing,
            refusals.redirect_mismatch,
            refusals.code_of_another_app,
            refusals.verifier_missing,
            verifier_unexpected,
            verifier_malformed,
            refusals.verifier_wrong,
        ),
        "refresh": (
            refusals.bad_refresh_token,
            of_another_realm,
            refusals.refresh_token_of_another_app,
            refusals.refresh_token_revoked,
            refusals.refresh_token_expired,
        ),
        "revoke": (unreadable_token, token_of_another_app),
        "resource": (
            refusals.bad_token,
            of_another_realm,
            refusals.token_revoked,
            refusals.token_expired,
            refusals.token_of_no_person,
            refusals.person_deleted,
            refusals.missing_scope,
        ),
    }
    acts = {**oidc.Oidc.acts, "refresh": refresh, "revoke": revoke}
    values = {
        **oidc.Oidc.values,
        "session_state": session_state,
        "client_uuid": client_uuid,
        "origin": origin,
        "uid": uid,
        "account_name": username,
        "email_verified": email_verified,
        "backend": backend,
        "jwks": jwks,
        "never": lambda call: None,
    }


# the other side


class Walk(walk.Walk):
    """Logs in at the realm of the setting."""

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "realm": self.wire.settings["KEYCLOAK_REALM"]}


def _elsewhere(walk: walk.Walk, lab: Lab) -> None:
    """Go on at another realm, of a server that has all."""
    lab.world.apps.mode = "learn"
    walk.values["realm"] = "other"


def _without_challenge(walk: walk.Walk, lab: Lab) -> None:
    """As if no code_challenge had been sent at authorize."""
    records, key = lab.simulator.records(lab.world), f"{lab.provider}:{walk.values['code']}"
    grant = records.get("code", key)
    assert grant is not None
    grant.challenge = None
    records.put("code", key, grant)


def _revoke_as_another_app(walk: walk.Walk, lab: Lab) -> None:
    walk.values["token"] = walk.values["refresh_token"]
    provoke.as_another_app(walk, lab)


Walk.provocations = {
    **provoke.OAUTH2,
    "unknown_realm": Provocation("authorize", provoke.put(realm="other")),
    "unknown_realm@token": Provocation("token", provoke.put(realm="other"), "", "unknown_realm"),
    "another_realm@token": Provocation("token", _elsewhere, "", "bad_code"),
    "another_realm@refresh": Provocation("refresh", _elsewhere, "", "bad_refresh_token"),
    "another_realm@resource": Provocation("resource", _elsewhere, "", "bad_token"),
    "bad_scope": Provocation("authorize", provoke.put(scope="openid everything")),
    "code_missing": Provocation("token", provoke.drop("code")),
    "refresh_token_missing": Provocation("refresh", provoke.drop("refresh_token")),
    "verifier_malformed": Provocation("token", provoke.put(code_verifier="short")),
    "verifier_unexpected": Provocation("token", _without_challenge),
    "unreadable_token": Provocation("revoke", provoke.put(token="made-up-token")),
    "token_of_another_app": Provocation("revoke", _revoke_as_another_app),
}
del Walk.provocations["refresh_token_used"]
