"""The inspector: what a login looks like when it is opened, what is kept from view, and what can be changed."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from read_page import Document, Element, policy, source

from mockidp import journal as journal_module
from mockidp.browser import browse, decide
from mockidp.check.walk import Walk, WalkError, walk_class
from mockidp.contract.files import index
from mockidp.journal import BODY, ROOM
from mockidp.mounts.asgi import App
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.testing import Idp
from mockidp.web import changes, inspector, saved, site
from mockidp.web.diagram import Step, steps
from mockidp.web.traffic import Masks, is_secret
from mockidp.wire import Request, Response
from mockidp.world import World

HOST = "127.0.0.1:8400"
BASE = f"http://{HOST}"
ROOT = "/_mockidp"
NASTY = '<img src=x onerror="alert(1)">"\'&</script></style>'
AUTHORIZE = (
    f"{BASE}/github.com/login/oauth/authorize?client_id=mockidp&redirect_uri=http://127.0.0.1:1/cb&state=s&scope=user"
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRET_VALUES = re.compile(r"(code|access_token|refresh_token|id_token|verifier|secret|request_token)$")


def ask(simulator: Simulator, path: str, **headers: str) -> Response:
    return simulator.handle(Request.of("GET", f"{BASE}{path}", {"Host": HOST, **headers}))


def page(simulator: Simulator, path: str) -> Document:
    answer = ask(simulator, path)
    assert answer.status == 200, answer.body[:200]
    return Document(answer)


def walked(simulator: Simulator, provider: str, **more: Any) -> Walk:
    """A login at a provider as a client does it, as far as it comes."""
    wire = simulator.world.wire(provider)
    walk = walk_class(provider, wire.family)(wire, simulator.world.apps.ready(provider), simulator.handle, **more)
    with suppress(WalkError):
        walk.run()
    return walk


def told(simulator: Simulator, number: int = -1) -> list[Step]:
    return steps(simulator.world, list(simulator.world.journal)[number], BASE)


@pytest.fixture
def simulator() -> Simulator:
    """A login that went well, one that was denied and one that was refused at the token."""
    made = Simulator(World(person="alice"))
    walked(made, "google")
    made.world.person = "dave"
    walked(made, "github")
    made.world.person = "alice"
    walked(made, "github", override={"redirect_uri": "http://127.0.0.1:8000/callback"})
    callback = browse(made.handle, AUTHORIZE)
    form = {"code": callback.params["code"], "client_id": "mockidp", "client_secret": "mockidp-secret"}
    body = urlencode({**form, "redirect_uri": "http://127.0.0.1:1/cb/"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    made.handle(Request.of("POST", "https://github.com/login/oauth/access_token", kind, body))
    made.world.person = None
    return made


# -- every page

PATHS = [
    "/",
    "/?q=git",
    f"{ROOT}/logins",
    f"{ROOT}/logins?provider=nothing",
    f"{ROOT}/logins/google-1",
    f"{ROOT}/logins/github-4",
    f"{ROOT}/providers/google",
    f"{ROOT}/providers/twitter",
    f"{ROOT}/providers/steam",
    f"{ROOT}/people",
    f"{ROOT}/apps?provider=apple",
    f"{ROOT}/faults?provider=github",
    f"{ROOT}/clock",
    f"{ROOT}/keys",
]
each_path = pytest.mark.parametrize("path", PATHS)


@each_path
def test_a_page_can_be_read_by_everybody(simulator: Simulator, path: str) -> None:
    document = page(simulator, path)
    assert document.one("h1").text.strip()
    levels = [int(e.tag[1]) for e in document.all("h1", "h2", "h3", "h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    ids = [e.attrs["id"] for e in document.elements if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    labelled = {e.attrs["for"] for e in document.all("label") if e.text.strip()}
    controls = [e for e in document.all("input", "select", "textarea") if e.attrs.get("type") != "hidden"]
    assert {e.attrs["id"] for e in controls} <= labelled
    assert all(e.text.strip() for e in document.all("button", "a", "summary", "legend", "caption", "figcaption"))
    assert len(document.all("caption")) == len(document.all("table"))
    assert all(e.attrs.get("scope") in ("col", "row") for e in document.all("th"))
    assert [e.text for e in document.all("a") if e.attrs.get("aria-current") == "page"]
    for e in document.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert all(part in ids for part in (e.attrs.get(name) or "").split())
        assert e.attrs.get("data-copies") is None or e.attrs["data-copies"] in ids


@each_path
def test_a_page_loads_nothing_and_allows_what_is_on_it_by_its_hash(simulator: Simulator, path: str) -> None:
    answer = ask(simulator, path)
    document, allowed = Document(answer), policy(answer)
    assert document.all("link", "img", "iframe", "object", "embed", "base") == []
    for e in document.elements:
        assert not [name for name in e.attrs if name.startswith("on") or name in ("style", "src", "srcdoc")]
    assert allowed["default-src"] == ["'none'"]
    assert allowed["frame-ancestors"] == ["'none'"]
    assert set(allowed["style-src"]) == {source(e.text) for e in document.all("style")}
    assert allowed["script-src"] == [source(e.text) for e in document.all("script")]
    assert allowed["form-action"] == (["'self'"] if document.all("form") else ["'none'"])
    assert ("connect-src" in allowed) == any("data-events" in e.attrs for e in document.elements)
    assert answer.header("cache-control") == "no-store"


def test_every_class_has_a_rule() -> None:
    made = Simulator(World(person="alice"))
    walked(made, "google")
    sheets = "".join(
        (inspector.pages.TEMPLATES / name).read_text() for name in ("style.css", "inspector/inspector.css")
    )
    used = {
        name
        for path in PATHS
        if "github-4" not in path
        for e in page(made, path).elements
        for name in (e.attrs.get("class") or "").split()
    }
    assert {name for name in used if f".{name}" not in sheets and not name.startswith("dot-")} <= {"expected", "crumb"}


def test_whatever_was_sent_is_shown_as_text() -> None:
    made = Simulator(World(person="alice"))
    query = urlencode({"client_id": NASTY, "redirect_uri": NASTY, "state": NASTY, NASTY: NASTY})
    kind = {"Content-Type": NASTY, "Authorization": NASTY, "X-Nasty": NASTY, "Cookie": NASTY}
    made.handle(Request.of("GET", f"https://github.com/login/oauth/authorize?{query}", kind))
    for body, form in ((query.encode(), "application/x-www-form-urlencoded"), (NASTY.encode(), "text/plain")):
        made.handle(Request.of("POST", "https://github.com/login/oauth/access_token", {"Content-Type": form}, body))
    made.world.journal.begin(NASTY, 0.0).person = NASTY
    for path in (f"{ROOT}/logins/github-1", f"{ROOT}/logins", f"{ROOT}/logins?app=%3Cimg%3E", "/?q=%3Cimg%3E"):
        document = page(made, path)
        assert document.all("img") == []
        assert not [e for e in document.elements if any(name.startswith("on") for name in e.attrs)]
    assert NASTY in page(made, f"{ROOT}/logins/github-1").text()


def test_the_first_page_finds_providers_and_says_three_ways_to_use_it(simulator: Simulator) -> None:
    document = page(simulator, "/")
    assert [e.text for e in document.all("h3")] == [
        "Run your application under it",
        "Put the address in front",
        "Ask for it in a test",
    ]
    for words in (
        "mockidp run -- ",
        f"HTTPS_PROXY={BASE}",
        f"{BASE}/github.com/login/oauth/authorize",
        "mockidp-secret",
    ):
        assert words in document.text()
    found = [e.attrs["id"] for e in page(simulator, "/?q=GitHub").all("a") if e.attrs.get("class") == "provider"]
    assert found == ["github"]
    assert page(simulator, "/?q=nobody-is-called-so").one("p", id="found").text == f"0 of {len(index())}"


def test_a_provider_is_told_as_the_command_tells_it(simulator: Simulator) -> None:
    facts = json.loads(ask(simulator, f"{ROOT}/providers/github.json").body)
    text = page(simulator, f"{ROOT}/providers/github").text()
    assert f"{BASE}/github.com/login/oauth/access_token" in text
    for row in facts["sources"]:
        assert row["source"] in text
    for row in facts["errors"]:
        assert row["name"] in text
    assert ask(simulator, f"{ROOT}/providers/githbu").status == 404


# -- one login


def test_a_login_is_a_sequence_between_browser_application_and_provider(simulator: Simulator) -> None:
    google = [(step.lane, step.to, step.title, step.answer) for step in told(simulator, 0)]
    assert google[:3] == [
        ("browser", "application", "goes to accounts.google.com", ""),
        ("browser", "provider", "GET authorize", "302 go to 127.0.0.1:8000"),
        ("browser", "application", "GET callback", ""),
    ]
    assert ("application", "provider", "POST token", "200 json") in google
    document = page(simulator, f"{ROOT}/logins/google-1")
    headings = [e.text for e in document.all("h3")]
    assert headings[0] == "Request 1: browser to provider, GET authorize"
    assert "Request 2: application to provider, POST token" in headings
    assert re.search(r"brings [a-z, ]*code[a-z, ]* back to the application", document.text())


def test_a_refusal_shows_both_values_and_marks_the_parameter(simulator: Simulator) -> None:
    document = page(simulator, f"{ROOT}/logins/github-4")
    assert [e.text for e in document.all("mark")] == ["/"]
    refused = [e.text for e in document.all("tr") if "refused" in e.text and "redirect_uri" in e.text]
    assert "http://127.0.0.1:1/cb/" in refused[0]
    assert [e.attrs["id"] for e in document.all("details") if "open" in e.attrs] == ["details-2"]
    assert "redirect_uri at token is not the one at authorize" in document.text()


def test_each_answer_shows_its_evidence_with_source_and_date(simulator: Simulator) -> None:
    known = simulator.world.wire("github").spec.evidence["token_errors"]
    text = page(simulator, f"{ROOT}/logins/github-4").text()
    for words in (known.kind, known.source, known.date.isoformat()):
        assert words in text


def test_tokens_are_decoded_and_their_times_told_in_words(simulator: Simulator) -> None:
    (token,) = [token for step in told(simulator, 0) if step.shown for token in step.shown.tokens]
    assert json.loads(token.header)["alg"] == token.alg == "RS256"
    claims = json.loads(token.claims)
    assert claims["iss"] == "https://accounts.google.com"
    assert dict(token.times)["exp"].endswith("60 minutes later")
    document = page(simulator, f"{ROOT}/logins/google-1")
    assert "Decoded: id_token" in [e.text for e in document.all("h4")]
    assert claims["sub"] in document.text()


def test_a_parameter_that_is_missing_or_not_listed_is_called_so() -> None:
    made = Simulator(World(person="alice"))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"grant_type=authorization_code&code=made-up-code&surplus=1"
    made.handle(Request.of("POST", "https://oauth2.googleapis.com/token", kind, body))
    (step,) = told(made)
    fits = {param.name: param.fits for param in step.params}
    assert fits["grant_type"] == "fits"
    assert fits["redirect_uri"] == "missing"
    assert fits["surplus"] == "unlisted"
    assert step.lane == "application"


def test_what_the_page_asked_is_no_parameter_of_the_provider() -> None:
    made = Simulator(World())
    walked(made, "apple")  # the page is answered by a post, in which its own fields stand beside the provider's
    names = {param.name for step in told(made) for param in step.params}
    assert "client_id" in names
    assert [name for name in names if name.startswith("mockidp.")] == []


def test_who_asked_is_told_by_what_the_browser_says_of_itself() -> None:
    made = Simulator(World(person="alice"))
    for mode in ("navigate", "cors"):
        made.handle(Request.of("GET", "https://api.github.com/user", {"Sec-Fetch-Mode": mode}))
    assert [step.lane for step in told(made) if step.entry] == ["browser", "application"]


def test_the_decision_on_the_page_is_told_and_is_no_part_of_the_request() -> None:
    made = Simulator()
    browse(made.handle, AUTHORIZE, person="bob")
    (step,) = [step for step in told(made) if step.entry]
    assert step.shown is not None
    assert ("person", "bob") in step.shown.decision
    assert not [name for name, _ in step.shown.request.fields if name.startswith("mockidp.")]


# -- secrets


@pytest.mark.parametrize("provider", list(index()))
def test_no_secret_of_a_login_is_shown_and_its_test_does_it_again(provider: str) -> None:
    made = Simulator(World(person="alice"))
    walk = walked(made, provider)
    hidden = {
        str(value)
        for name, value in walk.values.items()
        if SECRET_VALUES.search(name) and isinstance(value, str) and len(value) >= 8 and value != walk.app.client_id
    }
    partly: list[bool] = []
    for login in made.world.journal:
        shown = {
            ending: ask(made, f"{ROOT}/logins/{login.id}{ending}") for ending in ("", ".har", ".json", ".txt", ".py")
        }
        shown["api"] = ask(made, f"{ROOT}/api/journal/{login.id}")
        partly.append(shown[".py"].status == 409 or b"cannot be repeated" in shown[".py"].body)
        if shown[".py"].status == 200:
            run_saved(shown[".py"].body.decode())
        for ending, answer in shown.items():
            for value in hidden:
                assert value not in answer.body.decode(), f"{ending} shows {value[:4]}…"
    assert partly
    assert not any(partly)


def run_saved(text: str) -> None:
    """Run a saved test as pytest would, with a world of its own."""
    names: dict[str, Any] = {}
    exec(compile(text, "saved.py", "exec"), names)
    (test,) = [value for name, value in names.items() if name.startswith("test_")]
    test(Idp())


@pytest.mark.parametrize(
    ("name", "asked", "answered"),
    [
        ("code", True, False),
        ("client_secret", True, True),
        ("access_token", True, True),
        ("oauth_token_secret", True, True),
        ("token_type", False, False),
        ("response_type", False, False),
        ("state", False, False),
        ("password", True, True),
        ("fb_exchange_token", True, True),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, asked: bool, answered: bool) -> None:
    assert (is_secret(name), is_secret(name, asked=False)) == (asked, answered)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{"client_secret": "s3cr3t-value-1", "deep": [{"access_token": "s3cr3t-value-2"}]}'),
        ("application/json", b'{"client_secret": "s3cr3t-value-1", "broken'),
        ("application/json", b'{"id_token":"s3cr3t-value-1"' + b" " * 9000),
        ("application/x-www-form-urlencoded", b"client_secret=s3cr3t-value-1&code=s3cr3t-value-2"),
        ("text/plain", b"client_secret=s3cr3t-value-1 and password: s3cr3t-value-2"),
        ("application/xml", b"<a><access_token>s3cr3t-value-1</access_token></a>"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nsecret=s3cr3t-value\r\n',
        ),
    ],
)
def test_a_body_of_any_kind_keeps_no_secret(kind: str, body: bytes) -> None:
    made = Simulator(World(person="alice"))
    auth = {"Authorization": "Basic c2VjcmV0LWNsaWVudDpzM2NyM3QtdmFsdWUtOQ==", "Cookie": "sid=s3cr3t-value-7"}
    made.handle(Request.of("POST", "https://github.com/login/oauth/access_token", {"Content-Type": kind, **auth}, body))
    for ending in ("", ".har", ".txt", ".json"):
        text = ask(made, f"{ROOT}/logins/github-1{ending}").body.decode()
        assert "s3cr3t" not in text.replace("s3cr…", "")
        assert "c2VjcmV0LWNsaWVudDpzM2Ny" not in text


def test_a_bearer_scheme_of_another_name_is_masked_too() -> None:
    masks = Masks(Simulator().world.journal.begin("x", 0.0))
    assert masks.header("authorization", "OAuth 0123456789abcdef") == "OAuth 0123…"
    assert masks.header("authorization", "0123456789abcdef") == "0123…"
    assert masks.header("Set-Cookie", "sid=0123456789; Path=/") == "sid=…; Path=/"


def test_a_secret_is_masked_wherever_it_occurs_again() -> None:
    made = Simulator(World(person="alice"))
    login = made.world.journal.begin("github", 0.0)
    kind = {"Content-Type": "application/json"}
    made.handle(Request.of("GET", "https://github.com/login/oauth/authorize?client_id=mockidp&code=a-code-of-mine"))
    made.handle(Request.of("POST", "https://github.com/a-code-of-mine/x", kind, b'["a-code-of-mine"]'))
    assert login.id == "github-1"
    for one in made.world.journal:
        text = ask(made, f"{ROOT}/logins/{one.id}").body.decode()
        assert "a-code-of-mine" not in text


def test_no_value_of_a_cookie_is_shown_or_even_kept() -> None:
    """The simulator's own knows a browser again; and one address brings the cookies of every application there."""
    made = Simulator()
    first = made.handle(decide(AUTHORIZE, "bob"))
    own = first.header("set-cookie").partition(";")[0]
    handle = own.partition("=")[2].partition("~")[0]
    assert own == f"mockidp={handle}~bob"
    others = f"{own}; sid=a-session-of-another=application; a-nameless-value"
    again = Request.of("GET", AUTHORIZE, {"Host": HOST, "Cookie": others})
    made.handle(again)
    kept = [entry.traffic for login in made.world.journal for entry in login.entries]
    assert [traffic.headers.rpartition("cookie: ")[2] for traffic in kept if traffic][-1] == "mockidp=…; sid=…; …"
    assert kept[0] is not None
    assert "\nSet-Cookie: mockidp=…; Path=" in kept[0].answer_headers
    assert again.headers["cookie"] == others
    endings = ["", ".har", ".json", ".txt", ".py"]
    paths = [f"logins/{login.id}{ending}" for login in made.world.journal for ending in endings]
    shown = [ask(made, f"{ROOT}/{path}") for path in [*paths, "api/journal/github-1", "api/journal/github-2"]]
    assert [answer.status for answer in shown] == [200] * len(shown)
    for text in (answer.body.decode() for answer in shown):
        assert handle not in text
        assert handle[:4] not in text
        assert "session-of-another" not in text
        assert "a-nameless" not in text
    assert "mockidp=…; Path=/github.com; " in shown[0].body.decode()


@pytest.mark.parametrize(("secret", "shown"), [("", ""), ("abc", "…"), ("abcdefg", "…"), ("abcdefgh", "abcd…")])
def test_a_short_secret_is_not_shown_at_all(secret: str, shown: str) -> None:
    made = Simulator(World(person="alice"))
    body = urlencode({"client_id": "mockidp", "client_secret": secret}).encode()
    made.handle(Request.of("POST", f"https://github.com/login/oauth/access_token?code={secret}", FORM, body))
    (step,) = told(made)
    assert step.shown is not None
    assert (dict(step.shown.request.fields)["client_secret"], dict(step.shown.request.query)["code"]) == (shown, shown)
    story = json.loads(ask(made, f"{ROOT}/api/journal/github-1").body)
    assert story["entries"][0]["url"].endswith(f"?code={shown}")


# -- to take away


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_a_command_that_is_copied_asks_this_server_the_same_again() -> None:
    simulator = Simulator(World(person="alice"))
    walk = walked(simulator, "github")
    with Server(simulator, port=0) as server:
        login = next(iter(simulator.world.journal))
        made = {step.title: step.curl for step in steps(simulator.world, login, server.url)}
        command = made["GET userinfo"]
        assert server.url in command
        assert "gho_" not in command
        done = subprocess.run(
            ["sh", "-c", command.replace("curl -i", "curl -s --noproxy '*'")],
            env={"ACCESS_TOKEN": str(walk.values["access_token"]), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=True,
        )
    assert json.loads(done.stdout)["login"] == "alice-archer"


def test_a_command_is_quoted_for_the_shell() -> None:
    made = Simulator(World(person="alice"))
    body = urlencode({"code": "$(reboot)`x`'", "state": "it's; rm -rf /", "client_secret": "'"}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Odd": "a'b$(c)"}
    made.handle(Request.of("POST", "https://github.com/login/oauth/access_token", kind, body))
    words = shlex.split(told(made)[-1].curl.replace("\\\n", " "))
    assert "state=it's; rm -rf /" in words
    assert "x-odd: a'b$(c)" in words
    assert "code=${CODE}" in words


def test_an_archive_has_every_request_that_reached_the_provider(simulator: Simulator) -> None:
    answer = ask(simulator, f"{ROOT}/logins/github-4.har")
    assert answer.header("content-disposition") == 'attachment; filename="github-4.har"'
    log = json.loads(answer.body)["log"]
    assert log["version"] == "1.2"
    urls = [(row["request"]["method"], row["request"]["url"].partition("?")[0]) for row in log["entries"]]
    assert urls == [
        ("GET", "https://github.com/login/oauth/authorize"),
        ("POST", "https://github.com/login/oauth/access_token"),
    ]
    first, second = log["entries"]
    assert first["response"]["redirectURL"].startswith("http://127.0.0.1:1/cb?")
    assert {row["name"] for row in second["request"]["postData"]["params"]} >= {"code", "redirect_uri"}
    assert "refused, redirect_mismatch" in second["comment"]
    assert second["startedDateTime"].endswith("Z")


# http://www.softwareishard.com/blog/har-12-spec/: what must be there, and of which type; a list is of objects.
HAR: dict[str, dict[str, Any]] = {
    "log": {"version": str, "creator": "named", "entries": ["entry"]},
    "named": {"name": str, "version": str},
    "entry": {
        "startedDateTime": "moment",
        "time": int,
        "request": "request",
        "response": "response",
        "cache": dict,
        "timings": "timings",
    },
    "timings": {"send": int, "wait": int, "receive": int},
    "request": {
        "method": str,
        "url": "url",
        "httpVersion": str,
        "cookies": ["pair"],
        "headers": ["pair"],
        "queryString": ["pair"],
        "headersSize": int,
        "bodySize": int,
    },
    "response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": ["pair"],
        "headers": ["pair"],
        "content": "content",
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "content": {"size": int, "mimeType": str},
    "pair": {"name": str, "value": str},
}
OPTIONAL = {"request": {"postData"}, "content": {"text"}}


def assert_har(told: Any, kind: Any, where: str = "log") -> None:
    """Refuse what is not as the format has it: a key that is missing, unknown, or of another type."""
    if isinstance(kind, list):
        assert isinstance(told, list), where
        for nth, item in enumerate(told):
            assert_har(item, kind[0], f"{where}[{nth}]")
    elif kind == "moment":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told), where
    elif kind == "url":
        assert told.startswith(("https://", "http://")), where
    elif isinstance(kind, str):
        assert set(HAR[kind]) <= set(told), where
        assert set(told) <= {*HAR[kind], *OPTIONAL.get(kind, ()), "comment"}, where
        for key, wanted in HAR[kind].items():
            assert_har(told[key], wanted, f"{where}.{key}")
        if body := told.get("postData"):
            assert set(body) in ({"mimeType", "params"}, {"mimeType", "text"}), f"{where}: one of the two"
            assert_har(body.get("params", []), ["pair"], f"{where}.params")
    else:
        assert isinstance(told, kind), where


@pytest.mark.parametrize("provider", ["github", "apple", "twitter", "steam", "keycloak", "feishu"])
def test_an_archive_is_of_the_form_that_other_tools_read(provider: str) -> None:
    made = Simulator(World(person="alice"))
    walked(made, provider)
    for login in made.world.journal:
        answer = ask(made, f"{ROOT}/logins/{login.id}.har")
        assert_har(json.loads(answer.body)["log"], "log")


@pytest.mark.parametrize("login", ["github-2", "github-3", "github-4", "google-1"])
def test_a_saved_test_passes_and_asserts_how_it_ended(simulator: Simulator, login: str) -> None:
    answer = ask(simulator, f"{ROOT}/logins/{login}.py")
    text = answer.body.decode()
    assert answer.header("content-disposition").endswith('.py"')
    found = simulator.world.journal.get(login)
    assert found is not None
    assert f'("{found.person}", "{found.outcome}")' in text
    run_saved(text)
    with pytest.raises(AssertionError):
        run_saved(text.replace(f'"{found.outcome}")', '"something else")'))


def test_a_saved_test_keeps_faults_settings_and_the_passing_of_time() -> None:
    made = Simulator(World(strict=True))
    made.world.person = "carol"
    made.world.faults.add("rate_limited", provider="github", step="userinfo")
    walk = walked(made, "github")
    made.world.clock.advance(90)
    walk.build(walk.exchange("token"))
    made.handle(walk.build(walk.exchange("token")))
    text = saved.test_of(made.world, next(iter(made.world.journal)))
    assert "strict=True" in text
    assert 'idp.fault("rate_limited"' in text.replace("'", '"')
    assert "idp.clock.advance(90)" in text
    assert "code_used" in text


def test_a_login_that_ended_on_a_page_of_the_providers_is_saved_too() -> None:
    made = Simulator(World(person="alice"))
    bad = AUTHORIZE.replace("http://127.0.0.1:1/cb", "https://evil.example/cb")
    made.handle(Request.of("GET", bad.replace(f"{BASE}/", "https://")))
    text = saved.test_of(made.world, next(iter(made.world.journal)))
    assert "redirect_unregistered" in text
    run_saved(text)


def test_a_proof_that_was_wrong_stays_wrong_in_a_saved_test() -> None:
    made = Simulator(World(person="alice"))
    walk = walked(made, "odnoklassniki")
    walk.values["sig"] = "0" * 32
    made.handle(walk.build(walk.exchange("userinfo")))
    text = saved.test_of(made.world, next(iter(made.world.journal)))
    assert text.count("proved(app, ") == 1 + 1  # told how, and one of the two calls
    assert "not-the-sig" in text
    run_saved(text)


@pytest.mark.parametrize("size", range(1, 60))
def test_an_answer_that_was_cut_is_read_up_to_its_last_whole_member(size: int) -> None:
    text = '{"a":"x,}","b":{"c":[1,"\\"]",{"d":"y"}],"e":2},"f":"zz,zz"}'
    closed = saved._closed(text[:size])
    assert closed == "" or json.loads(closed).items() <= {**json.loads(text), **json.loads(closed)}.items()
    assert ('"x,}"' in closed) == (size > text.index(',"b"'))


def test_a_login_whose_traffic_is_forgotten_is_told_without_it(simulator: Simulator) -> None:
    for login in simulator.world.journal:
        for entry in login.entries:
            entry.traffic = None
    assert "no longer remembered" in page(simulator, f"{ROOT}/logins/google-1").text()
    assert ask(simulator, f"{ROOT}/logins/google-1.har").status == 200
    assert ask(simulator, f"{ROOT}/logins/google-1.py").status == 409


# -- the journal stays small


def test_bodies_are_cut_and_the_oldest_traffic_makes_room() -> None:
    made = Simulator(World(person="alice"))
    big = b"x=" + b"y" * 20_000
    kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Long": "z" * 20_000}
    for number in range(600):
        if number % 10 == 0:
            made.world.journal.begin("github", 0.0)
        made.handle(Request.of("POST", "https://github.com/login/oauth/access_token", kind, big))
    entries = [entry for login in made.world.journal for entry in login.entries]
    kept = [entry.traffic for entry in entries if entry.traffic is not None]
    assert len(entries) == 600
    assert entries[0].traffic is None
    assert entries[-1].traffic is not None
    assert all(len(traffic.body) == BODY and traffic.size == len(big) for traffic in kept)
    assert ROOM / 2 < sum(traffic.weight for traffic in kept) <= ROOM
    made.world.journal.clear()
    assert made.world.journal._weight == 0


def test_a_journal_shows_no_traffic_when_it_is_printed(simulator: Simulator) -> None:
    assert "mockidp-secret" not in repr(list(simulator.world.journal))


# -- the list


def listed(document: Document) -> list[str]:
    return [e.text for e in document.all("a") if re.fullmatch(rf"{ROOT}/logins/[a-z]+-\d+", str(e.attrs["href"]))]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["github-4", "github-3", "github-2", "google-1"]),
        ("provider=google", ["google-1"]),
        ("person=dave", ["github-2"]),
        ("outcome=denied", ["github-2"]),
        ("outcome=refused&provider=github", ["github-4"]),
        ("app=mockidp&person=alice&provider=github", ["github-4", "github-3"]),
        ("app=nobody", []),
    ],
)
def test_logins_are_chosen_by_app_person_provider_and_outcome(
    simulator: Simulator, query: str, found: list[str]
) -> None:
    assert listed(page(simulator, f"{ROOT}/logins?{query}")) == found
    as_json = json.loads(ask(simulator, f"{ROOT}/logins.json?{query}").body)
    assert [login["id"] for login in as_json] == found


def test_another_world_is_chosen_too(simulator: Simulator) -> None:
    simulator.add(World("other"))
    answer = ask(simulator, f"{ROOT}/logins?world=other&provider=github&person=")
    assert (answer.status, answer.header("location")) == (303, f"/~other{ROOT}/logins?provider=github")
    back = ask(simulator, f"/~other{ROOT}/logins?world=default")
    assert back.header("location") == f"{ROOT}/logins"
    document = page(simulator, f"{ROOT}/logins")
    assert [e.text for e in document.all("option") if e.text in ("default", "other")] == ["default", "other"]
    assert "World other" in Document(ask(simulator, f"/~other{ROOT}/people")).one("nav").text


def test_without_a_script_there_is_a_link_to_load_the_page_again(simulator: Simulator) -> None:
    document = page(simulator, f"{ROOT}/logins?person=dave")
    (reload,) = [e for e in document.all("a") if e.attrs.get("class") == "reload"]
    assert reload.attrs["href"] == f"{ROOT}/logins?person=dave"
    assert document.one("span", id="news").attrs["aria-live"] == "polite"


# -- what is new


def test_within_the_process_news_is_told_once(simulator: Simulator) -> None:
    answer = ask(simulator, f"{ROOT}/events")
    assert answer.header("content-type") == "text/event-stream"
    lines = answer.body.decode().splitlines()
    assert lines[1] == "event: journal"
    assert json.loads(lines[3].removeprefix("data: "))["logins"] == 4


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_not_listen(simulator: Simulator, site: str) -> None:
    assert ask(simulator, f"{ROOT}/events", **{"Sec-Fetch-Site": site}).status == 403


@pytest.fixture
def served() -> Iterator[Server]:
    with Server(Simulator(World(person="alice")), port=0) as server:
        yield server


def events_of(response: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@pytest.mark.parametrize("prefix", ["", "/~other"])
def test_a_login_is_told_while_it_happens(served: Server, prefix: str) -> None:
    other = served.simulator.add(World("other"))  # type: ignore[attr-defined]
    other.person = "alice"
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        with client.stream("GET", f"{prefix}{ROOT}/events") as response:
            assert response.headers["content-type"] == "text/event-stream"
            assert "content-length" not in response.headers
            events = events_of(response)
            assert next(events)["logins"] == 0
            with httpx.Client(trust_env=False) as another:
                another.get(AUTHORIZE.replace(BASE, f"{served.url}{prefix}"))
            assert next(events)["begun"] == 1
        assert client.get(f"{ROOT}/health").status_code == 200


def test_nobody_else_waits_while_somebody_listens(served: Server) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client, client.stream("GET", f"{ROOT}/events"):
        began = time.monotonic()
        with httpx.Client(trust_env=False) as another:
            for _ in range(20):
                another.get(f"{served.url}{ROOT}/health")
        assert time.monotonic() - began < 2


def test_a_server_stops_while_somebody_listens() -> None:
    with Server(Simulator(), port=0) as server, httpx.Client(trust_env=False) as client:
        heard: list[bytes] = []
        ready = threading.Event()

        def listen() -> None:
            with client.stream("GET", f"{server.url}{ROOT}/events") as response:
                for piece in response.iter_raw():
                    heard.append(piece)
                    ready.set()

        thread = threading.Thread(target=listen)
        thread.start()
        assert ready.wait(3)
        began = time.monotonic()
        server.__exit__(None, None, None)
        thread.join(3)
        assert not thread.is_alive()
        assert time.monotonic() - began < 1.5
        server.__enter__()


def test_a_stream_ends_with_its_world_and_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "POLL", 0.001)
    monkeypatch.setattr(inspector, "KEEP_ALIVE", 0.004)
    made = Simulator()
    other = made.add(World("other"))
    answer = ask(made, f"/~other{ROOT}/events")
    assert answer.stream is not None
    heard: list[bytes] = []

    async def listen() -> None:
        assert answer.stream is not None
        async for piece in answer.stream():
            heard.append(piece)
            if piece.startswith(b":"):
                made.drop(other.name)

    asyncio.run(asyncio.wait_for(listen(), 5))
    assert heard[0].startswith(b"id: 0\n")
    assert b"" in heard
    assert heard[-1] == b": still here\n\n"


def test_a_stream_ends_when_the_client_has_gone() -> None:
    closed = asyncio.Event()

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            while True:
                yield b""
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    class Streaming:
        def handle(self, request: Request) -> Response:
            return Response(200, [("Content-Type", "text/event-stream")], b"once", stream=pieces)

        def knows(self, host: str) -> bool:
            return False

    async def play() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            await asyncio.sleep(0.01)
            return {"type": "http.disconnect"}

        scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "headers": [(b"host", b"localhost")]}
        await asyncio.wait_for(App(Streaming())(scope, receive, send), 5)
        assert closed.is_set()
        return sent

    start, *bodies = asyncio.run(play())
    assert b"content-length" not in [name.lower() for name, _ in start["headers"]]
    assert [body["body"] for body in bodies] == [b"one", b""]


def test_head_of_a_stream_ends_at_once(served: Server) -> None:
    with httpx.Client(trust_env=False) as client:
        assert client.head(f"{served.url}{ROOT}/events", timeout=3).status_code == 200


def test_every_change_has_a_number_of_its_own(simulator: Simulator) -> None:
    before = simulator.world.journal.version
    browse(simulator.handle, AUTHORIZE, person="bob")
    assert simulator.world.journal.version > before
    before = simulator.world.journal.version
    simulator.world.journal.clear()
    assert simulator.world.journal.version > before
    assert journal_module.LOGINS == 200


# -- changing


def send(
    simulator: Simulator, page: str, *, origin: str | None = BASE, token: str | None = None, **form: str
) -> Response:
    fields = {"token": site.FORM_TOKEN if token is None else token, **form}
    headers = {"Host": HOST, "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {"Origin": origin} if origin is not None else {}
    prefix, _, page = page.rpartition("|")
    return simulator.handle(Request.of("POST", f"{BASE}{prefix}{ROOT}/{page}", headers, urlencode(fields).encode()))


def changed(answer: Response) -> str:
    assert answer.status == 303, answer.body[:300]
    return answer.header("location")


@pytest.mark.parametrize(
    ("page", "form", "look"),
    [
        ("people", {"do": "as", "person": "bob"}, lambda world: world.person == "bob"),
        ("people", {"do": "as", "person": ""}, lambda world: world.person is None),
        ("people", {"do": "as", "person": "jo@example.com"}, lambda world: world.person == "jo@example.com"),
        (
            "people",
            {"do": "put", "id": "zoe", "name": "Zoë", "email": "zoe@example.com", "email_verified": "yes"},
            lambda world: (world.people["zoe"].name, world.people["zoe"].email_verified) == ("Zoë", True),
        ),
        ("people", {"do": "put", "id": "zoe", "email": ""}, lambda world: world.people["zoe"].email is None),
        (
            "apps",
            {"do": "register", "provider": "github", "client_id": "mine", "redirect_uris": "https://a.example/cb\r\n"},
            lambda world: world.apps.find("github", "mine").redirect_uris == ["https://a.example/cb"],
        ),
        ("apps", {"do": "mode", "apps": "learn"}, lambda world: world.apps.mode == "learn"),
        (
            "faults",
            {"do": "add", "name": "slow", "provider": "", "step": "", "nth": "2", "times": ""},
            lambda world: [(rule.fault.name, rule.nth) for rule in world.faults.rules] == [("slow", 2)],
        ),
        (
            "faults",
            {"do": "add", "name": "error:bad_code", "provider": "github", "step": "token"},
            lambda world: world.faults.rules[0].step == "token",
        ),
        ("clock", {"do": "move", "amount": "2", "unit": "days"}, lambda world: abs(world.clock.shift - 172_800) < 5),
        ("clock", {"do": "stop"}, lambda world: world.clock.frozen),
        ("clock", {"do": "date", "date": "2021-11-15"}, lambda world: str(world.date) == "2021-11-15"),
        ("keys", {"do": "rotate", "provider": "google"}, lambda world: len(world.keys("google").published()) == 2),
        ("keys", {"do": "replace", "provider": "google"}, lambda world: len(world.keys("google").published()) == 1),
        ("logins", {"do": "clear"}, lambda world: len(world.journal) == 0),
    ],
    ids=lambda value: "-".join(value.values())[:40] if isinstance(value, dict) else None,
)
def test_what_can_be_changed(simulator: Simulator, page: str, form: dict[str, str], look: Any) -> None:
    where = changed(send(simulator, page, **form))
    assert where.startswith(f"{ROOT}/{page}?")
    assert look(simulator.world)
    document = Document(ask(simulator, where))
    assert document.one("p", role="status", **{"class": "note good"}).text.strip()


def test_what_was_added_can_be_taken_back(simulator: Simulator) -> None:
    world = simulator.world
    changed(send(simulator, "people", do="put", id="zoe"))
    changed(send(simulator, "people", do="remove", id="zoe"))
    assert "zoe" not in world.people
    changed(send(simulator, "apps", do="register", provider="github", client_id="mine"))
    changed(send(simulator, "apps", do="remove", provider="github", client_id="mine"))
    assert world.apps.find("github", "mine") is None
    changed(send(simulator, "faults", do="add", name="slow"))
    changed(send(simulator, "faults", do="remove", id=str(world.faults.rules[0].id)))
    assert world.faults.rules == []
    changed(send(simulator, "faults", do="add", name="slow"))
    changed(send(simulator, "faults", do="clear"))
    assert world.faults.rules == []
    changed(send(simulator, "clock", do="stop"))
    changed(send(simulator, "clock", do="run"))
    changed(send(simulator, "clock", do="move", amount="-90", unit="minutes"))
    changed(send(simulator, "clock", do="reset"))
    assert (world.clock.frozen, world.clock.shift) == (False, 0.0)


def test_only_the_world_of_the_page_is_changed(simulator: Simulator) -> None:
    other = simulator.add(World("other"))
    where = changed(send(simulator, "/~other|people", do="as", person="bob"))
    assert where.startswith(f"/~other{ROOT}/people?")
    assert (simulator.world.person, other.person) == (None, "bob")


@pytest.mark.parametrize(
    ("page", "form", "words"),
    [
        ("people", {"do": "as", "person": "nobody-at-all"}, "There is no person"),
        ("people", {"do": "put", "id": "NOT AN ID"}, "id"),
        (
            "apps",
            {"do": "register", "provider": "github", "client_id": "x", "redirect_uris": "no-uri#x"},
            "redirect_uri",
        ),
        ("apps", {"do": "register", "provider": "githbu", "client_id": "x"}, "githbu"),
        ("faults", {"do": "add", "name": NASTY}, "no fault"),
        ("faults", {"do": "add", "name": "slow", "nth": "many"}, "nth"),
        ("faults", {"do": "remove", "id": "77"}, "no fault 77"),
        ("clock", {"do": "move", "amount": "soon", "unit": "days"}, "no span of time"),
        ("clock", {"do": "move", "amount": "nan", "unit": "days"}, ""),
        ("clock", {"do": "move", "amount": "1e300", "unit": "days"}, ""),
        ("clock", {"do": "date", "date": "yesterday"}, ""),
        ("keys", {"do": "rotate", "provider": "github"}, "publishes no keys"),
    ],
)
def test_what_cannot_be_done_is_told_on_the_page_and_changes_nothing(
    simulator: Simulator, page: str, form: dict[str, str], words: str
) -> None:
    answer = send(simulator, page, **form)
    assert 400 <= answer.status < 500
    document = Document(answer)
    alert = document.one("p", role="alert").text
    assert "Nothing was changed." in alert
    assert words in alert
    world = simulator.world
    assert (world.person, world.date, world.faults.rules, list(world.apps)) == (None, None, [], [])
    assert abs(world.clock.shift) < 1


def test_what_was_typed_stays(simulator: Simulator) -> None:
    document = Document(send(simulator, "people", do="put", id="Not An Id", name=NASTY))
    values = {e.attrs.get("name"): e.attrs.get("value") for e in document.all("input")}
    assert values["id"] == "Not An Id"
    assert values["name"] == NASTY


@pytest.mark.parametrize(
    ("origin", "fetch", "token"),
    [
        ("https://evil.example", None, None),
        ("null", None, None),
        ("http://127.0.0.1:9999", None, None),
        (f"https://{HOST}", None, None),
        (BASE, "cross-site", None),
        (BASE, "same-site", None),
        (None, None, None),
        (BASE, None, ""),
        (BASE, None, "made-up"),
        (BASE, None, "ünïcode"),
    ],
)
def test_a_form_of_another_site_changes_nothing(
    simulator: Simulator, origin: str | None, fetch: str | None, token: str | None
) -> None:
    form = {"token": site.FORM_TOKEN if token is None else token, "do": "as", "person": "bob"}
    headers = {"Host": HOST, "Content-Type": "application/x-www-form-urlencoded"}
    headers |= {"Origin": origin} if origin is not None else {}
    headers |= {"Sec-Fetch-Site": fetch} if fetch is not None else {}
    answer = simulator.handle(Request.of("POST", f"{BASE}{ROOT}/people", headers, urlencode(form).encode()))
    assert answer.status == 403
    assert simulator.world.person is None


def test_a_form_that_asks_for_nothing_is_refused(simulator: Simulator) -> None:
    assert send(simulator, "people", do="rotate").status == 400
    assert send(simulator, "people").status == 400


def test_every_form_on_a_page_is_one_that_is_taken(simulator: Simulator) -> None:
    changed(send(simulator, "people", do="put", id="zoe"))
    changed(send(simulator, "apps", do="register", provider="apple", client_id="mine"))
    changed(send(simulator, "faults", do="add", name="slow"))
    seen = set()
    for name in ("people", "apps?provider=apple", "faults", "clock", "keys", "logins"):
        document = page(simulator, f"{ROOT}/{name}")
        asked = [e.attrs["value"] for e in document.all("input", name="do")]
        seen |= {(name.partition("?")[0], str(value)) for value in asked}
        tokens: list[Element] = document.all("input", name="token")
        assert {e.attrs["value"] for e in tokens} == {site.FORM_TOKEN}
        assert len(tokens) == len(document.all("form", method="post"))
    changed(send(simulator, "clock", do="stop"))
    seen |= {("clock", str(e.attrs["value"])) for e in page(simulator, f"{ROOT}/clock").all("input", name="do")}
    assert seen == set(changes.CHANGES)
    assert {word for *_, word in changes.CHANGES.values()} == set(site.DONE)


def test_somebody_is_changed_in_the_form_that_has_what_they_are(simulator: Simulator) -> None:
    links = [e.attrs["href"] for e in page(simulator, f"{ROOT}/people").all("a") if e.text.startswith("Change")]
    assert f"{ROOT}/people?change=bob#add" in links
    form = page(simulator, f"{ROOT}/people?change=bob")
    bob = simulator.world.people["bob"]
    assert form.one("input", id="new-email").attrs["value"] == bob.email
    assert form.one("input", id="new-name").attrs["value"] == bob.name
    assert "checked" not in form.one("input", id="new-verified").attrs
    assert "checked" in page(simulator, f"{ROOT}/people?change=nobody").one("input", id="new-verified").attrs


def test_the_key_that_names_an_app_is_no_secret(simulator: Simulator) -> None:
    walked(simulator, "twitter")
    (step,) = [step for step in told(simulator) if step.title == "POST request_token"]
    assert {param.name: param.sent for param in step.params}["oauth_consumer_key"] == "mockidp"
    assert 'oauth_consumer_key="mockidp"' in step.curl
    assert "${OAUTH_SIGNATURE}" in step.curl
