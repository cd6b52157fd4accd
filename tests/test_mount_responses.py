"""The simulator behind `responses`: what requests sends arrives, what it answers is what requests would receive."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
import requests
import responses
from requests.exceptions import ConnectionError, ReadTimeout  # noqa: A004
from responses.registries import OrderedRegistry
from urllib3.util import Timeout

from mockidp.errors import UsageError
from mockidp.mounts.responses_mount import install, mocked
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


@pytest.fixture
def echo() -> Iterator[Echo]:
    simulator = Echo()
    with mocked(simulator):
        yield simulator


def test_the_simulator_sees_the_request_that_requests_sends(echo: Echo) -> None:
    answer = requests.post(
        "https://GitHub.com:443/a%20b?x=1&y=%C3%A9#part", data={"c": "é"}, headers={"X-Name": "v"}, auth=("u", "p")
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


def test_another_port_is_part_of_the_host_and_userinfo_is_not(echo: Echo) -> None:
    requests.get("https://user:pass@github.com:8443")
    assert (echo.seen[0].host, echo.seen[0].path) == ("github.com:8443", "/")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (None, b""),
        ("é", b"\xc3\xa9"),
        (b"\0\xff", b"\0\xff"),
        (io.BytesIO(b"file"), b"file"),
        (iter([b"a", b"b"]), b"ab"),
        ([("a", "b")], b"a=b"),
    ],
    ids=["none", "text", "bytes", "file", "generator", "form"],
)
def test_every_kind_of_body_arrives_as_bytes(echo: Echo, data: object, body: bytes) -> None:
    requests.post("https://github.com/", data=data)  # type: ignore[arg-type]
    assert echo.seen[0].body == body


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_every_method_is_answered(echo: Echo, method: str) -> None:
    assert requests.request(method, "https://github.com/x").status_code == 200
    assert echo.seen[0].method == method


def test_head_is_get_without_the_body(echo: Echo) -> None:
    answer = requests.head("https://github.com/x")
    assert (answer.content, answer.headers["content-length"], echo.seen[0].method) == (b"", "20", "GET")


def test_binary_comes_back_byte_for_byte_with_its_own_length(echo: Echo) -> None:
    answer = requests.get("https://github.com/binary")
    assert answer.content == bytes(range(256))
    assert answer.headers["content-length"] == "256"
    assert answer.headers["Content-Type"] == "image/png"
    assert requests.get("https://github.com/binary", stream=True).raw.read(3) == b"\0\1\2"


def test_a_status_without_content_has_none(echo: Echo) -> None:
    answer = requests.get("https://github.com/empty")
    assert (answer.status_code, answer.content, "content-length" in answer.headers) == (204, b"", False)


def test_a_redirect_is_followed_with_the_cookie_it_set(echo: Echo) -> None:
    answer = requests.Session().get("https://github.com/redirect")
    assert answer.url == "https://github.com/landed?a=b"
    assert [step.status_code for step in answer.history] == [302]
    assert echo.seen[1].headers["cookie"] == "s=1"
    assert requests.get("https://github.com/redirect", allow_redirects=False).status_code == 302


def test_two_cookies_of_one_answer_both_arrive(echo: Echo) -> None:
    assert dict(requests.get("https://github.com/cookies").cookies) == {"a": "1", "b": "2"}


def test_a_delay_is_waited(echo: Echo) -> None:
    answer = requests.get("https://github.com/slow", timeout=5)
    assert answer.text == "late"
    assert answer.elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize("timeout", [1, (9999, 1.5), Timeout(connect=9999, read=2)], ids=["number", "pair", "urllib3"])
def test_a_delay_beyond_the_timeout_is_that_timeout_at_once(echo: Echo, timeout: object) -> None:
    with pytest.raises(ReadTimeout) as caught:
        requests.get("https://github.com/never", timeout=timeout)  # type: ignore[arg-type]
    assert caught.value.request is not None


def test_an_unknown_host_is_refused_and_the_reason_given(echo: Echo) -> None:
    with pytest.raises(ConnectionError, match=r"mockidp knows no provider at 'example\.com'"):
        requests.get("https://example.com/")
    assert echo.seen == []


@pytest.mark.parametrize("first", [True, False], ids=["installed-first", "installed-last"])
def test_a_rule_of_the_test_comes_before_the_simulator_whichever_was_first(first: bool) -> None:
    with responses.RequestsMock() as mock:
        if first:
            install(Echo(), mock)
        mock.get("https://github.com/mine", body="mine")
        mock.get("https://elsewhere.example/", body="elsewhere")
        if not first:
            install(Echo(), mock)
        for _ in range(3):
            assert requests.get("https://github.com/mine").text == "mine"
            assert requests.get("https://github.com/other").text == "https://github.com/other"
        assert requests.get("https://elsewhere.example/").text == "elsewhere"


def test_a_mock_that_asserts_that_all_rules_fired_does_not_miss_the_simulator() -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        install(Echo(), mock)
    with mocked(Echo()):
        pass


def test_a_rule_that_the_test_added_and_never_used_fails() -> None:
    with pytest.raises(AssertionError, match="Not all requests"), mocked(Echo()) as mock:
        mock.get("https://elsewhere.example/")


@responses.activate
def test_the_default_mock_is_used_unless_one_is_given() -> None:
    assert install(Echo()) is responses.mock
    assert requests.get("https://github.com/x").ok
    assert responses.calls[0].request.url == "https://github.com/x"


def test_a_second_installation_replaces_the_first() -> None:
    one, two = Echo(), Echo()
    with mocked(one) as mock:
        install(two, mock)
        requests.get("https://github.com/")
    assert (len(one.seen), len(two.seen)) == (0, 1)


def test_an_ordered_registry_is_refused() -> None:
    with pytest.raises(UsageError, match="OrderedRegistry"):
        install(Echo(), responses.RequestsMock(registry=OrderedRegistry))


def test_an_error_of_the_simulator_reaches_the_test() -> None:
    class Broken(Echo):
        def handle(self, request: Request) -> Response:
            raise ZeroDivisionError

    with mocked(Broken()), pytest.raises(ZeroDivisionError):
        requests.get("https://github.com/")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "responses", None)
    monkeypatch.delitem(sys.modules, "mockidp.mounts.responses_mount")
    with pytest.raises(UsageError, match=r"pip install 'mockidp\[responses\]'"):
        __import__("mockidp.mounts.responses_mount")
