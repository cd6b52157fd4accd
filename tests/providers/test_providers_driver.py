"""The one place that meets HTTP libraries: the same flow, three clients, and what a network can do to it."""

import asyncio
import logging

import httpx
import pytest
import requests

from providers import LoginError, Misconfigured, ProviderUnavailable
from providers.http import MAX_BODY, Request, arun, is_web_url, request, run, with_query

URL = "https://api.example/x?key=s3cret-in-the-url"


def flow():
    answer = yield request("userinfo", "GET", URL, headers={"Authorization": "Bearer s3cret-token"})
    second = yield request("emails", "POST", "https://api.example/y", form=[("a", "1 2"), ("b", "ü")])
    return answer.status, answer.json(), second.text


def answers(request):
    if request.method == "GET":
        assert request.headers["authorization"] == "Bearer s3cret-token"
        return httpx.Response(200, json={"id": 2**64 + 1})
    assert request.content == b"a=1+2&b=%C3%BC"
    return httpx.Response(201, text="done")


EXPECTED = (200, {"id": 2**64 + 1}, "done")


def test_a_flow_is_driven_by_httpx():
    assert run(flow(), httpx.Client(transport=httpx.MockTransport(answers)), "github") == EXPECTED


def test_a_flow_is_driven_by_an_async_client():
    client = httpx.AsyncClient(transport=httpx.MockTransport(answers))
    assert asyncio.run(arun(flow(), client, "github")) == EXPECTED


def test_a_flow_is_driven_by_requests(script):
    script.expect("GET", "https://api.example/x", query={"key": "s3cret-in-the-url"}, answer={"id": 2**64 + 1})
    script.expect("POST", "https://api.example/y", form={"a": "1 2", "b": "ü"}, status=201, answer="done")
    assert run(flow(), script.requests(), "github") == EXPECTED


def test_the_netrc_of_the_machine_does_not_replace_our_header(script, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine api.example login eve password eve\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    script.expect(
        "GET",
        "https://api.example/x",
        query={"key": "s3cret-in-the-url"},
        headers={"Authorization": "Bearer s3cret-token"},
        answer={"id": 1},
    )
    script.expect("POST", "https://api.example/y", form={"a": "1 2", "b": "ü"})
    run(flow(), script.requests(), "github")
    script.done()


@pytest.mark.parametrize(
    ("failure", "detail"),
    [
        (httpx.ConnectError(URL), "ConnectError"),
        (httpx.ReadTimeout(URL), "ReadTimeout"),
        (httpx.RemoteProtocolError(URL), "RemoteProtocolError"),
        (httpx.InvalidURL(URL), "InvalidURL"),
        (requests.ConnectionError(URL), "ConnectionError"),
        (requests.exceptions.InvalidHeader(URL), "InvalidHeader"),
        (TimeoutError(URL), "TimeoutError"),
        (OSError(URL), "OSError"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_network_failure_is_the_providers_and_hides_the_url(failure, detail, kind):
    def fail(_):
        raise failure

    transport = httpx.MockTransport(fail)
    drive = {
        "sync": lambda: run(flow(), httpx.Client(transport=transport), "github"),
        "async": lambda: asyncio.run(arun(flow(), httpx.AsyncClient(transport=transport), "github")),
    }
    with pytest.raises(ProviderUnavailable) as caught:
        drive[kind]()
    error = caught.value
    assert (error.code, error.step, error.detail) == ("network", "userinfo", detail)
    assert "s3cret" not in f"{error} {error!r}"
    assert error.__context__ is None
    assert error.__cause__ is None


def test_a_bug_is_not_taken_for_a_network_failure():
    def fail(_):
        raise AssertionError("mine")

    with pytest.raises(AssertionError, match="mine"):
        run(flow(), httpx.Client(transport=httpx.MockTransport(fail)), "github")


@pytest.mark.parametrize("kind", ["httpx", "requests", "async"])
@pytest.mark.parametrize(("size", "code"), [(MAX_BODY, None), (MAX_BODY + 1, "bad_response")])
def test_a_body_has_a_limit(script, kind, size, code):
    def one():
        answer = yield request("userinfo", "GET", "https://api.example/x")
        return len(answer.body)

    script.kind = kind
    script.expect("GET", "https://api.example/x", answer=b"x" * size)
    drive = (
        (lambda: asyncio.run(arun(one(), script.client(), "p")))
        if kind == "async"
        else (lambda: run(one(), script.client(), "p"))
    )
    if code is None:
        assert drive() == size
    else:
        with pytest.raises(ProviderUnavailable) as caught:
            drive()
        assert caught.value.code == code


def test_a_small_body_that_unpacks_beyond_the_limit_is_refused():
    import gzip

    packed = gzip.compress(b"x" * (MAX_BODY + 1))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=packed, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(ProviderUnavailable):
        run(flow(), httpx.Client(transport=transport), "github")


def test_a_redirect_is_not_followed():
    seen = []

    def handle(request):
        seen.append(str(request.url))
        return httpx.Response(302, headers={"Location": "https://evil.example/"})

    client = httpx.Client(transport=httpx.MockTransport(handle), follow_redirects=True)
    assert run(flow(), client, "github")[0] == 302
    assert not any("evil" in url for url in seen)


@pytest.mark.parametrize(
    ("client", "code"),
    [(None, "http_missing"), (httpx.AsyncClient(transport=httpx.MockTransport(answers)), "http_is_async")],
)
def test_a_blocking_flow_needs_a_blocking_client(client, code):
    with pytest.raises(Misconfigured) as caught:
        run(flow(), client, "github")
    assert (caught.value.code, caught.value.step) == (code, "userinfo")


@pytest.mark.parametrize(("client", "code"), [(None, "http_missing"), (requests.Session(), "http_is_sync")])
def test_an_async_flow_needs_an_async_client(client, code):
    with pytest.raises(Misconfigured) as caught:
        asyncio.run(arun(flow(), client, "github"))
    assert caught.value.code == code


def test_a_timeout_is_always_set():
    seen = []

    def handle(request):
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    run(flow(), httpx.Client(transport=httpx.MockTransport(answers if False else handle), timeout=None), "github")
    assert all(value == 10.0 for timeout in seen for value in timeout.values())


def test_nothing_that_may_be_secret_is_in_a_repr(make):
    one = request("token", "POST", URL, form=[("client_secret", "s3cret")], headers={"Authorization": "s3cret"})
    assert "s3cret" not in repr(one)
    assert repr(one) == "Request(method='POST', step='token')"
    github = make("github")
    login = github.begin(redirect_uri="https://app.example/cb")
    assert "s3cret" not in repr(github)
    assert login.session["state"] not in repr(login)


def test_nothing_is_logged(caplog):
    with caplog.at_level(logging.DEBUG, "providers"):
        run(flow(), httpx.Client(transport=httpx.MockTransport(answers)), "github")
    assert not [record for record in caplog.records if record.name.startswith("providers")]


def test_a_generator_is_closed_after_a_failure():
    closed = []

    def failing():
        try:
            yield Request("GET", "https://api.example/x", "userinfo")
        finally:
            closed.append(True)

    with pytest.raises(LoginError):
        run(failing(), None, "github")
    assert closed == [True]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a/x", "https://a/x?k=a%20b"),
        ("https://a/x?y=1", "https://a/x?y=1&k=a%20b"),
        ("https://a/x?", "https://a/x?k=a%20b"),
        ("https://a/x#f", "https://a/x?k=a%20b#f"),
    ],
)
def test_a_query_is_added_where_it_belongs(url, expected):
    assert with_query(url, [("k", "a b")]) == expected
    assert with_query(url, []) == url


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://a", True),
        ("http://127.0.0.1:8000/x?y", True),
        ("http://[::1]:8/", True),
        ("ftp://a", False),
        ("https://", False),
        ("https://a#f", False),
        ("https://u@a", False),
        ("https://a b", False),
        ("https://a\\b", False),
        ("https://a\n", False),
        ("https://a:x", False),
        ("https://[::1", False),
        ("//a", False),
    ],
)
def test_a_web_url_is_told(url, fine):
    assert is_web_url(url) is fine
