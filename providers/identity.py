"""What a login proves. Only values and how to read them from a provider's body; no requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_ADDRESS = re.compile(r"[^\s@\x00-\x1f]+@[^\s@\x00-\x1f]+")


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What the provider issued (RFC 6749 section 5.1). `expires_at` is Unix seconds; `secret` is OAuth 1.0a's."""

    access: str
    refresh: str | None = None
    expires_at: float | None = None
    scope: str | None = None
    type: str | None = None
    secret: str | None = None
    id_token: str | None = None

    def __repr__(self) -> str:
        held = [name for name in ("refresh", "secret", "id_token") if getattr(self, name)]
        return f"Token(type={self.type!r}, expires_at={self.expires_at!r}, hidden={['access', *held]})"


@dataclass(frozen=True, slots=True)
class Email:
    """One address of the account. `verified` only by the provider's own rule."""

    address: str
    verified: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in. `uid` is exact and unique within the provider; `raw` holds the parsed bodies by step."""

    provider: str
    uid: str
    email: str | None = None
    email_verified: bool = False
    emails: tuple[Email, ...] = ()
    username: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    picture: str | None = None
    token: Token | None = None
    raw: dict[str, Any] = field(default_factory=dict, repr=False)


def uid_text(value: object) -> str | None:
    """The uid as text without losing a digit, or None for what must not identify anybody.

    Booleans and floats are refused: True would become 1, and 2**53 + 1 would become its neighbour.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.strip() and encodable(value):
        return value
    return None


def text(value: object) -> str | None:
    """A display string, or None. Half of a surrogate pair (a cut emoji) becomes a replacement mark."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value if encodable(value) else value.encode("utf-8", "replace").decode()


def email_text(value: object) -> str | None:
    """The address if it is one, else None; providers are known to send names and empty strings here."""
    if not isinstance(value, str) or len(value) > 254 or not encodable(value):
        return None
    return value if _ADDRESS.fullmatch(value) else None


def pick(body: Any, path: str | None) -> Any:
    """The value at a dotted path (`data.0.id`), the first that is there of several (`sub|id`), or None."""
    if not path:
        return None
    for alternative in path.split("|"):
        value = _walk(body, alternative)
        if value is not None:
            return value
    return None


def _walk(body: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and part.isdecimal() and int(part) < len(body):
            body = body[int(part)]
        else:
            return None
    return body


def choose_email(emails: tuple[Email, ...]) -> Email | None:
    """The account's address: the primary one if the provider tells, else a verified one, else the first."""
    ranked = sorted(emails, key=lambda email: (not email.primary, not email.verified))
    return ranked[0] if ranked else None


def email_rows(rows: object) -> list[Email]:
    """The addresses of a list of objects with `email`, `verified` and `primary`; what is no such object is left out."""
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [Email(row.get("email", ""), row.get("verified") is True, row.get("primary") is True) for row in listed]


def encodable(value: str) -> bool:
    """Whether the text can be sent or stored; half a surrogate pair cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
