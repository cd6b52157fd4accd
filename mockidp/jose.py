"""Signed tokens as a provider makes and reads them: JWS compact serialisation only (RFC 7515, 7518, 8037).

Every algorithm is one row of `ALGORITHMS`: the hash, the kind of key it takes, how to sign, how to check.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from mockidp.errors import MockidpError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Jwk = dict[str, str]

ES256_CURVE, ES384_CURVE = ec.SECP256R1(), ec.SECP384R1()
CURVES: dict[str, ec.EllipticCurve] = {"P-256": ES256_CURVE, "P-384": ES384_CURVE}
CURVE_NAMES = {curve.name: name for name, curve in CURVES.items()}

_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_+/", b"+/!!")
_encode_json = msgspec.json.encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


class JoseError(MockidpError):
    """A token that is malformed, is signed with another algorithm or key, or a key that does not fit."""

    code = "bad_jws"


class SigningKey(Protocol):
    """What `sign` needs to know of a key; `private` is bytes for HS256."""

    @property
    def kid(self) -> str: ...
    @property
    def alg(self) -> str: ...
    @property
    def private(self) -> PrivateKey | bytes: ...


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return b64encode(data).rstrip(b"=").translate(_TO_URL).decode("ascii")


def unb64url(text: str) -> bytes:
    """Decode base64url; JoseError for padding, foreign characters and any spelling that `b64url` would not give."""
    try:
        raw = text.encode("ascii")
        data = b64decode((raw + b"=" * (-len(raw) % 4)).translate(_FROM_URL))
    except (UnicodeEncodeError, Base64Error) as error:
        raise JoseError("not base64url") from error
    if b64url(data) != text:
        raise JoseError("not canonical base64url without padding")
    return data


# One algorithm, one row


class _MisfitError(Exception):
    """The key is of another kind than the algorithm takes."""


@dataclass(frozen=True)
class Algorithm:
    digest: str
    sign: Callable[[Any, bytes], bytes]
    check: Callable[[Any, bytes, bytes], None]  # raises InvalidSignature or _MisfitError


def _hmac(digest: str) -> Algorithm:
    def sign(secret: object, data: bytes) -> bytes:
        if not isinstance(secret, bytes):
            raise _MisfitError
        return hmac.digest(secret, data, digest)

    def check(secret: object, data: bytes, signature: bytes) -> None:
        if not hmac.compare_digest(sign(secret, data), signature):
            raise InvalidSignature

    return Algorithm(digest, sign, check)


def _rsa(digest: str, pad: padding.AsymmetricPadding, algorithm: hashes.HashAlgorithm) -> Algorithm:
    def sign(key: object, data: bytes) -> bytes:
        if not isinstance(key, rsa.RSAPrivateKey):
            raise _MisfitError
        return key.sign(data, pad, algorithm)

    def check(key: object, data: bytes, signature: bytes) -> None:
        if not isinstance(key, rsa.RSAPublicKey):
            raise _MisfitError
        key.verify(signature, data, pad, algorithm)

    return Algorithm(digest, sign, check)


def _ecdsa(digest: str, curve: ec.EllipticCurve, algorithm: hashes.HashAlgorithm) -> Algorithm:
    """JWS carries R and S side by side, each as long as the curve (RFC 7518, section 3.4), not DER."""
    size, ecdsa = (curve.key_size + 7) // 8, ec.ECDSA(algorithm)

    def sign(key: object, data: bytes) -> bytes:
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != curve.name:
            raise _MisfitError
        r, s = decode_dss_signature(key.sign(data, ecdsa))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def check(key: object, data: bytes, signature: bytes) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != curve.name:
            raise _MisfitError
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        key.verify(encode_dss_signature(r, s), data, ecdsa)

    return Algorithm(digest, sign, check)


def _eddsa() -> Algorithm:
    def sign(key: object, data: bytes) -> bytes:
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise _MisfitError
        return key.sign(data)

    def check(key: object, data: bytes, signature: bytes) -> None:
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise _MisfitError
        key.verify(signature, data)

    return Algorithm("sha512", sign, check)


_PKCS1 = padding.PKCS1v15()
_PSS256 = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
_PSS384 = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)

ALGORITHMS: dict[str, Algorithm] = {
    "HS256": _hmac("sha256"),
    "RS256": _rsa("sha256", _PKCS1, hashes.SHA256()),
    "RS384": _rsa("sha384", _PKCS1, hashes.SHA384()),
    "RS512": _rsa("sha512", _PKCS1, hashes.SHA512()),
    "PS256": _rsa("sha256", _PSS256, hashes.SHA256()),
    "PS384": _rsa("sha384", _PSS384, hashes.SHA384()),
    "ES256": _ecdsa("sha256", ES256_CURVE, hashes.SHA256()),
    "ES384": _ecdsa("sha384", ES384_CURVE, hashes.SHA384()),
    "EdDSA": _eddsa(),
}


def _algorithm(alg: str) -> Algorithm:
    found = ALGORITHMS.get(alg)
    if found is None:
        raise JoseError(f"unknown algorithm {alg!r}")
    return found


def make_signature(alg: str, private: PrivateKey | bytes, data: bytes) -> bytes:
    """The raw JWS signature over `data`; JoseError for an unknown algorithm or a key of another kind."""
    try:
        return _algorithm(alg).sign(private, data)
    except _MisfitError:
        raise JoseError(f"this key cannot sign {alg}") from None


def check_signature(alg: str, public: PublicKey | bytes, data: bytes, signature: bytes) -> None:
    """JoseError unless `signature` is one of `alg` by that key over `data`."""
    try:
        _algorithm(alg).check(public, data, signature)
    except _MisfitError:
        raise JoseError(f"this key cannot verify {alg}") from None
    except InvalidSignature:
        raise JoseError("the signature does not match") from None


# Tokens


@lru_cache(maxsize=512)
def _plain_header(alg: str, kid: str) -> str:
    return b64url(_encode_json({"alg": alg, "kid": kid, "typ": "JWT"} if kid else {"alg": alg, "typ": "JWT"})) + "."


def _custom_header(alg: str, kid: str, header: Mapping[str, Any]) -> str:
    members = {"alg": alg, "kid": kid or None, "typ": "JWT", **header}
    return b64url(_encode_json({name: value for name, value in members.items() if value is not None})) + "."


def sign(
    claims: Mapping[str, Any], key: SigningKey, *, header: Mapping[str, Any] | None = None, alg: str | None = None
) -> str:
    """A JWS over the claims in their order. `header` adds to `alg`, `kid`, `typ: JWT` and wins; None drops a member.

    `alg` is the key's own unless given; JoseError when the key cannot sign with it.
    """
    alg = alg or key.alg
    head = _plain_header(alg, key.kid) if header is None else _custom_header(alg, key.kid, header)
    text = head + b64url(_encode_json(claims))
    return f"{text}.{b64url(make_signature(alg, key.private, text.encode('ascii')))}"


def unsigned(claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
    """An unsecured token, `alg` none (RFC 7515, appendix A.5): what no client may accept."""
    head = _encode_json({"alg": "none", **(header or {})})
    return f"{b64url(head)}.{b64url(_encode_json(claims))}."


def _object(part: str, name: str) -> dict[str, Any]:
    try:
        return _decode_object(unb64url(part))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise JoseError(f"the {name} is no JSON object") from error
    except JoseError as error:
        raise JoseError(f"the {name} is {error}") from error


def split(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, signing input and signature, none of them checked; JoseError for whatever is malformed."""
    parts = token.split(".")
    if len(parts) != 3:
        raise JoseError(f"a JWS has three parts, this has {len(parts)}")
    header, claims = _object(parts[0], "header"), _object(parts[1], "payload")
    if not isinstance(header.get("alg"), str):
        raise JoseError("the header names no algorithm")
    try:
        signature = unb64url(parts[2])
    except JoseError as error:
        raise JoseError(f"the signature is {error}") from error
    return header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), signature


def verify(token: str, public_key: PublicKey | bytes, algs: Collection[str]) -> dict[str, Any]:
    """The claims of a token signed by that key with one of `algs`; times and audience are the caller's to judge.

    JoseError otherwise, also for `alg` none and for a `crit` header (RFC 7515, section 4.1.11).
    """
    header, claims, data, signature = split(token)
    if header["alg"] not in algs:
        raise JoseError(f"signed with {header['alg']!r}, expected {' or '.join(algs)}")
    if "crit" in header:
        raise JoseError("the header names critical extensions, and none is understood")
    check_signature(header["alg"], public_key, data, signature)
    return claims


def half_hash(value: str, alg: str) -> str:
    """`at_hash`, `c_hash`: the left half of the algorithm's hash of an ASCII value (OIDC Core 3.1.3.6, 3.3.2.11)."""
    digest = getattr(hashlib, _algorithm(alg).digest)(value.encode("utf-8")).digest()
    return b64url(digest[: len(digest) // 2])


# Keys on the wire


def _number(value: int, size: int | None = None) -> str:
    return b64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public_jwk(key: PublicKey) -> Jwk:
    """The required members of a public JWK (RFC 7517, 7518 section 6, 8037), no `kid`, `use` or `alg`."""
    if isinstance(key, rsa.RSAPublicKey):
        rsa_numbers = key.public_numbers()
        return {"kty": "RSA", "n": _number(rsa_numbers.n), "e": _number(rsa_numbers.e)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64url(key.public_bytes_raw())}
    name, size, point = CURVE_NAMES.get(key.curve.name), (key.curve.key_size + 7) // 8, key.public_numbers()
    if name is None:
        raise JoseError(f"no JWK for the curve {key.curve.name}")
    return {"kty": "EC", "crv": name, "x": _number(point.x, size), "y": _number(point.y, size)}


def from_jwk(jwk: Mapping[str, object]) -> PublicKey:
    """The public key that a JWK holds; JoseError for one that is incomplete, of an unknown kind or no valid point."""

    def member(name: str) -> bytes:
        value = jwk.get(name)
        if not isinstance(value, str):
            raise JoseError(f"the JWK has no {name!r}")
        return unb64url(value)

    def number(name: str) -> int:
        return int.from_bytes(member(name), "big")

    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "RSA", _:
                return rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
            case "EC", str(crv) if crv in CURVES:
                return ec.EllipticCurvePublicNumbers(number("x"), number("y"), CURVES[crv]).public_key()
            case "OKP", "Ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(member("x"))
    except ValueError as error:
        raise JoseError("the JWK holds no valid key") from error
    raise JoseError("a JWK of an unknown kind")


def thumbprint(jwk: Mapping[str, str]) -> bytes:
    """SHA-256 over the required members in alphabetical order, 32 bytes (RFC 7638, section 3)."""
    required = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    return hashlib.sha256(_encode_json({name: jwk[name] for name in required})).digest()
