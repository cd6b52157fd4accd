"""Nothing that was captured is ever written: whatever it is, wherever it stood, however it is spelt."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockidp.check.record import leak, redact, secrets, shape
from mockidp.check.record.capture import Taken
from mockidp.check.record.leak import LeakError, Watch
from mockidp.check.record.plan import Plan, plan
from mockidp.contract.files import contracts_folder
from mockidp.contract.load import load
from mockidp.wire import Request, Response

SOURCE = "Software 1.2.3, by mockidp record"
SECRET = "kT7/q+Zp9=wX2 sY&v"
CALLBACK = "http://127.0.0.1:8765/callback"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(claims: dict[str, Any]) -> str:
    parts = json.dumps({"alg": "RS256", "kid": "k"}).encode(), json.dumps(claims).encode(), b"signature of somebody"
    return ".".join(b64(part) for part in parts)


def inside(data: bytes) -> list[str]:
    """Of base64 with something before and behind, the characters that these bytes alone decide, at each alignment."""
    bits = [(8 * n, 8 * (n + len(data))) for n in range(3)]
    wholes = [base64.b64encode(b"x" * n + data + b"tail").decode() for n in range(3)]
    return [whole[(start + 5) // 6 : end // 6] for whole, (start, end) in zip(wholes, bits, strict=True)]


def spelt(value: str) -> dict[str, str]:
    """One value in every spelling, made by hand here."""
    data = value.encode()
    wrapped = "\n".join(value[at : at + 5] for at in range(0, len(value), 5))
    return {
        "raw": value,
        "shouted": value.upper(),
        "percent": quote(value, safe=""),
        "percent in small letters": quote(value, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        "every byte as percent": "".join(f"%{byte:02x}" for byte in data),
        "twice percent": quote(quote(value, safe=""), safe=""),
        "plus": quote_plus(value),
        "json": json.dumps(value),
        "json with slashes": json.dumps(value).replace("/", "\\/"),
        "json with every letter escaped": "".join(f"\\u{ord(char):04X}" for char in value),
        "json in json": json.dumps(json.dumps({"x": value})),
        "html": value.replace("&", "&amp;"),
        "html by number": "".join(f"&#{ord(char)};" for char in value),
        "hex": data.hex(),
        "hex in capitals": data.hex().upper(),
        "backwards": value[::-1],
        "in lines": wrapped,
        "in lines of json": json.dumps(wrapped),
        "claims": jwt({"sub": 1, "deep": {"x": [value]}}),
        "basic": base64.b64encode(f"client:{quote(value, safe='')}".encode()).decode(),
        **{f"base64 after {n}": base64.b64encode(b"x" * n + data + b"tail").decode() for n in range(4)},
        **{f"url64 after {n}": b64(b"x" * n + data + b"tail") for n in range(4)},
        **{f"a piece of base64 after {n}": piece for n, piece in enumerate(inside(data))},
        "base64 of base64": base64.b64encode(base64.b64encode(data)).decode(),
    }


@pytest.mark.parametrize("how", spelt(SECRET))
def test_a_value_is_found_however_it_is_spelt(how: str) -> None:
    text = f'{{"harmless": 1, "x": "before {spelt(SECRET)[how]} after"}}'
    assert Watch([SECRET]).leaks(text)
    assert not Watch(["another value altogether"]).leaks(text)


def test_what_is_published_already_is_no_leak_and_one_more_of_it_is() -> None:
    old = "the token is kT7qZp9wX2sYv0aB here\n"
    assert not Watch(["kT7qZp9wX2sYv0aB"]).leaks(f"{old}and more\n", old)
    assert Watch(["kT7qZp9wX2sYv0aB"]).leaks(f"{old}and kT7qZp9wX2sYv0aB twice\nkT7qZp9wX2sYv0aB", old)


def test_a_short_value_is_a_word_and_no_part_of_one() -> None:
    watch = Watch(["ann"])
    assert watch.leaks('{"name": "Ann"}')
    assert not watch.leaks('{"channel": "planned"}')


@pytest.mark.parametrize(
    "text",
    ["zora@quill.example.net.uk", "+47 915 55 432 10", "a9F3kQ0zP7xW2mN8", "550e8400-e29b-41d4-a716-446655440000"],
)
def test_what_looks_like_somebodys_is_stopped_whoever_it_belongs_to(text: str) -> None:
    with pytest.raises(LeakError, match=r"bodies/x\.json, at /a/0/note: ") as caught:
        leak.scan({"bodies/x.json": ("", json.dumps({"a": [{"note": f"so {text} it is"}]}))}, [], [], set())
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["https://docs.github.com/rest/users#get-the-authenticated-user", "someone@example.com"]
)
def test_what_is_nobodys_passes(text: str) -> None:
    leak.scan({"bodies/x.json": ("", json.dumps({"note": text}))}, [], [], set())


# the whole way: a secret somewhere in the capture, and nothing of it in the plan


def everything(made: Plan) -> str:
    files = "".join((new or b"").decode() for _, new in made.files.values())
    return files + json.dumps(made.exchanges) + json.dumps([item.as_dict() for item in made.outcomes])


def found(text: str, secret: str) -> list[str]:
    """The spellings of a secret that stand in a text. Those with a frame around them are no substrings."""
    data = secret.encode()
    inner = inside(data)
    ways = [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        data.hex(),
        secret[::-1],
        *inner,
    ]
    ways += [way.replace("+", "-").replace("/", "_") for way in inner]
    return [way for way in ways if way.casefold() in text.casefold()]


def login(place: str, secret: str) -> list[Taken]:
    """A login at GitHub in which a secret stands at one place."""
    at = {**dict.fromkeys(PLACES, ""), place: secret}
    user = json.loads((contracts_folder() / "github/bodies/user.json").read_bytes())
    if at["known member"]:
        user["name"] = secret
    if at["composed member"]:
        user["html_url"] = f"https://github.com/{secret}"
    if at["fixed member"]:
        user["type"] = secret
    if at["new member"]:
        user["badge"] = secret
    if at["name of a member"]:
        user[secret] = 1
    if at["name of a member of a new object"]:
        user["badges"] = {secret: {secret: secret}}
    if at["claims"]:
        user["badge"] = jwt({"sub": secret, secret: [secret]})
    if at["json in a member"]:
        user["badge"] = json.dumps({"x": [secret]})
    if at["base64 in a member"]:
        user["badge"] = base64.b64encode(json.dumps({"x": secret}).encode()).decode()
    if at["url in a member"]:
        user["blog"] = f"https://example.net/{quote(secret, safe='')}?x={quote_plus(secret)}#{quote(secret)}"
    token = {"access_token": secret if at["token"] else "gho_" + "A1b2C3d4E5" * 3 + "F6g7H8", "token_type": "bearer"}
    token |= {"scope": secret if at["scope"] else "user:email"}
    code = secret if at["code"] else "0123456789abcdef0123"
    state = secret if at["state"] else "st4te-0f-n0body"
    client = secret if at["client secret"] else "f0f1f2f3f4f5"
    asked = urlencode({"client_id": "Iv1.abc", "redirect_uri": CALLBACK, "response_type": "code", "state": state})
    back = urlencode({"code": code, "state": state, "iss": "https://github.com/login/oauth"})
    back += f"&extra={quote_plus(secret)}" if at["location"] else ""
    form = {"client_id": "Iv1.abc", "client_secret": client, "code": code, "redirect_uri": CALLBACK}
    form |= {"extra": secret} if at["form"] else {}
    api = {"Authorization": f"Bearer {token['access_token']}", "User-Agent": "x"}
    api |= {"Cookie": f"session={quote(secret)}", "X-Thing": secret} if at["headers"] else {}
    scopes = [("X-OAuth-Scopes", "user:email"), ("X-Accepted-OAuth-Scopes", "")]
    scopes += (
        [("Set-Cookie", f"sid={quote(secret)}; Path=/"), ("X-Request", b64(secret.encode()))] if at["headers"] else []
    )
    kind = [("Content-Type", "application/json; charset=utf-8")]
    error = (
        {"error": "weird", "error_description": f"no user {secret} here", "trace": [secret]} if at["error text"] else {}
    )
    page = f"<html><body>Internal error: {secret}</body></html>".encode()
    html = [("Content-Type", "text/html")]
    query = f"?extra={quote_plus(secret)}" if at["url"] else ""
    return [
        Taken(
            Request.of("GET", f"https://github.com/login/oauth/authorize?{asked}"),
            Response(302, [("Location", f"{CALLBACK}?{back}")]),
        ),
        Taken(
            Request.of(
                "POST",
                "https://github.com/login/oauth/access_token",
                {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                urlencode(form).encode(),
            ),
            Response(200, kind, json.dumps(token).encode()),
        ),
        Taken(
            Request.of("GET", f"https://api.github.com/user{query}", api),
            Response(200, [*kind, *scopes], json.dumps(user, ensure_ascii=at["escaped"] != "").encode()),
        ),
        Taken(
            Request.of("GET", "https://api.github.com/user/emails", api),
            Response(422, kind, json.dumps(error).encode()),
        ),
        Taken(Request.of("GET", "https://api.github.com/user", api), Response(500, html, page)),
        Taken(Request.of("GET", f"https://elsewhere.example/{quote(secret)}"), Response(200, [], page)),
    ]  # fmt: skip


PLACES = [
    "known member", "composed member", "fixed member", "new member", "name of a member",
    "name of a member of a new object", "claims", "json in a member", "base64 in a member", "url in a member", "token",
    "scope", "code", "state", "client secret", "location", "form", "headers", "error text", "url", "escaped",
]  # fmt: skip


def outcome(taken: list[Taken], environ: dict[str, str] | None = None) -> str:
    """All that would be seen of a recording: what it writes and says, or the refusal."""
    try:
        return everything(plan(load("github"), taken, source=SOURCE, environ=environ or {}))
    except LeakError as error:
        return str(error)


TOKENS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.~+/=", min_size=14, max_size=60)
NAMES = st.text(st.characters(categories=["L"], exclude_characters="ſK"), min_size=9, max_size=24)
MAILS = st.builds(lambda name, host: f"{name}@{host}.example.net", *[st.text("abcdefghijkmnopqr", min_size=7)] * 2)
PHONES = st.builds(lambda n: f"+47 9{n // 1000:05d} {n % 1000:03d}", st.integers(10_000_000, 99_999_999))


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_at_this_place_is_in_nothing_that_is_written_or_said(place: str) -> None:
    for secret in ("wJ8mQ2vT6yB4nR9xK3pL", "pär-åke@kundtjänst.example.net", 'two "words" & a/half'):
        assert found(outcome(login(place, secret)), secret) == []


@given(secret=st.one_of(TOKENS, NAMES, MAILS, PHONES), place=st.sampled_from(PLACES))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_secret_anywhere_gets_through(secret: str, place: str) -> None:
    if len(secret.strip("-_.~+/=")) < 8:  # marks alone are nobody's
        return
    text = outcome(login(place, secret))
    published = "".join(path.read_text() for path in (contracts_folder() / "github").rglob("*") if path.is_file())
    assert [way for way in found(text, secret) if way.casefold() not in published.casefold()] == []


def test_a_member_whose_name_is_somebodys_is_left_out() -> None:
    made = plan(load("github"), login("name of a member", "wJ8mQ2vT6yB4nR9xK3pL"), source=SOURCE, environ={})
    notes = next(item.notes for item in made.outcomes if item.name == "userinfo")
    assert notes == ["the body has further keys that do not read like names; they are left out"]


def test_the_sandbox_variables_are_secrets_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape, "placeholder", lambda value: "mY-s4ndb0x-Key-1234")
    with pytest.raises(LeakError):
        plan(
            load("github"), login("new member", "whatever it is"), source=SOURCE,
            environ={"MOCKIDP_LIVE_GITHUB_CLIENT_SECRET": "mY-s4ndb0x-Key-1234"},
        )  # fmt: skip


def test_a_redactor_that_lets_everything_through_is_stopped_and_the_place_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redact.Redactor, "unknown", lambda self, value: value)
    with pytest.raises(LeakError, match=r"bodies/user\.json, at /badge: a captured value") as caught:
        plan(load("github"), login("new member", "wJ8mQ2vT6yB4nR9xK3pL"), source=SOURCE, environ={})
    assert "wJ8m" not in str(caught.value)


@pytest.mark.parametrize("place", ["known member", "token", "claims", "json in a member", "url in a member"])
def test_each_kind_of_value_is_stopped_when_nothing_is_redacted(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setattr(redact.Redactor, "known", lambda self, want, got, place: got)
    with pytest.raises(LeakError):
        plan(load("github"), login(place, "wJ8mQ2vT6yB4nR9xK3pL"), source=SOURCE, environ={})


def test_a_pointer_does_not_tell_a_name_that_is_somebodys() -> None:
    text = json.dumps({"users": {"wJ8mQ2vT6yB4nR9xK3pL": {"x": "kT7qZp9wX2sYv0aB"}}})
    with pytest.raises(LeakError, match=r"at /users") as caught:
        leak.scan({"x.json": ("", text)}, ["wJ8mQ2vT6yB4nR9xK3pL", "kT7qZp9wX2sYv0aB"], [], set())
    assert found(str(caught.value), "wJ8mQ2vT6yB4nR9xK3pL") == []


def test_what_is_taken_apart_is_taken_apart_wholly() -> None:
    inner = jwt({"sub": "the-subject-1", "act": {"nested": json.dumps({"k": "the-inner-2"})}})
    url = f"https://x.example/cb?t={quote(inner)}&b={quote(base64.b64encode(b'id-3:pass-4').decode())}#f=frag-5"
    parts = set(secrets.parts_of(url))
    assert {"the-subject-1", "the-inner-2", "id-3", "pass-4", "frag-5"} <= parts


# the command: a real server that is full of canaries, and everything that the process ever writes


CANARIES = {name: f"CANARY{name}9x7Qw2Lk5" for name in ("code", "token", "name", "extra", "error", "cookie", "secret")}
WATCHER = """
import atexit, os, sys
canaries, opened, seen = {canaries!r}, set(), []
def look(path):
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except (OSError, TypeError, ValueError):
        return
    seen.extend(name for name in canaries if canaries[name].encode() in data)
def hook(event, args):
    if event == 'open' and isinstance(args[0], (str, bytes, os.PathLike)):
        if (isinstance(args[1], str) and set(args[1]) & set('wax+')) or (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            opened.add(os.path.abspath(os.fsdecode(args[0])))
    elif event in ('os.remove', 'os.rename') and isinstance(args[0], (str, bytes, os.PathLike)):
        look(args[0])
    elif event == 'shutil.rmtree':
        for folder, _, names in os.walk(args[0]):
            for name in names:
                look(os.path.join(folder, name))
def end():
    for path in list(opened):
        look(path)
    os.write(2, f'\\nWATCHED {{len(opened)}} files, canaries in them: {{sorted(set(seen))}}\\n'.encode())
atexit.register(end)
sys.addaudithook(hook)
if '--plant' in sys.argv:
    sys.argv.remove('--plant')
    import tempfile
    with tempfile.NamedTemporaryFile() as file:
        file.write(canaries['token'].encode())
        file.flush()
        look(file.name)
from mockidp.cli import main
main()
"""


class Loud(BaseHTTPRequestHandler):
    """A GitHub Enterprise Server that puts canaries into everything."""

    broken = ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        if parts.path == "/login/oauth/authorize":
            back = urlencode({"code": CANARIES["code"], "state": asked["state"], "iss": f"{self.base}/login/oauth"})
            self._say(302, b"", ("Location", f"{asked['redirect_uri']}?{back}"))
        elif parts.path.endswith("/emails"):
            rows = [{"email": f"{CANARIES['name']}@quill.example.net", "primary": True, "verified": True}]
            rows += [{**rows[0], "email": f"2+{CANARIES['name']}@users.noreply.github.com", "primary": False}]
            self._json([{**row, "visibility": None} for row in rows])
        else:
            user = json.loads((contracts_folder() / "github/bodies/user.json").read_bytes())
            text = json.dumps(user).replace("octocat", CANARIES["name"]).replace("https://github.com", self.base)
            text = text.replace("https://api.github.com", f"{self.base}/api/v3")
            extra = {"badge": CANARIES["extra"], "proof": jwt({"sub": CANARIES["extra"]}), "name": CANARIES["name"]}
            self._json({**json.loads(text), **extra})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.broken == "error text":
            self._json({"error": f"no {CANARIES['error']}", "trace": self.path}, 500)
        elif self.broken == "page":
            self._say(502, f"<html>{CANARIES['error']}</html>".encode(), ("Content-Type", "text/html"))
        elif self.broken == "half":
            self._say(200, b'{"access_token": "' + CANARIES["token"].encode(), ("Content-Type", "application/json"))
        else:
            self._json({"access_token": CANARIES["token"], "scope": "user:email", "token_type": "bearer"})

    @property
    def base(self) -> str:
        return f"http://{self.headers['host']}"

    def _json(self, document: Any, status: int = 200) -> None:
        self._say(status, json.dumps(document).encode(), ("Content-Type", "application/json; charset=utf-8"))

    def _say(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        common = [("Set-Cookie", f"sid={CANARIES['cookie']}"), ("X-OAuth-Scopes", ""), ("X-Accepted-OAuth-Scopes", "")]
        for name, value in [*headers, *common, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Tests are quiet."""


@contextmanager
def loud(broken: str = "") -> Iterator[str]:
    handler = type("Handler", (Loud,), {"broken": broken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def recorded(home: Path, base: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`mockidp record github` at that server, watched, with all of its files below `home`."""
    script = home / "watched.py"
    script.write_text(WATCHER.format(canaries=CANARIES), encoding="utf-8")
    drive = home / "drive.py"
    drive.write_text(
        "import http.client, sys, urllib.parse as u\n"
        "p = u.urlsplit(sys.argv[1]); c = http.client.HTTPConnection(p.netloc)\n"
        "c.request('GET', f'{p.path}?{p.query}')\n"
        "print(c.getresponse().headers['Location'])\n",
        encoding="utf-8",
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOCKIDP_")}
    mine = {"MOCKIDP_LIVE_GITHUB_CLIENT_ID": "Iv1.app", "MOCKIDP_LIVE_GITHUB_CLIENT_SECRET": CANARIES["secret"]}
    folders = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "MOCKIDP_HOME": str(home / "mockidp")}
    (home / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-W", "error", str(script), *words, "record", "github", "--into", str(home / "mine")]
    command += ["--set", f"github.GITHUB_URL={base}", "--software", "Enterprise 3.14", "--yes"]
    command += ["--redirect-uri", "https://app.example/cb", "--command", f"{sys.executable} {drive}"]
    return subprocess.run(
        command,
        env={**clean, **mine, **folders, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
    )


def canaries_below(home: Path) -> list[str]:
    return [
        f"{path.name}: {name}"
        for path in home.rglob("*")
        if path.is_file() and path.name != "watched.py"
        for name, canary in CANARIES.items()
        if found(path.read_bytes().decode("latin-1"), canary)
    ]


def test_a_canary_never_reaches_the_disk_or_the_terminal(tmp_path: Path) -> None:
    with loud() as base:
        done = recorded(tmp_path, base)
    assert done.returncode == 0, done.stderr
    assert "canaries in them: []" in done.stderr
    assert (tmp_path / "mine/github/bodies/user.json").read_text().count('"badge": "string"') == 1
    assert canaries_below(tmp_path) == []
    assert [name for name, canary in CANARIES.items() if found(done.stdout + done.stderr, canary)] == []


@pytest.mark.parametrize("broken", ["error text", "page", "half"])
def test_a_canary_in_an_error_is_not_told_not_even_to_whoever_debugs(tmp_path: Path, broken: str) -> None:
    with loud(broken) as base:
        done = recorded(tmp_path, base, MOCKIDP_DEBUG="1")
    assert done.returncode == 2
    assert "the login ended at token" in done.stderr
    assert "canaries in them: []" in done.stderr
    assert not (tmp_path / "mine").exists()
    assert canaries_below(tmp_path) == []
    assert [name for name, canary in CANARIES.items() if found(done.stdout + done.stderr, canary)] == []


def test_a_bug_of_ours_is_told_without_a_word_of_the_capture(tmp_path: Path) -> None:
    """Whatever goes wrong: with the scan broken so that it quotes what it found, the command still does not."""
    breaking = tmp_path / "sitecustomize.py"
    breaking.write_text(
        "import mockidp.check.record.leak as leak\n"
        "def scan(files, values, fakes, public):\n    raise ValueError(str(sorted(values)))\n"
        "leak.scan = scan\n",
        encoding="utf-8",
    )
    with loud() as base:
        done = recorded(tmp_path, base, MOCKIDP_DEBUG="1", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "internal error, ValueError" in done.stderr
    assert [name for name, canary in CANARIES.items() if found(done.stdout + done.stderr, canary)] == []
    assert canaries_below(tmp_path) == []


def test_the_watcher_sees_a_canary_that_is_written_and_taken_away(tmp_path: Path) -> None:
    with loud() as base:
        done = recorded(tmp_path, base, "--plant")
    assert "canaries in them: ['token']" in done.stderr


def test_a_leak_exits_with_4_and_writes_nothing(tmp_path: Path) -> None:
    letting_through = tmp_path / "sitecustomize.py"
    letting_through.write_text(
        "import mockidp.check.record.redact as redact\nredact.Redactor.unknown = lambda self, value: value\n",
        encoding="utf-8",
    )
    with loud() as base:
        done = recorded(tmp_path, base, PYTHONPATH=str(tmp_path))
    assert done.returncode == 4
    assert "bodies/user.json, at /badge: a captured value would have been written" in done.stderr
    assert not (tmp_path / "mine").exists()
    assert [name for name, canary in CANARIES.items() if found(done.stdout + done.stderr, canary)] == []
