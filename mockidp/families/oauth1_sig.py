"""OAuth 1.0 signatures (RFC 5849, section 3): pure functions, for the server that checks and the walker that signs.

Text is kept byte for byte: what is no UTF-8 travels through `surrogateescape`, since a signature covers it as sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mockidp.errors import MockidpError
from mockidp.wire import Pairs, Request

DEFAULT_PORTS = {"http": 80, "https": 443}


class OAuth1Error(MockidpError):
    """A request that cannot be read as OAuth 1.0: a malformed header, a parameter given twice, an unknown method."""

    code = "bad_oauth1"


def encode(text: str) -> str:
    """Percent-encoding of everything but letters, digits and `-._~`, in upper case (section 3.6)."""
    return quote(text, safe="", encoding="utf-8", errors="surrogateescape")


def decode(text: str) -> str:
    """Undo `encode`; a plus sign stays one."""
    return unquote(text, encoding="utf-8", errors="surrogateescape")


# Parameters


_PARAMETER = re.compile(r'\s*([^\s=,"]+)\s*=\s*"([^"]*)"\s*(?:,|$)')


def parse_authorization(value: str) -> Pairs:
    """The decoded parameters of an `Authorization: OAuth` header without `realm` (section 3.5.1).

    Empty for another scheme or none; OAuth1Error for what does not parse to the end.
    """
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "oauth":
        return []
    pairs: Pairs = []
    position = 0
    while position < len(rest):
        found = _PARAMETER.match(rest, position)
        if found is None:
            raise OAuth1Error(f"the Authorization header is malformed at character {position + 1} after the scheme")
        pairs.append((decode(found[1]), decode(found[2])))
        position = found.end()
    return [pair for pair in pairs if pair[0] != "realm"]


def authorization(parameters: Iterable[tuple[str, str]], realm: str | None = None) -> str:
    """An `Authorization` header value; `realm` comes first and is not encoded."""
    first = [] if realm is None else [f'realm="{realm}"']
    return "OAuth " + ", ".join([*first, *(f'{encode(name)}="{encode(value)}"' for name, value in parameters)])


def parse_form(text: str) -> Pairs:
    """Decoded pairs of a query or a form, blank values kept, plus as space (section 3.4.1.3.1)."""
    return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")


@dataclass(frozen=True)
class Signed:
    """What a request says: its protocol parameters, where each one travelled, and all pairs that are signed."""

    protocol: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # name -> header, query or form
    pairs: Pairs = field(default_factory=list)


def read(request: Request) -> Signed:
    """Collect the parameters of a request from all three places (section 3.4.1.3.1).

    OAuth1Error when the header is malformed or a protocol parameter comes more than once (section 3.2).
    """
    form = request.body.decode("utf-8", "surrogateescape")
    sources = {
        "header": parse_authorization(request.headers.get("authorization", "")),
        "query": parse_form(request.query),
        "form": parse_form(form) if request.content_type == "application/x-www-form-urlencoded" else [],
    }
    signed = Signed()
    for place, pairs in sources.items():
        signed.pairs.extend(pairs)
        for name, value in pairs:
            if not name.startswith("oauth_"):
                continue
            if name in signed.protocol:
                raise OAuth1Error(f"{name} comes more than once")
            signed.protocol[name], signed.places[name] = value, place
    return signed


# The signature base string


def base_uri(url: str) -> str:
    """Scheme and host in lower case, a port unless it is the default, the path as sent (section 3.4.1.2)."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OAuth1Error("the port is no number") from error
    host = f"[{host}]" if ":" in host else host
    authority = host if port in (None, DEFAULT_PORTS.get(parts.scheme)) else f"{host}:{port}"
    return f"{parts.scheme}://{authority}{parts.path or '/'}"


def normalized(pairs: Iterable[tuple[str, str]]) -> str:
    """Encoded, then sorted by name and value, without the signature itself (section 3.4.1.3.2)."""
    encoded = sorted((encode(name), encode(value)) for name, value in pairs if name != "oauth_signature")
    return "&".join(f"{name}={value}" for name, value in encoded)


def base_string(method: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """What is signed. `url` is absolute and as the caller wrote it; its query counts only through `pairs`."""
    return "&".join((encode(method.upper()), encode(base_uri(url)), encode(normalized(pairs))))


# Signature methods


def plaintext(client_secret: str, token_secret: str = "") -> str:
    """The two secrets, encoded (section 3.4.4); also the key of HMAC-SHA1."""
    return f"{encode(client_secret)}&{encode(token_secret)}"


def hmac_sha1(base: str, client_secret: str, token_secret: str = "") -> str:
    """HMAC-SHA1 in base64 (section 3.4.2)."""
    key = plaintext(client_secret, token_secret).encode("ascii")
    return b64encode(hmac.digest(key, base.encode("ascii"), hashlib.sha1)).decode("ascii")


@dataclass(frozen=True)
class Secrets:
    """What a signature is checked with: both secrets, or the client's public key for RSA-SHA1."""

    client: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    public_key: rsa.RSAPublicKey | None = None


def _equal(expected: str, got: str) -> bool:
    return hmac.compare_digest(expected.encode("ascii"), got.encode("utf-8", "surrogatepass"))


def _verify_rsa_sha1(base: str, signature: str, secrets: Secrets) -> bool:
    if secrets.public_key is None:
        return False
    try:
        raw = b64decode(signature, validate=True)
        secrets.public_key.verify(raw, base.encode("ascii"), padding.PKCS1v15(), hashes.SHA1())
    except (Base64Error, ValueError, InvalidSignature):
        return False
    return True


METHODS: dict[str, Callable[[str, str, Secrets], bool]] = {
    "HMAC-SHA1": lambda base, got, secrets: _equal(hmac_sha1(base, secrets.client, secrets.token), got),
    "PLAINTEXT": lambda base, got, secrets: _equal(plaintext(secrets.client, secrets.token), got),
    "RSA-SHA1": _verify_rsa_sha1,
}


def verify(method: str, base: str, signature: str, secrets: Secrets) -> bool:
    """Whether a signature is right, in constant time; OAuth1Error for a method that RFC 5849 does not have."""
    if method not in METHODS:
        raise OAuth1Error(f"unknown signature method {method!r}; there are {', '.join(METHODS)}")
    return METHODS[method](base, signature, secrets)
