"""One port for everything: look at the first bytes of a connection without taking them, then hand it on.

What a connection may be is a table, `kind -> handler`: plain HTTP, HTTPS with a certificate for the name that is asked
for, and a forward proxy in both its forms. Whatever it is, it ends at uvicorn's protocol; a tunnel (CONNECT) is looked
at once more from its inside. Hosts that no contract knows are refused, and passed through only if named.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import secrets
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import Future
from enum import StrEnum
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from uvicorn.config import Config
from uvicorn.server import ServerState

from mockidp.errors import MockidpError, UsageError
from mockidp.mounts import Simulator, proxy
from mockidp.mounts.asgi import App

if TYPE_CHECKING:
    from mockidp.authority import Authority, Contexts

PEEK = 32  # bytes: the longest method, a space and the first letter of the target
PEEK_PATIENCE = 10.0  # seconds a peer may take to say what it wants
PEEK_AGAIN = 0.02  # seconds until a second look at bytes that were too few: they stay readable, so no event comes
LINGER = 1.0  # seconds to let a refused peer finish talking, since a reset would take the refusal from it
GRACE = 2.0  # seconds for running requests at shutdown
BACKLOG = 2048
CONNECTION_LIMIT = 1000
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1", "localhost": "127.0.0.1"}  # how clients here reach it
FREE = 20  # ports to try until one is free at both loopback addresses

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


Handler = Callable[[socket.socket, str], Coroutine[Any, Any, None]]  # a connection, and whose world it is


class Server:
    """Serves a simulator at one port of one host.

    `with Server(simulator, port=0) as server:` runs it in a thread, `async with` in the running loop, and
    `serve_forever()` here until SIGINT or SIGTERM. `port=0` picks a free one. UsageError when it cannot be had.
    """

    def __init__(
        self,
        simulator: Simulator,
        host: str = "127.0.0.1",
        port: int = 8400,
        *,
        authority: Callable[[], Authority] | None = None,
        pass_through: Collection[str] = (),
    ) -> None:
        self.simulator, self.host, self.port = simulator, host, port
        self.authority, self.pass_through = authority or self._installed, pass_through
        self.handlers: dict[Kind, Handler] = {
            Kind.PLAIN: self._serve_plain,
            Kind.ABSOLUTE: self._serve_absolute,
            Kind.CONNECT: self._serve_connect,
            Kind.TLS: self._serve_tls,
            Kind.GARBAGE: self._refuse_garbage,
        }
        self.inside: dict[Kind, Handler] = {  # what may be in a tunnel
            Kind.PLAIN: self._serve_plain,
            Kind.TLS: self._serve_tls,
        }
        self.grace = GRACE
        self._sockets: list[socket.socket] = []
        self._unknown: dict[socket.socket, asyncio.TimerHandle] = {}  # accepted, not classified; when to give up
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], object] = lambda: None
        self._stopping = False
        self._contexts: Contexts
        self._outer: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """The base URL for a client on this machine, without a slash at the end."""
        return url_of(self.host, self.port)

    @property
    def pin(self) -> str:
        """What all its certificates are known by: see `mockidp.authority.pin`. AuthorityError when there are none."""
        from mockidp.authority import pin  # lazy: only a browser is told

        self._tls()
        return pin(self._contexts.key.public_key())

    # Life: bind, start, stop

    def bind(self) -> None:
        """Take the port now, so that `url` is known and a UsageError comes before anything runs."""
        if not self._sockets:
            self._sockets = listen(self.host, self.port)
            self.port = self._sockets[0].getsockname()[1]
            if not self.token and not all(_is_loopback(sock) for sock in self._sockets):
                self.token = secrets.token_urlsafe(24)

    @property
    def token(self) -> str:
        """What the server's own pages and the control interface ask for; one is made where other machines reach it."""
        return str(getattr(self.simulator, "token", ""))

    @token.setter
    def token(self, token: str) -> None:
        if hasattr(self.simulator, "token"):
            self.simulator.token = token

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
        self._app = App(self.simulator)
        config = Config(
            self._app,
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
        self._app.closing = True
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
            self._start(self.handlers[kind](sock, ""), sock)
        else:
            self._loop.call_later(PEEK_AGAIN, self._look, sock)

    def _forget(self, sock: socket.socket) -> None:
        self._unknown.pop(sock).cancel()
        self._loop.remove_reader(sock)

    def _give_up(self, sock: socket.socket) -> None:
        self._forget(sock)
        sock.close()

    def _start(self, work: Coroutine[Any, Any, None], sock: socket.socket) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._ended(task, sock))

    def _ended(self, task: asyncio.Task[None], sock: socket.socket) -> None:
        """A connection that was handed on is somebody else's now; one whose work was cut short is closed."""
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is not None:
            sock.close()
            if not task.cancelled():
                log.error("a connection ended with %r", task.exception())

    # What each kind gets

    async def _serve_plain(self, sock: socket.socket, world: str) -> None:
        await self._loop.connect_accepted_socket(lambda: self._protocol(world), sock)

    def _protocol(self, world: str) -> asyncio.BaseProtocol:
        make: Any = self._config.http_protocol_class
        state = {"world": world} if world else {}
        protocol: asyncio.BaseProtocol = make(config=self._config, server_state=self._state, app_state=state)
        return protocol

    # HTTPS: a certificate for the name that is asked for

    async def _serve_tls(self, sock: socket.socket, world: str) -> None:
        try:
            context = self._tls()
        except MockidpError as error:
            log.warning("no certificate: %s", error)
            await self._refuse(sock, b"")
            return
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(world),
                sock,
                ssl=context,
                ssl_handshake_timeout=PEEK_PATIENCE,
                ssl_shutdown_timeout=LINGER,
            )
        except (OSError, ssl.SSLError, ConnectionError) as error:
            log.debug("a TLS handshake failed: %s", error)

    def _tls(self) -> ssl.SSLContext:
        """The context that every handshake begins with; the name that the client asks for picks the certificate."""
        if self._outer is None:
            from mockidp.authority import Contexts  # lazy: most runs never see TLS

            self._contexts = Contexts(self.authority())
            self._outer = self._contexts.of("localhost")
            self._outer.sni_callback = self._named
        return self._outer

    def _named(self, handshake: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        """Answer a server name (RFC 6066 section 3) with its certificate, or not at all."""
        if name is None or name == "localhost":
            return None
        if not self.simulator.knows(name) and not name.endswith(".localhost"):
            log.warning("mockidp plays no provider at %s; `mockidp list` names those that it plays", name[:200])
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        try:
            handshake.context = self._contexts.of(name)
        except MockidpError as error:
            log.warning("no certificate: %s", error)
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        return None

    def _installed(self) -> Authority:
        from mockidp import authority  # lazy: only TLS needs it
        from mockidp.simulator import known_hosts

        hosts = getattr(self.simulator, "hosts", None)
        return authority.ensure(hosts() if hosts is not None else known_hosts(""))

    # a forward proxy

    async def _serve_connect(self, sock: socket.socket, world: str) -> None:
        if (head := await self._head(sock, peek=False)) is None:
            return
        if self.simulator.knows(head.host) or self._is_own(head):
            await self._loop.sock_sendall(sock, b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._serve_inside(sock, head.user)
        elif proxy.allowed(head.host, self.pass_through):
            await self._pass_on(sock, head, b"", b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            await self._refuse_host(sock, head)

    async def _serve_absolute(self, sock: socket.socket, world: str) -> None:
        if (head := await self._head(sock, peek=True)) is None:
            return
        if self.simulator.knows(head.host) or self._is_own(head):
            await self._serve_plain(sock, head.user)
        elif proxy.allowed(head.host, self.pass_through):
            await self._loop.sock_recv(sock, len(head.raw))
            await self._pass_on(sock, head, head.direct(), b"")
        else:
            await self._refuse_host(sock, head)

    async def _head(self, sock: socket.socket, *, peek: bool) -> proxy.Head | None:
        """The first request of a proxy's client, or None when it was refused."""
        try:
            head = proxy.parse(await proxy.take_head(self._loop, sock, peek=peek))
        except proxy.BadHead as error:
            await self._refuse(sock, plain_answer(400, "Bad Request", str(error)))
        except (OSError, TimeoutError):
            sock.close()
        else:
            if head.user and head.user not in getattr(self.simulator, "worlds", {}):
                text = f"there is no world {head.user[:80]!r}; the user name of the proxy's URL chooses one"
                await self._refuse(sock, plain_answer(407, "Proxy Authentication Required", text, NO_WORLD))
                return None
            return head
        return None

    def _is_own(self, head: proxy.Head) -> bool:
        from mockidp.web.own import is_own_host  # lazy: only a proxy asks

        return head.port == self.port and is_own_host(head.host, getattr(self.simulator, "own_hosts", set()))

    async def _serve_inside(self, sock: socket.socket, world: str) -> None:
        """Look at what comes through a tunnel as at a new connection."""
        try:
            async with asyncio.timeout(PEEK_PATIENCE):
                await proxy.readable(self._loop, sock)
                while (kind := classify(sock.recv(PEEK, socket.MSG_PEEK) or b"\0")) is None:
                    await asyncio.sleep(PEEK_AGAIN)
        except (OSError, TimeoutError):
            sock.close()
            return
        handler = self.inside.get(kind)
        if handler is None:
            await self._refuse_garbage(sock, world)
        else:
            await handler(sock, world)

    async def _pass_on(self, sock: socket.socket, head: proxy.Head, first: bytes, answer: bytes) -> None:
        try:
            there = await proxy.connect(self._loop, head.host, head.port)
        except (OSError, TimeoutError) as error:
            text = f"{head.where} cannot be reached: {error or 'it does not answer'}"
            await self._refuse(sock, plain_answer(502, "Bad Gateway", text))
            return
        log.info("passed through to %s", head.where)
        await self._loop.sock_sendall(sock, answer)
        await self._loop.sock_sendall(there, first)
        await proxy.relay(self._loop, sock, there)

    async def _refuse_host(self, sock: socket.socket, head: proxy.Head) -> None:
        text = unknown(head.where)
        log.warning("%s", text)
        await self._refuse(sock, plain_answer(403, "Forbidden", text))

    async def _refuse_garbage(self, sock: socket.socket, world: str) -> None:
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


NO_WORLD = 'proxy-authenticate: Basic realm="the name of a world"\r\n'


def unknown(host: str) -> str:
    """What is said of a host that no contract knows."""
    name = host.rpartition(":")[0] or host
    return (
        f"mockidp plays no provider at {host[:200]} and passes nothing on by itself; `--pass-through {name[:200]}` "
        "allows it, and NO_PROXY keeps it away from this proxy"
    )


def plain_answer(status: int, reason: str, text: str, headers: str = "") -> bytes:
    """A whole HTTP answer in plain text, after which the connection closes."""
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n{headers}"
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


def url_of(host: str, port: int) -> str:
    """How clients on this machine reach what listens there."""
    here = HERE.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets, at both loopback addresses for `localhost`; UsageError when the address cannot be had."""
    if host != "localhost":
        return [_listen_at(host, port)]
    for _ in range(FREE):
        first = _listen_at("127.0.0.1", port)
        try:
            return [first, _listen_at("::1", first.getsockname()[1])]
        except UsageError as error:
            why = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
            if why in _NO_IPV6:
                return [first]
            first.close()
            if port or why != errno.EADDRINUSE:
                raise
    raise UsageError("no port is free at both 127.0.0.1 and ::1; choose one with --port, or one address with --host")


def _is_loopback(sock: socket.socket) -> bool:
    return ip_address(sock.getsockname()[0].partition("%")[0]).is_loopback


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
