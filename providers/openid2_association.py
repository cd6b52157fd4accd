"""Associations and signatures of OpenID Authentication 2.0 (sections 4, 6, 8 and appendix B). No requests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NAMESPACE = "http://specs.openid.net/auth/2.0"
GENERATOR = 2
# Appendix B, the default modulus p.
MODULUS = int(
    "DCF93A0B883972EC0E19989AC5A2CE310E1D37717E8D9571BB7623731866E61EF75A2E27898B057F9891C2E27A639C3F29B60814581CD3B2"
    "CA3986D2683705577D45C2E7E52DC81C7A171876E5CEA74B1448BFDFAF18828EFD2519F14E45E3826634AF1949E5B535CC829A483B8A7622"
    "3E5D490A257F05BDFF16F2FB22C583AB",
    16,
)


class Kind(NamedTuple):
    """An association type and the session type that carries its key."""

    assoc_type: str
    session_type: str


HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256", "DH-SHA1": "sha1", "DH-SHA256": "sha256"}
DEFAULT = Kind("HMAC-SHA256", "DH-SHA256")


@dataclass(frozen=True, slots=True)
class Association:
    """A shared MAC key. `expires_at` is Unix seconds."""

    handle: str
    assoc_type: str
    mac_key: bytes = field(repr=False)
    expires_at: float


def usable(kind: Kind, *, over_tls: bool) -> bool:
    """Whether this client speaks the kind; a key in the clear needs TLS (section 8.4.1)."""
    if kind.assoc_type not in ("HMAC-SHA1", "HMAC-SHA256"):
        return False
    return (
        over_tls if kind.session_type == "no-encryption" else kind.session_type == kind.assoc_type.replace("HMAC", "DH")
    )


def btwoc(number: int) -> bytes:
    """The shortest big-endian two's complement of a non-negative number (section 4.2)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def number(encoded: str) -> int:
    """The number in base64 of its btwoc; ValueError if it is none."""
    return int.from_bytes(base64.b64decode(encoded, validate=True), "big", signed=True)


def read_key_values(text: str) -> dict[str, str]:
    """Key-value form (section 4.1.1); lines without a colon are passed over."""
    pairs = (line.split(":", 1) for line in text.split("\n") if ":" in line)
    return {name: value.rstrip("\r") for name, value in pairs}


def key_values(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}:{value}\n" for name, value in pairs)


def sign(association: Association, pairs: Iterable[tuple[str, str]]) -> str:
    """The signature over fields in their signed order, names without `openid.` (section 6.1)."""
    text = key_values(pairs).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(association.mac_key, text, HASHES[association.assoc_type]).digest()).decode()


class Exchange:
    """One association request: its parameters, and the Association out of the answer (section 8)."""

    def __init__(self, kind: Kind, private: int | None = None) -> None:
        self.kind = kind
        self._private = private or secrets.randbelow(MODULUS - 2) + 1

    def params(self) -> dict[str, str]:
        params = {
            "openid.ns": NAMESPACE,
            "openid.mode": "associate",
            "openid.assoc_type": self.kind.assoc_type,
            "openid.session_type": self.kind.session_type,
        }
        if self.kind.session_type != "no-encryption":
            public = pow(GENERATOR, self._private, MODULUS)
            params["openid.dh_consumer_public"] = base64.b64encode(btwoc(public)).decode()
        return params

    def association(self, answer: Mapping[str, str], now: float) -> Association | None:
        """None when the answer is not an association of the kind asked for."""
        if Kind(answer.get("assoc_type", ""), answer.get("session_type", "")) != self.kind:
            return None
        lifetime, handle = answer.get("expires_in", ""), answer.get("assoc_handle", "")
        if not lifetime.isdecimal() or len(lifetime) > 10 or not 0 < len(handle) <= 255:
            return None
        try:
            mac_key = self._mac_key(answer)
        except ValueError:
            return None
        fits = len(mac_key) == hashlib.new(HASHES[self.kind.assoc_type]).digest_size
        return Association(handle, self.kind.assoc_type, mac_key, now + int(lifetime)) if fits else None

    def _mac_key(self, answer: Mapping[str, str]) -> bytes:
        if self.kind.session_type == "no-encryption":
            return base64.b64decode(answer.get("mac_key", ""), validate=True)
        theirs = number(answer.get("dh_server_public", ""))
        if not 1 < theirs < MODULUS - 1:
            raise ValueError("a public key that gives the secret away")
        shared = btwoc(pow(theirs, self._private, MODULUS))
        mask = hashlib.new(HASHES[self.kind.session_type], shared).digest()
        hidden = base64.b64decode(answer.get("enc_mac_key", ""), validate=True)
        if len(hidden) != len(mask):
            raise ValueError("a key of another length")
        return bytes(one ^ other for one, other in zip(hidden, mask, strict=True))
