"""Nothing that is sent makes the server fail: no 500, no traceback, whatever a request holds.

Logins at every provider, in which one request is mangled on its way; the server's own pages and the control interface
with anything at all; and raw bytes at the port. A provider's own 500, as a contract has it, is an answer like others.
"""

from __future__ import annotations

import datetime
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockidp.check.walk import walk_class
from mockidp.contract.files import index
from mockidp.control import operations, shapes
from mockidp.control.table import ROOT, ROUTES
from mockidp.mounts.asgi import Answer, App, finished
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response, encoded
from mockidp.world import World

PROVIDERS = sorted(index())
HOST = "127.0.0.1:8400"
FORM = "application/x-www-form-urlencoded"
BOUNDED = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck), max_examples=400
)

# Values that broke servers before: empty, long, of another type, of another script, of a lone surrogate, of a header.
NASTY = st.sampled_from(
    ["", " ", "\0", "\r\nX-Injected: 1", "%", "%ZZ", "%00", "&=", "é漢🙂", "\xed\xa0\x80", "-1", "1e999", "9" * 400,
     "null", "[]", "{}", "true", "../../..", "x" * 5000, "'\"<b>", "javascript:alert(1)", "http://[",
     "http://x:99999/", "//evil.example", "https://evil.example/\t", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "mockidp~",
     "mockidp~default", "S256", "openid", "form_post", "none", "0", "2100-01-01", "Basic !!!", "Bearer"]
)  # fmt: skip
TEXT = NASTY | st.text(max_size=20)
HEADERS = st.sampled_from(
    ["authorization", "content-type", "accept", "cookie", "origin", "user-agent", "x-forwarded-proto", "x-mockidp-urls",
     "proxy-authorization", "content-length", "if-none-match", "range", "accept-language"]
)  # fmt: skip
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "x"])


@st.composite
def mangling(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """One to three things to do to a request."""
    kinds = {
        "set": st.tuples(st.integers(0, 20), TEXT),
        "drop": st.integers(0, 20),
        "twice": st.integers(0, 20),
        "add": st.tuples(TEXT, TEXT),
        "rename": st.tuples(st.integers(0, 20), TEXT),
        "header": st.tuples(HEADERS, TEXT),
        "unheader": st.integers(0, 10),
        "body": st.binary(max_size=60) | st.sampled_from([b"{", b"[]", b'{"code": {"a": []}}', b"\xff\xfe", b"<x/>"]),
        "method": METHODS,
        "path": TEXT,
        "swap": st.none(),
    }
    names = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3))
    return [(name, draw(kinds[name])) for name in names]


def mangled(request: Request, ways: list[tuple[str, Any]]) -> Request:
    """The request with that done to it; values beyond ASCII are sent as a careless client would, in UTF-8."""
    query, form = list(request.query_pairs), list(request.form_pairs)
    pairs, body = (form or query), request.body
    for way, what in ways:
        at = (what if isinstance(what, int) else what[0] if way in ("set", "rename") else 0) % max(len(pairs), 1)
        if way == "set" and pairs:
            pairs[at] = (pairs[at][0], what[1])
        elif way == "rename" and pairs:
            pairs[at] = (what[1], pairs[at][1])
        elif way == "drop" and pairs:
            del pairs[at]
        elif way == "twice" and pairs:
            pairs.append(pairs[at])
        elif way == "add":
            pairs.append(what)
        elif way == "header":
            request.headers[what[0]] = what[1].encode("utf-8", "replace").decode("latin-1")
        elif way == "unheader" and request.headers:
            request.headers.pop(sorted(request.headers)[what % len(request.headers)])
        elif way == "body":
            body = what
        elif way == "method":
            request.method = what
        elif way == "path":
            request.path += quote(what, safe="/%")
        elif way == "swap":
            query, form = form, query
    asked = encoded([(safe(name), safe(value)) for name, value in query])
    sent = encoded([(safe(name), safe(value)) for name, value in form]).encode() if form else body
    made = Request(request.method, request.host, request.path, asked, request.headers, sent, request.scheme)
    if form and request.method == "POST":
        made.headers.setdefault("content-type", FORM)
    return made


def safe(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class Stand:
    """A simulator as a server has it; whatever it answers is looked at, and `failures` tells what was no answer."""

    def __init__(self, **options: Any) -> None:
        self.simulator = Simulator(World(**options))
        self.app = App(self.simulator)
        self._failures: list[str] = []

    def failures(self) -> list[str]:
        """What has failed since the last time; each is told once."""
        told, self._failures = self._failures, []
        return told

    def ask(self, request: Request) -> Response:
        before = len(self.simulator.world.journal.refusals())
        what = f"{request.method} {request.url} {request.headers} {request.body!r}"
        answer: Answer = self.app.respond(request, request.method, finished)
        refused = len(self.simulator.world.journal.refusals()) > before
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
        if b"internal error in mockidp" in answer.body or b"broken contract" in answer.body:
            self._failures.append(f"failed: {what}")
        if answer.status == 500 and not refused:
            self._failures.append(f"a 500 that is not in the provider's own words: {what}")
        if any(name.lower() == "x-injected" for name, _ in headers):
            self._failures.append(f"a header from a value: {what}")
        return Response(answer.status, headers, answer.body)


STANDS = {
    "ready": Stand(),
    "learn": Stand(apps="learn", person="alice"),
    "strict": Stand(strict=True, person="bob"),
    "then": Stand(date=datetime.date(2019, 6, 1)),
    "controlled": Stand(),
}
LOGINS = ["learn", "ready", "strict", "then"]


@pytest.fixture(autouse=True)
def _no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record for record in caplog.records if record.exc_info], caplog.text


@given(
    st.sampled_from(PROVIDERS), st.sampled_from(LOGINS), st.integers(0, 5), mangling(), st.sampled_from(
        ["alice", "carol", "dave", "surya", "mallory", "person-7", "jo@example.com"])
)  # fmt: skip
@BOUNDED
def test_a_login_with_a_mangled_request_is_answered(
    provider: str, kind: str, at: int, ways: list[tuple[str, Any]], person: str
) -> None:
    stand, count = STANDS[kind], 0

    def send(request: Request) -> Response:
        nonlocal count
        count += 1
        return stand.ask(mangled(request, ways) if count - 1 == at else request)

    walked(stand, provider, send, person)
    assert count
    assert stand.failures() == []


def walked(stand: Stand, provider: str, send: Callable[[Request], Response], person: str) -> None:
    """A login as far as it goes: its client may choke on what it asked for, the server may not."""
    world = stand.simulator.world
    wire = world.wire(provider)
    try:
        walk_class(provider, wire.family)(wire, world.apps.ready(provider), send, person).run()
    except Exception:
        return


ODDEST = {
    "id": "oddest",
    "number": 2**63 - 1,
    "username": "'\"<b>&;%{}",
    "email": "é漢🙂@x.example",
    "other_emails": [["a@b.example", True]],
    "relay_email": "r'+@x.example",
    "name": "]]><x>\n" + "x" * 1900,
    "given_name": "\t",
    "family_name": None,
    "nickname": "&amp;",
    "picture": "https://é/?<&\"'",
    "locale": "zzz-AAAAAAAA",
    "language": "zzz",
    "country": "ZZ",
    "zoneinfo": "Etc/GMT+12",
    "birthdate": "1900-01-01",
    "created": "1970-01-01T00:00:00Z",
    "updated": "2100-12-31T23:59:59Z",
    "phone": "+1 2-3",
    "bio": "\n\t",
    "deleted": False,
}
JUNK = ["junk", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "\r\nX-Injected: 1"]


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00Z", "2024-02-29T12:00:00Z", "2099-12-31T23:59:59Z"])
def test_the_oddest_person_that_there_can_be_is_answered_everywhere(moment: str) -> None:
    stand = Stand()
    simulator, world = stand.simulator, stand.simulator.world
    operations.put_person(simulator, world, msgspec.convert(ODDEST, shapes.PutPerson))
    operations.turn_clock(simulator, world, msgspec.convert({"at": moment}, shapes.TurnClock))
    for provider in PROVIDERS:
        walked(stand, provider, stand.ask, "oddest")
    assert stand.failures() == []
    assert {login.provider for login in world.journal} == set(PROVIDERS)


@pytest.mark.parametrize("junk", JUNK, ids=["word", "key", "header"])
def test_an_app_whose_credentials_are_junk_is_answered_everywhere(junk: str) -> None:
    stand = Stand()
    for provider in PROVIDERS:
        ready = stand.simulator.world.apps.ready(provider)
        facts = dict.fromkeys(ready.facts, junk)
        stand.simulator.world.apps.register(provider, client_secret=junk, loopback=True, facts=facts)
        walked(stand, provider, stand.ask, "alice")
    assert stand.failures() == []
    assert {login.provider for login in stand.simulator.world.journal} == set(PROVIDERS)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({name for route in ROUTES for name in route.takes.__struct_fields__})
WORDS = st.sampled_from(
    [*PROVIDERS, "alice", "default", "mockidp", "slow", "wrong_key", "error:denied", "token", "google-1"]
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), WORDS | JSON_VALUES, max_size=5)
OWN = ["/", "/_mockidp", "/_mockidp/logins", "/_mockidp/logins.json", "/_mockidp/health", "/_mockidp/people",
       "/_mockidp/apps", "/_mockidp/faults", "/_mockidp/clock", "/_mockidp/keys", "/_mockidp/events",
       "/_mockidp/providers", "/_mockidp/logins/github-1", "/_mockidp/logins/github-1.har",
       "/github.com/login/oauth/authorize"]  # fmt: skip


@given(st.data())
@settings(BOUNDED, max_examples=250)
def test_the_control_interface_answers_whatever_it_is_asked(data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    values = {name: data.draw(WORDS | TEXT) for name in route.in_path}
    path = route.path.format(**{name: quote(safe(value), safe="") or "%20" for name, value in values.items()})
    body = {name: value for name, value in data.draw(BODIES).items() if name in route.takes.__struct_fields__}
    query = data.draw(st.lists(st.tuples(st.sampled_from([*FIELDS, "world"]), WORDS | TEXT), max_size=2))
    sent = json.dumps(body).encode() if data.draw(st.booleans()) or body else data.draw(st.binary(max_size=20))
    asked = encoded([(name, safe(value)) for name, value in query])
    headers = {"host": HOST, "content-type": "application/json"}
    answer = STANDS["controlled"].ask(Request(route.method, HOST, f"{ROOT}{path}", asked, headers, sent, "http"))
    told = json.loads(answer.body)
    assert answer.status < 500
    assert STANDS["controlled"].failures() == []
    if answer.status >= 400:
        assert told["error"]
        assert told["message"]


@given(st.sampled_from(OWN), mangling(), METHODS, st.booleans())
@settings(BOUNDED, max_examples=250)
def test_the_servers_own_pages_answer_whatever_they_are_asked(
    path: str, ways: list[tuple[str, Any]], method: str, inside: bool
) -> None:
    headers = {"host": HOST, "sec-fetch-site": "same-origin", "content-type": FORM}
    where = f"/~default{path}" if inside else path
    request = Request(method, HOST, where, "provider=github&q=x", headers, b"", "http")
    assert STANDS["ready"].ask(mangled(request, ways)).status < 500
    assert STANDS["ready"].failures() == []


@given(st.lists(st.tuples(TEXT, TEXT), max_size=6), st.sampled_from(PROVIDERS))
@settings(BOUNDED, max_examples=100)
def test_the_sign_in_page_answers_whatever_it_is_sent(pairs: list[tuple[str, str]], provider: str) -> None:
    """The page's own fields with anything in them, at any provider."""
    stand = STANDS["ready"]
    wire = stand.simulator.world.wire(provider)
    names = ["person", "other", "decision", "new_name", "new_email", "misbehave", "step", "search"]
    form = [(f"mockidp.{names[at % len(names)]}", safe(value)) for at, (_, value) in enumerate(pairs)]
    exchange = next(item for item in wire.exchanges if item.urls)
    request = Request.of("POST", exchange.urls[0].replace("*", "x"), {"content-type": FORM}, encoded(form).encode())
    stand.ask(request)
    assert stand.failures() == []


RAW = st.sampled_from(
    [b"GET / HTTP/1.1\r\n", b"POST /github.com/login/oauth/access_token HTTP/1.1\r\n", b"GET //x HTTP/1.1\r\n",
     b"GET http://github.com/ HTTP/1.1\r\n", b"CONNECT github.com:80 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n",
     b"PUT /_mockidp/api/people/x HTTP/1.1\r\n", b"GET /%ff%fe?\xff HTTP/1.1\r\n", b"\x16\x03\x01\x00\x05hello",
     b"PRI * HTTP/2.0\r\n"]
)  # fmt: skip


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server(Simulator(), "127.0.0.1", 0) as server:
        yield server


@given(RAW, st.lists(st.binary(max_size=30), max_size=3), st.binary(max_size=40))
@settings(BOUNDED, max_examples=60)
def test_the_port_answers_whatever_it_is_sent(running: Server, head: bytes, lines: list[bytes], body: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", running.port), timeout=5)) as sock:
        sock.sendall(head + b"Host: github.com\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except (ConnectionResetError, TimeoutError):
            pass
    assert not answer.startswith(b"HTTP/1.1 500"), answer
