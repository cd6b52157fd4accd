"""uvicorn's fast HTTP protocol with what it lacks: limits on a request's head, patience with upgrade offers, and a
short way for the requests that are nearly all: small ones, answered without a task, a scope and a timer, in one write.

The short way is why this file counts microseconds: what uvicorn prepares per request costs as much as most answers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from mockidp.mounts import FRAMING, has_body, served_as
from mockidp.mounts.asgi import App, named, own_host, plain, slow_body, world_of
from mockidp.wire import Request, Response

HEAD_LIMIT = 256 << 10  # bytes held for one head; the application's own limits are lower and answer in words
PATIENCE = 30.0  # seconds for a head with its small body, from the first byte to the last

SMALL_BODY = 64 << 10  # bytes of a body that need no flow control
LARGE_BODY = 8 << 10  # bytes of an answer's body that is written in a piece of its own

NEVER = float("inf")
NO_HEAD = float("-inf")  # the size of a head while a body comes: never too large
STREAM = b"/_mockidp/events"  # the path of an answer without an end, which the short way cannot give
OWN_TARGETS = (b"/_", b"/~", b"ht", b"HT")  # how a target that holds that path begins: here, in a world, a whole URL

Reply = tuple[float, bytes, bytes]  # seconds to wait; status and header lines; body

log = logging.getLogger("mockidp.server")


class _Ahead:
    """Stands for answers of the short way that still wait, where uvicorn looks whether it must queue a request."""

    response_complete = False

    def __init__(self) -> None:
        self.message_event = asyncio.Event()  # uvicorn sets it when the connection is lost


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers never end, declines upgrades, writes no access log."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.access_log = False  # here and not in Config, which would change the logger of the whole process
        self.head_size: float = 0
        self.began = 0.0  # when the first piece of a request came, in the loop's time; 0 while there was no second
        self.body: list[bytes] | None = None  # of a request that is answered the short way
        self.waiting: list[tuple[Reply, bool]] = []
        self.ending = False
        self.application: App = config.loaded_app
        self.world: str = app_state.get("world", "")
        self.head: dict[str, str] = {}  # what the short way makes of the headers
        self.most = self.limit_concurrency or NEVER
        self.deadline = NEVER  # when to close, in the loop's time
        self.timer: asyncio.TimerHandle | None = None  # looks at the deadline, now and then

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timer:
            self.timer.cancel()

    # what the parser says: uvicorn's scope is for the long way only

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.body = None
        if self.parser.should_upgrade():
            return  # it comes again, without the offer
        self.head_size = NO_HEAD  # what follows is a body, and the application watches that
        if self._is_plain():
            self.body = []
        else:
            self._long_way()

    def _long_way(self) -> None:
        """Hand uvicorn what it would have heard from the parser."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        super().on_url(url)
        for name, value in headers:
            super().on_header(name, value)
        if self.waiting and not self.pipeline:
            self.cycle = _Ahead()  # type: ignore[assignment]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.body is None:
            super().on_body(body)
        else:
            self.body.append(body)

    def on_message_complete(self) -> None:
        if self.body is not None:
            self.head_size = 0
            self._answer(b"".join(self.body))
        elif not self.parser.should_upgrade():
            self.head_size = 0
            super().on_message_complete()

    # the short way

    def _is_plain(self) -> bool:
        """Whether the request can be answered here: nothing before it waits, its body is small and announced, and
        there is nothing to refuse or to join."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or len(self.connections) >= self.most or len(self.url) > self.application.url_limit:
            return False
        if self.url[:2] in OWN_TARGETS and STREAM in self.url:
            return False
        size, head = 0, {}
        for name, value in self.headers:
            size += len(name) + len(value)
            head[name.decode("latin-1")] = value.decode("latin-1")
        if size > self.application.header_limit or len(head) != len(self.headers):
            return False
        self.head = head
        return _small_body(head)

    def _answer(self, body: bytes) -> None:
        """Answer in the parser's own step, in one write: a task and two writes cost more than most answers."""
        method, (path, query) = self.parser.get_method().decode("ascii"), _split(self.url)
        host, scheme = self.head.get("host"), self.scheme or "http"
        host = named(host, scheme) if host else own_host(self.server)
        request = Request(served_as(method), host, path, query, self.head, body, scheme)
        request.world = world_of(self.head, self.world)
        reply = self.application.respond(request, method, _reply)
        keep = self.parser.should_keep_alive()
        if "connection" in self.head:  # HTTP/1.0 has to ask, and is not told that it got it
            keep = keep and self.parser.get_http_version() != "1.0"
        if self.waiting or reply[0] > 0:
            self._later(reply, keep)
        else:
            self._write(reply, keep)

    def _write(self, reply: Reply, keep: bool) -> None:
        if self.transport.is_closing():
            return
        _, head, body = reply
        self.transport.write(b"".join((head, b"\r\n" if keep else b"connection: close\r\n\r\n", body)))
        if keep:
            self._close_after(self.timeout_keep_alive)
        else:
            self.transport.close()

    def _later(self, reply: Reply, keep: bool) -> None:
        """An answer that takes its time, and those that came behind it: in order, the reading stopped meanwhile."""
        self.flow.pause_reading()
        self.waiting.append((reply, keep))
        if len(self.waiting) == 1:
            task = self.loop.create_task(self._drain())  # among the tasks that a shutdown waits for
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _drain(self) -> None:
        while self.waiting:
            reply, keep = self.waiting[0]
            await asyncio.sleep(reply[0])
            del self.waiting[0]
            self._write(reply, keep and not (self.ending and not self.waiting and not self.pipeline))
        self.on_response_complete()

    def shutdown(self) -> None:
        """Close now, or after the answer that somebody waits for."""
        self.ending = True
        if self.pipeline or not self.waiting:
            super().shutdown()

    # patience: a timer made and cancelled for each request would cost more than one that looks whether it was needed

    def on_response_complete(self) -> None:
        """uvicorn's, but for the timer."""
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._close_after(self.timeout_keep_alive)

    def _close_after(self, seconds: float) -> None:
        """Close unless something arrives before."""
        self.deadline = self.loop.time() + seconds
        if self.timer is None:
            self._look_in(seconds)

    def _look_in(self, seconds: float) -> None:
        # never later than the shortest patience, which may begin meanwhile
        self.timer = self.loop.call_later(min(seconds, self.timeout_keep_alive), self._look)

    def _look(self) -> None:
        self.timer = None
        left = self.deadline - self.loop.time()
        if left <= 0 and self._lacks_body():
            self._write(_reply(plain(408, slow_body(PATIENCE)), "POST"), False)
        elif left <= 0:
            self.timeout_keep_alive_handler()
        elif left < NEVER:
            self._look_in(left)

    # what arrives

    def data_received(self, data: bytes) -> None:
        if not self.head_size:
            self.began = 0.0
        self.head_size += len(data)
        self.deadline = NEVER
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            log.warning("refused a request that is no valid HTTP")
            self.send_400_response("invalid HTTP request\n")
        if self.head_size > 0 or self._lacks_body():
            self._unfinished()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn's never keeps a connection open
        """Answer a peer that has said all it had to and still listens. Over TLS nobody can: the tunnel has ended."""
        cycle = self.cycle
        unanswered = cycle is not None and not cycle.response_complete and not self.waiting
        if cycle is None or not unanswered or STREAM in self.url or self.transport.get_extra_info("sslcontext"):
            return None
        cycle.keep_alive = False
        return True

    def _decline(self, rest: bytes) -> None:
        """Answer an offer to upgrade in HTTP/1.1. Java's client makes one (h2c) with every request, even a POST.

        The parser stops at the offer for good and would lose the body: a new one reads the request without it.
        """
        if self.parser.get_method() == b"CONNECT":  # an offer that nothing is left of
            self.send_400_response("CONNECT must come first on a connection\n")
            return
        head = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = (pair for pair in self.headers if pair[0] not in (b"upgrade", b"connection"))
        lines = b"".join(b"%b: %b\r\n" % pair for pair in kept)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + lines + b"\r\n" + rest)

    def _lacks_body(self) -> bool:
        """Whether a request that is answered the short way is not all there."""
        return self.head_size < 0 and self.body is not None

    def _unfinished(self) -> None:
        """A head, or the small body behind one, that goes on: it may not do so for ever, however it trickles in."""
        if self.transport.is_closing():
            return
        if self.head_size > HEAD_LIMIT:
            log.warning("closed a connection whose request head is larger than %d bytes", HEAD_LIMIT)
            self.transport.close()
        else:
            self.began = self.began or self.loop.time()
            self._close_after(self.began + PATIENCE - self.loop.time())


def _small_body(head: dict[str, str]) -> bool:
    """Whether the body is announced in bytes, few of them, and comes unasked."""
    if "transfer-encoding" in head or "expect" in head:
        return False
    length = head.get("content-length")
    return length is None or (length.isdecimal() and len(length) < 9 and int(length) <= SMALL_BODY)


def _split(url: bytes) -> tuple[str, str]:
    """Path and query of a request's target."""
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.decode("latin-1").partition("?")
        return path, query
    target = httptools.parse_url(url)
    return target.path.decode("latin-1"), (target.query or b"").decode("latin-1")


def _reply(response: Response, method: str) -> Reply:
    """The response as it is written; ValueError for a header that would break out of its line."""
    lines = [f"{low}: {value}\r\n" for name, value in response.headers if (low := name.lower()) not in FRAMING]
    body = response.body if has_body(response.status) else None
    if body is not None:
        lines.append(f"content-length: {len(body)}\r\n")
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        names = ", ".join([name for name, _ in response.headers])
        raise ValueError(f"a line break in a response header, one of {names}")
    status = STATUS_LINE.get(response.status) or b"HTTP/1.1 %d \r\n" % response.status
    return response.delay, status + text.encode("latin-1"), b"" if body is None or method == "HEAD" else body
