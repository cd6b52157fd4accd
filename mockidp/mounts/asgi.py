"""The simulator as an ASGI application, for any ASGI server and for test clients."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mockidp.mounts import FRAMING, Simulator, framed, has_body, served_as
from mockidp.mounts.proxy import user_of
from mockidp.wire import Request, Response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 1 << 20  # bytes; the largest form of a login is a few kilobytes
URL_LIMIT = 32 << 10  # bytes of path and query
HEADER_LIMIT = 64 << 10  # bytes of names and values together
BODY_PATIENCE = 30.0  # seconds for a body, from the head to its last piece
USUAL_PORTS = {"http": ":80", "https": ":443"}

Finished = TypeVar("Finished")

log = logging.getLogger("mockidp.server")


class _Refused(Exception):  # noqa: N818  an answer, not an error
    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text


class _Gone(Exception):  # noqa: N818
    """The client hung up before it had sent its body: nobody is left to answer."""


class Answer(NamedTuple):
    """What goes over the wire: status, headers as bytes, body or stream, and the seconds to wait before sending it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    delay: float
    stream: Callable[[], AsyncGenerator[bytes, None]] | None = None


class App:
    """ASGI 3 application. What is too large, malformed or too slow is refused in plain text before it is parsed."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        body_limit: int = BODY_LIMIT,
        url_limit: int = URL_LIMIT,
        header_limit: int = HEADER_LIMIT,
    ) -> None:
        self.simulator = simulator
        self.closing = False  # streams end when it is set
        self.body_limit, self.url_limit, self.header_limit = body_limit, url_limit, header_limit

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _http(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        names = [name for name, _ in scope["headers"]]
        try:
            sent = b"content-length" in names or b"transfer-encoding" in names
            body = await self._body(self._headers(scope["headers"]), receive) if sent else b""
            answer = self.answer(scope, body)
        except _Gone:
            return
        except _Refused as refused:
            answer = finished(plain(refused.status, refused.text), scope["method"])
        if answer.delay > 0:
            await asyncio.sleep(answer.delay)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if answer.stream is not None:
            await self._stream(answer.stream(), receive, send)
        else:
            await send({"type": "http.response.body", "body": answer.body})

    async def _stream(self, pieces: AsyncGenerator[bytes, None], receive: Receive, send: Send) -> None:
        """Send pieces until there are no more, the client has gone, or the server stops."""
        watch = asyncio.ensure_future(_gone(receive))
        try:
            async for piece in pieces:
                if self.closing or watch.done():
                    break
                if piece:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            watch.cancel()
            await pieces.aclose()
        await send({"type": "http.response.body", "body": b""})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        for phase in ("startup", "shutdown"):
            await receive()
            self.closing = phase == "shutdown"
            await send({"type": f"lifespan.{phase}.complete"})

    def answer(self, scope: MutableMapping[str, Any], body: bytes) -> Answer:
        """The answer to a request whose body is there; never raises."""
        method = scope["method"]
        try:
            request = self._request(scope, body)
        except _Refused as refused:
            return finished(plain(refused.status, refused.text), method)
        return self.respond(request, method, finished)

    def respond(self, request: Request, method: str, finish: Callable[[Response, str], Finished]) -> Finished:
        """What `finish` makes of the response and the method that was asked with; neither's failure gets out."""
        path = request.path  # the simulator uses the request up
        try:
            return finish(self.simulator.handle(request), method)
        except Exception:
            log.exception("the simulator failed to answer %s %s", method, path)
            return finish(plain(500, "internal error in mockidp; the server's log has the details"), method)

    def _request(self, scope: MutableMapping[str, Any], body: bytes) -> Request:
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"], errors="replace").encode("ascii")
        query: bytes = scope.get("query_string", b"")
        if len(raw_path) + len(query) > self.url_limit:
            raise _Refused(414, f"the URL is longer than {self.url_limit} bytes")
        headers = self._headers(scope["headers"])
        host, scheme = headers.get("host"), scope.get("scheme", "http")
        host = named(host, scheme) if host else own_host(scope.get("server"))
        path, text = raw_path.decode("latin-1"), query.decode("latin-1")
        world = world_of(headers, scope.get("state", {}).get("world", ""))
        return Request(served_as(scope["method"]), host, path, text, headers, body, scheme, world=world)

    def _headers(self, pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
        if sum([len(name) + len(value) for name, value in pairs]) > self.header_limit:
            raise _Refused(431, f"the headers are larger than {self.header_limit} bytes")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        return headers if len(headers) == len(pairs) else _joined(pairs)

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        told = headers.get("content-length", "0")
        if not told.isdecimal():
            raise _Refused(400, "Content-Length is not a number")
        if len(told) > 18 or int(told) > self.body_limit:
            raise self._too_large()
        try:
            async with asyncio.timeout(BODY_PATIENCE):
                message = await receive()
                body: bytes = message.get("body", b"")
                while message["type"] == "http.request" and message.get("more_body"):
                    if len(body) > self.body_limit:
                        raise self._too_large()
                    message = await receive()
                    body += message.get("body", b"")
        except TimeoutError:
            raise _Refused(408, slow_body(BODY_PATIENCE)) from None
        if message["type"] == "http.disconnect":
            raise _Gone
        if len(body) > self.body_limit:
            raise self._too_large()
        return body

    def _too_large(self) -> _Refused:
        return _Refused(413, f"the body is larger than {self.body_limit} bytes")


def slow_body(seconds: float) -> str:
    return f"the body did not come in {seconds:g} seconds"


def _joined(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers that came more than once as one line each (RFC 9110, section 5.3; cookies RFC 6265, section 5.4)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "host" and name in headers:
            raise _Refused(400, "two Host headers")
        headers[name] = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in headers else value
    return headers


def named(host: str, scheme: str) -> str:
    """A Host header in small letters, without the scheme's usual port."""
    return host.lower().removesuffix(USUAL_PORTS.get(scheme, " "))


def world_of(headers: dict[str, str], world: str) -> str:
    """Whose world a request is in: that of the connection, or of the user that it names to the proxy."""
    told = headers.pop("proxy-authorization", "")
    return (user_of(told) if told else "") or world


def own_host(server: tuple[str, int | None] | None) -> str:
    """The host of a request that names none."""
    host, port = server or ("localhost", None)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}" if port else host


def finished(response: Response, method: str) -> Answer:
    """The response as ASGI wants it."""
    if response.stream is not None and method != "HEAD":
        headers = [pair for pair in _encoded(response) if pair[0].decode().lower() not in FRAMING]
        return Answer(response.status, headers, b"", response.delay, response.stream)
    return Answer(response.status, _encoded(response), body_for(method, response), response.delay)


def body_for(method: str, response: Response) -> bytes:
    """The body that goes over the wire: none for HEAD, nor for a status that has none."""
    return b"" if method == "HEAD" or not has_body(response.status) else response.body


def plain(status: int, text: str) -> Response:
    return Response(status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode())


def _encoded(response: Response) -> list[tuple[bytes, bytes]]:
    """Headers as bytes; ValueError for one that would break out of its line, which is a bug of the simulator."""
    pairs = framed(response)
    text = "".join([value for _, value in pairs])
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError(f"a line break in a response header, one of {', '.join([name for name, _ in pairs])}")
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


async def _gone(receive: Receive) -> None:
    """Wait until the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
