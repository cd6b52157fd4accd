"""The recording proxy: our port and our authority, but it is the real server that answers.

Requests for the provider's hosts are passed on and kept, in memory; every other host is refused as ever.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from uvicorn.config import Config

from mockidp.check.record.capture import Taken
from mockidp.contract.wire import Wire
from mockidp.mounts import FRAMING, missing
from mockidp.mounts.asgi import App, Receive, Send, finished
from mockidp.mounts.server import Server
from mockidp.wire import Request, Response

try:
    import httpx
except ImportError as error:
    raise missing("httpx", "live") from error

ROOM = 8 << 20  # bytes of a request's body
PATIENCE = 30.0  # seconds
HOP = frozenset({"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "upgrade", "content-encoding"})


class Hosts:
    """Which hosts are the provider's; it stands where a server has its simulator, and answers nothing itself."""

    def __init__(self, wire: Wire) -> None:
        self._hosts = wire.hosts

    def hosts(self) -> list[str]:
        return self._hosts

    def knows(self, host: str) -> bool:
        """By name, with its port or without: a certificate and a tunnel are asked for by name alone."""
        low = host.lower()
        return any(fnmatchcase(low, known) or fnmatchcase(low, known.partition(":")[0]) for known in self._hosts)

    def serves(self, host: str) -> bool:
        """Whether it is this very host, with its port."""
        return any(fnmatchcase(host.lower(), known) for known in self._hosts)

    def handle(self, request: Request) -> Response:
        return Response(404)


class Forward(App):
    """Passes each request on, without holding up the others, and keeps it with its answer."""

    def __init__(self, hosts: Hosts, keep: Callable[[Taken], None], transport: httpx.AsyncBaseTransport | None) -> None:
        super().__init__(hosts, body_limit=ROOM)
        self.known, self.keep = hosts, keep
        # not by the proxy of the environment, which may be this one
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=PATIENCE,
            follow_redirects=False,
            transport=transport,
        )

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        request = self._request(scope, await self._whole(receive))
        if self.known.serves(request.host):
            response = await self._passed_on(request)
        else:
            response = _plain(403, "mockidp records the hosts of one provider, and this is none of them")
        answer = finished(response, scope["method"])
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _whole(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more and len(body) <= self.body_limit:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        return body

    async def _passed_on(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP | FRAMING | {"host"}}
        try:
            answer = await self._client.request(
                request.method, request.url, headers=headers, content=request.body or None
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return _plain(502, f"no answer from {request.host}: {type(error).__name__}")
        pairs = [pair for pair in answer.headers.multi_items() if pair[0].lower() not in HOP | FRAMING]
        response = Response(answer.status_code, pairs, answer.content)
        self.keep(Taken(request, response))
        return response

    async def close(self) -> None:
        await self._client.aclose()


def _plain(status: int, text: str) -> Response:
    return Response(status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode())


class RecordingServer(Server):
    """Our port in front of a real provider. `keep` gets every exchange; `transport` stands in for the network."""

    def __init__(
        self,
        wire: Wire,
        keep: Callable[[Taken], None],
        port: int = 0,
        *,
        pass_through: Collection[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        hosts = Hosts(wire)
        super().__init__(hosts, port=port, pass_through=pass_through)
        self._make = partial(Forward, hosts, keep, transport)

    def _configured(self) -> Config:
        self._app = self._forward = self._make()
        config = Config(
            self._app, http="auto", ws="none", lifespan="off", interface="asgi3", log_config=None, proxy_headers=False
        )
        config.load()
        return config

    async def stop(self) -> None:
        await super().stop()
        await self._forward.close()
