"""One port as an unmodified client meets it: HTTPS at the real host names, a forward proxy, and nothing passed on."""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.server
import json
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from mockidp import authority
from mockidp.authority import Authority
from mockidp.mounts import proxy
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator, known_hosts
from mockidp.world import World

USER = "https://api.github.com/user"
KEYS = "https://www.googleapis.com/oauth2/v3/certs"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, str]:
    """An authority of this module's own, and the file that clients are told to trust."""
    where = tmp_path_factory.mktemp("authority")
    return authority.ensure(known_hosts(""), where), str(where / "ca.pem")


@pytest.fixture(scope="module")
def running(trust: tuple[Authority, str]) -> Iterator[Server]:
    simulator = Simulator()
    simulator.add(World("other", date=None))
    with Server(simulator, "localhost", 0, authority=lambda: trust[0]) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may try to reach a host; the tests of --pass-through allow it for loopback."""

    async def never(loop: Any, host: str, port: int) -> socket.socket:
        raise AssertionError(f"tried to reach {host}:{port}")

    monkeypatch.setattr(proxy, "connect", never)


@contextmanager
def connected(to: Server) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", to.port), timeout=5)) as sock:
        yield sock


def head_of(sock: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer and (data := sock.recv(1)):
        answer += data
    return answer


def all_of(sock: socket.socket) -> bytes:
    answer = b""
    while data := sock.recv(65536):
        answer += data
    return answer


# unmodified clients


def test_requests_through_the_proxy(running: Server, trust: tuple[Authority, str]) -> None:
    with requests.Session() as session:
        session.trust_env, session.verify, session.proxies = (
            False,
            trust[1],
            {"https": running.url, "http": running.url},
        )
        keys = session.get(KEYS)
        refused = session.get(USER, headers={"Authorization": "Bearer made-up"})
        plain = session.get("http://api.github.com/user", headers={"Authorization": "Bearer made-up"})
    assert keys.json()["keys"]
    assert (refused.status_code, refused.json()["message"]) == (401, "Bad credentials")
    assert (plain.status_code, plain.json()["message"]) == (401, "Bad credentials")


def test_httpx_through_the_proxy(running: Server, trust: tuple[Authority, str]) -> None:
    context = ssl.create_default_context(cafile=trust[1])
    with httpx.Client(proxy=running.url, verify=context, trust_env=False) as client:
        assert client.get(KEYS).json()["keys"]
        assert client.get("http://api.github.com/user").json()["message"] == "Requires authentication"


def test_urllib_through_the_proxy(running: Server, trust: tuple[Authority, str]) -> None:
    context = ssl.create_default_context(cafile=trust[1])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": running.url}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(KEYS) as answer:
        assert json.load(answer)["keys"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
@pytest.mark.parametrize("url", [KEYS, KEYS.replace("https", "http")])
def test_curl_through_the_proxy(running: Server, trust: tuple[Authority, str], url: str) -> None:
    done = subprocess.run(
        ["curl", "-sS", "--proxy", running.url, "--cacert", trust[1], url, url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count('"keys"') == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_curl_at_the_real_name_without_a_proxy(running: Server, trust: tuple[Authority, str]) -> None:
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", "--connect-to", f"::127.0.0.1:{running.port}", "--cacert", trust[1], KEYS],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["keys"]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_the_servers_own_pages_over_https(running: Server, trust: tuple[Authority, str], host: str) -> None:
    with httpx.Client(verify=ssl.create_default_context(cafile=trust[1]), trust_env=False) as client:
        health = client.get(f"https://{host}:{running.port}/_mockidp/health").json()
        path_form = client.get(f"https://{host}:{running.port}/accounts.google.com/.well-known/openid-configuration")
    assert health["status"] == "ok"
    assert path_form.json()["issuer"] == f"https://{host}:{running.port}/accounts.google.com"


def test_a_client_that_trusts_nobody_new_is_not_fooled(running: Server) -> None:
    with (
        httpx.Client(proxy=running.url, trust_env=False) as client,
        pytest.raises(httpx.ConnectError, match="certificate"),
    ):
        client.get(KEYS)


# connections


def tls(trust: tuple[Authority, str], sock: socket.socket, name: str) -> ssl.SSLSocket:
    return ssl.create_default_context(cafile=trust[1]).wrap_socket(sock, server_hostname=name)


def test_two_names_have_two_certificates_on_one_port(running: Server, trust: tuple[Authority, str]) -> None:
    for name in ("github.com", "mockidp.myshopify.com"):
        with connected(running) as sock, tls(trust, sock, name) as secure:
            certificate = secure.getpeercert()
            assert certificate is not None
            assert certificate["subjectAltName"] == (("DNS", name),)
            assert secure.version() == "TLSv1.3"


def test_requests_keep_coming_on_one_tls_connection_also_before_their_answers(
    running: Server, trust: tuple[Authority, str]
) -> None:
    get = b"GET /user HTTP/1.1\r\nHost: api.github.com\r\n\r\n"
    with connected(running) as sock, tls(trust, sock, "api.github.com") as secure:
        secure.sendall(get * 3 + get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b""
        while data := secure.recv(65536):
            answer += data
    assert answer.count(b"HTTP/1.1 401 ") == 4


def test_the_usual_port_in_a_host_header_is_no_other_host(running: Server, trust: tuple[Authority, str]) -> None:
    with connected(running) as sock, tls(trust, sock, "api.github.com") as secure:
        secure.sendall(b"GET /user HTTP/1.1\r\nHost: API.github.com:443\r\nConnection: close\r\n\r\n")
        assert secure.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_server_name_that_no_contract_knows_gets_no_certificate(
    running: Server, trust: tuple[Authority, str], caplog: pytest.LogCaptureFixture
) -> None:
    with connected(running) as sock, pytest.raises(ssl.SSLError, match=r"(?i)unrecognized|EOF"):
        tls(trust, sock, "bank.example")
    assert "plays no provider at bank.example" in caplog.text


def test_a_tunnel_may_hold_plain_http_too(running: Server) -> None:
    with connected(running) as sock:
        sock.sendall(b"CONNECT api.github.com:80 HTTP/1.1\r\nHost: api.github.com:80\r\n\r\n")
        assert head_of(sock).startswith(b"HTTP/1.1 200 ")
        sock.sendall(b"GET /user HTTP/1.1\r\nHost: api.github.com\r\nConnection: close\r\n\r\n")
        assert all_of(sock).startswith(b"HTTP/1.1 401 ")


def test_a_head_that_comes_in_pieces_is_waited_for(running: Server) -> None:
    with connected(running) as sock:
        for piece in (b"CONN", b"ECT api.github.com:443 HT", b"TP/1.1\r\nHost: x\r\n", b"\r\n"):
            sock.sendall(piece)
            time.sleep(0.03)
        assert head_of(sock).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"CONNECT github.com HTTP/1.1", b"HOST:PORT"),
        (b"CONNECT github.com:0 HTTP/1.1", b"HOST:PORT"),
        (b"CONNECT github.com:99999 HTTP/1.1", b"HOST:PORT"),
        (b"CONNECT user@github.com:443 HTTP/1.1", b"HOST:PORT"),
        (b"CONNECT github.com:443", b"METHOD TARGET"),
        (b"GET http:///user HTTP/1.1", b"http://HOST/PATH"),
        (b"GET http://[::1/ HTTP/1.1", b"malformed"),
        (b"GET http://github.com:x/ HTTP/1.1", b"malformed"),
        (b"GET http://github.com/ HTTP/1.1\r\nX: " + b"a" * 20_000, b"longer than"),
    ],
)
def test_a_head_that_no_proxy_understands_is_told_so(running: Server, head: bytes, word: bytes) -> None:
    with connected(running) as sock:
        sock.sendall(head + b"\r\n\r\n")
        answer = all_of(sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert word in answer


def test_a_tunnel_that_says_nothing_or_garbage_is_closed(running: Server) -> None:
    with connected(running) as sock:
        sock.sendall(b"CONNECT github.com:443 HTTP/1.1\r\n\r\n")
        head_of(sock)
        sock.sendall(b"\0\1\2 garbage")
        assert all_of(sock).startswith(b"HTTP/1.1 400 ")


def test_a_whole_url_says_which_host_is_meant_whatever_the_header_does(running: Server) -> None:
    with connected(running) as sock:
        sock.sendall(b"GET http://api.github.com/user HTTP/1.1\r\nHost: bank.example\r\n\r\n")
        answer = all_of(sock)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"Requires authentication" in answer


@pytest.mark.parametrize("rest", [b"\r\n", b"GET http://github.com/b HTTP/1.1\r\nHost: b\r\n\r\n", b"\0" * 9])
def test_what_comes_behind_a_request_by_whole_url_does_not_take_its_answer_away(running: Server, rest: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=3) as sock:
        sock.sendall(b"GET http://github.com/ HTTP/1.1\r\nHost: github.com\r\n\r\n" + rest)
        time.sleep(0.05)
        answer = b"".join(iter(lambda: sock.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_second_request_by_whole_url_on_one_connection_never_passes_for_the_first_ones_host(
    elsewhere: tuple[Server, int],
) -> None:
    server, port = elsewhere
    with connected(server) as sock:
        sock.sendall(b"GET http://api.github.com/user HTTP/1.1\r\nHost: api.github.com\r\n\r\n")
        first = head_of(sock)
        with contextlib.suppress(ConnectionError):  # the server says that it closes, and does
            sock.sendall(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: api.github.com\r\n\r\n" % port)
            assert b"HTTP/1.1 " not in all_of(sock)
    assert first.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in first.lower()


# hosts that no contract knows


@pytest.mark.parametrize(
    "request_line",
    [b"CONNECT bank.example:443 HTTP/1.1", b"GET http://bank.example:443/ HTTP/1.1", b"CONNECT 127.0.0.1:1 HTTP/1.1"],
)
def test_an_unknown_host_is_refused_with_what_to_do(
    running: Server, caplog: pytest.LogCaptureFixture, request_line: bytes
) -> None:
    with connected(running) as sock:
        sock.sendall(request_line + b"\r\nHost: bank.example\r\n\r\n")
        answer = all_of(sock).decode()
    host = request_line.split()[1].decode().removeprefix("http://").rstrip("/")
    assert answer.startswith("HTTP/1.1 403 ")
    for text in (answer, caplog.text):
        assert f"mockidp plays no provider at {host} and passes nothing on by itself" in text
        assert f"--pass-through {host.partition(':')[0]}" in text
        assert "NO_PROXY" in text


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A real service beside the providers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = f"{self.path} {body.decode()} {self.headers['Host']} {self.headers.get('Proxy-Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, trust: tuple[Authority, str]) -> Iterator[tuple[Server, int]]:
    """A service on loopback that the contracts do not know, and a server that was told to pass it through."""
    monkeypatch.undo()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        with Server(
            Simulator(), port=0, authority=lambda: trust[0], pass_through=["127.0.0.*", "gone.invalid"]
        ) as server:
            yield server, service.server_port
        service.shutdown()


@pytest.mark.parametrize("tunnel", [False, True], ids=["absolute form", "CONNECT"])
def test_a_host_that_was_named_is_passed_through(elsewhere: tuple[Server, int], tunnel: bool) -> None:
    server, port = elsewhere
    post = b"POST %s HTTP/1.1\r\nHost: h.example\r\nContent-Length: 5\r\n%s\r\nhello"
    with connected(server) as sock:
        if tunnel:
            sock.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\n" % port)
            assert head_of(sock).startswith(b"HTTP/1.1 200 ")
            sock.sendall(post % (b"/a?b=c", b"Connection: close\r\n"))
        else:
            secret = b"Proxy-Authorization: Digest x\r\nProxy-Connection: keep-alive\r\n"
            sock.sendall(post % (b"http://127.0.0.1:%d/a?b=c" % port, secret))
        host = "h.example" if tunnel else f"127.0.0.1:{port}"  # what the URL says (RFC 9112 section 3.2.2)
        assert all_of(sock).endswith(f"/a?b=c hello {host} None".encode())


def test_a_named_host_that_cannot_be_reached_is_a_502(elsewhere: tuple[Server, int]) -> None:
    with connected(elsewhere[0]) as sock:
        sock.sendall(b"CONNECT 127.0.0.2:1 HTTP/1.1\r\n\r\n")
        assert all_of(sock).startswith(b"HTTP/1.1 502 ")


# worlds


def test_the_user_name_of_the_proxys_url_chooses_the_world(running: Server, trust: tuple[Authority, str]) -> None:
    host = running.url.removeprefix("http://")
    with requests.Session() as session:
        session.trust_env, session.verify = False, trust[1]
        session.proxies = {"https": f"http://other:@{host}", "http": f"http://other:@{host}"}
        session.get(KEYS)
        session.get("http://api.github.com/user?of=other")
        session.proxies = {"http": f"http://{host}"}
        session.get("http://api.github.com/user?of=nobody")
    worlds = running.simulator.worlds  # type: ignore[attr-defined]
    told = {name: [entry.url for login in world.journal for entry in login.entries] for name, world in worlds.items()}
    assert [url for url in told["other"] if "/user" in url] == ["http://api.github.com/user?of=other"]
    assert KEYS in told["other"]
    assert not [url for name in told if name != "other" for url in told[name] if "of=other" in url]


def test_a_world_that_there_is_not_is_asked_for_again(running: Server) -> None:
    user = base64.b64encode(b"nobody:").decode()
    with connected(running) as sock:
        sock.sendall(f"CONNECT github.com:443 HTTP/1.1\r\nProxy-Authorization: Basic {user}\r\n\r\n".encode())
        answer = all_of(sock)
    assert answer.startswith(b"HTTP/1.1 407 ")
    assert b"Proxy-Authenticate: Basic" in answer.replace(b"proxy-authenticate", b"Proxy-Authenticate")
    assert b"no world 'nobody'" in answer


# the end


def test_a_server_stops_while_a_tunnel_is_open(trust: tuple[Authority, str]) -> None:
    with Server(Simulator(), port=0, authority=lambda: trust[0]) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        sock.sendall(b"CONNECT github.com:443 HTTP/1.1\r\n\r\n")
        head_of(sock)
        secure = tls(trust, sock, "github.com")
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert secure.recv(1) == b""
    secure.close()


@pytest.mark.parametrize("name", ["github.com", "localhost", None])
def test_a_certificate_is_renewed_while_the_server_runs(
    trust: tuple[Authority, str], monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    def shown() -> dict[str, Any]:
        context = ssl.create_default_context(cafile=trust[1])
        context.check_hostname = name is not None
        with connected(server) as sock, context.wrap_socket(sock, server_hostname=name) as secure:
            return secure.getpeercert() or {}

    monkeypatch.setattr(authority, "LEAF_LIFETIME", datetime.timedelta(hours=20))
    with Server(Simulator(), port=0, authority=lambda: trust[0]) as server:
        first = shown()
        assert shown()["serialNumber"] == first["serialNumber"]
        later = datetime.datetime.now(datetime.UTC) + authority.LEAF_LIFETIME * 0.6
        monkeypatch.setattr(authority, "now", lambda: later)
        second = shown()
    assert second["serialNumber"] != first["serialNumber"]
    assert ssl.cert_time_to_seconds(second["notAfter"]) > ssl.cert_time_to_seconds(first["notAfter"])


def test_a_server_goes_on_with_its_authority_when_another_takes_its_place(tmp_path: Path) -> None:
    before = authority.ensure(known_hosts(""), tmp_path)
    with Server(Simulator(), port=0, authority=lambda: authority.ensure(known_hosts(""), tmp_path)) as server:
        assert server.pin
        authority.replace(known_hosts(""), tmp_path)
        context = ssl.create_default_context(cadata=before.pem.decode())
        for name in ("github.com", "accounts.google.com"):
            with connected(server) as sock, context.wrap_socket(sock, server_hostname=name) as secure:
                assert secure.getpeercert()


def test_a_server_stops_while_somebody_watches_the_inspector(trust: tuple[Authority, str]) -> None:
    with Server(Simulator(), port=0, authority=lambda: trust[0]) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        sock.sendall(f"GET /_mockidp/events HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        assert b"text/event-stream" in head_of(sock)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    with closing(sock):
        assert all_of(sock).endswith(b"0\r\n\r\n")


def test_an_authority_that_cannot_be_used_is_told_and_plain_http_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Authority:
        raise authority.AuthorityError("the key is gone; `mockidp ca rotate` makes anew")

    caplog.set_level(logging.WARNING)
    with Server(Simulator(), port=0, authority=broken) as server:
        with connected(server) as sock, pytest.raises((ssl.SSLError, ConnectionError)):
            ssl.create_default_context().wrap_socket(sock, server_hostname="github.com")
        assert requests.get(f"{server.url}/_mockidp/health", timeout=5).status_code == 200
    assert "no certificate: the key is gone" in caplog.text


def test_no_authority_is_made_before_somebody_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKIDP_HOME", str(tmp_path / "home"))
    with Server(Simulator(), port=0) as server:
        assert requests.get(f"{server.url}/_mockidp/health", timeout=5).status_code == 200
        assert not (tmp_path / "home").exists()
        with connected(server) as sock, pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(sock, server_hostname="github.com")
        assert (tmp_path / "home" / "ca.pem").is_file()
