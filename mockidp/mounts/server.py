"""One port for everything: look at the first bytes of a connection without taking them, then hand it on.

What a connection may be is a table, `kind -> handler`: plain HTTP, HTTPS with a certificate for the name that is asked
for, and a forward proxy in both its forms. Whatever it is, it ends at uvicorn's protocol; a tunnel (CONNECT) is looked
at once more from its inside. Hosts that no contract knows are refused, and passed through only if named.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import socket
import ssl
from collections.abc import Callable, Collection, Coroutine
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from mockidp.errors import MockidpError
from mockidp.mounts import Simulator, proxy
from mockidp.mounts.asgi import App
from mockidp.mounts.life import Life
from mockidp.mounts.ports import BACKLOG, is_loopback, listen, url_of

if TYPE_CHECKING:
    from mockidp.authority import Authority, Contexts

PEEK = 32  # bytes: the longest method, a space and the first letter of the target
PEEK_PATIENCE = 10.0  # seconds a peer may take to say what it wants
PEEK_AGAIN = 0.02  # seconds until a second look at bytes that were too few: they stay readable, so no event comes
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


Handler = Callable[[socket.socket, str], Coroutine[Any, Any, None]]  # a connection, and whose world it is


class Server(Life):
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
        super().__init__()
        self.simulator, self.host, self.port = simulator, host, port
        self.authority = authority or self._installed
        self.proxy = proxy.Proxy(
            simulator, pass_through, serve=self._serve_first, inside=self._serve_inside, is_own=self._is_own
        )
        self.handlers: dict[Kind, Handler] = {
            Kind.PLAIN: self._serve_plain,
            Kind.ABSOLUTE: lambda sock, world: self.proxy.absolute(sock),
            Kind.CONNECT: lambda sock, world: self.proxy.connect(sock),
            Kind.TLS: self._serve_tls,
            Kind.GARBAGE: self._refuse_garbage,
        }
        self.inside: dict[Kind, Handler] = {  # what may be in a tunnel
            Kind.PLAIN: self._serve_plain,
            Kind.TLS: self._serve_tls,
        }
        self._sockets: list[socket.socket] = []
        self._unknown: dict[socket.socket, asyncio.TimerHandle] = {}  # accepted, not classified; when to give up
        self._tasks: set[asyncio.Task[None]] = set()
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
            if not self.token and not all(is_loopback(sock) for sock in self._sockets):
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
        if len(self._unknown) >= CONNECTION_LIMIT:  # whoever has been silent longest makes room for who may speak
            self._give_up(next(iter(self._unknown)))
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unknown[sock] = self._loop.call_later(PEEK_PATIENCE, self._give_up, sock)
        self._look(sock)

    def _look(self, sock: socket.socket) -> None:
        if sock not in self._unknown:  # given up meanwhile, and closed
            return
        self._loop.remove_reader(sock)
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
            if kind is Kind.PLAIN or len(self._tasks) < CONNECTION_LIMIT:
                self._start(self.handlers[kind](sock, ""), sock)
            else:  # so many are in the middle of a handshake or a head, or in a tunnel
                sock.close()
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
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            sock.close()
        if error is not None:  # a peer that has gone is no news
            log.log(logging.DEBUG if isinstance(error, OSError) else logging.ERROR, "a connection ended with %r", error)

    # What each kind gets

    async def _serve_plain(self, sock: socket.socket, world: str) -> None:
        await self._loop.connect_accepted_socket(lambda: self._protocol(world), sock)

    async def _serve_first(self, sock: socket.socket, world: str, first: bytes) -> None:
        """Serve a connection as if these bytes were the next to come.

        What waits behind them is taken too: closed with bytes unread, a connection is reset and its answer lost.
        """

        try:
            rest = sock.recv(1 << 16)
        except OSError:
            rest = b""

        def protocol() -> asyncio.BaseProtocol:
            made: Any = self._protocol(world)
            connected = made.connection_made

            def connection_made(transport: asyncio.BaseTransport) -> None:
                connected(transport)
                made.data_received(first)
                if rest and not made.transport.is_closing():
                    made.data_received(rest)

            made.connection_made = connection_made  # this one has more to begin with
            return made  # type: ignore[no-any-return]

        await self._loop.connect_accepted_socket(protocol, sock)

    def _protocol(self, world: str) -> asyncio.Protocol:
        make: Any = self._config.http_protocol_class
        state = {"world": world} if world else {}
        protocol: asyncio.Protocol = make(config=self._config, server_state=self._state, app_state=state)
        return protocol

    # HTTPS: a certificate for the name that is asked for

    async def _serve_tls(self, sock: socket.socket, world: str) -> None:
        try:
            context = self._tls()
        except MockidpError as error:
            log.warning("no certificate: %s", error)
            await proxy.refuse(sock, b"")
            return
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(world),
                sock,
                ssl=context,
                ssl_handshake_timeout=PEEK_PATIENCE,
                ssl_shutdown_timeout=proxy.LINGER,
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
        name = name or "localhost"  # whoever asks for an address asks for no name
        if not self.simulator.knows(name) and name != "localhost" and not name.endswith(".localhost"):
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

    async def _refuse_garbage(self, sock: socket.socket, world: str) -> None:
        log.warning("closed a connection that did not speak HTTP")
        await proxy.refuse(sock, proxy.plain_answer(400, "Bad Request", "this port speaks HTTP/1.1"))


def protocol_class() -> type[asyncio.Protocol]:
    """The HTTP protocol of a connection: httptools where it is installed, h11 otherwise."""
    try:
        from mockidp.mounts.httptools_guard import GuardedProtocol
    except ImportError:  # no wheel for this platform
        from uvicorn.protocols.http.h11_impl import H11Protocol

        return H11Protocol
    return GuardedProtocol
