"""A port of one's own for one world of a server: what has a proxy setting without a place for a user name, a browser
above all, is sent here, and each of its requests goes on to the server with the name."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote, urlsplit

from mockidp.mounts import proxy
from mockidp.mounts.life import Life
from mockidp.mounts.ports import listen, url_of

HOST = "127.0.0.1"


class Door(Life):
    """Leads to a world of the forward proxy at a URL; `with Door(server, world) as door` serves at `door.url`."""

    name = "mockidp-door"

    def __init__(self, server: str, world: str) -> None:
        super().__init__()
        parts = urlsplit(server)
        self.there = parts.hostname or HOST, parts.port or 80
        self.header = b"Proxy-Authorization: Basic %s\r\n" % base64.b64encode(f"{quote(world)}:x".encode())
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What to set as the proxy, without a slash at the end."""
        return url_of(HOST, self._sockets[0].getsockname()[1])

    def bind(self) -> None:
        if not self._sockets:
            self._sockets = listen(HOST, 0)

    async def start(self) -> None:
        self.bind()
        self._loop = asyncio.get_running_loop()
        for listener in self._sockets:
            self._do(self._accept(listener))

    async def stop(self) -> None:
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for listener in self._sockets:
            listener.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            sock, _ = await self._loop.sock_accept(listener)
            self._do(self._through(sock))

    async def _through(self, sock: socket.socket) -> None:
        """Pass a connection on with its first request's head changed: a proxy's client makes one a connection, or asks
        for a tunnel."""
        with contextlib.closing(sock), contextlib.suppress(OSError, TimeoutError, proxy.BadHead):
            head = await proxy.take_head(self._loop, sock)
            there = await proxy.connect(self._loop, *self.there)
            await proxy.relay(self._loop, sock, there, head[:-2] + self.header + b"\r\n", b"")
