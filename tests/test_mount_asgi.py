"""The ASGI application: what reaches the simulator, what goes back, and what is refused before it is parsed."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import MutableMapping
from typing import Any

import pytest

from mockidp.mounts import asgi
from mockidp.mounts.asgi import App
from mockidp.wire import Request, Response


class Echo:
    """Answers with the URL, or as it was told to; remembers the last request."""

    def __init__(self, response: Response | Exception | None = None) -> None:
        self.response, self.seen = response, Request("", "", "")

    def handle(self, request: Request) -> Response:
        self.seen = request
        if isinstance(self.response, Exception):
            raise self.response
        return self.response or Response(200, [("Content-Type", "text/plain")], request.url.encode())

    def knows(self, host: str) -> bool:
        return True


class Answer:
    """What an application sent, put together."""

    def __init__(self, messages: list[MutableMapping[str, Any]]) -> None:
        start, *bodies = messages
        self.status: int = start["status"]
        self.headers: list[tuple[bytes, bytes]] = start["headers"]
        self.body = b"".join(message["body"] for message in bodies)

    def header(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key.lower() == name.encode()]


class Peer:
    """One client of an application: a scope, the body in pieces, and what came back."""

    def __init__(self, app: App, pieces: list[bytes] | None = None, hang_up: bool = False) -> None:
        self.app, self.pieces, self.hang_up = app, list(pieces or []), hang_up
        self.read, self.sent = 0, list[MutableMapping[str, Any]]()

    async def receive(self) -> MutableMapping[str, Any]:
        self.read += 1
        if not self.pieces:
            if self.hang_up:
                return {"type": "http.disconnect"}
            await asyncio.sleep(60)
        body = self.pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces) or self.hang_up}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    def ask(
        self,
        method: str = "GET",
        target: str = "/",
        headers: dict[str, str] | None = None,
        pairs: list[tuple[bytes, bytes]] | None = None,
        **more: Any,
    ) -> Answer:
        path, _, query = target.partition("?")
        headers = headers or {"host": "github.com"}
        pairs = pairs or [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": pairs,
            "scheme": "http",
            "server": ("127.0.0.1", 8400),
        }
        asyncio.run(self.app({**scope, **more}, self.receive, self.send))
        return Answer(self.sent)


def test_the_simulator_sees_the_request_as_it_was_sent() -> None:
    echo = Echo()
    body = b"a=%C3%A9&b=\xff"
    headers = {"host": "GitHub.COM", "content-length": str(len(body)), "x-name": "\xe9", "cookie": "a=1"}
    Peer(App(echo), [body]).ask("POST", "/login%2Foauth/a%20b?scope=a%20b&x=%ff&x=\xff", headers)
    assert echo.seen == Request(
        "POST", "github.com", "/login%2Foauth/a%20b", "scope=a%20b&x=%ff&x=\xff", headers, body, "http"
    )
    assert echo.seen.query_pairs[0] == ("scope", "a b")


def test_a_body_in_pieces_is_put_together() -> None:
    echo = Echo()
    Peer(App(echo), [b"ab", b"", b"cd"]).ask("POST", headers={"host": "a", "transfer-encoding": "chunked"})
    assert echo.seen.body == b"abcd"


def test_headers_that_come_twice_are_joined_and_two_hosts_are_refused() -> None:
    echo = Echo()
    pairs = [(b"host", b"a"), (b"accept", b"x"), (b"accept", b"y"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    Peer(App(echo)).ask(pairs=pairs)
    assert echo.seen.headers == {"host": "a", "accept": "x, y", "cookie": "a=1; b=2"}
    assert Peer(App(echo)).ask(pairs=[*pairs, (b"host", b"b")]).status == 400


@pytest.mark.parametrize(
    ("server", "host"), [(("127.0.0.1", 8400), "127.0.0.1:8400"), (("::1", 80), "[::1]:80"), (None, "localhost")]
)
def test_without_a_host_header_the_own_address_is_the_host(server: tuple[str, int] | None, host: str) -> None:
    echo = Echo()
    Peer(App(echo)).ask(headers={"accept": "*/*"}, server=server)
    assert echo.seen.host == host


def test_a_server_that_gives_no_raw_path_gets_the_path_quoted_again() -> None:
    echo = Echo()
    Peer(App(echo)).ask(raw_path=None, path="/é x")
    assert echo.seen.path == "/%C3%A9%20x"


def test_the_answer_goes_out_byte_for_byte_with_its_own_length() -> None:
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    recorded = [("Content-Length", "99"), ("Transfer-Encoding", "chunked")]
    answer = Peer(App(Echo(Response(201, [*cookies, *recorded], b"\0\xff")))).ask()
    assert (answer.status, answer.body) == (201, b"\0\xff")
    assert answer.header("set-cookie") == ["a=1", "b=2"]
    assert answer.header("content-length") == ["2"]
    assert answer.header("transfer-encoding") == []


def test_head_is_get_without_the_body() -> None:
    echo = Echo(Response(200, [], b"abc"))
    answer = Peer(App(echo)).ask("HEAD")
    assert echo.seen.method == "GET"
    assert (answer.body, answer.header("content-length")) == (b"", ["3"])


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_content_has_neither_body_nor_length(status: int) -> None:
    answer = Peer(App(Echo(Response(status, [], b"abc")))).ask()
    assert (answer.status, answer.body, answer.header("content-length")) == (status, b"", [])


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "a", "content-length": "1048577"},
        {"host": "a", "content-length": "9" * 5000},
    ],
    ids=["one-too-many", "beyond-counting"],
)
def test_a_body_that_says_it_is_too_large_is_refused_before_any_of_it_is_read(headers: dict[str, str]) -> None:
    echo = Echo()
    peer = Peer(App(echo), [b"x"])
    answer = peer.ask("POST", headers=headers)
    assert (answer.status, peer.read, echo.seen.method) == (413, 0, "")
    assert answer.header("content-type") == ["text/plain; charset=utf-8"]
    assert b"1048576 bytes" in answer.body


def test_a_body_that_grows_too_large_is_refused_where_it_crosses_the_limit() -> None:
    peer = Peer(App(Echo(), body_limit=10), [b"x" * 6] * 9)
    assert peer.ask("POST", headers={"host": "a", "transfer-encoding": "chunked"}).status == 413
    assert peer.read == 2


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
def test_the_body_limit_is_the_largest_size_allowed(size: int, status: int) -> None:
    for length in ({"transfer-encoding": "chunked"}, {"content-length": str(size)}):
        for pieces in ([b"x" * size], [b"x" * size, b""]):
            peer = Peer(App(Echo(), body_limit=10), pieces)
            assert peer.ask("POST", headers={"host": "a", **length}).status == status


@pytest.mark.parametrize("told", ["", "-1", "1e3", "1, 1", "\u00b2"])
def test_a_length_that_is_no_number_is_refused(told: str) -> None:
    assert Peer(App(Echo()), [b"x"]).ask("POST", headers={"host": "a", "content-length": told}).status == 400


@pytest.mark.parametrize(("size", "status"), [(20, 200), (21, 414)])
def test_the_url_limit_counts_path_and_query(size: int, status: int) -> None:
    target = "/path?" + "q" * (size - len("/path"))
    assert Peer(App(Echo(), url_limit=20)).ask(target=target).status == status


@pytest.mark.parametrize(("size", "status"), [(20, 200), (21, 431)])
def test_the_header_limit_counts_names_and_values(size: int, status: int) -> None:
    headers = {"host": "a", "x": "v" * (size - len("hostax"))}
    assert Peer(App(Echo(), header_limit=20)).ask(headers=headers).status == status


def test_a_body_that_stops_coming_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "BODY_PATIENCE", 0.01)

    class Stalling(Peer):
        async def receive(self) -> MutableMapping[str, Any]:
            message = await super().receive()
            return {**message, "more_body": True}

    headers = {"host": "a", "content-length": "9"}
    assert Stalling(App(Echo()), [b"x"]).ask("POST", headers=headers).status == 408


def test_a_client_that_hangs_up_is_not_answered() -> None:
    echo = Echo()
    peer = Peer(App(echo), [b"x"], hang_up=True)
    with pytest.raises(ValueError, match="not enough values"):
        peer.ask("POST", headers={"host": "a", "content-length": "9"})
    assert (peer.sent, echo.seen.method) == ([], "")


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("secret-code"),
        Response(302, [("Location", "https://a/\r\nSet-Cookie: x=secret-code")]),
        Response(302, [("Location", "https://a/漢secret-code")]),
    ],
    ids=["raises", "header-injection", "header-not-latin-1"],
)
def test_a_failing_simulator_leaks_nothing_and_is_logged(
    failure: Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "mockidp.server"):
        answer = Peer(App(Echo(failure))).ask(target="/token?code=hush")
    assert answer.status == 500
    assert not re.search(rb"secret|Traceback|Error|File", answer.body)
    assert "GET /token" in caplog.messages[0]
    assert "hush" not in caplog.text


def test_the_delay_of_an_answer_is_waited_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert Peer(App(Echo(Response(200, delay=3.5)))).ask().status == 200
    assert slept == [3.5]


def test_lifespan_starts_and_stops_and_a_websocket_is_refused() -> None:
    sent: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(App(Echo())({"type": "lifespan"}, receive, send))
    asyncio.run(App(Echo())({"type": "websocket"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_it_serves_a_foreign_asgi_client() -> None:
    import httpx

    async def ask() -> Any:
        transport = httpx.ASGITransport(App(Echo(Response(200, [("Content-Type", "application/json")], b'{"a":1}'))))
        async with httpx.AsyncClient(transport=transport, base_url="https://github.com") as client:
            return await client.post("/x?y=%20", data={"a": "b"})

    assert json.loads(asyncio.run(ask()).content) == {"a": 1}
