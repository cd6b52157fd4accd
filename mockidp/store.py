"""What must be remembered between requests, behind one small interface.

Codes and tokens have the providers' own short forms, which leave no room for signed facts, so they are looked
up. Every kind is bounded and every record ends: memory does not grow with the number of logins.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import Protocol

import msgspec

LIMIT = 1500  # records of a kind in memory: so many logins can be under way at once, and all kinds take 8 MiB
GRACE = 3600.0  # seconds for which a record outlives its end, so that the journal can say "too old", not "unknown"
FOREVER = 30 * 86400.0  # seconds for which a lasting store keeps what has no end


class Grant(msgspec.Struct, kw_only=True, array_like=True):
    """What a code, a token or another handle stands for. Times are seconds since 1970; `expires` 0 is never.

    Files hold the fields by position: add new ones at the end.
    """

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


ENCODER, DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Grant)


class Store(Protocol):
    """Get and put records by kind and key, from several threads or processes at once.

    What `get` returns may be a copy: change it and `put` it back. `put` replaces, but what has been used stays used.
    A record may vanish once it has expired, or when there are too many.
    """

    def get(self, kind: str, key: str) -> Grant | None: ...
    def put(self, kind: str, key: str, grant: Grant) -> None: ...
    def drop(self, kind: str, key: str) -> None: ...

    def use(self, kind: str, key: str) -> bool:
        """Mark a record used: True for one caller only, False for all others and where there is no such record."""
        ...

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        """True the first time a key is seen; for nonces and replays."""
        ...


def kept_for(lifetime: float) -> float:
    """Seconds, by the machine's clock, for which a lasting store keeps what a world's clock gives a lifetime.

    The two clocks differ, so what counts is the difference. 0 is a record without an end.
    """
    return max(lifetime, 0.0) + GRACE if lifetime else FOREVER


TRACED = {"code": "code", "refresh": "refresh_token", "access": "access_token"}  # kind: the value that brings it


class Shelf:
    """The part of a store that belongs to one world; nothing on it is seen from another.

    Keys go on as a hash: a code or token is a secret, and some are a thousand characters long.
    """

    __slots__ = ("_store", "_traced", "_world")

    def __init__(self, store: Store, world: str, traced: bool = False) -> None:
        self._store, self._world = store, world
        self._traced = traced  # whether a code or token alone shall lead to this world

    def _key(self, key: str) -> str:
        return blake2b(f"{self._world}/{key}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def get(self, kind: str, key: str) -> Grant | None:
        return self._store.get(kind, self._key(key))

    def put(self, kind: str, key: str, grant: Grant) -> None:
        self._store.put(kind, self._key(key), grant)
        if self._traced and kind in TRACED:
            self._store.put("world", Shelf(self._store, "")._key(f"{kind}/{key}"), grant)

    def world_of(self, kind: str, key: str) -> str:
        """The name of the traced world that issued a code or token, or nothing."""
        grant = self._store.get("world", Shelf(self._store, "")._key(f"{kind}/{key}"))
        return grant.world if grant is not None else ""

    def drop(self, kind: str, key: str) -> None:
        self._store.drop(kind, self._key(key))

    def use(self, kind: str, key: str) -> bool:
        return self._store.use(kind, self._key(key))

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        return self._store.once(kind, self._key(key), expires, now)


class MemoryStore:
    """Keeps at most `limit` records of a kind; the oldest goes first.

    Records are kept encoded: it takes half the memory, and what is not put back is not kept, as in every other store.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._kinds: dict[str, OrderedDict[str, bytes]] = {}
        self._used: dict[str, set[str]] = {}
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = Lock()  # the browser and the app of one test may be two threads

    def get(self, kind: str, key: str) -> Grant | None:
        data = self._kinds[kind].get(key) if kind in self._kinds else None
        if data is None:
            return None
        grant = DECODER.decode(data)
        grant.used = key in self._used[kind]
        return grant

    def put(self, kind: str, key: str, grant: Grant) -> None:
        with self._lock:
            if kind not in self._kinds:
                self._used[kind], self._kinds[kind] = set(), OrderedDict()
            rows, used = self._kinds[kind], self._used[kind]
            rows[key] = ENCODER.encode(grant)
            if grant.used:
                used.add(key)
            if len(rows) > self.limit:
                used.discard(rows.popitem(last=False)[0])

    def drop(self, kind: str, key: str) -> None:
        with self._lock:
            if kind in self._kinds:
                self._kinds[kind].pop(key, None)
                self._used[kind].discard(key)

    def use(self, kind: str, key: str) -> bool:
        with self._lock:
            if key not in self._kinds.get(kind, ()) or key in self._used[kind]:
                return False
            self._used[kind].add(key)
            return True

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        with self._lock:
            if self._seen.get((kind, key), 0.0) > now:
                return False
            self._seen[kind, key] = expires
            if len(self._seen) > self.limit:
                self._seen.popitem(last=False)
            return True
