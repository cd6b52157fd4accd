"""The front as a browser and an application meet it: real addresses out, path form in, and all else untouched."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urljoin
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import requests
from click.testing import CliRunner
from ports import free_port

import providers
from mockidp import authority
from mockidp.cli_front import ports_of
from mockidp.cli_run import run_command
from mockidp.errors import UsageError
from mockidp.front import Front
from mockidp.front_html import Html
from mockidp.front_urls import Site, Urls
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator, known_hosts
from mockidp.world import World

BASE = "http://127.0.0.1:8400"
LOGIN = "https://github.com/login/oauth/authorize?client_id=mockidp&state=s1"
Answer = tuple[str, list[tuple[str, str]], Iterable[bytes]]


# what is turned, without a socket


@pytest.fixture
def urls() -> Urls:
    return Urls(Site(Simulator(), BASE, port=8000, app_port=5000), "127.0.0.1:8000")


REDIRECTS = {
    LOGIN: f"{BASE}/{LOGIN.removeprefix('https://')}",
    "https://GitHub.com:443/anything": f"{BASE}/github.com/anything",
    "//accounts.google.com/o/oauth2/v2/auth#x": f"{BASE}/accounts.google.com/o/oauth2/v2/auth#x",
    "https://github.com": f"{BASE}/github.com/",
    "https://any-shop.myshopify.com/admin/oauth/authorize": f"{BASE}/any-shop.myshopify.com/admin/oauth/authorize",
    "http://localhost:5000/home?x": "http://127.0.0.1:8000/home?x",
    "https://bank.example/login": None,
    "https://github.com.evil.example/login/oauth/authorize": None,
    "https://evil.example/https://github.com/": None,
    "http://127.0.0.1:3000/": None,
    f"{BASE}/github.com/login": None,
    "/login": None,
    "mailto:a@github.com": None,
}


@pytest.mark.parametrize(("url", "turned"), REDIRECTS.items())
def test_a_redirect_to_a_providers_host_and_no_other_is_turned(urls: Urls, url: str, turned: str | None) -> None:
    assert urls.redirect(url) == turned


def test_a_link_is_turned_only_where_a_contract_has_something(urls: Urls) -> None:
    assert urls.link(LOGIN) == REDIRECTS[LOGIN]
    assert urls.link("https://telegram.org/js/telegram-widget.js?22") is not None
    assert urls.link("https://github.com/example/project") is None
    assert urls.link("https://bank.example/login/oauth/authorize") is None


def test_paths_carry_the_world_and_the_name_that_the_browser_used() -> None:
    simulator = Simulator()
    simulator.add(World("mine"))
    site = Site(simulator, BASE, port=8000, app_port=5000, world="mine")
    assert Urls(site, "localhost:8000").redirect(LOGIN) == f"http://localhost:8400/~mine/{LOGIN[8:]}"


def test_a_page_keeps_every_byte_that_is_not_turned(urls: Urls) -> None:
    page = f"""<!DOCTYPE html><!-- <a href="{LOGIN}"> --><meta charset=utf-8>
<meta http-equiv="Refresh" content="3; URL='{LOGIN}'"><meta name=refresh content="3; url={LOGIN}">
<script>var a = '<a href="{LOGIN}">';</script><script src="https://telegram.org/js/telegram-widget.js?22" async
 integrity="sha384-x" data-telegram-login="b"></script><title><a href="{LOGIN}"></title>
<a class='x>y' href='{LOGIN}&amp;scope=a+b' title=it's>in</a> 1 < 2 <a HREF={LOGIN}>in</a><img src="/é.png" alt="">
<a href="https://github.com/example/project">source</a> <p title="{LOGIN}">{LOGIN}</p> <a href="https://a.example/">a</a>
<form action="https://github.com/whatever" method=post><button formaction="{LOGIN}">go</button></form>
<a href="https:&#x2F;&#x2F;github.com/login/oauth/authorize?x&#x3D;1">in</a><a href="/login"""
    body = page.encode()
    turned = REDIRECTS[LOGIN]
    expected = (
        page.replace(f"content=\"3; URL='{LOGIN}'\"", f'content="3; URL=&#x27;{unquoted(turned)}&#x27;"')
        .replace('src="https://telegram.org', f'src="{BASE}/telegram.org')
        .replace('\n integrity="sha384-x"', "")
        .replace(f"'{LOGIN}&amp;scope=a+b'", f'"{unquoted(turned)}&amp;scope=a+b"')
        .replace(f"HREF={LOGIN}>", f'HREF="{unquoted(turned)}">')
        .replace("https://github.com/whatever", f"{BASE}/github.com/whatever")
        .replace(f'formaction="{LOGIN}"', f'formaction="{unquoted(turned)}"')
        .replace(
            "https:&#x2F;&#x2F;github.com/login/oauth/authorize?x&#x3D;1",
            f"{BASE}/github.com/login/oauth/authorize?x=1",
        )
    )
    for size in (1, 7, len(body)):
        html = urls.html()
        pieces = [html.feed(body[at : at + size]) for at in range(0, len(body), size)]
        assert (b"".join(pieces) + html.end()).decode() == expected


def unquoted(url: str | None) -> str:
    return (url or "").replace("&", "&amp;")


def test_a_tag_that_does_not_end_is_not_kept_for_ever() -> None:
    html = Html(lambda tag, name, value: None)
    data = b'<a href="' + b"x" * 100_000
    assert html.feed(data) == data


def test_json_is_turned_only_where_a_value_is_the_url_of_a_login(urls: Urls) -> None:
    plain = {
        "html_url": "https://github.com/alice",
        "issuer": "https://accounts.google.com",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        LOGIN: 1,
        "text": f'go to "{LOGIN}", please',
        "other": "https://bank.example/login/oauth/authorize",
    }
    body = json.dumps(plain, indent=1).encode()
    assert urls.json(body) == body
    turned = urls.json(json.dumps({"url": LOGIN, "list": [LOGIN], **plain}).encode())
    assert json.loads(turned) == {"url": REDIRECTS[LOGIN], "list": [REDIRECTS[LOGIN]], **plain}
    assert json.loads(urls.json(b'"' + LOGIN.replace("/", r"\/").encode() + b'"')) == REDIRECTS[LOGIN]


def test_a_policy_does_not_send_browsers_to_https(urls: Urls) -> None:
    assert urls.policy("default-src 'self'; upgrade-insecure-requests; img-src x") == "default-src 'self'; img-src x"


def test_a_policy_that_allows_a_provider_allows_the_simulator(urls: Urls) -> None:
    told = (
        "default-src 'self'; form-action 'self' https://github.com; script-src https://*.google.com; img-src x.example"
    )
    assert urls.policy(told) == (
        f"default-src 'self'; form-action 'self' https://github.com {BASE}; "
        f"script-src https://*.google.com {BASE}; img-src x.example"
    )


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("a=1; Domain=app.example; Path=/; Secure; HttpOnly; SameSite=None", "a=1; Path=/; HttpOnly"),
        ("a=1; SameSite=Lax; Secure", "a=1; SameSite=Lax"),
        ("__Host-a=1; Path=/; Secure; SameSite=None", "__Host-a=1; Path=/; Secure; SameSite=None"),
        ("a=x=y, z; Path=/", "a=x=y, z; Path=/"),
    ],
)
def test_a_cookie_is_one_that_browsers_take_on_loopback(urls: Urls, told: str, kept: str) -> None:
    assert urls.cookie(told) == kept


@pytest.mark.parametrize(("told", "ports"), [(("8000=5000", None), (8000, 5000)), (("0", 5000), (0, 5000))])
def test_ports_are_told_together_or_apart(told: tuple[str, int | None], ports: tuple[int, int]) -> None:
    assert ports_of(*told) == ports


@pytest.mark.parametrize("told", [("8000", None), ("x", 1), ("8000=x", None), ("8000=8000", None), ("8000=1", 2)])
def test_ports_that_make_no_sense_are_refused(told: tuple[str, int | None]) -> None:
    with pytest.raises(UsageError, match="--front"):
        ports_of(*told)


# an application that knows nothing of it


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the library's
        pass


class Application:
    """A web application as it is in production but for its size: the providers at their real hosts, by a proxy."""

    def __init__(self, origin: str = "") -> None:
        self.origin, self.clients = origin, {}
        self.http = requests.Session()
        self.http.trust_env = False
        self.sessions: dict[str, Any] = {}
        self.seen: dict[str, Any] = {}
        self.cookie = "SameSite=Lax"
        self.pages: dict[str, Callable[[dict[str, Any]], Answer]] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.seen = dict(environ)
        status, headers, body = self.answer(environ)
        start(status, headers)
        return body

    def answer(self, environ: dict[str, Any]) -> Answer:
        path = environ["PATH_INFO"]
        action, _, provider = path[1:].partition("/")
        if path in self.pages:
            return self.pages[path](environ)
        if action == "login":
            return self.login(environ, provider)
        if action == "callback":
            return self.callback(environ, provider)
        return "200 OK", [("Content-Type", "text/html")], [b"<a href='/login/github'>Sign in</a>"]

    def client(self, provider: str) -> Any:
        app = World().app(provider)
        keys = {"client_id": app.client_id, "client_secret": app.client_secret}
        if provider == "apple":
            facts = app.facts
            keys |= {
                "client_secret": facts["key_id"],
                "key": facts["team_id"],
                "certificate_key": facts["certificate_key"],
            }
        return providers.get(provider, **keys)

    def login(self, environ: dict[str, Any], provider: str) -> Answer:
        origin = self.origin or f"http://{environ['HTTP_HOST']}"
        options = {"openid_url": "https://openid.example.org"} if provider == "openid" else {}
        begun = self.client(provider).begin(redirect_uri=f"{origin}/callback/{provider}", http=self.http, **options)
        self.sessions["1"] = begun.session
        cookie = ("Set-Cookie", f"session=1; Path=/; HttpOnly; {self.cookie}")
        return "302 Found", [("Location", begun.url), cookie], []

    def callback(self, environ: dict[str, Any], provider: str) -> Answer:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        told = f"{environ.get('QUERY_STRING', '')}&{environ['wsgi.input'].read(length).decode()}".strip("&")
        morsel = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("session")
        session = self.sessions.get(morsel.value if morsel else "", {})
        try:
            identity = self.client(provider).finish(session, told, http=self.http)
        except providers.LoginError as error:
            return "400 Bad Request", [("Content-Type", "text/html")], [f"<h1>{error}</h1>".encode()]
        body = f"<title>in</title><h1>{identity.provider} {identity.uid} {identity.email or identity.name}</h1>"
        return "200 OK", [("Content-Type", "text/html; charset=utf-8")], [body.encode()]


class Place:
    """The simulator, an application and the front before it."""

    def __init__(self, server: Server, app: Application, front: Front) -> None:
        self.server, self.app, self.front = server, app, front
        self.url = front.url


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    authority.ensure(known_hosts(""), folder)
    return folder


@contextlib.contextmanager
def running(where: Path, app: Application, world: World | None = None, name: str = "") -> Iterator[Place]:
    made = authority.stored(where)
    assert made is not None
    simulator = Simulator(world or World(urls="real"))
    if name:
        simulator.add(World(name, urls="real", person="bob"))
    with Server(simulator, port=0, authority=lambda: made) as server, served(app) as port:
        user = f"{name}:x@" if name else ""
        app.http.proxies = {scheme: server.url.replace("://", f"://{user}") for scheme in ("http", "https")}
        app.http.verify = str(where / "ca.pem")
        with Front(simulator, server.url, port=0, app_port=port, world=name) as front:
            yield Place(server, app, front)
            app.http.close()


@contextlib.contextmanager
def served(app: Any) -> Iterator[int]:
    with make_server("127.0.0.1", 0, app, Threaded, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def place(where: Path) -> Iterator[Place]:
    with running(where, Application()) as place:
        yield place


class Visitor:
    """A person whose browser knows of no proxy: follows links, decides on the login page, posts what a page posts."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.origin = ""

    def login(self, place: Place, provider: str, person: str = "alice") -> requests.Response:
        page = self.http.get(f"{place.url}/login/{provider}", timeout=5)
        if page.url.startswith(place.server.url):
            decision = {"mockidp.person": person, "mockidp.decision": "allow"}
            page = self.http.post(page.url, {**hidden(page.text), **decision}, timeout=5)
        while page.url.startswith(place.server.url) and (action := re.search(r'<form[^>]*action="([^"]*)"', page.text)):
            self.origin = place.server.url
            url = urljoin(page.url, unescape(action[1]))
            page = self.http.post(url, hidden(page.text), headers={"Origin": self.origin}, timeout=5)
        return page


def hidden(text: str) -> dict[str, str]:
    found = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r'<input type="hidden"[^>]*>', text)]
    return {unescape(row["name"]): unescape(row.get("value", "")) for row in found}


@pytest.mark.parametrize("provider", ["github", "google", "twitter", "steam"])
def test_a_person_clicks_through_a_login_with_the_browser_they_have(place: Place, provider: str) -> None:
    page = Visitor().login(place, provider)
    assert page.status_code == 200, page.text
    assert page.url.startswith(f"{place.url}/callback/{provider}")
    assert all(one.url.startswith(("http://127.0.0.1:", "http://localhost:")) for one in [*page.history, page])
    login = place.server.simulator.world.journal.last(provider)  # type: ignore[attr-defined]
    assert (login.person, login.outcome) == ("alice", "logged_in"), page.text


@pytest.mark.parametrize("provider", ["apple", "openid"])
def test_an_answer_that_a_providers_page_posts_comes_as_from_the_provider_itself(
    where: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application("https://app.example")  # neither takes an address of this machine
    with running(where, app, World(urls="real", apps="learn")) as place:
        register(place, provider, app)
        lax = Visitor().login(place, provider)
        assert (lax.status_code, lax.url.partition("?")[0]) == (400, f"{place.url}/callback/{provider}")
        assert "session_missing" in lax.text
        assert "cookie session was kept back: with SameSite=Lax" in caplog.text
        app.cookie = "SameSite=None; Secure"
        page = Visitor().login(place, provider)
    assert page.status_code == 200, page.text
    assert app.seen["HTTP_ORIGIN"] == (
        "https://appleid.apple.com" if provider == "apple" else "https://openid.example.org"
    )


def register(place: Place, provider: str, app: Application) -> None:
    world = place.server.simulator.world  # type: ignore[attr-defined]
    world.app(provider, redirect_uris=[f"{app.origin}/callback/{provider}"])


@pytest.mark.parametrize("provider", ["github", "twitter"])
def test_a_callback_at_the_applications_public_address_comes_back_to_the_front(where: Path, provider: str) -> None:
    with running(where, Application("https://app.example")) as place:
        register(place, provider, place.app)
        page = Visitor().login(place, provider)
        assert page.status_code == 200, page.text
        assert page.url.startswith(f"{place.url}/callback/{provider}?")
        place.app.pages["/out"] = lambda environ: ("302 Found", [("Location", "https://app.example/after")], [])
        away = requests.get(f"{place.url}/out", allow_redirects=False, timeout=5)
        assert away.headers["Location"] == f"{place.url}/after"


def test_a_callback_at_the_applications_own_port_comes_back_to_the_front(place: Place) -> None:
    place.app.origin = f"http://localhost:{place.front.site.app_port}"
    page = Visitor().login(place, "github")
    assert page.url.startswith(f"{place.url}/callback/github?")
    assert page.status_code == 200, page.text


def test_a_login_belongs_to_the_world_that_the_front_is_for(where: Path) -> None:
    with running(where, Application(), name="mine") as place:
        page = Visitor().login(place, "google")
        simulator: Any = place.server.simulator
        assert "bob@example.org" in page.text
        assert simulator.worlds["mine"].journal.last("google").outcome == "logged_in"
        assert not list(simulator.world.journal)


def test_the_application_is_told_who_calls_and_under_which_name(place: Place) -> None:
    headers = {"Host": "shop.localhost:1", "X-Forwarded-Host": "evil.example", "Accept-Encoding": "br", "X-Own": "1"}
    requests.get(f"{place.url}/a%20b?q=1&q=2", headers=headers, timeout=5)
    seen = place.app.seen
    names = ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_OWN")
    assert [seen[name] for name in names] == ["shop.localhost:1", "shop.localhost:1", "http", "127.0.0.1", "1"]
    assert (seen["QUERY_STRING"], seen["HTTP_ACCEPT_ENCODING"], seen["PATH_INFO"]) == ("q=1&q=2", "identity", "/a b")


def test_bodies_go_through_untouched_in_both_directions(place: Place) -> None:
    data = bytes(range(256)) * 2000

    def echo(environ: dict[str, Any]) -> Answer:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return "200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))], [body]

    place.app.pages["/echo"] = echo
    with requests.Session() as http:
        answers = [http.post(f"{place.url}/echo", data=data, timeout=5) for _ in range(3)]
    assert all(answer.content == data for answer in answers)
    assert answers[0].headers["Content-Length"] == str(len(data))
    assert "Cache-Control" not in answers[0].headers


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [("text/plain", ""), ("text/html", "gzip"), ("text/html; charset=utf-16", ""), ("text/css", "")],
)
def test_what_is_no_page_is_not_looked_at(place: Place, kind: str, encoding: str) -> None:
    body = f'<a href="{LOGIN}">in</a>'.encode()
    headers = [("Content-Type", kind), ("ETag", '"1"'), *([("Content-Encoding", encoding)] if encoding else [])]
    place.app.pages["/it"] = lambda environ: ("200 OK", headers, [body])
    answer = requests.get(f"{place.url}/it", stream=True, timeout=5)
    assert answer.raw.read(decode_content=False) == body
    assert answer.headers["ETag"] == '"1"'
    answer.close()


def test_a_part_of_a_page_is_passed_on_as_it_is(place: Place) -> None:
    body = f'<a href="{LOGIN}">in</a>'.encode()
    headers = [("Content-Type", "text/html"), ("Content-Range", "bytes 0-99/200")]
    place.app.pages["/part"] = lambda environ: ("206 Partial Content", headers, [body])
    assert requests.get(f"{place.url}/part", timeout=5).content == body


def test_a_page_and_json_are_turned_and_kept_by_no_cache(place: Place) -> None:
    body = f'<a href="{LOGIN}">in</a>'.encode()
    html = [("Content-Type", "text/html"), ("ETag", '"1"'), ("Content-Length", str(len(body)))]
    told = json.dumps({"url": LOGIN}).encode()
    place.app.pages["/page"] = lambda environ: ("200 OK", html, [body])
    place.app.pages["/json"] = lambda environ: (
        "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(told))), ("ETag", '"1"')],
        [told],
    )
    page = requests.get(f"{place.url}/page", timeout=5)
    assert page.text == f'<a href="{place.server.url}/{LOGIN[8:].replace("&", "&amp;")}">in</a>'
    data = requests.get(f"{place.url}/json", timeout=5)
    assert data.json() == {"url": f"{place.server.url}/{LOGIN[8:]}"}
    assert data.headers["Content-Length"] == str(len(data.content))
    for answer in (page, data):
        assert (answer.headers["Cache-Control"], "ETag" in answer.headers) == ("no-store", False)
    assert requests.head(f"{place.url}/page", timeout=5).status_code == 200


def test_pieces_arrive_as_the_application_sends_them(place: Place) -> None:
    go_on = threading.Event()

    def stream(environ: dict[str, Any]) -> Answer:
        def pieces() -> Iterator[bytes]:
            yield b"<p>one</p><a hre"
            assert go_on.wait(5)
            yield f'f="{LOGIN}">two</a>'.encode()

        return "200 OK", [("Content-Type", "text/html")], pieces()

    place.app.pages["/stream"] = stream
    with requests.get(f"{place.url}/stream", stream=True, timeout=5) as answer:
        pieces = answer.iter_content(None)
        assert next(pieces) == b"<p>one</p>"
        go_on.set()
        assert b"".join(pieces).startswith(f'<a href="{place.server.url}/github.com/'.encode())


def test_a_browser_that_hangs_up_is_missed_by_an_application_that_has_nothing_to_say() -> None:
    gone = threading.Event()

    def serve(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
            with contextlib.suppress(ConnectionResetError):
                sock.recv(1)
            gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with Front(Simulator(), BASE, port=0, app_port=listener.getsockname()[1]) as front:
            with requests.get(front.url, stream=True, timeout=5) as answer:
                assert next(answer.iter_lines(chunk_size=1)) == b"data: x"
            assert gone.wait(5)


@contextlib.contextmanager
def upgrading() -> Iterator[int]:
    """An application that speaks another protocol after 101: it says everything twice."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                head = sock.recv(65536)
                assert b"upgrade: websocket" in head.lower()
                assert b"sec-websocket-key: abc" in head.lower()
                sock.sendall(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
                while data := sock.recv(100):
                    sock.sendall(data * 2)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_a_websocket_goes_through() -> None:
    head = (
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc"
    )
    with (
        upgrading() as port,
        Front(Simulator(), BASE, port=0, app_port=port) as front,
        socket.create_connection(("127.0.0.1", front.site.port), timeout=5) as sock,
    ):
        sock.sendall(f"{head}\r\n\r\n".encode())
        seen = b""
        while not seen.endswith(b"hello"):
            seen += sock.recv(1000)
        assert seen.startswith(b"HTTP/1.1 101 ")
        sock.sendall(b"\x00\xff")
        assert sock.recv(100) == b"\x00\xff\x00\xff"


def test_a_person_who_is_there_before_the_application_waits_for_it() -> None:
    with Front(Simulator(), BASE, port=0, app_port=free_port()) as front:
        page = requests.get(front.url, headers={"Accept": "text/html,*/*"}, timeout=5)
        script = requests.post(front.url, data=b"x" * 10, timeout=5)
    assert (page.status_code, page.headers["Refresh"]) == (502, "1")
    assert f"does not answer at port {front.site.app_port}" in page.text
    assert (script.status_code, script.headers["Content-Type"]) == (502, "text/plain; charset=utf-8")


def test_what_is_no_http_is_refused_and_a_broken_application_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
        with Front(Simulator(), BASE, port=0, app_port=port) as front:
            broken = requests.get(front.url, timeout=5)
            with socket.create_connection(("127.0.0.1", front.site.port), timeout=5) as sock:
                sock.sendall(b"\x16\x03\x01\x00\r\n\r\n")
                answer = sock.recv(1000)
    assert (broken.status_code, "without an answer" in broken.text) == (502, True)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_when_it_stops_connections_end_and_the_port_is_free_again() -> None:
    simulator = Simulator()
    with Front(simulator, BASE, port=0, app_port=free_port()) as front:
        idle = socket.create_connection(("127.0.0.1", front.site.port), timeout=5)
        assert simulator.front is front.site
    with idle:
        assert idle.recv(1) == b""
    assert simulator.front is None
    socket.create_server(("127.0.0.1", front.site.port)).close()


SCRIPT = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit
import requests

class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        parts, here = urlsplit(self.path), f"http://{self.headers['Host']}/callback"
        keys = {"client_id": "mockidp", "redirect_uri": here}
        if parts.path == "/callback":
            told = {**keys, "client_secret": "mockidp-secret", "code": parse_qs(parts.query)["code"][0]}
            as_json = {"Accept": "application/json"}
            token = requests.post("https://github.com/login/oauth/access_token", told, headers=as_json).json()
            bearer = {"Authorization": f"Bearer {token['access_token']}"}
            user = requests.get("https://api.github.com/user", headers=bearer)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(user.json()["login"].encode())
        else:
            self.send_response(302)
            query = urlencode({**keys, "state": "s"})
            self.send_header("Location", f"https://github.com/login/oauth/authorize?{query}")
            self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[1])), Application).serve_forever()
"""


def test_the_command_that_runs_has_a_front(tmp_path: Path) -> None:
    front, app = free_port(), free_port()
    command = [
        *(sys.executable, "-m", "mockidp", "run", "--as", "alice", "--json", "--front", f"{front}={app}", "--"),
        *(sys.executable, "-c", SCRIPT, str(app)),
    ]
    env = {**os.environ, "MOCKIDP_HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stderr is not None
            assert json.loads(process.stderr.readline())["front"] == f"http://127.0.0.1:{front}"
            with requests.Session() as http:
                http.trust_env = False
                page = http.get(f"http://localhost:{front}/login", timeout=10)
                while page.status_code == 502:
                    time.sleep(0.1)
                    page = http.get(f"http://localhost:{front}/login", timeout=10)
        finally:
            process.terminate()
    assert page.text == "alice-archer"
    assert page.url.startswith(f"http://localhost:{front}/callback?")
    assert "iss=https%3A%2F%2Fgithub.com" in page.url


def test_a_front_whose_port_is_taken_names_the_option_that_chooses_another(where: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Server(Simulator(), port=0) as server:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port} .* is in use; choose another with --front"):
            Front(Simulator(), server.url, port=port, app_port=1).bind()


DJANGO = """
import secrets, sys
from wsgiref.simple_server import make_server
import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import urlencode

settings.configure(
    SECRET_KEY="x" * 50, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"],
    SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=3600, SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https") if sys.argv[2] == "proxied" else None,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    ],
)
HTTP, KEYS = requests.Session(), {"client_id": "mockidp"}

def home(request):
    form = '<form action="/login" method="post"><input type="hidden" name="csrfmiddlewaretoken" value="%s"></form>'
    return HttpResponse(form % get_token(request))

def login(request):
    request.session["state"] = secrets.token_hex(8)
    told = {**KEYS, "redirect_uri": request.build_absolute_uri("/callback"), "state": request.session["state"]}
    return redirect("https://github.com/login/oauth/authorize?" + urlencode(told))

def callback(request):
    assert request.session["state"] == request.GET["state"]
    told = {**KEYS, "client_secret": "mockidp-secret", "code": request.GET["code"]}
    told["redirect_uri"] = request.build_absolute_uri("/callback")
    url = "https://github.com/login/oauth/access_token"
    token = HTTP.post(url, told, headers={"Accept": "application/json"}).json()["access_token"]
    user = HTTP.get("https://api.github.com/user", headers={"Authorization": "Bearer " + token}).json()
    return HttpResponse(f"{user['login']} {request.is_secure()} {request.build_absolute_uri()}")

urlpatterns = [path("", home), path("login", login), path("callback", callback)]
make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()
"""


@contextlib.contextmanager
def django(tmp_path: Path, kind: str) -> Iterator[tuple[str, requests.Session]]:
    """A Django application that forces HTTPS, its front, and a browser that waited for it."""
    front, app = free_port(), free_port()
    (tmp_path / "site_that_is_secure.py").write_text(DJANGO)
    command = [
        *(sys.executable, "-m", "mockidp", "run", "--as", "alice", "--json", "--front", f"{front}={app}", "--"),
        *(sys.executable, str(tmp_path / "site_that_is_secure.py"), str(app), kind),
    ]
    env = {**os.environ, "MOCKIDP_HOME": str(tmp_path)}
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process,
        requests.Session() as browser,
    ):
        assert process.stderr is not None
        try:
            process.stderr.readline()
            browser.trust_env, url = False, f"http://localhost:{front}"
            while "does not answer" in browser.get(f"{url}/", timeout=10).text:
                assert process.poll() is None
                time.sleep(0.1)
            yield url, browser
        finally:
            process.terminate()


def test_an_application_that_forces_https_is_told_that_it_has_it(tmp_path: Path) -> None:
    with django(tmp_path, "proxied") as (url, browser):
        form = browser.get(f"{url}/", timeout=10)
        assert form.status_code == 200
        page = browser.post(f"{url}/login", hidden(form.text), headers={"Origin": url}, timeout=10)
        of_another = browser.post(f"{url}/login", hidden(form.text), headers={"Origin": "http://x.example"}, timeout=10)
        by_referer = browser.post(f"{url}/login", hidden(form.text), headers={"Referer": f"{url}/"}, timeout=10)
    assert page.text.startswith(f"alice-archer True https{url.removeprefix('http')}/callback?"), page.text
    assert all(one.url.startswith("http://") for one in [*page.history, page])
    assert (of_another.status_code, by_referer.status_code) == (403, 200)


def test_an_application_that_forces_https_and_believes_no_header_is_no_endless_loop(tmp_path: Path) -> None:
    with django(tmp_path, "bare") as (url, browser):
        page = browser.get(f"{url}/", timeout=10)
    assert page.status_code == 502
    assert "SECURE_PROXY_SSL_HEADER" in page.text


@pytest.mark.parametrize(
    ("location", "forced"),
    [
        ("https://127.0.0.1:8000/a?b=c", True),
        ("https://127.0.0.1/a?b=c", True),
        ("https://127.0.0.1:8443/a", True),
        ("HTTPS://127.0.0.1:8000/a", True),
        ("http://127.0.0.1:8000/a", False),
        ("https://127.0.0.1:8000/other", False),
        ("https://github.com/a", False),
        ("/a", False),
    ],
)
def test_only_the_same_page_by_https_is_a_redirect_to_https(urls: Urls, location: str, forced: bool) -> None:
    assert urls.forces_https(301, location, "/a?b=c") is forced
    assert not urls.forces_https(200, location, "/a?b=c")


@pytest.mark.parametrize("told", [["--front", "8000"], ["--app", "5000"], ["--front", "x=1"]])
def test_a_front_without_both_ports_is_refused(told: list[str]) -> None:
    done = CliRunner().invoke(run_command, [*told, "--", "true"])
    assert isinstance(done.exception, UsageError)
    assert "--front" in str(done.exception)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("provider", ["github", "apple"])
def test_in_a_browser_without_a_proxy(where: Path, tmp_path: Path, provider: str) -> None:
    app = Application("https://app.example" if provider == "apple" else "")
    app.cookie = "SameSite=None; Secure" if provider == "apple" else "SameSite=Lax"
    with running(where, app, World(urls="real", person="alice")) as place:
        if app.origin:
            register(place, provider, app)
        done = subprocess.run(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                *("--no-proxy-server", f"--user-data-dir={tmp_path}", "--virtual-time-budget=5000", "--dump-dom"),
                f"{place.url}/login/{provider}",
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert re.search(f"<h1>{provider} .* alice@|<h1>{provider} .*@", done.stdout), done.stdout + done.stderr
