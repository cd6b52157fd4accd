"""Secrets at rest: encrypted with a key that is derived from SECRET_KEY, readable with the former keys too.

HKDF-SHA256 (RFC 5869) makes the key, Fernet (AES-CBC with HMAC) encrypts. After SECRET_KEY was changed, its former
value in SECRET_KEY_FALLBACKS keeps what is stored readable; saving a row writes it with the present one.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "enc1:"
AT_REST = b"providers.django secrets at rest"
UNDER_WAY = b"providers.django logins under way"  # what a browser may carry is no good in the database


class UnreadableSecretError(ValueError):
    """A stored secret that no present key opens."""


def encrypt(text: str, purpose: bytes = AT_REST) -> str:
    """A text for the database; the empty one stays empty."""
    return PREFIX + _box(_keys(), purpose).encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str, purpose: bytes = AT_REST) -> str:
    """What `encrypt` was given for that purpose.

    UnreadableSecretError where SECRET_KEY is another now and not among the fallbacks, or the purpose another. A value
    without our mark is taken as it is: rows that somebody wrote by hand.
    """
    if not stored.startswith(PREFIX):
        return stored
    try:
        return _box(_keys(), purpose).decrypt(stored[len(PREFIX) :].encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError(
            "a stored secret cannot be read with this SECRET_KEY; put the former one into SECRET_KEY_FALLBACKS"
        ) from None


def is_old(stored: str) -> bool:
    """Whether a stored value was not written with the present key. The empty one never is."""
    if not stored:
        return False
    if not stored.startswith(PREFIX):
        return True
    try:
        Fernet(_derived(settings.SECRET_KEY, AT_REST)).decrypt(stored.removeprefix(PREFIX).encode())
    except InvalidToken:
        return True
    return False


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(8)
def _box(keys: tuple[str, ...], purpose: bytes) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key, purpose)) for key in keys])


@lru_cache(16)
def _derived(key: str | bytes, purpose: bytes) -> bytes:
    secret = key.encode() if isinstance(key, str) else key
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=purpose).derive(secret))
