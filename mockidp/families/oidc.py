"""OpenID Connect Core 1.0 on top of OAuth 2.0: the signed identity token, its keys, and what is asked of a login.

The faults of a signed token are here too, since only the code that signs can sign wrongly.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mockidp import jose
from mockidp.contract.body import Body
from mockidp.families import oauth2, session
from mockidp.families.base import Call
from mockidp.faults import Fault
from mockidp.keys import Key, KeyRing


def ring(call: Call) -> KeyRing:
    """The provider's keys in this world."""
    return call.world.keys(call.provider)


def nonce(call: Call) -> str | None:
    """The nonce of the authorize request, where the provider echoes it."""
    spec = call.wire.spec.id_token
    if spec is not None and spec.nonce == "dropped":
        return None
    return call.grant.nonce if call.grant is not None else None


def issue_id_token(call: Call) -> str | None:
    """The signed claims about the person, for the app, as the contract has them."""
    spec, body = call.wire.spec.id_token, call.wire.claims
    if spec is None or body is None:
        return None
    faults = call.faults("token", *CLAIM_FAULTS, *SIGNATURE_FAULTS)
    claims = filled(call, body)
    if "auth_time" not in claims and call.values["max_age"] is not None:
        claims["auth_time"] = auth_time(call)  # required where the app asks how old the login is
    for fault in faults:
        if fault.name in CLAIM_FAULTS:
            CLAIM_FAULTS[fault.name](claims, call)
    secret = str(call.values["app.secret"]) if spec.alg == "HS256" else None
    return _signed(claims, ring(call), spec.keys or spec.alg, faults, secret)


def filled(call: Call, body: Body) -> dict[str, Any]:
    """The claims with every value in its place, and the provider's URLs as this caller writes them."""
    claims: dict[str, Any] = body.filled(call.values, call.granted, call.person)
    if not call.request.base:
        return claims
    return {key: call.outward(value) if isinstance(value, str) else value for key, value in claims.items()}


def issue_access(call: Call) -> str:
    """An access token: signed claims where the contract has them, opaque elsewhere (RFC 9068)."""
    spec, body = call.wire.spec.access_token, call.wire.access_claims
    if spec is None or body is None:
        return oauth2.issue_access(call)
    return oauth2.issue_access(call, jose.sign(filled(call, body), ring(call).signing(spec.alg)))


def _signed(claims: dict[str, Any], keys: KeyRing, alg: str, faults: list[Fault], secret: str | None = None) -> str:
    """Signed with a published key or, where the app's secret is the key, with that (OIDC Core 10.1)."""
    key = keys.signing(alg)
    names = {fault.name for fault in faults}
    if "alg_none" in names:
        return jose.unsigned(claims, {"kid": key.kid})
    if "hs256_public_key" in names:
        pem = key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return jose.sign(claims, Key(key.kid, "HS256", pem))
    if secret is not None:
        another = {"wrong_key", "unknown_kid"} & names
        return jose.sign(claims, Key("", "HS256", f"{secret}{'-of another app' if another else ''}".encode()))
    if "wrong_key" in names:
        return jose.sign(claims, keys.stranger(alg), header={"kid": key.kid})
    return jose.sign(claims, keys.stranger(alg) if "unknown_kid" in names else key)


def _expired(claims: dict[str, Any], call: Call) -> None:
    claims["iat"], claims["exp"] = int(call.now) - 7200, int(call.now) - 3600


def _early(claims: dict[str, Any], call: Call) -> None:
    claims["iat"] = claims["nbf"] = int(call.now) + 3600
    claims["exp"] = int(call.now) + 7200


SIGNATURE_FAULTS = ("alg_none", "hs256_public_key", "wrong_key", "unknown_kid")
CLAIM_FAULTS: dict[str, Any] = {
    "id_token_expired": _expired,
    "id_token_not_yet_valid": _early,
    "wrong_iss": lambda claims, call: claims.update(iss="https://issuer.invalid"),
    "wrong_aud": lambda claims, call: claims.update(aud="another-app"),
    "wrong_nonce": lambda claims, call: claims.update(nonce="another-nonce"),
    "missing_nonce": lambda claims, call: claims.pop("nonce", None),
    "wrong_at_hash": lambda claims, call: claims.update(at_hash=jose.half_hash("another token", "RS256")),
}


def half_hash_of(name: str, group: str) -> Any:
    """A value: the left half of the hash of what the same answer carries (OIDC Core 3.1.3.6, 3.3.2.11)."""

    def value(call: Call) -> str | None:
        if call.group != group:
            return None
        spec, text = call.wire.spec.id_token, call.values[name]
        return None if text is None or spec is None else jose.half_hash(str(text), spec.alg)

    return value


def auth_time(call: Call) -> int:
    """When the person logged in: before the code was issued, where it came without a page (OIDC Core 2)."""
    if call.grant is None:
        return session.since(call)
    return int(call.grant.facts.get("authenticated") or call.grant.issued)


def pairwise(call: Call) -> str:
    """A subject of this app alone: the same person is somebody else at another app (OIDC Core 8.1)."""
    person = call.person.number if call.person else 0
    return hashlib.sha256(f"{call.provider}:{call.values['app.id']}:{person}".encode()).hexdigest()[:32]


class Oidc(oauth2.OAuth2):
    """The code flow with an identity token."""

    acted_out = frozenset({*CLAIM_FAULTS, *SIGNATURE_FAULTS})
    values = {
        **oauth2.OAuth2.values,
        "id_token": issue_id_token,
        "auth_time": auth_time,
        "access_token": issue_access,
        "access_token_expires": lambda call: int(call.now) + call.lifetime("access_token"),
        "nonce": nonce,
        "at_hash": half_hash_of("access_token", "token"),
        "c_hash": half_hash_of("code", "authorize"),
        "sub_for_app": pairwise,
        "jwks": lambda call: ring(call).published(),
        "certificates": lambda call: ring(call).certificates(),
        "id_token_expires": lambda call: (
            int(call.now) + (call.wire.spec.id_token.lifetime if call.wire.spec.id_token else 0)
        ),
    }
