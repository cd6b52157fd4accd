"""The example application as a visitor uses it: every button, in path form, against a running simulator."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

import providers
from mockidp.browser import Callback, browse
from mockidp.contract.files import index
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.world import World

FOLDER = Path(__file__).parents[1] / "examples" / "signin"
ORIGIN = "http://127.0.0.1:8401"


def module(name: str, file: str) -> Any:
    """A module of the example, which is a folder of scripts and no package."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / file)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


signin = module("signin", "signin.py")
main = module("signin_main", "__main__.py")


class Visitor:
    """A browser at the application: keeps its cookie, follows nothing by itself."""

    def __init__(self, app: Any, simulator: Simulator) -> None:
        self.app, self.simulator, self.cookie = app, simulator, ""
        self.status, self.body = "", ""
        self.hidden: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def ask(self, method: str, path: str, form: str = "", host: str = "127.0.0.1:8401") -> str:
        body = form.encode()
        where, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": where,
            "QUERY_STRING": query,
            "HTTP_HOST": host,
            "HTTP_COOKIE": self.cookie,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            self.status, self.headers = status, dict(headers)

        self.body = b"".join(self.app(environ, start)).decode()
        if "Set-Cookie" in self.headers:
            self.cookie = self.headers["Set-Cookie"].partition(";")[0]
        return self.body

    def begin(self, provider: str, **asked: str) -> tuple[str, dict[str, str] | None]:
        """Click a button: where the browser is sent, and the form that it posts there."""
        self.ask("POST", f"/login/{provider}", urlencode(asked))
        if self.status.startswith("303"):
            return self.headers["Location"], None
        assert self.status == "200 OK", self.body
        script = re.search(r'<script src="(.*)/include.js">', self.body)
        if script:  # the provider's script opens its own page, and the form here brings the answer back
            self.hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.body))
            return f"{script[1]}/sign_in?{urlencode({'return_to': f'{ORIGIN}/callback/{provider}'})}", None
        found = re.search(r"<form method='post' action='([^']*)'>(.*)<button", self.body)
        assert found is not None, self.body
        return found[1], dict(re.findall(r"name='([^']*)' value='([^']*)'", found[2]))

    def at_provider(self, provider: str, person: str, **asked: str) -> Callback:
        url, post = self.begin(provider, **asked)
        return browse(self.simulator.handle, url, person=person, post=post)

    def bring(self, back: Callback) -> str:
        """Come back to the application, as the browser does."""
        parts = urlsplit(back.url)
        query = "&".join(part for part in (parts.query, parts.fragment) if part)  # /fragment.js asks again like this
        return self.ask(back.method, f"{parts.path}?{query}", f"{back.body.decode()}&{urlencode(self.hidden)}")

    def login(self, provider: str, person: str = "alice", **asked: str) -> str:
        page = self.bring(self.at_provider(provider, person, **asked))
        return self.ask("GET", "/") if self.status.startswith("303") else page


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(World(urls="real"))
    with Server(simulator, port=0) as server:
        yield simulator, server.url


def visitor(running: tuple[Simulator, str]) -> Visitor:
    simulator, base = running
    return Visitor(signin.SignIn(*main.clients(simulator.world, ORIGIN), ORIGIN, base), simulator)


def shown(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(\w+)</dt><dd>([^<]*)</dd>", page))


OFFERED = [provider for provider in providers.ids() if provider in index()]


@pytest.mark.parametrize("provider", OFFERED)
def test_a_button_logs_in_at_every_provider(running: tuple[Simulator, str], provider: str) -> None:
    there = visitor(running)
    page = there.login(provider)
    assert "Signed in as" in page, page
    assert shown(page)["provider"] == provider
    assert shown(page)["uid"] not in ("", "none")


def test_there_is_a_button_for_every_provider(running: tuple[Simulator, str]) -> None:
    page = visitor(running).ask("GET", "/")
    assert re.findall(r"action='/login/(\w+)'", page) == list(OFFERED)
    assert "Sign in with GitHub" in page


def test_github_shows_the_identity_and_the_story_of_the_login(running: tuple[Simulator, str]) -> None:
    page = visitor(running).login("github")
    known = shown(page)
    assert (known["email"], known["email_verified"], known["username"]) == ("alice@example.com", "yes", "alice-archer")
    steps = re.findall(r"<li>(\d+) (\w+): (\w+)", page)
    assert steps == [
        ("302", "authorize", "GET"),
        ("200", "token", "POST"),
        ("200", "userinfo", "GET"),
        ("200", "emails", "GET"),
    ]
    link = re.search(r"href='(http://127\.0\.0\.1:\d+/_mockidp/logins/github-\d+)'", page)
    assert link is not None
    assert requests.get(link[1], timeout=5).status_code == 200


def test_who_denies_is_told_so_and_not_signed_in(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    page = there.login("github", "dave")
    assert there.status == "400 Bad Request"
    assert "declined at the provider" in page
    assert "the person said no" in page
    assert "Sign in with GitHub" in there.ask("GET", "/")


def test_markup_in_a_name_stays_text(running: tuple[Simulator, str]) -> None:
    page = visitor(running).login("github", "mallory")
    assert "Signed in as Mallory &lt;script&gt;" in page
    assert "<script>alert" not in page


def test_a_callback_in_another_browser_logs_nobody_in(running: tuple[Simulator, str]) -> None:
    back = visitor(running).at_provider("github", "alice")
    other = visitor(running)
    assert "Not signed in" in other.bring(back)
    assert "Sign in with" in other.ask("GET", "/")


def test_a_callback_works_once(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    back = there.at_provider("github", "alice")
    there.bring(back)
    assert there.status == "303 See Other"
    assert "Not signed in" in there.bring(back)


def test_the_session_key_is_new_after_a_login(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    back = there.at_provider("github", "alice")
    before = there.cookie
    there.bring(back)
    assert there.cookie not in ("", before)
    there.cookie = before
    assert "Sign in with" in there.ask("GET", "/")


def test_signing_out_forgets(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    there.login("github")
    there.ask("POST", "/logout")
    assert "Sign in with" in there.ask("GET", "/")


def test_another_host_name_is_sent_to_the_right_one(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    there.ask("GET", "/", host="localhost:8401")
    assert (there.status, there.headers["Location"]) == ("303 See Other", "http://127.0.0.1:8401/")


def test_an_answer_in_the_fragment_is_asked_for_by_script(running: tuple[Simulator, str]) -> None:
    there = visitor(running)
    assert "/fragment.js" in there.ask("GET", "/callback/github?state=s")
    assert "location.hash" in there.ask("GET", "/fragment.js")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://github.com/login/oauth/authorize?a=b#c",
            "http://127.0.0.1:8400/github.com/login/oauth/authorize?a=b#c",
        ),
        ("https://localhost:8443/x", "http://127.0.0.1:8400/localhost:8443/x"),
        ("http://127.0.0.1:8400/github.com/x", "http://127.0.0.1:8400/github.com/x"),
    ],
)
def test_a_url_in_path_form_has_the_base_in_front(url: str, expected: str) -> None:
    assert signin.in_path_form(url, "http://127.0.0.1:8400") == expected


def test_the_script_serves_both_and_stops_at_once() -> None:
    command = [sys.executable, "-W", "error", str(FOLDER), "--port", "0", "--simulator-port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    overdue = threading.Timer(60, running.kill)
    overdue.start()
    try:
        assert running.stdout is not None
        first, second = running.stdout.readline(), running.stdout.readline()
        app, simulator = (re.search(r"http://\S+/", line) for line in (first, second))
        assert app is not None
        assert simulator is not None
        assert "Sign in with" in requests.get(app[0], timeout=5).text
        assert requests.get(f"{simulator[0]}_mockidp/health", timeout=5).json()["status"] == "ok"
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
        assert time.monotonic() - started < 8
    finally:
        overdue.cancel()
        running.kill()
        running.communicate()
