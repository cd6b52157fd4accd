"""The server over real sockets: one port, several kinds of peer, and an orderly end."""

from __future__ import annotations

import asyncio
import errno
import http.client
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockidp import authority
from mockidp.errors import UsageError
from mockidp.mounts import asgi, httptools_guard, life, ports, server
from mockidp.mounts.server import Kind, Server, classify
from mockidp.wire import Request, Response

ROOT = Path(__file__).parents[1]


class Echo:
    """Answers with method, URL and body; `/slow/SECONDS` late."""

    def handle(self, request: Request) -> Response:
        delay = float(request.path.removeprefix("/slow/")) if request.path.startswith("/slow/") else 0.0
        text = f"{request.method} {request.url} {len(request.body)}"
        return Response(200, [("Content-Type", "text/plain")], text.encode(), delay)

    def knows(self, host: str) -> bool:
        return True


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server(Echo(), port=0) as started:
        yield started


@contextmanager
def connected(to: Server, host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with closing(socket.create_connection((host, to.port), timeout=2)) as sock:
        yield sock


def answer_on(sock: socket.socket) -> bytes:
    """One whole answer to a request that was not HEAD, or what came before the connection closed."""
    answer = b""
    while data := sock.recv(65536):
        answer += data
        head, end, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            break
    return answer


def talk(to: Server, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send the pieces and read until the server closes."""
    with connected(to) as sock:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(pause)
        answer = b""
        while data := sock.recv(65536):
            answer += data
        return answer


GET = b"GET /a?b=c HTTP/1.1\r\nHost: GitHub.com\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def test_a_request_is_answered(running: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=2)
    with closing(connection):
        connection.request("POST", "/x?y=%20", body="a=b", headers={"Host": "github.com"})
        response = connection.getresponse()
        assert response.read() == b"POST http://github.com/x?y=%20 3"
        assert {name.lower() for name, _ in response.getheaders()} == {"content-type", "content-length"}


def test_a_connection_is_kept_for_the_next_request(running: Server) -> None:
    with connected(running) as sock:
        for _ in range(3):
            sock.sendall(GET)
            assert answer_on(sock).endswith(b"GET http://github.com/a?b=c 0")


def test_pipelined_requests_are_answered_in_order(running: Server) -> None:
    slow = b"GET /slow/0.05 HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = talk(running, slow + GET + LAST)
    assert [answer.find(path) > 0 for path in (b"/slow", b"/a?b=c", b"/last")] == [True] * 3
    assert answer.find(b"/slow") < answer.find(b"/a?b=c") < answer.find(b"/last")


def test_http_1_0_is_answered_and_closed(running: Server) -> None:
    assert talk(running, b"GET / HTTP/1.0\r\n\r\n").endswith(f"GET http://127.0.0.1:{running.port}/ 0".encode())


def test_head_has_the_length_and_not_the_body(running: Server) -> None:
    answer = talk(running, LAST.replace(b"GET", b"HEAD"))
    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 19" in answer


def test_a_request_byte_by_byte_is_understood(running: Server) -> None:
    pieces = [LAST[i : i + 1] for i in range(6)]
    assert b"/last" in talk(running, *pieces, LAST[6:], pause=0.005)


def test_two_line_breaks_before_the_request_are_ignored(running: Server) -> None:
    assert b"/last" in talk(running, b"\r\n", b"\r\n" + LAST, pause=0.005)


def test_an_offer_to_upgrade_is_ignored_and_the_connection_lives_on(running: Server) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    get = b"GET /up HTTP/1.1\r\nHost: a\r\n" + offer + b"\r\n"
    post = b"POST /up HTTP/1.1\r\nHost: a\r\n" + offer + b"Content-Length: 3\r\n\r\nabc"
    with connected(running) as sock:
        for _ in range(2):
            sock.sendall(get)
            assert answer_on(sock).endswith(b"GET http://a/up 0")
            sock.sendall(post)
            assert answer_on(sock).endswith(b"POST http://a/up 3")
        sock.sendall(LAST)
        assert b"/last" in answer_on(sock)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_is_served_at_both_loopback_addresses(host: str) -> None:
    with Server(Echo(), "localhost", 0) as both, connected(both, host) as sock:
        sock.sendall(GET)
        assert b"/a?b=c" in answer_on(sock)
        assert both.url == f"http://127.0.0.1:{both.port}"


def test_ipv6_alone_is_served_and_named_in_brackets() -> None:
    with Server(Echo(), "::1", 0) as six, connected(six, "::1") as sock:
        sock.sendall(GET)
        assert b"/a?b=c" in answer_on(sock)
        assert six.url == f"http://[::1]:{six.port}"


def test_a_server_for_all_addresses_gives_a_url_that_can_be_called() -> None:
    assert Server(Echo(), "0.0.0.0", 1).url == "http://127.0.0.1:1"
    assert Server(Echo(), "::", 1).url == "http://[::1]:1"


def test_async_with_serves_in_the_running_loop() -> None:
    async def ask() -> bytes:
        async with Server(Echo(), port=0) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
            writer.write(LAST)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert b"/last" in asyncio.run(ask())


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, life.loop_factory()])
def test_it_runs_on_asyncio_and_on_uvloop(factory: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "loop_factory", lambda: factory)
    with Server(Echo(), port=0) as here:
        assert b"/last" in talk(here, LAST)
        assert talk(here, b"garbage\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_uvloop_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    uvloop = pytest.importorskip("uvloop")
    assert life.loop_factory() is uvloop.new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert life.loop_factory() is None


def test_without_httptools_h11_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mockidp.mounts.httptools_guard", None)
    with Server(Echo(), port=0) as here:
        assert b"/last" in talk(here, LAST)
        assert here._config.http_protocol_class.__name__ == "H11Protocol"


# Classification


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GET / HTTP/1.1\r\n", Kind.PLAIN),
        (b"OPTIONS * HTTP", Kind.PLAIN),
        (b"M-SEARCH /", Kind.PLAIN),
        (b"\r\n\r\nGET /", Kind.PLAIN),
        (b"GET http://github.com/ HTTP/1.1", Kind.ABSOLUTE),
        (b"POST HTTPS:", Kind.ABSOLUTE),
        (b"CONNECT github.com:443 HTTP/1.1", Kind.CONNECT),
        (b"\x16\x03\x01\x02\x00\x01", Kind.TLS),
        (b"\x16", Kind.TLS),
        (b"GET x", Kind.GARBAGE),
        (b"get /", Kind.GARBAGE),
        (b" GET /", Kind.GARBAGE),
        (b"\x80\x2e\x01", Kind.GARBAGE),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Kind.GARBAGE),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", Kind.GARBAGE),
        (b"\0", Kind.GARBAGE),
        (b"G", None),
        (b"GET ", None),
        (b"CONNECT", None),
        (b"\r\n", None),
    ],
)
def test_the_first_bytes_tell_what_a_connection_is(head: bytes, kind: Kind | None) -> None:
    assert classify(head) == kind


METHODS = st.sampled_from([b"GET", b"CONNECT", b"get", b"\r\nPOST", b"\x16\x03", b""])
TARGETS = st.sampled_from([b" /x", b" *", b" http://a", b" x", b"\r\n", b""])


@given(METHODS, TARGETS)
def test_more_bytes_never_change_what_was_told_by_fewer(method: bytes, target: bytes) -> None:
    head = method + target
    told = [kind for kind in (classify(head[:size]) for size in range(1, len(head) + 1)) if kind]
    assert len(set(told)) <= 1


def test_a_full_look_always_tells() -> None:
    assert classify(b"A" * server.PEEK) is Kind.GARBAGE
    assert classify(b"A" * 20 + b" /") is Kind.PLAIN


# Peers that are not served


def test_connect_on_a_connection_in_use_is_refused(running: Server) -> None:
    with connected(running) as sock:
        sock.sendall(GET)
        assert answer_on(sock).startswith(b"HTTP/1.1 200 ")
        sock.sendall(b"CONNECT github.com:443 HTTP/1.1\r\nHost: github.com:443\r\n\r\n")
        assert answer_on(sock).startswith(b"HTTP/1.1 400 ")
        assert sock.recv(1) == b""


@pytest.mark.parametrize("garbage", [b"\0" * 100, b"SSH-2.0-x\r\n", b"hello\n", b"\xff" * 200_000], ids=len)
def test_garbage_gets_a_400_and_the_door(running: Server, garbage: bytes) -> None:
    assert talk(running, garbage).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "broken",
    [
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    ],
)
def test_a_broken_request_gets_a_400(running: Server, broken: bytes) -> None:
    assert talk(running, broken).startswith(b"HTTP/1.1 400 ")


PIECES = st.lists(
    st.sampled_from([b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"Content-Length: 5\r\n", b"abc", b"\0\xff", b" "])
    | st.sampled_from(
        [b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"Upgrade: x\r\n", b"\x16\x03"]
    )
    | st.sampled_from([b"Connection: upgrade\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"Expect: 100-continue\r\n", b"\n"]),
    max_size=8,
)


@settings(deadline=None, max_examples=60)
@given(pieces=PIECES)
def test_no_bytes_get_a_500_or_stop_the_server(running: Server, pieces: list[bytes]) -> None:
    with connected(running) as sock:
        sock.sendall(b"".join(pieces))
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.02)
        answer = b""
        with suppress(TimeoutError, ConnectionResetError):
            answer = sock.recv(65536)
    assert not answer or answer[9:12] in (b"100", b"200", b"400", b"501")
    assert b"/last" in talk(running, LAST)


def test_a_query_of_any_bytes_is_passed_on(running: Server) -> None:
    answer = talk(running, LAST.replace(b"/last", b"/last?%zz=%&&=;;?\x22<>{}|^`"))
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_body_that_is_too_large_is_refused_and_the_refusal_arrives(running: Server) -> None:
    size = 3 << 20
    with connected(running) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 16):
            sock.sendall(b"x" * (1 << 16))
        assert answer_on(sock).startswith(b"HTTP/1.1 413 ")


def test_headers_that_are_too_large_are_refused(running: Server) -> None:
    answer = talk(running, LAST.replace(b"\r\n\r\n", b"\r\nX: " + b"v" * 70_000 + b"\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 431 ")


def flood(sock: socket.socket) -> None:
    sock.sendall(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(100):
        sock.sendall(b"v" * 65536)
        time.sleep(0.001)


def test_a_head_that_never_ends_is_cut_off(running: Server, caplog: pytest.LogCaptureFixture) -> None:
    with connected(running) as sock, pytest.raises(ConnectionError):
        flood(sock)
    assert "larger than 262144 bytes" in caplog.text


def test_a_head_that_stalls_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httptools_guard, "PATIENCE", 0.05)
    with Server(Echo(), port=0) as here:
        assert talk(here, b"GET / HTTP/1.1\r\nX: ") == b""


BODIES = {
    "small": (b"Content-Length: 1000", b"a"),
    "small, none of it": (b"Content-Length: 1000", b""),
    "large": (b"Content-Length: 100000", b"a"),
    "large, none of it": (b"Content-Length: 100000", b""),
    "in chunks": (b"Transfer-Encoding: chunked", b"1\r\na\r\n"),
    "in chunks, none of it": (b"Transfer-Encoding: chunked", b""),
}


@pytest.mark.parametrize("piece", BODIES.values(), ids=BODIES)
def test_a_body_that_stalls_or_trickles_in_gets_a_408(
    monkeypatch: pytest.MonkeyPatch, piece: tuple[bytes, bytes]
) -> None:
    for module, name in ((httptools_guard, "PATIENCE"), (asgi, "BODY_PATIENCE")):
        monkeypatch.setattr(module, name, 0.2)
    with Server(Echo(), port=0) as here, connected(here) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + piece[0] + b"\r\n\r\n")
        assert trickled(sock, piece[1]).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_trickles_in_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httptools_guard, "PATIENCE", 0.2)
    with Server(Echo(), port=0) as here, connected(here) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert trickled(sock, b"X: y\r\n") == b""


def trickled(sock: socket.socket, piece: bytes) -> bytes:
    """What comes back while a peer sends a little again and again, for two seconds at most."""
    start = time.monotonic()
    sock.settimeout(0.03)
    while time.monotonic() - start < 2:
        try:
            sock.sendall(piece)
            return sock.recv(1 << 16)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
    raise AssertionError("the connection is still open")


def test_a_silent_peer_holds_nobody_up_and_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PEEK_PATIENCE", 0.2)
    with Server(Echo(), port=0) as here, connected(here) as silent, connected(here) as started:
        started.sendall(b"GE")
        assert b"/last" in talk(here, LAST)
        assert silent.recv(1) == b""
        with suppress(ConnectionResetError):
            assert started.recv(1) == b""
        assert here._unknown == {}


@pytest.mark.parametrize("linger", [b"\0" * 8, b"\1\0\0\0\0\0\0\0"], ids=["close", "reset"])
def test_a_peer_that_leaves_before_it_spoke_is_forgotten(linger: bytes) -> None:
    with Server(Echo(), port=0) as here:
        with connected(here) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert b"/last" in talk(here, LAST)
        assert here._unknown == {}


def test_a_half_closed_peer_still_gets_its_answer(running: Server) -> None:
    with connected(running) as sock:
        sock.sendall(LAST)
        sock.shutdown(socket.SHUT_WR)
        assert b"/last" in answer_on(sock)


@pytest.mark.parametrize("body", [b"", b"Transfer-Encoding: chunked\r\n"], ids=["small", "in chunks"])
def test_a_half_closed_peer_gets_an_answer_that_takes_its_time(running: Server, body: bytes) -> None:
    with connected(running) as sock:
        sock.sendall(b"POST /slow/0.1 HTTP/1.1\r\nHost: a\r\n" + body + b"\r\n" + (b"0\r\n\r\n" if body else b""))
        sock.shutdown(socket.SHUT_WR)
        assert b"/slow/0.1" in answer_on(sock)
        assert sock.recv(1) == b""


def test_more_connections_than_allowed_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTION_LIMIT", 3)
    with Server(Echo(), port=0) as here, connected(here) as one, connected(here) as two:
        for sock in (one, two):
            sock.sendall(GET)
            assert b"/a?b=c" in answer_on(sock)
        assert talk(here, LAST).startswith(b"HTTP/1.1 503 ")


def test_of_too_many_silent_connections_the_oldest_are_closed_and_nobody_else_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "CONNECTION_LIMIT", 50)
    with Server(Echo(), port=0) as here, ExitStack() as stack:
        silent = [stack.enter_context(connected(here)) for _ in range(400)]
        assert b"/last" in talk(here, LAST)
        assert len(here._unknown) <= 50
        assert silent[0].recv(1) == b""
        silent[-1].sendall(LAST)
        assert b"/last" in answer_on(silent[-1])


@pytest.mark.parametrize(
    "head", [b"CONNECT a:443 HTTP/1.1\r\n", b"GET http://a/ HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01"]
)
def test_unfinished_handshakes_and_heads_are_bounded_and_nobody_else_waits(
    monkeypatch: pytest.MonkeyPatch, head: bytes, tmp_path: Path
) -> None:
    monkeypatch.setattr(server, "CONNECTION_LIMIT", 20)
    trusted = authority.ensure(["a"], tmp_path)
    with Server(Echo(), port=0, authority=lambda: trusted) as here, ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(here)).sendall(head)
        assert b"/last" in talk(here, LAST)
        assert 0 < len(here._tasks) <= 20 + 1  # and the one that was let through


def test_running_out_of_descriptors_pauses_the_listener(caplog: pytest.LogCaptureFixture) -> None:
    class Exhausted:
        def accept(self) -> None:
            raise OSError(24, "Too many open files")

    class Loop:
        calls: list[tuple[str, object]] = []

        def remove_reader(self, sock: object) -> None:
            self.calls.append(("remove", sock))

        def call_later(self, seconds: float, function: object, sock: object) -> None:
            self.calls.append((f"in {seconds}", sock))

    idle, listener = Server(Echo()), Exhausted()
    idle._loop = Loop()  # type: ignore[assignment]
    idle._accept(listener)  # type: ignore[arg-type]
    assert Loop.calls == [("remove", listener), ("in 1.0", listener)]
    assert "Too many open files" in caplog.text


# The port


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 is in use.*--port"):
            Server(Echo(), port=port).__enter__()


def test_a_port_in_use_at_the_other_loopback_address_counts_too() -> None:
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="::1 is in use"):
            Server(Echo(), "localhost", port).bind()
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("192.0.2.1", 0), ("127.0.0.1", 70_000)])
def test_an_address_that_cannot_be_had_is_a_usage_error(host: str, port: int) -> None:
    with pytest.raises(UsageError, match="cannot listen on"):
        Server(Echo(), host, port).bind()


def test_without_ipv6_localhost_is_the_older_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    listen_at = ports._listen_at

    def no_six(host: str, port: int, option: str) -> socket.socket:
        if host == "::1":
            raise UsageError("no") from OSError(errno.EADDRNOTAVAIL, "no address")
        return listen_at(host, port, option)

    monkeypatch.setattr(ports, "_listen_at", no_six)
    with Server(Echo(), "localhost", 0) as one:
        assert b"/last" in talk(one, LAST)


# The end


def test_the_end_waits_for_a_running_request_and_closes_idle_connections() -> None:
    with Server(Echo(), port=0) as here:
        slow, idle = (socket.create_connection(("127.0.0.1", here.port), timeout=2) for _ in range(2))
        idle.sendall(GET)
        answer_on(idle)
        slow.sendall(b"GET /slow/0.15 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.03)
        start = time.perf_counter()
    assert 0.05 < time.perf_counter() - start < 1
    with closing(slow), closing(idle):
        assert b"/slow/0.15" in answer_on(slow)
        assert idle.recv(1) == b""


def test_the_end_cuts_requests_that_take_longer_than_the_grace_period() -> None:
    with Server(Echo(), port=0) as here:
        here.grace = 0.05
        sock = socket.create_connection(("127.0.0.1", here.port), timeout=2)
        sock.sendall(b"GET /slow/60 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.03)
        start = time.perf_counter()
    assert time.perf_counter() - start < 1
    with closing(sock), suppress(ConnectionResetError):
        assert sock.recv(1) == b""


def test_the_end_drops_peers_that_have_not_spoken_and_frees_the_port() -> None:
    with Server(Echo(), port=0) as here:
        sock = socket.create_connection(("127.0.0.1", here.port), timeout=2)
        time.sleep(0.02)
    with closing(sock):
        assert sock.recv(1) == b""
    with Server(Echo(), port=here.port) as again:
        assert b"/last" in talk(again, LAST)
    assert not [thread for thread in threading.enumerate() if thread.name == "mockidp" and not thread.daemon]


def test_the_end_comes_in_the_middle_of_first_bytes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    with Server(Echo(), port=0) as here:
        here.grace = 0.2
        sock, running = (socket.create_connection(("127.0.0.1", here.port), timeout=2) for _ in range(2))
        running.sendall(b"GET /slow/60 HTTP/1.1\r\nHost: a\r\n\r\n")  # so that the loop goes on for a while
        sock.sendall(b"CONN")  # too few bytes to tell: they are looked at again in a moment
        time.sleep(0.05)
    with closing(sock), closing(running), suppress(ConnectionResetError):
        assert sock.recv(1) == b""
    assert caplog.text == ""


@pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
def test_a_signal_that_comes_before_it_serves_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    made = life.loop_factory()

    def hasty() -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return made

    monkeypatch.setattr(life, "loop_factory", hasty)
    begun: list[bool] = []
    Server(Echo(), port=0).serve_forever(lambda: begun.append(True))
    assert begun == [True]


def test_a_failure_at_start_is_raised_where_the_server_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise UsageError("no protocol")

    monkeypatch.setattr(server, "protocol_class", broken)
    here = Server(Echo(), port=0)
    with pytest.raises(UsageError, match="no protocol"):
        here.__enter__()
    assert here._thread
    here._thread.join(1)
    socket.create_server(("127.0.0.1", here.port)).close()


@pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_serve_forever_in_good_order(number: signal.Signals) -> None:
    script = (
        "from mockidp.mounts.server import Server\n"
        "from mockidp.wire import Response\n"
        "class Sim:\n"
        "    def handle(self, request): return Response(200, [], b'here', 0.2 if request.path == '/slow' else 0)\n"
        "    def knows(self, host): return True\n"
        "server = Server(Sim(), port=0)\n"
        "server.serve_forever(lambda: print(server.port, flush=True))\n"
        "print('done')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert process.stdout
        port = int(process.stdout.readline())
        with closing(socket.create_connection(("127.0.0.1", port), timeout=2)) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.05)
            process.send_signal(number)
            assert answer_on(sock).endswith(b"here")
        out, err = process.communicate(timeout=5)
    assert (process.returncode, out, err) == (0, b"done\n", b"")


def test_nothing_is_written_to_the_access_log(running: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        talk(running, LAST)
    assert [record for record in caplog.records if record.name == "uvicorn.access"] == []


def test_answers_keep_the_order_of_requests_whatever_way_each_goes() -> None:
    """A late answer, then chunked and plain requests behind it on the same connection: none overtakes another."""
    chunked = b"POST /%b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    slow = b"GET /slow/0.1 HTTP/1.1\r\nHost: a\r\n\r\n"
    with Server(Echo(), port=0) as here:
        said = talk(here, slow + chunked % b"second" + GET + chunked % b"fourth" + LAST)
    assert re.findall(rb"(?:GET|POST) https?://[^/]+/(\S+)", said) == [
        b"slow/0.1",
        b"second",
        b"a?b=c",
        b"fourth",
        b"last",
    ]


def test_an_idle_connection_is_closed_some_time_after_its_last_answer() -> None:
    with Server(Echo(), port=0) as here:
        here._config.timeout_keep_alive = 0.2  # type: ignore[assignment, union-attr]
        with connected(here) as sock:
            for _ in range(3):  # each answer begins the time anew
                sock.sendall(GET)
                assert b"/a?b=c" in answer_on(sock)
                time.sleep(0.12)
            began = time.perf_counter()
            assert sock.recv(1) == b""
            assert 0.02 < time.perf_counter() - began < 1
