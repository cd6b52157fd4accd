"""What somebody would try who may not: other sites, other worlds, other names, other files, and headers in values."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import quote, urlencode

import httpx
import pytest

from mockidp.apps import App as Client
from mockidp.apps import Mode
from mockidp.check.walk import WalkError, walk_class
from mockidp.contract.files import index
from mockidp.mounts.asgi import App, finished
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

HOST = "127.0.0.1:8400"
ROOT = "/_mockidp"
API = f"{ROOT}/api"
PAGES = ["/", *(f"{ROOT}/{name}" for name in ("logins", "people", "apps", "apps?provider=github", "faults", "clock",
         "keys", "providers/github", "logins.json", "events", "health"))]  # fmt: skip
READ = ["journal", "people?text=zoe", "apps", "apps?provider=github", "faults", "clock", "keys/google", "providers"]
ENDINGS = ["", ".json", ".har", ".txt", ".py"]


def get(simulator: Simulator, path: str, **headers: str) -> Response:
    return simulator.handle(Request.of("GET", f"http://{HOST}{path}", {"Host": HOST, **headers}))


# worlds

MARKS = ["Zoe Blueberry", "zoe@blue.example", "blue-app", "blue.example", "wrong_at_hash", "rate_limited"]


@pytest.fixture
def worlds() -> Simulator:
    """Three of them; in `blue` something of every kind has happened, and a login with a secret."""
    made = Simulator()
    blue = made.add(World("blue"))
    made.add(World("red"))
    blue.people.add({"id": "zoe", "name": "Zoe Blueberry", "email": "zoe@blue.example"})
    blue.person = "zoe"
    blue.configure("gitlab", GITLAB_URL="https://git.blue.example")
    blue.faults.add("wrong_at_hash", provider="google")
    blue.faults.add("rate_limited", provider="github", step="userinfo")
    app = blue.app("github", client_id="blue-app", redirect_uris=["http://127.0.0.1:8000/callback"], loopback=True)
    log_in(made, blue, app)
    return made


def log_in(simulator: Simulator, world: World, app: Client) -> None:
    def send(request: Request) -> Response:
        request.world = world.name
        return simulator.handle(request)

    wire = world.wire("github")
    with suppress(WalkError):  # the fault
        walk_class("github", wire.family)(wire, app, send).run()


@pytest.mark.parametrize("prefix", ["", "/~red"], ids=["default", "red"])
@pytest.mark.parametrize("path", [*PAGES, *(f"{API}/{path}" for path in READ)])
def test_nothing_of_one_world_is_told_in_another(worlds: Simulator, prefix: str, path: str) -> None:
    answer = get(worlds, f"{prefix}{path}")
    assert answer.status == 200
    words = [mark for mark in MARKS if mark in answer.body.decode()]
    known = {"wrong_at_hash", "rate_limited"} if path in (f"{ROOT}/faults", f"{ROOT}/providers/github") else set()
    assert set(words) <= known  # the names of all faults and errors that there are


def test_what_is_not_told_elsewhere_is_told_at_home(worlds: Simulator) -> None:
    told = "".join(get(worlds, f"/~blue{path}").body.decode() for path in [*PAGES, *(f"{API}/{row}" for row in READ)])
    assert [mark for mark in MARKS if mark not in told] == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_login_is_opened_in_its_own_world_only(worlds: Simulator, ending: str) -> None:
    path = f"{ROOT}/logins/github-1{ending}"
    assert get(worlds, f"/~blue{path}").status == 200
    for prefix in ("", "/~red", "/~blue/~red", "/~RED", "/~nobody"):
        assert get(worlds, f"{prefix}{path}").status == 404
    assert get(worlds, f"{path}?world=blue").status == 404


def test_news_of_one_world_is_not_told_in_another(worlds: Simulator) -> None:
    def news(prefix: str) -> dict[str, int]:
        lines = get(worlds, f"{prefix}{ROOT}/events").body.decode().splitlines()
        told: dict[str, int] = json.loads(lines[3].removeprefix("data: "))
        return told

    before = {prefix: news(prefix) for prefix in ("", "/~red", "/~blue")}
    blue = worlds.worlds["blue"]
    log_in(worlds, blue, blue.apps.ready("github"))
    assert {prefix: news(prefix) == told for prefix, told in before.items()} == {
        "": True, "/~red": True, "/~blue": False}  # fmt: skip


# other sites


@pytest.mark.parametrize("path", [*PAGES, f"{API}/worlds", f"{API}/openapi.json", "/nothing"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:8401"])
def test_a_page_of_another_site_is_refused_everywhere(path: str, origin: str) -> None:
    assert get(Simulator(), path, Origin=origin).status == 403
    assert get(Simulator(), path, Origin=f"http://{HOST}").status in (200, 404)


# over a live server: other names, other files, headers in values


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    made = Simulator(World(apps="learn", person="alice"))
    made.add(World("other"))
    with Server(made, port=0) as server:
        yield server


def raw(server: Server, target: bytes, *lines: bytes, host: bytes = b"", method: bytes = b"GET") -> bytes:
    """The whole answer to a request that no client library would send."""
    host = host or b"127.0.0.1:%d" % server.port
    head = b"\r\n".join(
        [b"%b %b HTTP/1.1" % (method, target), b"Host: " + host, *lines, b"Connection: close", b"", b""]
    )
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=5)) as sock:
        sock.sendall(head)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := sock.recv(1 << 16):
                answer += piece
    return answer


@pytest.mark.parametrize(
    "host",
    ["ⓛocalhost", "127。0。0。1", "localhost\u00a0", "loсalhost", "ｌｏｃａｌｈｏｓｔ", "localhost.evil.example",
     "evil.example", "localhost@evil.example", "evil.example#.localhost.x", "127.0.0.1.evil.example",
     "[::1].evil.example", "2130706433", "0x7f.1", "github.com.evil.example", "%6cocalhost"],
)  # fmt: skip
@pytest.mark.parametrize("path", [API, f"{API}/worlds", f"{ROOT}/logins", "/"])
def test_a_host_that_only_looks_like_this_machine_is_refused(running: Server, host: str, path: str) -> None:
    assert raw(running, path.encode(), host=host.encode()).partition(b"\r\n")[0].split()[1] in (b"421", b"400")


CLIMBING = [
    "/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
    f"{ROOT}/../../etc/passwd", f"{ROOT}/providers/../../../contracts/github/contract.toml",
    f"{ROOT}/providers/..%2f..%2fcontracts%2fgithub", f"{ROOT}/providers/github%00.json", f"{ROOT}/providers/_people",
    f"{ROOT}/logins/..%2f..%2fx.har", f"{ROOT}/logins/%2fetc%2fpasswd.py", f"{API}/providers/..%2f_people",
    f"{API}/people/..%2f..%2fcast", f"{API}/journal/%00", "/~../etc/passwd", "/~%2e%2e/_mockidp/logins",
    "/..%5c..%5cwindows", "/github.com/../../etc/passwd", "/github.com/%2e%2e/%2e%2e/etc/passwd",
    "/openid.example.com/..%2f..%2fetc",
]  # fmt: skip


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_leads_to_a_file(running: Server, path: str) -> None:
    answer = raw(running, path.encode())
    assert answer.split()[1] in (b"400", b"404", b"405")
    assert b"root:" not in answer
    assert b"family =" not in answer


BREAK = quote("x\r\nX-Injected: 1\r\n\r\n<b>")
INJECTED = [
    f"{ROOT}/logins?world=other&provider={BREAK}", f"{ROOT}/logins?world={BREAK}", f"{ROOT}/logins?done={BREAK}",
    f"/~{BREAK}/_mockidp/logins", f"/~other/{BREAK}", f"{ROOT}/providers/{BREAK}", f"{ROOT}/logins/{BREAK}.har",
    f"{API}/people/{BREAK}", f"{API}/{BREAK}", f"{API}/journal?app={BREAK}", f"/{BREAK}", f"/?q={BREAK}",
    f"/github.com/login/oauth/authorize?client_id=a&state={BREAK}&redirect_uri=http://127.0.0.1/cb",
    f"/github.com/login/oauth/authorize?client_id=b&redirect_uri=http://127.0.0.1/{BREAK}",
    f"/github.com/login/oauth/authorize?client_id={BREAK}&redirect_uri=http://127.0.0.1/cb",
    f"/steamcommunity.com/openid/login?openid.return_to=http://127.0.0.1/{BREAK}&openid.mode={BREAK}",
    f"/github.com/{BREAK}",
]  # fmt: skip


@pytest.mark.parametrize("target", INJECTED)
def test_no_value_becomes_a_header(running: Server, target: str) -> None:
    for lines in ([], [b"X-Forwarded-Proto: https\rX-Injected: 1"], [b"Accept: application/json"]):
        head, _, _ = raw(running, target.encode(), *lines).partition(b"\r\n\r\n")
        assert int(head.split()[1]) < 500
        assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"x-injected")]


ELSEWHERE = [  # a browser reads each of them as evil.example, and a careless parser as this machine or the app's own
    "http://evil.example\\@127.0.0.1/cb", "http://evil.example\\@app.example/cb", "http://evil.example/\\@127.0.0.1:1/",
    "http:\\\\evil.example\\@localhost/", "http://evil.example#@127.0.0.1/", "http://evil.example?@127.0.0.1/",
    "http://127.0.0.1@evil.example/", "http://127.0.0.1:80@evil.example/", "http://localhost%00.evil.example/",
    "http://127.0.0.1.evil.example/", "http://evil.example\t@127.0.0.1/", "//127.0.0.1@evil.example",
    "http:evil.example", "http://evil.example\n@app.example/", "javascript://127.0.0.1/%0aalert(1)", "http://user:pass@127.0.0.1/cb",
]  # fmt: skip


@pytest.mark.parametrize("uri", ELSEWHERE)
@pytest.mark.parametrize("provider", [card.id for card in index().values() if card.family != "openid2"])
def test_no_browser_is_sent_where_the_app_is_not(provider: str, uri: str) -> None:
    """By no provider that takes a redirect URI from the request; OpenID 2.0 lets any site ask (section 9.2.1)."""
    made = Simulator(World(person="alice"))
    wire, ready = made.world.wire(provider), made.world.apps.ready(provider)
    app = made.world.app(provider, client_id=ready.client_id, redirect_uris=["http://app.example/cb"], loopback=True)
    sent: list[str] = []

    def send(request: Request) -> Response:
        answer = made.handle(request)
        sent.append(answer.header("location"))
        return answer

    with suppress(WalkError):
        walk_class(provider, wire.family)(wire, app, send, override={"redirect_uri": uri}).run()
    assert sent
    assert not [where for where in sent if "evil" in where or "pass@" in where or "javascript" in where]


@pytest.mark.parametrize("path", ["x\r\nX-Injected: 1", "\u6f22", "\u20ac?q=\U0001f642", "x\0", "a b", "\x85"])
@pytest.mark.parametrize("mode", ["ready", "learn", "registered"])
def test_a_redirect_uri_of_any_characters_is_sent_back_as_an_address_or_refused(path: str, mode: Mode) -> None:
    made, uri = Simulator(World(apps=mode, person="alice")), f"http://127.0.0.1:8000/{path}"
    made.world.app("github", client_id="own", redirect_uris=[uri])
    query = urlencode({"client_id": "own", "redirect_uri": uri, "state": "s"})
    asked = Request.of("GET", f"https://github.com/login/oauth/authorize?{query}")
    answer = App(made).respond(asked, "GET", finished)
    where = {name.lower(): value for name, value in answer.headers}.get(b"location", b"").decode("ascii")
    assert (answer.status, bool(where)) in ((302, True), (400, False))
    assert where.isprintable()
    assert " " not in where


UPGRADE = [b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


@pytest.mark.parametrize("path", [f"{API}/worlds", f"{ROOT}/logins", f"{ROOT}/events", "/github.com/"])
def test_a_websocket_is_offered_to_nobody_and_a_foreign_one_is_refused(running: Server, path: str) -> None:
    with httpx.Client(trust_env=False) as client:
        upgrade = {"Connection": "Upgrade", **dict(line.decode().split(": ") for line in UPGRADE)}
        with client.stream("GET", f"{running.url}{path}", headers=upgrade) as answer:
            assert answer.status_code in (200, 404)
            assert "upgrade" not in answer.headers
    foreign = raw(running, path.encode(), *UPGRADE, b"Origin: https://evil.example")
    assert foreign.split()[1] == (b"404" if path.startswith("/github") else b"403")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"X: " + b"x" * 70_000], b"431"),
        ([b"X%d: x" % number + b"x" * 100 for number in range(700)], b"431"),
        ([b"Content-Length: 99999999"], b"413"),
        ([b"Content-Length: 1", b"Content-Length: 2"], b"400"),
        ([b"Content-Length: -1"], b"400"),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], b"400"),
        ([b"Host: evil.example"], b"400"),
    ],
    ids=["long header", "many headers", "huge body", "two lengths", "negative", "smuggling", "two hosts"],
)
def test_a_request_beyond_measure_is_refused_in_words(running: Server, lines: list[bytes], status: bytes) -> None:
    assert raw(running, f"{API}/faults".encode(), *lines, method=b"POST").split()[1] == status
    assert raw(running, b"/" + b"x" * 40_000).split()[1] == b"414"
