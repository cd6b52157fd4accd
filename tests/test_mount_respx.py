"""The simulator behind `respx` and as an httpx transport, for sync and async clients."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
import respx

from mockidp.errors import UsageError
from mockidp.mounts.respx_mount import NAME, install, mocked
from mockidp.mounts.transport import Transport
from mockidp.wire import Request, Response


class Echo:
    """Knows github.com and answers by path; remembers every request."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    def knows(self, host: str) -> bool:
        return host in ("github.com", "github.com:8443")

    def handle(self, request: Request) -> Response:
        self.seen.append(request)
        match request.path:
            case "/redirect":
                return Response(302, [("Location", "/landed?a=b"), ("Set-Cookie", "s=1; Path=/")])
            case "/cookies":
                return Response(200, [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")])
            case "/binary":
                return Response(200, [("Content-Type", "image/png"), ("Content-Length", "9")], bytes(range(256)))
            case "/slow":
                return Response(200, [], b"late", delay=0.05)
            case "/never":
                return Response(200, [], b"late", delay=3600)
            case "/empty":
                return Response(204, [], b"ignored")
        return Response(200, [("Content-Type", "text/plain")], request.url.encode())


Ask = Callable[..., httpx.Response]
Way = Callable[[Echo], AbstractContextManager[Ask]]


def sync_ask(transport: Transport | None) -> Ask:
    def ask(method: str, url: str, **more: Any) -> httpx.Response:
        with httpx.Client(transport=transport, follow_redirects=more.pop("follow", False)) as client:
            return client.request(method, url, **more)

    return ask


def async_ask(transport: Transport | None) -> Ask:
    def ask(method: str, url: str, **more: Any) -> httpx.Response:
        async def once() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, follow_redirects=more.pop("follow", False)) as client:
                return await client.request(method, url, **more)

        return asyncio.run(once())

    return ask


@contextmanager
def through_respx(simulator: Echo, make: Callable[[None], Ask]) -> Iterator[Ask]:
    with mocked(simulator):
        yield make(None)


@contextmanager
def through_transport(simulator: Echo, make: Callable[[Transport], Ask]) -> Iterator[Ask]:
    yield make(Transport(simulator))


WAYS: dict[str, Way] = {
    "respx-sync": lambda echo: through_respx(echo, sync_ask),
    "respx-async": lambda echo: through_respx(echo, async_ask),
    "transport-sync": lambda echo: through_transport(echo, sync_ask),
    "transport-async": lambda echo: through_transport(echo, async_ask),
}


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest, echo: Echo) -> Iterator[Ask]:
    with WAYS[request.param](echo) as made:
        yield made


def test_the_simulator_sees_the_request_that_httpx_sends(ask: Ask, echo: Echo) -> None:
    answer = ask(
        "POST",
        "https://GitHub.com:443/a%20b?x=1&y=%C3%A9#part",
        data={"c": "é"},
        headers={"X-Name": "v"},
        auth=("u", "p"),
    )
    assert answer.text == "https://github.com/a%20b?x=1&y=%C3%A9"
    (request,) = echo.seen
    assert (request.method, request.host, request.path, request.query) == (
        "POST",
        "github.com",
        "/a%20b",
        "x=1&y=%C3%A9",
    )
    assert request.form_pairs == [("c", "é")]
    assert request.headers["authorization"] == "Basic dTpw"
    assert request.headers["x-name"] == "v"
    assert request.headers["host"] == "github.com"


def test_another_port_is_part_of_the_host_and_userinfo_is_not(ask: Ask, echo: Echo) -> None:
    ask("GET", "https://user:pass@github.com:8443")
    assert (echo.seen[0].host, echo.seen[0].path, echo.seen[0].query) == ("github.com:8443", "/", "")


@pytest.mark.parametrize(
    ("content", "body"), [(None, b""), ("é", b"\xc3\xa9"), (b"\0\xff", b"\0\xff")], ids=["none", "text", "bytes"]
)
def test_every_kind_of_body_arrives_as_bytes(ask: Ask, echo: Echo, content: str | bytes | None, body: bytes) -> None:
    ask("POST", "https://github.com/", content=content)
    assert echo.seen[0].body == body


@pytest.mark.parametrize("way", ["respx-sync", "transport-sync"])
def test_a_body_from_a_generator_is_read(way: str, echo: Echo) -> None:
    with WAYS[way](echo) as ask:
        ask("POST", "https://github.com/", content=iter([b"a", b"b"]))
    assert echo.seen[0].body == b"ab"


@pytest.mark.parametrize("way", ["respx-async", "transport-async"])
def test_a_body_from_an_async_generator_is_read(way: str, echo: Echo) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    with WAYS[way](echo) as ask:
        ask("POST", "https://github.com/", content=pieces())
    assert echo.seen[0].body == b"ab"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_every_method_is_answered(ask: Ask, echo: Echo, method: str) -> None:
    assert ask(method, "https://github.com/x").status_code == 200
    assert echo.seen[0].method == method


def test_head_is_get_without_the_body(ask: Ask, echo: Echo) -> None:
    answer = ask("HEAD", "https://github.com/x")
    assert (answer.content, answer.headers["content-length"], echo.seen[0].method) == (b"", "20", "GET")


def test_binary_comes_back_byte_for_byte_with_its_own_length(ask: Ask) -> None:
    answer = ask("GET", "https://github.com/binary")
    assert answer.content == bytes(range(256))
    assert answer.headers.get_list("content-length") == ["256"]
    assert answer.headers["content-type"] == "image/png"


def test_a_status_without_content_has_none(ask: Ask) -> None:
    answer = ask("GET", "https://github.com/empty")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_redirect_is_followed_with_the_cookie_it_set(ask: Ask, echo: Echo) -> None:
    answer = ask("GET", "https://github.com/redirect", follow=True)
    assert str(answer.url) == "https://github.com/landed?a=b"
    assert [step.status_code for step in answer.history] == [302]
    assert echo.seen[1].headers["cookie"] == "s=1"


def test_two_cookies_of_one_answer_both_arrive(ask: Ask) -> None:
    assert dict(ask("GET", "https://github.com/cookies").cookies) == {"a": "1", "b": "2"}


def test_a_delay_is_waited(ask: Ask) -> None:
    start = time.perf_counter()
    assert ask("GET", "https://github.com/slow").text == "late"
    assert time.perf_counter() - start >= 0.05


def test_a_delay_beyond_the_timeout_is_that_timeout_at_once(ask: Ask) -> None:
    with pytest.raises(httpx.ReadTimeout) as caught:
        ask("GET", "https://github.com/never", timeout=2)
    assert caught.value.request.url.path == "/never"


@pytest.mark.parametrize("way", ["respx-async", "transport-async"])
def test_a_delay_does_not_hold_up_other_tasks(way: str, echo: Echo) -> None:
    async def many() -> list[httpx.Response]:
        transport = Transport(echo) if way.startswith("transport") else None
        async with httpx.AsyncClient(transport=transport) as client:
            return await asyncio.gather(*(client.get("https://github.com/slow") for _ in range(20)))

    with WAYS[way](echo):
        start = time.perf_counter()
        assert {answer.text for answer in asyncio.run(many())} == {"late"}
    assert time.perf_counter() - start < 0.9


@pytest.mark.parametrize("way", ["transport-sync", "transport-async"])
def test_an_unknown_host_cannot_be_connected_to(way: str, echo: Echo) -> None:
    with WAYS[way](echo) as ask, pytest.raises(httpx.ConnectError, match=r"no provider at 'example\.com'"):
        ask("GET", "https://example.com/")
    assert echo.seen == []


@pytest.mark.parametrize("way", ["respx-sync", "respx-async"])
def test_an_unknown_host_is_left_to_the_rules_of_respx(way: str, echo: Echo) -> None:
    with WAYS[way](echo) as ask, pytest.raises(AssertionError, match="not mocked"):
        ask("GET", "https://example.com/")
    assert echo.seen == []


@pytest.mark.parametrize("first", [True, False], ids=["installed-first", "installed-last"])
def test_a_route_of_the_test_comes_before_the_simulator_whichever_was_first(first: bool) -> None:
    with respx.mock() as router:
        if first:
            install(Echo(), router)
        router.get("https://github.com/mine").respond(text="mine")
        router.get("https://elsewhere.example/").respond(text="elsewhere")
        if not first:
            install(Echo(), router)
        for _ in range(3):
            assert httpx.get("https://github.com/mine").text == "mine"
            assert httpx.get("https://github.com/other").text == "https://github.com/other"
        assert httpx.get("https://elsewhere.example/").text == "elsewhere"


def test_a_route_for_everything_leaves_known_hosts_to_the_simulator(echo: Echo) -> None:
    with respx.mock() as router:
        install(echo, router)
        router.route().respond(text="anything")
        assert httpx.get("https://github.com/x").text == "https://github.com/x"
        assert httpx.get("https://example.com/x").text == "anything"


def test_the_base_url_of_a_router_does_not_bind_the_simulator(echo: Echo) -> None:
    with respx.mock(base_url="https://app.example") as router:
        install(echo, router)
        assert httpx.get("https://github.com/x").text == "https://github.com/x"


def test_a_router_that_asserts_that_all_routes_were_called_does_not_miss_the_simulator() -> None:
    with respx.mock(assert_all_called=True) as router:
        install(Echo(), router)


def test_a_route_that_the_test_added_and_never_used_fails() -> None:
    with pytest.raises(AssertionError, match="not called"), mocked(Echo()) as router:
        router.get("https://elsewhere.example/")


def test_the_calls_that_the_simulator_answered_are_kept_under_its_name(echo: Echo) -> None:
    with mocked(echo) as router:
        httpx.get("https://github.com/x")
        assert [str(call.request.url) for call in router[NAME].calls] == ["https://github.com/x"]


@respx.mock
def test_the_default_router_is_used_unless_one_is_given() -> None:
    assert install(Echo()) is respx.mock
    assert httpx.get("https://github.com/x").is_success


def test_nothing_of_the_simulator_is_left_behind(echo: Echo) -> None:
    with respx.mock:
        install(echo)
    assert NAME not in respx.mock.routes


def test_a_second_installation_replaces_the_first() -> None:
    class Other(Echo):
        def knows(self, host: str) -> bool:
            return host == "other.example"

    one, two = Echo(), Other()
    with mocked(one) as router:
        install(two, router)
        httpx.get("https://other.example/")
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get("https://github.com/")
    assert (len(one.seen), len(two.seen)) == (0, 1)


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("respx_mount", "respx", "respx"), ("transport", "httpx", "respx")],
)
def test_without_the_library_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"mockidp.mounts.{module}")
    with pytest.raises(UsageError, match=rf"{library} is not installed; pip install 'mockidp\[{extra}\]'"):
        __import__(f"mockidp.mounts.{module}")
