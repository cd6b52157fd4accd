"""A forward proxy: whom a connection is for and whose world it is in; then it is served here, passed on or refused.

Nothing leaves this machine but to hosts that were named with `--pass-through`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from mockidp.mounts import Simulator

HEAD_LIMIT = 16 << 10  # bytes of a request's head
PATIENCE = 30.0  # seconds for a head, and for a host that is passed through to answer
AGAIN = 0.02  # seconds until a second look at bytes that were too few
HOP = {b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive", b"host"}
TARGET = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]]+):(\d{1,5})")
DEFAULT_PORTS = {"http": 80, "https": 443}
LINGER = 1.0  # seconds to let a refused peer finish talking, since a reset would take the refusal from it
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

log = logging.getLogger("mockidp.server")


class BadHead(ValueError):  # noqa: N818  what is wrong with it is told to the client
    """A request that no proxy can understand."""


@dataclass(frozen=True)
class Head:
    """The first request of a connection: where it wants to go, and for whom."""

    method: str
    host: str
    port: int
    user: str
    raw: bytes

    @property
    def where(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def direct(self) -> bytes:
        """The request as its own server wants it: in origin form and for the host of the URL, whatever the Host header
        says (RFC 9112 section 3.2.2), without what was for the proxy, one and no more."""
        first, *lines = self.raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, target, version = first.split(b" ")
        parts = urlsplit(target.decode("latin-1"))
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}".encode("latin-1")
        host = parts.netloc.rpartition("@")[2].encode("latin-1")
        kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in HOP]
        return b"\r\n".join(
            [b" ".join((method, path, version)), b"Host: " + host, *kept, b"Connection: close", b"", b""]
        )


def parse(raw: bytes) -> Head:
    """Read a head that ends with an empty line. BadHead where it names no host."""
    first, *lines = raw.lstrip(b"\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadHead("the request line is not METHOD TARGET HTTP/1.1")
    method, target, _ = words
    host, port = _connect(target) if method == "CONNECT" else _absolute(target)
    headers = dict(line.decode("latin-1").partition(":")[::2] for line in lines)
    told = {name.strip().lower(): value.strip() for name, value in headers.items()}
    return Head(method, host, port, user_of(told.get("proxy-authorization", "")), raw.lstrip(b"\r\n"))


def _connect(target: str) -> tuple[str, int]:
    found = TARGET.fullmatch(target)
    if not found or not 0 < int(found[2]) < 65536:
        raise BadHead("CONNECT must name HOST:PORT")
    return found[1].strip("[]").lower(), int(found[2])


def _absolute(target: str) -> tuple[str, int]:
    try:
        parts = urlsplit(target)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise BadHead("the URL is malformed") from None
    if not parts.hostname or not port:
        raise BadHead("the URL must be http://HOST/PATH")
    return parts.hostname.lower(), port


def user_of(authorization: str) -> str:
    """The user name of a Basic header, percent-encoding undone; empty where there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return unquote(base64.b64decode(value.strip(), validate=True).decode().partition(":")[0])
    except (binascii.Error, UnicodeDecodeError):
        return ""


def allowed(host: str, patterns: Iterable[str]) -> bool:
    """Whether a host is one of those that were named for passing through; `*.example.com` names all below."""
    return any(fnmatchcase(host.lower(), pattern.lower()) for pattern in patterns)


class Proxy:
    """The forward proxy's part of a port, in both its forms: CONNECT and absolute.

    `serve` takes a connection whose request is for a host that is played here: the socket, whose world it is, and bytes
    that were taken from it already. `inside` takes what is in a tunnel. `is_own` tells the port's own addresses.
    """

    def __init__(
        self,
        simulator: Simulator,
        pass_through: Collection[str],
        *,
        serve: Callable[[socket.socket, str, bytes], Awaitable[None]],
        inside: Callable[[socket.socket, str], Awaitable[None]],
        is_own: Callable[[Head], bool],
    ) -> None:
        self.simulator, self.pass_through = simulator, pass_through
        self.serve, self.inside, self.is_own = serve, inside, is_own

    async def connect(self, sock: socket.socket) -> None:
        """Answer CONNECT (RFC 9110 section 9.3.6)."""
        loop = asyncio.get_running_loop()
        if (head := await self._head(loop, sock)) is None:
            return
        if self.simulator.knows(head.host) or self.is_own(head):
            await loop.sock_sendall(sock, ESTABLISHED)
            await self.inside(sock, head.user)
        elif allowed(head.host, self.pass_through):
            await self._pass_on(loop, sock, head, b"", ESTABLISHED)
        else:
            await self._refuse_host(sock, head)

    async def absolute(self, sock: socket.socket) -> None:
        """Answer a request with a whole URL; one a connection, since the next may be for another host."""
        loop = asyncio.get_running_loop()
        if (head := await self._head(loop, sock)) is None:
            return
        if self.simulator.knows(head.host) or self.is_own(head):
            await self.serve(sock, head.user, head.direct())
        elif allowed(head.host, self.pass_through):
            await self._pass_on(loop, sock, head, head.direct(), b"")
        else:
            await self._refuse_host(sock, head)

    async def _head(self, loop: asyncio.AbstractEventLoop, sock: socket.socket) -> Head | None:
        """The first request of a proxy's client, or None when it was refused."""
        try:
            head = parse(await take_head(loop, sock))
        except BadHead as error:
            await refuse(sock, plain_answer(400, "Bad Request", str(error)))
        except (OSError, TimeoutError):
            sock.close()
        else:
            if head.user and head.user not in getattr(self.simulator, "worlds", {}):
                text = f"there is no world {head.user[:80]!r}; the user name of the proxy's URL chooses one"
                await refuse(sock, plain_answer(407, "Proxy Authentication Required", text, NO_WORLD))
                return None
            return head
        return None

    async def _pass_on(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, head: Head, first: bytes, answer: bytes
    ) -> None:
        try:
            there = await connect(loop, head.host, head.port)
        except (OSError, TimeoutError) as error:
            text = f"{head.where} cannot be reached: {error or 'it does not answer'}"
            await refuse(sock, plain_answer(502, "Bad Gateway", text))
            return
        log.info("passed through to %s", head.where)
        await relay(loop, sock, there, first, answer)

    async def _refuse_host(self, sock: socket.socket, head: Head) -> None:
        text = unknown(head.where)
        log.warning("%s", text)
        await refuse(sock, plain_answer(403, "Forbidden", text))


async def refuse(sock: socket.socket, last_words: bytes) -> None:
    """Say something for the last time and close."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LINGER):
            await loop.sock_sendall(sock, last_words)
            sock.shutdown(socket.SHUT_WR)
            while await loop.sock_recv(sock, 1 << 16):
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


async def take_head(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    """The head of the request that waits at a socket, taken up to its empty line and no further."""
    async with asyncio.timeout(PATIENCE):
        while True:
            seen = await _look(loop, sock)
            end = seen.find(b"\r\n\r\n")
            if end >= 0:
                return await loop.sock_recv(sock, end + 4)
            if len(seen) >= HEAD_LIMIT:
                raise BadHead(f"the head is longer than {HEAD_LIMIT} bytes")
            await asyncio.sleep(AGAIN)


async def _look(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    while True:
        try:
            seen = sock.recv(HEAD_LIMIT, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            await readable(loop, sock)
            continue
        if not seen:
            raise ConnectionResetError("the peer has gone")
        return seen


async def readable(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> None:
    """Wait until there is something to read, or the peer has gone."""
    there = asyncio.Event()
    loop.add_reader(sock, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(sock)


async def connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """A connection to a real host that was named for passing through. OSError or TimeoutError when there is none."""
    async with asyncio.timeout(PATIENCE):
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        last: OSError | None = None
        for family, kind, number, _, address in rows:
            sock = socket.socket(family, kind, number)
            sock.setblocking(False)
            try:
                await loop.sock_connect(sock, address)
                return sock
            except OSError as error:
                last = error
                sock.close()
        raise last or OSError(f"no address for {host}")


async def relay(
    loop: asyncio.AbstractEventLoop, one: socket.socket, other: socket.socket, first: bytes, answer: bytes
) -> None:
    """Send `first` to the other and `answer` back, then pass bytes both ways until both have said all they have to."""
    try:
        await loop.sock_sendall(one, answer)
        await loop.sock_sendall(other, first)
        async with asyncio.TaskGroup() as both:  # where one way breaks, the other has nobody to talk to
            both.create_task(_pass(loop, one, other))
            both.create_task(_pass(loop, other, one))
    except* OSError:
        pass
    finally:
        one.close()
        other.close()


async def _pass(loop: asyncio.AbstractEventLoop, source: socket.socket, sink: socket.socket) -> None:
    while data := await loop.sock_recv(source, 1 << 16):
        await loop.sock_sendall(sink, data)
    sink.shutdown(socket.SHUT_WR)
