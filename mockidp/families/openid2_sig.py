"""OpenID Authentication 2.0 on the wire: pure functions for associations, signatures, realms and discovery.

Sections are those of the specification of 5 December 2007. State (associations made, nonces used) is the family's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlsplit

from mockidp.errors import MockidpError
from mockidp.wire import Pairs

NS = "http://specs.openid.net/auth/2.0"
SERVER_TYPE = NS + "/server"  # the endpoint asks the user who they are (section 7.3.2.1.1)
SIGNON_TYPE = NS + "/signon"  # the document is about one claimed identifier (section 7.3.2.1.2)
IDENTIFIER_SELECT = NS + "/identifier_select"

ASSOCIATIONS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}  # section 8.3: type -> hash
SESSIONS = {"no-encryption": "", "DH-SHA1": "sha1", "DH-SHA256": "sha256"}  # section 8.4
MUST_BE_SIGNED = ("op_endpoint", "return_to", "response_nonce", "assoc_handle")  # section 10.1
SIGNED_IF_PRESENT = ("claimed_id", "identity")

MODULUS = int(  # appendix B: the default modulus for Diffie-Hellman
    "DCF93A0B883972EC0E19989AC5A2CE310E1D37717E8D9571BB7623731866E61EF75A2E27898B057F9891C2E27A639C3F"
    "29B60814581CD3B2CA3986D2683705577D45C2E7E52DC81C7A171876E5CEA74B1448BFDFAF18828EFD2519F14E45E382"
    "6634AF1949E5B535CC829A483B8A76223E5D490A257F05BDFF16F2FB22C583AB",
    16,
)
GENERATOR = 2
MODULUS_BITS = 4096  # a larger one would keep the process busy: the peer chooses it


class OpenIDError(MockidpError):
    """A message that the specification does not allow: the text says which part."""

    code = "bad_openid2"


# Numbers and key-value form (section 4)


def btwoc(number: int) -> bytes:
    """Big-endian two's complement, the shortest form, never negative (section 4.2)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def unbtwoc(data: bytes) -> int:
    """Undo `btwoc`; OpenIDError for nothing and for a negative number."""
    if not data or data[0] & 0x80:
        raise OpenIDError("not a number in btwoc")
    return int.from_bytes(data, "big")


def number(text: str) -> int:
    """A number from base64 of its btwoc, as in `dh_modulus`."""
    return unbtwoc(_unbase64(text))


def base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise OpenIDError("not base64") from error


def key_values(pairs: Iterable[tuple[str, str]]) -> str:
    """Key-value form: one `key:value` a line (section 4.1.1); OpenIDError for what would break out of it."""
    lines = []
    for key, value in pairs:
        if ":" in key or "\n" in key or "\n" in value:
            raise OpenIDError(f"{key!r} does not fit into key-value form")
        lines.append(f"{key}:{value}\n")
    return "".join(lines)


def parse_key_values(text: str) -> Pairs:
    """Undo `key_values`; OpenIDError for a line without a key, with space around either part, or without an end."""
    *lines, rest = text.split("\n")
    if rest:
        raise OpenIDError("the last line does not end")
    pairs: Pairs = []
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or not key or key != key.strip() or value != value.strip():
            raise OpenIDError(f"not a line of key-value form: {line!r}")
        pairs.append((key, value))
    return pairs


# Associations (section 8)


def fits(assoc_type: str, session_type: str) -> bool:
    """Whether a session can carry the key of an association: the hash must be as long as the key (section 8.4)."""
    digest = SESSIONS.get(session_type)
    return assoc_type in ASSOCIATIONS and digest is not None and digest in ("", ASSOCIATIONS[assoc_type])


def key_size(assoc_type: str) -> int:
    """Bytes of the secret of an association."""
    return hashlib.new(ASSOCIATIONS[assoc_type]).digest_size


def public_number(private: int, modulus: int = MODULUS, generator: int = GENERATOR) -> int:
    """One side's half of the exchange."""
    return pow(generator, private, modulus)


def check_exchange(public: int, modulus: int, generator: int) -> None:
    """OpenIDError for numbers that give the secret away or would take long to calculate with."""
    if not 2 < modulus < 1 << MODULUS_BITS or modulus % 2 == 0:
        raise OpenIDError(f"dh_modulus is no odd number of at most {MODULUS_BITS} bits")
    if not 1 < generator < modulus - 1:
        raise OpenIDError("dh_gen is not between 1 and dh_modulus")
    if not 1 < public < modulus - 1:
        raise OpenIDError("the public key is not between 1 and dh_modulus")


def masked(secret: bytes, peer_public: int, private: int, session_type: str, modulus: int = MODULUS) -> bytes:
    """The MAC key under the hash of the shared number, and back again: it is its own inverse (section 8.2.3)."""
    digest = SESSIONS.get(session_type)
    if not digest:
        raise OpenIDError(f"{session_type!r} masks nothing")
    mask = hashlib.new(digest, btwoc(pow(peer_public, private, modulus))).digest()
    if len(mask) != len(secret):
        raise OpenIDError(f"{session_type} carries {len(mask)} bytes, not {len(secret)}")
    return bytes(a ^ b for a, b in zip(mask, secret, strict=True))


def dh_answer(request: Mapping[str, str], secret: bytes, private: int) -> dict[str, str]:
    """What a provider adds to its answer: `dh_server_public` and `enc_mac_key` (section 8.2.3).

    `request` holds the fields of the association request without `openid.`; OpenIDError for numbers that won't do.
    """
    modulus = number(request["dh_modulus"]) if "dh_modulus" in request else MODULUS
    generator = number(request["dh_gen"]) if "dh_gen" in request else GENERATOR
    if "dh_consumer_public" not in request:
        raise OpenIDError("dh_consumer_public is missing")
    public = number(request["dh_consumer_public"])
    check_exchange(public, modulus, generator)
    key = masked(secret, public, private, request.get("session_type", ""), modulus)
    return {
        "dh_server_public": base64(btwoc(public_number(private, modulus, generator))),
        "enc_mac_key": base64(key),
    }


def mac_key(answer: Mapping[str, str], session_type: str, private: int) -> bytes:
    """The MAC key in an association answer, for the side that asked with the default numbers."""
    if session_type == "no-encryption":
        return _unbase64(answer["mac_key"])
    return masked(_unbase64(answer["enc_mac_key"]), number(answer["dh_server_public"]), private, session_type)


# Signatures (section 6)


def signature(fields: Mapping[str, str], signed: str, key: bytes, assoc_type: str) -> str:
    """The MAC over the fields that the comma-separated `signed` names, in base64 (section 6.1).

    `fields` carry the prefix `openid.`, `signed` does not. OpenIDError for a named field that is missing.
    """
    names = signed.split(",")
    for name in names:
        if f"openid.{name}" not in fields:
            raise OpenIDError(f"the field {name!r} is signed and missing")
    if assoc_type not in ASSOCIATIONS:
        raise OpenIDError(f"unknown association type {assoc_type!r}")
    text = key_values((name, fields[f"openid.{name}"]) for name in names)
    return base64(hmac.digest(key, text.encode("utf-8", "surrogateescape"), ASSOCIATIONS[assoc_type]))


def verify(fields: Mapping[str, str], key: bytes, assoc_type: str) -> bool:
    """Whether `openid.sig` is right for `openid.signed`, in constant time; OpenIDError when either is missing."""
    if "openid.sig" not in fields or "openid.signed" not in fields:
        raise OpenIDError("the message is not signed")
    expected = signature(fields, fields["openid.signed"], key, assoc_type)
    return hmac.compare_digest(expected.encode(), fields["openid.sig"].encode("utf-8", "surrogatepass"))


def unsigned_fields(fields: Mapping[str, str]) -> list[str]:
    """The fields that a positive assertion has to sign and does not (section 10.1)."""
    signed = fields.get("openid.signed", "").split(",")
    needed = [*MUST_BE_SIGNED, *(name for name in SIGNED_IF_PRESENT if f"openid.{name}" in fields)]
    return [name for name in needed if name not in signed]


# Response nonce (section 10.1)


_NONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)([\x21-\x7e]*)", re.ASCII)
NONCE_LENGTH = 255


def make_nonce(now: float, salt: str) -> str:
    """The time in UTC, to the second, and what makes it unique; `now` in seconds since 1970."""
    return f"{datetime.fromtimestamp(int(now), UTC):%Y-%m-%dT%H:%M:%SZ}{salt}"


def parse_nonce(nonce: str) -> tuple[int, str]:
    """Seconds since 1970 and the salt; OpenIDError for any other shape."""
    found = _NONCE.fullmatch(nonce)
    if found is None or len(nonce) > NONCE_LENGTH:
        raise OpenIDError("response_nonce is malformed")
    try:
        when = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise OpenIDError("response_nonce holds no date") from error
    return int(when.timestamp()), found[2]


# Realms (section 9.2)


@dataclass(frozen=True)
class Realm:
    """A URL in parts; `wildcard` when its host began with `*.`, and `host` is what followed."""

    scheme: str
    wildcard: bool
    host: str
    port: int
    target: str  # path and query

    @property
    def too_general(self) -> bool:
        """A wildcard over all hosts or over a top-level domain: section 9.2 tells providers to warn of it."""
        return self.wildcard and "." not in self.host.rstrip(".")


_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_realm(text: str) -> Realm:
    """OpenIDError unless `text` is an http URL without userinfo and fragment, a wildcard at most at its beginning."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OpenIDError("the realm is no URL") from error
    if parts.scheme not in DEFAULT_PORTS or _UNSAFE.search(text) or "#" in text or "@" in parts.netloc:
        raise OpenIDError("the realm is no http URL, or has userinfo or a fragment")
    wildcard = host == "*" or host.startswith("*.")
    rest = host[2:] if wildcard else host
    if "*" in rest or ((rest or not wildcard) and not all(rest.removesuffix(".").split("."))):
        raise OpenIDError("the realm has no valid host name")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Realm(parts.scheme, wildcard, rest, port or DEFAULT_PORTS[parts.scheme], target)


def in_realm(realm: str, return_to: str) -> bool:
    """Whether a URL matches a realm (section 9.2). False, too, when either cannot be parsed."""
    try:
        wide, url = parse_realm(realm), parse_realm(return_to)
    except OpenIDError:
        return False
    return (
        not url.wildcard
        and (url.scheme, url.port) == (wide.scheme, wide.port)
        and _host_in(wide, url.host)
        and _below(wide.target, url.target)
    )


def _host_in(realm: Realm, host: str) -> bool:
    return host == realm.host or (realm.wildcard and (not realm.host or host.endswith(f".{realm.host}")))


_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def _below(realm: str, url: str) -> bool:
    if url == realm:
        return True
    if not url.startswith(realm) or _DOTS.search(url.partition("?")[0]):  # a browser would climb out
        return False
    following = url[len(realm)]
    return following == "&" if "?" in realm else realm.endswith("/") or following in "/?"


# Discovery (section 7.3)


@dataclass(frozen=True)
class Service:
    """One service of an XRDS document; a lower priority is preferred."""

    uri: str
    types: tuple[str, ...] = (SERVER_TYPE,)
    local_id: str = ""
    priority: int = 0


def xrds(services: Iterable[Service]) -> str:
    """An XRDS document, to be served as application/xrds+xml (Yadis 1.0; section 7.3.2)."""
    body = "".join(_service(service) for service in services)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)">\n'
        f"  <XRD>\n{body}  </XRD>\n</xrds:XRDS>\n"
    )


def _service(service: Service) -> str:
    types = "".join(f"      <Type>{escape(item)}</Type>\n" for item in service.types)
    local = f"      <LocalID>{escape(service.local_id)}</LocalID>\n" if service.local_id else ""
    uri = f"      <URI>{escape(service.uri)}</URI>\n"
    return f'    <Service priority="{service.priority}">\n{types}{uri}{local}    </Service>\n'


def html_links(endpoint: str, local_id: str = "") -> str:
    """The link elements of HTML-based discovery, for both versions of the protocol (section 7.3.3)."""
    links = [("openid2.provider openid.server", endpoint), ("openid2.local_id openid.delegate", local_id)]
    return "".join(f'<link rel="{rel}" href="{escape(href)}">\n' for rel, href in links if href)
