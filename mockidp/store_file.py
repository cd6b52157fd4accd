"""Records in one SQLite file: for several processes on one machine, and for a server that is started again.

Every operation is one statement, so SQLite's own lock makes it atomic between processes. Records end by the
machine's clock, never by a world's, which may stand anywhere.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from mockidp.errors import UsageError
from mockidp.store import DECODER, ENCODER, Grant, kept_for

LIMIT = 100_000  # records of a kind
SWEEP = 256  # writes of one process between two clean-ups
PATIENCE = 10.0  # seconds to wait for another process's write
VERSION = 1  # of the table, in the file's user_version

SCHEMA = (
    "CREATE TABLE record (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, used INTEGER NOT NULL, "
    "expires REAL NOT NULL, gone REAL NOT NULL, grant_ BLOB NOT NULL, UNIQUE (kind, key))",
    "CREATE INDEX record_age ON record (kind, seq)",
    "CREATE INDEX record_gone ON record (gone)",
    f"PRAGMA user_version = {VERSION}",
)
PUT = """
INSERT INTO record (kind, key, used, expires, gone, grant_) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET used = max(used, excluded.used), expires = excluded.expires,
    gone = excluded.gone, grant_ = excluded.grant_
"""
ONCE = """
INSERT INTO record (kind, key, used, expires, gone, grant_) VALUES (?, ?, 1, ?, ?, x'')
ON CONFLICT (kind, key) DO UPDATE SET expires = excluded.expires, gone = excluded.gone WHERE record.expires <= ?
"""
TOO_MANY = """
DELETE FROM record WHERE kind = ?1 AND seq <= (
    SELECT seq FROM record WHERE kind = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)
"""


class FileStore:
    """A store in a file that only its owner can read; at most about `limit` records of a kind.

    Usable from any thread, and in a process forked from the one that made it. UsageError when the path cannot be
    had or holds something else. `close` it, or use it in a `with`.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, limit: int = LIMIT, clock: Callable[[], float] = time.time
    ) -> None:
        self.path, self.limit, self._clock = Path(path), limit, clock
        self._inherited: list[sqlite3.Connection] = []
        self._open()
        self._sweep()

    def _open(self) -> None:
        self._lock, self._pid, self._writes = Lock(), os.getpid(), 0
        try:
            make_private(self.path)
            self._db = connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"cannot keep records in {self.path}: {error}") from error

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if self._pid != os.getpid():  # SQLite forbids to use a parent's connection, and even to close it
            self._inherited.append(self._db)
            self._open()
        with self._lock:
            return self._db.execute(statement, values)

    def get(self, kind: str, key: str) -> Grant | None:
        row = self._run(
            "SELECT used, grant_ FROM record WHERE kind = ? AND key = ? AND gone > ?", kind, key, self._clock()
        ).fetchone()
        if row is None:
            return None
        grant = DECODER.decode(row[1])
        grant.used = bool(row[0])
        return grant

    def put(self, kind: str, key: str, grant: Grant) -> None:
        gone = self._clock() + kept_for(grant.expires and grant.expires - grant.issued)
        self._run(PUT, kind, key, int(grant.used), grant.expires, gone, ENCODER.encode(grant))
        self._wrote()

    def drop(self, kind: str, key: str) -> None:
        self._run("DELETE FROM record WHERE kind = ? AND key = ?", kind, key)

    def use(self, kind: str, key: str) -> bool:
        return self._run("UPDATE record SET used = 1 WHERE kind = ? AND key = ? AND used = 0", kind, key).rowcount == 1

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        gone = self._clock() + kept_for(expires - now)
        first = self._run(ONCE, f"once:{kind}", key, expires, gone, now).rowcount == 1
        self._wrote()
        return first

    def count(self) -> int:
        """How many records there are, ended ones that nobody has swept out yet included."""
        return int(self._run("SELECT count(*) FROM record").fetchone()[0])

    def _wrote(self) -> None:
        self._writes += 1
        if self._writes % min(SWEEP, self.limit) == 0:
            self._sweep()

    def _sweep(self) -> None:
        """Remove what has ended, and the oldest of what is too much."""
        self._run("DELETE FROM record WHERE gone <= ?", self._clock())
        for (kind,) in self._run("SELECT DISTINCT kind FROM record").fetchall():
            self._run(TOO_MANY, kind, self.limit)

    def close(self) -> None:
        """Give the file back. The records stay in it."""
        if self._pid == os.getpid():
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_private(path: Path) -> None:
    """Create the file, or take it over, readable by its owner only. SQLite gives its helper files the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits every statement. sqlite3.Error when the file is no store of this version."""
    db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        with _alone(db):
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                for statement in SCHEMA:
                    db.execute(statement)
            elif version != VERSION:
                raise sqlite3.DatabaseError("the file is not a store of this version of mockidp")
        _write_ahead(db)
    except BaseException:
        db.close()
        raise
    return db


@contextmanager
def _alone(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction, in which no other process changes the file."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _write_ahead(db: sqlite3.Connection) -> None:
    """Readers do not wait for the writer. The switch itself does not wait for others, so it is tried again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
    db.execute("PRAGMA synchronous = NORMAL")
