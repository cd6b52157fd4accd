"""What connects the simulator to the world. A mount translates and sleeps; it decides nothing.

Each is a module of its own, imported by whoever needs it, because each needs another library:
`server` and `asgi` (uvicorn), `responses_mount` (requests), `respx_mount` and `transport` (httpx).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from mockidp.errors import UsageError
from mockidp.wire import Pairs, Request, Response

FRAMING = frozenset({"content-length", "transfer-encoding"})  # a mount's own to write: recorded ones would not fit
DEFAULT_PORTS = {"http": 80, "https": 443}


class Simulator(Protocol):
    """What a mount needs: an answer to a request, without sleeping, and which hosts there are answers for."""

    def handle(self, request: Request) -> Response: ...

    def knows(self, host: str) -> bool: ...


def served_as(method: str) -> str:
    """The method that the simulator sees: HEAD is GET whose body stays behind (RFC 9110, section 9.3.2)."""
    return "GET" if method == "HEAD" else method


def has_body(status: int) -> bool:
    """Whether an answer with that status may carry a body (RFC 9110, section 6.4.1)."""
    return status >= 200 and status != 204 and status != 304


def framed(response: Response) -> Pairs:
    """The headers with the length of this body, whatever a recording said."""
    headers = [pair for pair in response.headers if pair[0].lower() not in FRAMING]
    if has_body(response.status):
        headers.append(("Content-Length", str(len(response.body))))
    return headers


def answer(simulator: Simulator, request: Request) -> Response:
    """The simulator's answer as a client inside this process sees it; `request` is used up."""
    head, request.method = request.method == "HEAD", served_as(request.method)
    response = simulator.handle(request)
    body = b"" if head or not has_body(response.status) else response.body
    return Response(response.status, framed(response), body, response.delay)


def request_of(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from a client's absolute URL: userinfo, a default port and the fragment never reach a server."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    name, _, port = host.rpartition(":")
    if port.isdecimal() and int(port) == DEFAULT_PORTS.get(parts.scheme):
        host = name
    low = {name.lower(): value for name, value in headers.items()}
    low.setdefault("host", host)
    return Request(method.upper(), host, parts.path or "/", parts.query, low, body, parts.scheme)


def missing(library: str, extra: str) -> UsageError:
    """The error for a library that an optional mount needs."""
    return UsageError(f"{library} is not installed; pip install 'mockidp[{extra}]'")
