"""uvicorn's fast HTTP protocol with the two limits it lacks: how large a request's head may get, and how slow."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_LIMIT = 256 << 10  # bytes held for one head; the application's own limits are lower and answer in words
HEAD_PATIENCE = 30.0  # seconds between two pieces of a head

log = logging.getLogger("mockidp.server")


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers never end; writes no access log."""

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

    def on_headers_complete(self) -> None:
        self.head_size = float("-inf")  # what follows is a body, and the application watches that
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.head_size = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self.head_size += len(data)
        super().data_received(data)
        if self.head_size > 0:
            self._unfinished_head()

    def _unfinished_head(self) -> None:
        if self.transport.is_closing():
            return
        if self.head_size > HEAD_LIMIT:
            log.warning("closed a connection whose request head is larger than %d bytes", HEAD_LIMIT)
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(HEAD_PATIENCE, self.timeout_keep_alive_handler)
