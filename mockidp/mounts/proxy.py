"""What a forward proxy reads and passes on: the head of a request, whose world it is, and bytes both ways.

Nothing leaves this machine but to hosts that were named with `--pass-through`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

HEAD_LIMIT = 16 << 10  # bytes of a request's head
PATIENCE = 30.0  # seconds for a head, and for a host that is passed through to answer
AGAIN = 0.02  # seconds until a second look at bytes that were too few
HOP = {b"proxy-authorization", b"proxy-connection", b"connection", b"keep-alive"}
TARGET = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]]+):(\d{1,5})")
DEFAULT_PORTS = {"http": 80, "https": 443}


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
        """The request as its own server wants it: in origin form, without what was for the proxy, one and no more."""
        first, *lines = self.raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
        method, target, version = first.split(b" ")
        parts = urlsplit(target.decode("latin-1"))
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}".encode("latin-1")
        kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in HOP]
        return b"\r\n".join([b" ".join((method, path, version)), *kept, b"Connection: close", b"", b""])


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


async def take_head(loop: asyncio.AbstractEventLoop, sock: socket.socket, *, peek: bool = False) -> bytes:
    """The head of the request that waits at a socket, taken up to its empty line and no further, or only looked at."""
    async with asyncio.timeout(PATIENCE):
        while True:
            seen = await _look(loop, sock)
            end = seen.find(b"\r\n\r\n")
            if end >= 0:
                return seen[: end + 4] if peek else await loop.sock_recv(sock, end + 4)
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


async def relay(loop: asyncio.AbstractEventLoop, one: socket.socket, other: socket.socket) -> None:
    """Pass bytes both ways until both sides have said all they have to say."""
    try:
        await asyncio.gather(_pass(loop, one, other), _pass(loop, other, one))
    except OSError:
        pass
    finally:
        one.close()
        other.close()


async def _pass(loop: asyncio.AbstractEventLoop, source: socket.socket, sink: socket.socket) -> None:
    while data := await loop.sock_recv(source, 1 << 16):
        await loop.sock_sendall(sink, data)
    sink.shutdown(socket.SHUT_WR)
