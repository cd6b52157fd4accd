"""Requests over real HTTP to a running simulator, in path form: what a walk sends through, with no client library."""

from __future__ import annotations

import http.client
import json
from typing import Self
from urllib.parse import quote, urlsplit

from mockidp.errors import MockidpError, UsageError
from mockidp.wire import Request, Response

TIMEOUT = 40.0  # seconds; the fault `slow` takes 30
LIMIT = 4 << 20  # bytes of an answer


class UnreachableError(MockidpError):
    """The simulator that was to be asked does not answer: nothing can be said about it."""

    code = "unreachable"


class PathForm:
    """Sends each request to a simulator with the base in front of the provider's host.

    Call it with a Request, as a walk does; answers name the provider as it really is (`X-Mockidp-Urls: real`). One
    connection is kept, and made anew when the server has closed it. Raises UnreachableError, and UsageError for a
    wrong base.
    """

    def __init__(self, base: str, token: str = "") -> None:
        self.base, self.token = base.rstrip("/"), token
        parts = urlsplit(self.base)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme != "http" or not host or parts.query or parts.fragment or parts.username:
            raise UsageError("the simulator's address must be like http://127.0.0.1:8400")
        self._prefix = parts.path
        self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def __call__(self, request: Request) -> Response:
        path = f"/{request.host}{request.path}{'?' + request.query if request.query else ''}"
        return self.send(request.method, path, {**request.headers, "X-Mockidp-Urls": "real"}, request.body)

    def get(self, path: str, accept: str = "application/json") -> Response:
        """One of the server's own pages, with the control token where there is one."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.send("GET", path, {"Accept": accept, **bearer})

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Response:
        """One request, its path below the base."""
        connection = self._connection
        try:
            connection.request(method, self._prefix + path, body or None, headers)
            answer = connection.getresponse()
            data = answer.read(LIMIT + 1)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            why = f"no answer from {self.base} ({_reason(error)}); is `mockidp serve` running?"
            raise UnreachableError(why) from None
        if len(data) > LIMIT:
            connection.close()
            raise UnreachableError(f"an answer of {self.base} is larger than {LIMIT} bytes")
        return Response(answer.status, answer.getheaders(), data)


def answers(base: str, world: str = "") -> bool:
    """Whether a simulator answers at a URL, and has a world of that name."""
    try:
        with PathForm(f"{base}/~{quote(world)}" if world else base) as ask:
            return bool(json.loads(ask.get("/_mockidp/health").body)["status"] == "ok")
    except (MockidpError, ValueError, KeyError, TypeError):
        return False


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__).lower()
