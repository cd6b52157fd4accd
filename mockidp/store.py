"""What must be remembered between requests, behind one small interface.

Codes and tokens have the providers' own short forms, which leave no room for signed facts, so they are looked
up. Every kind is bounded and every record ends: memory does not grow with the number of logins.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import msgspec

LIMIT = 4096


class Grant(msgspec.Struct, kw_only=True):
    """What a code, a token or another handle stands for. Times are seconds since 1970; `expires` 0 is never."""

    world: str
    provider: str
    client_id: str
    person: str
    login: str
    issued: float
    expires: float = 0.0
    scope: tuple[str, ...] = ()
    redirect_uri: str | None = None
    challenge: str | None = None
    method: str | None = None
    nonce: str | None = None
    used: bool = False
    revoked: bool = False
    family: str = ""
    secret: str = ""
    facts: dict[str, str] = {}


class Store(Protocol):
    """Get and put records by kind and key. `put` replaces; a record may vanish once it has expired."""

    def get(self, kind: str, key: str) -> Grant | None: ...
    def put(self, kind: str, key: str, grant: Grant) -> None: ...
    def drop(self, kind: str, key: str) -> None: ...
    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        """True the first time a key is seen; for nonces and replays."""
        ...


class MemoryStore:
    """Keeps at most `limit` records of a kind; the oldest goes first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kinds: dict[str, OrderedDict[str, Grant]] = {}
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def get(self, kind: str, key: str) -> Grant | None:
        return self._kinds[kind].get(key) if kind in self._kinds else None

    def put(self, kind: str, key: str, grant: Grant) -> None:
        rows = self._kinds.setdefault(kind, OrderedDict())
        rows[key] = grant
        if len(rows) > self.limit:
            rows.popitem(last=False)

    def drop(self, kind: str, key: str) -> None:
        self._kinds.get(kind, OrderedDict()).pop(key, None)

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        if self._seen.get((kind, key), 0.0) > now:
            return False
        self._seen[kind, key] = expires
        if len(self._seen) > self.limit:
            self._seen.popitem(last=False)
        return True
