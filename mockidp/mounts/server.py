"""One port for everything: look at the first bytes of a connection without taking them, then hand it on.

What a connection may be is a table, `kind -> handler`. Plain HTTP goes to uvicorn's protocol; TLS, CONNECT and
absolute-form are refused in words until they are served.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

from uvicorn.config import Config
from uvicorn.server import ServerState

from mockidp.errors import UsageError
from mockidp.mounts import Simulator
from mockidp.mounts.asgi import App

PEEK = 32  # bytes: the longest method, a space and the first letter of the target
PEEK_PATIENCE = 10.0  # seconds a peer may take to say what it wants
PEEK_AGAIN = 0.02  # seconds until a second look at bytes that were too few: they stay readable, so no event comes
LINGER = 1.0  # seconds to let a refused peer finish talking, since a reset would take the refusal from it
GRACE = 2.0  # seconds for running requests at shutdown
BACKLOG = 2048
CONNECTION_LIMIT = 1000

log = logging.getLogger("mockidp.server")


class Kind(StrEnum):
    PLAIN = "plain HTTP"
    ABSOLUTE = "absolute-form"
    CONNECT = "CONNECT"
    TLS = "TLS"
    GARBAGE = "garbage"


_METHOD = re.compile(rb"[A-Z-]{1,20}")


def classify(head: bytes) -> Kind | None:
    """What the first bytes of a connection announce; None while they are too few to tell."""
    if head.startswith(b"\x16"):
        return Kind.TLS
    head = head.lstrip(b"\r\n")  # RFC 9112, section 2.2: an empty line before the request line is to be ignored
    method, space, target = head.partition(b" ")
    if head and not _METHOD.fullmatch(method):
        return Kind.GARBAGE
    if not space:
        return None
    if method == b"CONNECT":
        return Kind.CONNECT
    if not target:
        return None
    return Kind.PLAIN if target[:1] in (b"/", b"*") else Kind.ABSOLUTE if target[:1] in (b"h", b"H") else Kind.GARBAGE


Handler = Callable[[socket.socket], Coroutine[Any, Any, None]]


class Server:
    """Serves a simulator at one port of one host.

    `with Server(simulator, port=0) as server:` runs it in a thread, `async with` in the running loop, and
    `serve_forever()` here until SIGINT or SIGTERM. `port=0` picks a free one. UsageError when it cannot be had.
    """

    def __init__(self, simulator: Simulator, host: str = "127.0.0.1", port: int = 8400) -> None:
        self.simulator, self.host, self.port = simulator, host, port
        self.handlers: dict[Kind, Handler] = {
            Kind.PLAIN: self._serve_plain,
            Kind.ABSOLUTE: self._refuse_proxy,
            Kind.CONNECT: self._refuse_proxy,
            Kind.TLS: self._refuse_tls,
            Kind.GARBAGE: self._refuse_garbage,
        }
        self.grace = GRACE
        self._sockets: list[socket.socket] = []
        self._unknown: dict[socket.socket, asyncio.TimerHandle] = {}  # accepted, not classified; when to give up
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._stopping = False

    @property
    def url(self) -> str:
        """The base URL for a client on this machine, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    # Life: bind, start, stop

    def bind(self) -> None:
        """Take the port now, so that `url` is known and a UsageError comes before anything runs."""
        if not self._sockets:
            self._sockets = listen(self.host, self.port)
            self.port = self._sockets[0].getsockname()[1]

    async def start(self) -> None:
        """Serve in the running loop from now on."""
        self.bind()
        try:
            self._loop, self._state, self._config = asyncio.get_running_loop(), ServerState(), self._configured()
            for sock in self._sockets:
                self._loop.add_reader(sock, self._accept, sock)
        except BaseException:
            self._unbind()
            raise

    def _configured(self) -> Config:
        config = Config(
            App(self.simulator),
            http=protocol_class(),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            proxy_headers=False,
            limit_concurrency=CONNECTION_LIMIT,
        )
        config.load()
        return config

    def _unbind(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    async def stop(self) -> None:
        """Accept nothing more, let running requests finish for `grace` seconds, then cut the rest."""
        for sock in self._sockets:
            self._loop.remove_reader(sock)
        self._unbind()
        for sock in list(self._unknown):
            self._give_up(sock)
        for connection in list(self._state.connections):
            connection.shutdown()
        await self._drained()
        for connection in list(self._state.connections):
            connection.transport.abort()
        running = [*self._tasks, *self._state.tasks]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _drained(self) -> None:
        start = self._loop.time()
        while (self._state.connections or self._state.tasks) and self._loop.time() - start < self.grace:
            await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self.bind()
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run_in_thread, args=(started,), name="mockidp", daemon=True)
        self._thread.start()
        started.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if self._thread:
            self._thread.join()

    def _run_in_thread(self, started: Future[None]) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._run(lambda: started.set_result(None)))
        except BaseException as error:  # the thread that waits in __enter__ raises it
            if started.done():
                raise
            started.set_exception(error)

    async def _run(self, ready: Callable[[], object]) -> None:
        stopped = asyncio.Event()
        await self.start()
        self._stop = lambda: self._loop.call_soon_threadsafe(stopped.set)
        ready()
        await stopped.wait()
        await self.stop()

    def serve_forever(self, ready: Callable[[], object] = lambda: None) -> None:
        """Serve until SIGINT or SIGTERM; a second signal cuts running requests. `ready` is called when it serves."""
        self.bind()
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._run(ready))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        if self._stopping:
            self.grace = 0.0
        self._stopping = True
        self._stop()

    # A connection: accepted, looked at, handed on

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(BACKLOG):
            try:
                sock, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(listener, error)
                return
            self._accepted(sock)

    def _rest(self, listener: socket.socket, error: OSError) -> None:
        """Out of descriptors or memory: stop listening for a second, or this would spin at full speed."""
        log.warning("cannot accept a connection: %s", error.strerror)
        self._loop.remove_reader(listener)
        self._loop.call_later(1.0, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if listener in self._sockets:
            self._loop.add_reader(listener, self._accept, listener)

    def _accepted(self, sock: socket.socket) -> None:
        if len(self._unknown) >= CONNECTION_LIMIT:
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unknown[sock] = self._loop.call_later(PEEK_PATIENCE, self._give_up, sock)
        self._look(sock)

    def _look(self, sock: socket.socket) -> None:
        self._loop.remove_reader(sock)
        if sock not in self._unknown:
            return
        try:
            head = sock.recv(PEEK, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            self._loop.add_reader(sock, self._look, sock)
            return
        except OSError:
            head = b""
        if not head:
            self._give_up(sock)
        elif kind := classify(head):
            self._forget(sock)
            self._start(self.handlers[kind](sock))
        else:
            self._loop.call_later(PEEK_AGAIN, self._look, sock)

    def _forget(self, sock: socket.socket) -> None:
        self._unknown.pop(sock).cancel()
        self._loop.remove_reader(sock)

    def _give_up(self, sock: socket.socket) -> None:
        self._forget(sock)
        sock.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What each kind gets

    async def _serve_plain(self, sock: socket.socket) -> None:
        await self._loop.connect_accepted_socket(self._protocol, sock)

    def _protocol(self) -> asyncio.BaseProtocol:
        make: Any = self._config.http_protocol_class
        protocol: asyncio.BaseProtocol = make(config=self._config, server_state=self._state, app_state={})
        return protocol

    async def _refuse_tls(self, sock: socket.socket) -> None:
        log.warning("TLS is not served on this port yet; use %s", self.url)
        await self._refuse(sock, b"")

    async def _refuse_proxy(self, sock: socket.socket) -> None:
        text = f"this port is not a proxy yet; use {self.url}/HOST/PATH instead of https://HOST/PATH"
        log.warning("%s", text)
        await self._refuse(sock, plain_answer(501, "Not Implemented", text))

    async def _refuse_garbage(self, sock: socket.socket) -> None:
        log.warning("closed a connection that did not speak HTTP")
        await self._refuse(sock, plain_answer(400, "Bad Request", "this port speaks HTTP/1.1"))

    async def _refuse(self, sock: socket.socket, last_words: bytes) -> None:
        try:
            async with asyncio.timeout(LINGER):
                await self._loop.sock_sendall(sock, last_words)
                sock.shutdown(socket.SHUT_WR)
                while await self._loop.sock_recv(sock, 1 << 16):
                    pass
        except (OSError, TimeoutError):
            pass
        finally:
            sock.close()


def plain_answer(status: int, reason: str, text: str) -> bytes:
    """A whole HTTP answer in plain text, after which the connection closes."""
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
    return f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode("ascii") + body


def protocol_class() -> type[asyncio.Protocol]:
    """The HTTP protocol of a connection: httptools where it is installed, h11 otherwise."""
    try:
        from mockidp.mounts.httptools_guard import GuardedProtocol
    except ImportError:  # no wheel for this platform
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    return GuardedProtocol


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets, at both loopback addresses for `localhost`; UsageError when the address cannot be had."""
    if host != "localhost":
        return [_listen_at(host, port)]
    first = _listen_at("127.0.0.1", port)
    try:
        return [first, _listen_at("::1", first.getsockname()[1])]
    except UsageError as error:
        if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in _NO_IPV6:
            first.close()
            raise
        return [first]


_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


def _listen_at(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(f"cannot listen on port {port}: there are 0 to 65535")
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, number)
    except OSError as error:
        raise UsageError(f"cannot listen on host {host!r}: {error}") from error
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise UsageError(_why_not(host, port, error)) from error
    return sock


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; choose another with --port, or --port 0 for any free one"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than you have; choose one above 1023 with --port"
    return f"cannot listen on port {port} of {host}: {error}"
