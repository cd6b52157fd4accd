"""uvicorn's fast HTTP protocol with what it lacks: limits on a request's head, patience with upgrade offers, and a
short way for the requests that are nearly all: small ones, answered without a task and in one write."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_LIMIT = 256 << 10  # bytes held for one head; the application's own limits are lower and answer in words
HEAD_PATIENCE = 30.0  # seconds between two pieces of a head

SMALL_BODY = 64 << 10  # bytes of a body that need no flow control

log = logging.getLogger("mockidp.server")


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
        self.body: list[bytes] | None = None  # of a request that is answered the short way
        self.waiting: list[tuple[Any, bool]] = []
        self.ending = False

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # it comes again, without the offer
        self.head_size = float("-inf")  # what follows is a body, and the application watches that
        self.body = [] if self._is_plain() else None
        if self.body is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.body is None:
            super().on_body(body)
        else:
            self.body.append(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self.head_size = 0
        if self.body is None:
            super().on_message_complete()
        else:
            self._answer(b"".join(self.body))

    # the short way

    def _is_plain(self) -> bool:
        """Whether the request can be answered here: nothing before it waits, and its body is small and announced."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.expect_100_continue or len(self.connections) >= (self.limit_concurrency or 1 << 30):
            return False
        length = b"0"
        for name, value in self.headers:
            if name == b"content-length":
                length = value
            elif name == b"transfer-encoding":
                return False
        return length.isdigit() and len(length) < 9 and int(length) <= SMALL_BODY

    def _answer(self, body: bytes) -> None:
        """Answer in the parser's own step, in one write: a task and two writes cost more than most answers."""
        target = httptools.parse_url(self.url)
        scope = self.scope
        scope["method"], scope["raw_path"] = self.parser.get_method().decode("ascii"), target.path
        scope["query_string"] = target.query or b""
        answer = self.config.loaded_app.answer(scope, body)
        keep = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        if answer.delay > 0 or self.waiting:
            self._later(answer, keep)
        else:
            self._write(answer, keep)

    def _write(self, answer: Any, keep: bool) -> None:
        if self.transport.is_closing():
            return
        lines = [STATUS_LINE.get(answer.status) or b"HTTP/1.1 %d \r\n" % answer.status]
        lines += [b"%b: %b\r\n" % (name.lower(), value) for name, value in answer.headers]
        lines.append(b"\r\n" if keep else b"connection: close\r\n\r\n")
        lines.append(answer.body)
        self.transport.write(b"".join(lines))
        if not keep:
            self.transport.close()
        self.on_response_complete()

    def _later(self, answer: Any, keep: bool) -> None:
        """An answer that takes its time, and those that came behind it: in order, the reading stopped meanwhile."""
        self.flow.pause_reading()
        self.waiting.append((answer, keep))
        if len(self.waiting) == 1:
            task = self.loop.create_task(self._drain())  # among the tasks that a shutdown waits for
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _drain(self) -> None:
        while self.waiting:
            answer, keep = self.waiting[0]
            await asyncio.sleep(answer.delay)
            del self.waiting[0]
            self._write(answer, keep and not (self.ending and not self.waiting))

    def shutdown(self) -> None:
        """Close now, or after the answer that somebody waits for."""
        self.ending = True
        if not self.waiting:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        self.head_size += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            log.warning("refused a request that is no valid HTTP")
            self.send_400_response("invalid HTTP request\n")
        if self.head_size > 0:
            self._unfinished_head()

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

    def _unfinished_head(self) -> None:
        if self.transport.is_closing():
            return
        if self.head_size > HEAD_LIMIT:
            log.warning("closed a connection whose request head is larger than %d bytes", HEAD_LIMIT)
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(HEAD_PATIENCE, self.timeout_keep_alive_handler)
