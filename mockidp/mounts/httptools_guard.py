"""uvicorn's fast HTTP protocol with what it lacks: limits on a request's head, and patience with upgrade offers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_LIMIT = 256 << 10  # bytes held for one head; the application's own limits are lower and answer in words
HEAD_PATIENCE = 30.0  # seconds between two pieces of a head

log = logging.getLogger("mockidp.server")


class OneWrite:
    """A transport that sends what is written in one step of the loop in one piece: a head and its body, for one.

    Each write is a system call, and costs as much as all the rest of a small answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def _flush(self) -> None:
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def close(self) -> None:
        self._flush()
        self._transport.close()


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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(OneWrite(transport, self.loop))  # type: ignore[arg-type]

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # it comes again, without the offer
        self.head_size = float("-inf")  # what follows is a body, and the application watches that
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self.head_size = 0
        super().on_message_complete()

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
