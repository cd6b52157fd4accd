"""Checks of an id_token: one refusal, one small function (OIDC Core section 3.1.3.7, RFC 7515, RFC 7517, RFC 8725).

PyJWT verifies the signature; the claims are checked here, against the caller's clock. `UnusableError` carries the code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

LEEWAY = 60  # seconds
# Asymmetric algorithms only: `none` proves nothing, and HS* would take the public key for a secret. HS* is allowed
# where a provider's class says that it signs with the client secret, and then no published key is ever looked at.
KEY_TYPES = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}


class UnusableError(ValueError):
    """The id_token proves nothing. `code` is the machine code, the text a sentence without any claim's value."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = f"id_token_{code}"


def read_header(token: str, secret_algorithms: tuple[str, ...] = ()) -> dict[str, Any]:
    """The header of a compact JWS with an algorithm that is allowed: of `KEY_TYPES`, or signed with the secret."""
    import jwt

    try:
        header: dict[str, Any] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise UnusableError("malformed", "the id_token is no signed JWT") from None
    if not isinstance(header.get("alg"), str) or header["alg"] not in {*KEY_TYPES, *secret_algorithms}:
        raise UnusableError("algorithm", "the id_token is signed with an algorithm that is not allowed")
    if "crit" in header:
        raise UnusableError("malformed", "the id_token has critical headers that nobody here knows")
    return header


def find_key(keys: Any, header: dict[str, Any]) -> Any:
    """The key for a header out of a JWKS, or a `kid to PEM certificate` object; None when it is not there.

    Keys of types this client does not know are passed over: a new one must not break the others' logins.
    """
    kid = header.get("kid")
    if isinstance(keys, dict) and "keys" not in keys:
        return _certificate_key(keys.get(kid) if isinstance(kid, str) else None)
    rows = keys.get("keys") if isinstance(keys, dict) else None
    fitting = [row for row in (rows if isinstance(rows, list) else []) if _fits(row, header)]
    if kid is not None:
        fitting = [row for row in fitting if row.get("kid") == kid]
    elif len(fitting) != 1:
        return None
    return next((key for row in fitting if (key := _loaded(row, header["alg"])) is not None), None)


def _fits(row: Any, header: dict[str, Any]) -> bool:
    return (
        isinstance(row, dict)
        and row.get("kty") == KEY_TYPES[header["alg"]]
        and row.get("use", "sig") == "sig"
        and row.get("alg", header["alg"]) == header["alg"]
    )


def _loaded(row: dict[str, Any], algorithm: str) -> Any:
    import jwt

    try:
        return jwt.PyJWK(row, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None


def _certificate_key(pem: object) -> Any:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(pem.encode()).public_key() if isinstance(pem, str) else None
    except ValueError:
        return None


def verified_claims(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    """The claims, once the signature is right."""
    import jwt

    unchecked = dict.fromkeys(("exp", "nbf", "iat", "aud", "iss", "sub", "jti"), False)
    options: Any = {f"verify_{name}": value for name, value in unchecked.items()} | {"enforce_minimum_key_length": True}
    try:
        claims = jwt.decode(token, key, algorithms=[algorithm], options=options)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise UnusableError("signature", "the id_token's signature is wrong") from None
    return dict(claims)


def claims_by_secret(token: str, secret: str, algorithm: str) -> dict[str, Any]:
    """The claims of a token that HS256, HS384 or HS512 with the client secret signed (OIDC Core section 10.1).

    The provider chose the secret and with it its length, so none is refused but the empty one.
    """
    import jwt

    signed, _, signature = token.rpartition(".")
    made = hmac.new(secret.encode(), signed.encode(), f"sha{algorithm[-3:]}").digest()
    if not secret or not _same(signature, base64.urlsafe_b64encode(made).rstrip(b"=").decode()):
        raise UnusableError("signature", "the id_token's signature is wrong")
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise UnusableError("malformed", "the id_token has no claims") from None


def check_claims(claims: dict[str, Any], *, issuers: tuple[str, ...], audiences: tuple[str, ...], now: float) -> None:
    """OIDC Core section 3.1.3.7 points 2 to 5, 9 and 10."""
    check_issuer(claims, issuers)
    check_audience(claims, audiences)
    check_times(claims, now)
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub or len(sub) > 255:
        raise UnusableError("subject", "the id_token has no usable sub")


def check_issuer(claims: dict[str, Any], issuers: tuple[str, ...]) -> None:
    if claims.get("iss") not in issuers:
        raise UnusableError("issuer", "the id_token is from another issuer")


def check_audience(claims: dict[str, Any], audiences: tuple[str, ...]) -> None:
    aud = claims.get("aud")
    named = [aud] if isinstance(aud, str) else aud
    if not isinstance(named, list) or not any(one in audiences for one in named):
        raise UnusableError("audience", "the id_token is for another app")
    azp = claims.get("azp")
    if (azp is not None or len(named) > 1) and azp not in audiences:
        raise UnusableError("authorized_party", "the id_token was issued to another app")


def check_times(claims: dict[str, Any], now: float) -> None:
    expires, issued, starts = (_date(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise UnusableError("times", "the id_token lacks exp or iat")
    if expires <= now - LEEWAY:
        raise UnusableError("expired", "the id_token has expired")
    if max(issued, starts or issued) > now + LEEWAY:
        raise UnusableError("not_yet_valid", "the id_token is from the future; check this machine's clock")


def _date(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 10**12:
        raise UnusableError("times", f"the id_token's {name} is no date")
    return value


def check_nonce(claims: dict[str, Any], nonce: str, *, required: bool) -> None:
    seen = claims.get("nonce")
    if seen is None and not required:
        return
    if not isinstance(seen, str) or not _same(seen, nonce):
        raise UnusableError("nonce", "the id_token's nonce is not the one of this login")


def check_hash(claims: dict[str, Any], name: str, value: str, algorithm: str) -> None:
    """at_hash or c_hash, when there is one (OIDC Core sections 3.1.3.6 and 3.3.2.11)."""
    seen = claims.get(name)
    if seen is not None and not (isinstance(seen, str) and _same(seen, half_hash(value, algorithm))):
        raise UnusableError(name, f"the id_token's {name} belongs to something else")


def half_hash(value: str, algorithm: str) -> str:
    """The left half of the hash that goes with the algorithm, base64url without padding."""
    size = {"EdDSA": "512"}.get(algorithm, algorithm[-3:])
    digest = hashlib.new(f"sha{size}", value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
