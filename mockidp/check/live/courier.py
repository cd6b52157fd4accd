"""How requests get to a real provider: slowly, honestly, one after the other, and without ever waiting for ever.

At most `AT_ONCE` requests are under way; two to one host lie `APART` seconds apart, unless it is this machine.
`Retry-After` is obeyed where it is short, and ends the questions to that host where it is long. No redirect is
followed, for where it leads is the answer. What cannot be had (no network, a time-out, half a body) is a reply too, one
that says why.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from mockidp import __version__
from mockidp.apps import is_loopback
from mockidp.errors import MockidpError, UsageError
from mockidp.wire import Request, Response

if TYPE_CHECKING:
    import httpx

AT_ONCE = 4
APART = 2.0  # seconds between two requests to one host
LIMIT = 20.0  # seconds that an answer may take, body and all
PATIENCE = 60.0  # seconds of a Retry-After that are waited; after a longer one the host is not asked again
ROOM = 4 << 20  # bytes of a body
NO_WAY = "no connection"
AGENT = f"mockidp/{__version__} (contract check of login endpoints)"


class StoppedError(MockidpError):
    """The run was ended before this request was sent."""

    code = "stopped"


@dataclass
class Reply:
    """What came back: an answer, or the reason why there is none. `seconds` is how long it took."""

    request: Request
    response: Response | None = None
    failure: str = ""
    seconds: float = 0.0


@dataclass
class Manners:
    """The waits of a courier, in seconds. `sleep` and `now` are asyncio's and the machine's, but in a test."""

    apart: float = APART
    limit: float = LIMIT
    patience: float = PATIENCE
    at_once: int = AT_ONCE
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.monotonic


@dataclass
class _Host:
    """One host: who is asking it, from when on it may be asked again, and whether it asked to be left alone."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    free: float = 0.0
    closed: str = ""


class Courier:
    """Sends requests from any thread; `with Courier() as courier: reply = courier.send(request)`.

    `transport` stands in for the network. UsageError where httpx is not installed.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        manners: Manners | None = None,
        contact: str = "",
        verify: str | bool = True,
    ) -> None:
        self.manners = manners or Manners()
        self.agent = f"{AGENT[:-1]}; {contact})" if contact else AGENT
        self.sent: list[Request] = []
        self._transport, self._verify = transport, verify
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._stopped = threading.Event()

    def __enter__(self) -> Courier:
        httpx = _httpx()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mockidp-courier", daemon=True)
        self._thread.start()
        self._open = asyncio.Semaphore(self.manners.at_once)
        self._client = httpx.AsyncClient(
            transport=self._transport, follow_redirects=False, timeout=self.manners.limit, verify=self._verify
        )
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def stop(self) -> None:
        """Send nothing more; whoever waits for an answer gets StoppedError."""
        self._stopped.set()
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            if task.get_name() == "mockidp-send":
                task.cancel()

    async def _close(self) -> None:
        await self._client.aclose()

    def send(self, request: Request) -> Reply:
        """Send one request when its turn comes, and wait for the reply. StoppedError when the run ends before."""
        if self._stopped.is_set():
            raise StoppedError("the run was stopped")
        try:
            return asyncio.run_coroutine_threadsafe(self._named(request), self._loop).result()
        except (CancelledError, asyncio.CancelledError):
            raise StoppedError("the run was stopped") from None

    async def _named(self, request: Request) -> Reply:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("mockidp-send")
        return await self._in_turn(request)

    async def _in_turn(self, request: Request) -> Reply:
        host = self._hosts[request.host]
        async with host.turn:
            if host.closed:
                return Reply(request, failure=host.closed)
            if (wait := host.free - self.manners.now()) > 0:
                await self.manners.sleep(wait)
            async with self._open:
                reply = await self._bounded(request)
            if reply.failure.startswith(NO_WAY):
                host.closed = reply.failure  # the next question would end as this one did
            host.free = self.manners.now() + (0.0 if is_ours(request) else self.manners.apart)
            if (wait := asked_to_wait(reply.response)) > self.manners.patience:
                host.closed = f"{request.host} asks to be left alone for {wait:.0f} s (Retry-After)"
            elif wait:
                host.free = self.manners.now() + wait
        return reply

    async def _bounded(self, request: Request) -> Reply:
        """One request, for no longer than the limit, whatever the other side does."""
        httpx, began = _httpx(), self.manners.now()
        self.sent.append(request)
        response, failure = None, ""
        try:
            async with asyncio.timeout(self.manners.limit):
                response = await self._exchange(request)
        except (TimeoutError, httpx.TimeoutException):
            failure = f"no whole answer within {self.manners.limit:.0f} s"
        except httpx.ConnectError as error:
            failure = f"{NO_WAY} to {request.host}: {type(error.__cause__ or error).__name__}"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            failure = f"no readable answer from {request.host}: {type(error).__name__}"
        return Reply(request, response, failure, self.manners.now() - began)

    async def _exchange(self, request: Request) -> Response:
        headers = {**request.headers, "user-agent": self.agent}
        headers.pop("host", None)
        content = request.body or None
        async with self._client.stream(request.method, request.url, headers=headers, content=content) as answer:
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > ROOM:
                    raise ValueError("the body is too large")
            return Response(answer.status_code, [(k, v) for k, v in answer.headers.multi_items()], body)


def is_ours(request: Request) -> bool:
    """Whether a request stays on this machine: its host is loopback, or the simulator plays it (`mockidp run`)."""
    played = os.environ.get("MOCKIDP_URL", "")
    return is_loopback(request.url) or (played != "" and played == os.environ.get("HTTPS_PROXY"))


def asked_to_wait(response: Response | None) -> float:
    """The seconds of a Retry-After header (RFC 9110 section 10.2.3); 0 without one, or where it makes no sense."""
    value = response.header("retry-after").strip() if response is not None else ""
    if value.isdecimal():
        return float(min(int(value[:9]), 86400))
    try:
        return max(0.0, min(86400.0, parsedate_to_datetime(value).timestamp() - time.time())) if value else 0.0
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _httpx() -> Any:
    try:
        import httpx  # lazy: only a live check sends anything
    except ImportError:
        raise UsageError("a live check sends with httpx, which is not installed: pip install 'mockidp[live]'") from None
    return httpx
