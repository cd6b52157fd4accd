"""OAuth 1.0a signatures (RFC 5849 section 3): what is signed, how, and the header that carries it. No requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlsplit

Pairs = Iterable[tuple[str, str]]


def escape(text: str) -> str:
    """Percent-encoding of section 3.6: everything but unreserved characters, in upper case hex."""
    return quote(text, safe="-._~")


def base_string(method: str, url: str, params: Pairs) -> str:
    """The signature base string of section 3.4.1; `params` are those of the header and of a form body."""
    everything = [*parse_qsl(urlsplit(url).query, keep_blank_values=True), *params]
    return "&".join(escape(part) for part in (method.upper(), base_uri(url), normalized(everything)))


def base_uri(url: str) -> str:
    """Scheme, host and path in the form of section 3.4.1.2: lower case, no default port, no query."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port is not None and (parts.scheme.lower(), parts.port) not in (("http", 80), ("https", 443)):
        host = f"{host}:{parts.port}"
    return f"{parts.scheme.lower()}://{host}{parts.path or '/'}"


def normalized(params: Pairs) -> str:
    """Section 3.4.1.3.2: encoded, then sorted by name and value; realm and the signature itself are left out."""
    encoded = sorted(
        (escape(name), escape(value)) for name, value in params if name not in ("realm", "oauth_signature")
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def hmac_sha1(base: str, consumer_secret: str, token_secret: str) -> str:
    """Section 3.4.2."""
    digest = hmac.new(plaintext(consumer_secret, token_secret).encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def plaintext(consumer_secret: str, token_secret: str) -> str:
    """Section 3.4.4; also the key of HMAC-SHA1."""
    return f"{escape(consumer_secret)}&{escape(token_secret)}"


def authorization(params: Mapping[str, str]) -> str:
    """The Authorization header of section 3.5.1."""
    return "OAuth " + ", ".join(f'{escape(name)}="{escape(value)}"' for name, value in params.items())
