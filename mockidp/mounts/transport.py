"""The simulator as an httpx transport, sync and async: `httpx.Client(transport=Transport(simulator))`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

from mockidp.mounts import Simulator, answer, missing
from mockidp.wire import Request

try:
    import httpx
except ImportError as error:
    raise missing("httpx", "respx") from error


class LateStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes after a delay in seconds, whichever kind of client reads it."""

    def __init__(self, body: bytes, delay: float) -> None:
        self.body, self.delay = body, delay

    def __iter__(self) -> Iterator[bytes]:
        time.sleep(self.delay)
        yield self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        import anyio  # lazy: the async client of httpx brings it, and it serves trio too

        await anyio.sleep(self.delay)
        yield self.body


def host_of(request: httpx.Request) -> str:
    """The host as in a Host header: lower case, with a port unless it is the default one."""
    return request.url.netloc.decode("ascii").lower()


def respond(simulator: Simulator, request: httpx.Request) -> httpx.Response:
    """Answer a request whose body has been read; httpx.ReadTimeout at once for a delay that the client won't wait."""
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    scheme, headers = request.url.scheme, dict(request.headers)
    answered = answer(
        simulator, Request(request.method, host_of(request), path, query, headers, request.content, scheme)
    )
    limit = request.extensions.get("timeout", {}).get("read")
    if answered.delay > 0 and limit is not None and answered.delay > limit:
        raise httpx.ReadTimeout(f"no answer within {limit} seconds", request=request)
    if answered.delay > 0:
        stream = LateStream(answered.body, answered.delay)
        return httpx.Response(answered.status, headers=answered.headers, stream=stream, request=request)
    return httpx.Response(answered.status, headers=answered.headers, content=answered.body, request=request)


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers for the hosts that the simulator knows; httpx.ConnectError for all others, as without a network."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._check_host(request)
        request.read()
        return respond(self.simulator, request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._check_host(request)
        await request.aread()
        return respond(self.simulator, request)

    def _check_host(self, request: httpx.Request) -> None:
        if not self.simulator.knows(host_of(request)):
            raise httpx.ConnectError(f"mockidp knows no provider at {host_of(request)!r}", request=request)
