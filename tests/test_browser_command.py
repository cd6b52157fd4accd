"""`mockidp browser`: a real browser at the real host names, its trust and profile; and what the documentation shows."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import pytest
from chromium import NAMES

from mockidp import authority, cli_browser, environ
from mockidp.cli_transport import UnreachableError
from mockidp.errors import UsageError
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator, known_hosts
from mockidp.world import World

ROOT = Path(__file__).parents[1]
HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu")
BACK = "http://127.0.0.1:9/cb"
GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth?" + urlencode(
    {
        "client_id": "mockidp",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "nonce": "n",
    }
)
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
real = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; `apt install chromium` brings it")
SECONDS = 90


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders of the test's own, for the authority and the browser's settings."""
    (tmp_path / "home").mkdir()
    for name in ("XDG_DATA_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def running(home: Path) -> Iterator[Server]:
    """A server that somebody started before, with the authority of this installation."""
    with Server(Simulator(), port=0, authority=lambda: authority.ensure(known_hosts(""))) as server:
        yield server


def ours() -> authority.Authority:
    return authority.ensure(known_hosts(""))


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockidp", "browser", *arguments],
        capture_output=True, text=True, timeout=SECONDS, check=False, env={**os.environ, **env},
    )  # fmt: skip


def dumped(*arguments: str) -> str:
    """The document that the browser ends up with."""
    done = run(*arguments, "--", *HEADLESS, "--dump-dom")
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(server: Server, world: str = "") -> set[str]:
    """Hosts and paths of what the journal tells."""
    found = server.simulator.worlds.get(world, server.simulator.world)  # type: ignore[attr-defined]
    urls = [urlsplit(entry.url) for login in found.journal for entry in login.entries]
    return {f"{url.netloc}{url.path}" for url in urls}


# a browser at the real host names


@real
def test_it_shows_the_sign_in_page_of_a_real_host(home: Path) -> None:
    page = dumped(GOOGLE)
    assert "<title>Sign in with Google (simulated)</title>" in page
    assert "Alice Archer" in page


@real
def test_it_trusts_only_that_server_and_only_with_its_option(running: Server, home: Path) -> None:
    assert "Sign in with Google" in dumped("--server", running.url, GOOGLE)
    assert asked(running) == {"accounts.google.com/o/oauth2/v2/auth"}, "the browser asked something by itself"
    other = cli_browser.flags(running.url, "A" * 43 + "=", home / "profile")
    done = subprocess.run(
        [str(CHROMIUM), *other, *HEADLESS, "--dump-dom", GOOGLE], capture_output=True, text=True, timeout=SECONDS
    )
    assert "Sign in with Google" not in done.stdout


@real
def test_a_world_of_a_running_server_is_the_browsers(running: Server) -> None:
    running.simulator.add(World("mine", person="carol"))  # type: ignore[attr-defined]
    assert "Sign in with" not in dumped("--server", running.url, "--world", "mine", GOOGLE)
    assert asked(running, "mine") == {"accounts.google.com/o/oauth2/v2/auth"}
    assert not asked(running)


def test_a_world_that_there_is_not_is_told_before_a_browser_starts(running: Server) -> None:
    done = run("--server", running.url, "--world", "theirs", "--browser", sys.executable)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"there is no world 'theirs' at {running.url}" in done.stderr


@real
def test_as_somebody_there_is_no_page_and_the_profile_is_thrown_away(home: Path) -> None:
    done = run("--as", "bob", "--json", GOOGLE, "--", *HEADLESS, "--dump-dom")
    told = json.loads(done.stdout)
    assert told.keys() == {"browser", "url", "server", "pin", "profile"}
    assert told["url"] == GOOGLE
    assert not Path(told["profile"]).exists()
    assert "Sign in with" not in dumped("--as", "bob", GOOGLE)


@real
def test_other_hosts_are_refused(home: Path) -> None:
    assert "--pass-through no-provider.example" in dumped("http://no-provider.example/")


@real
def test_without_a_url_it_opens_what_the_simulator_has_to_show(home: Path) -> None:
    assert "mockidp" in dumped()


@real
def test_a_signal_closes_the_browser_and_its_profile_goes(home: Path) -> None:
    command = [sys.executable, "-m", "mockidp", "browser", "--json", "--", *HEADLESS, "--remote-debugging-port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as told:
        profile = Path(json.loads(told.readline())["profile"])
        assert profile.is_dir()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    assert not profile.exists()


# what goes wrong


def test_without_a_browser_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setattr(cli_browser, "PLACES", {})
    with pytest.raises(UsageError, match="no Chrome, Chromium or Edge is installed"):
        cli_browser.find()
    with pytest.raises(UsageError, match="no browser 'lynx' can be found"):
        cli_browser.find("lynx")


@pytest.mark.parametrize("name", ["google-chrome", "chromium", "microsoft-edge"])
def test_each_make_is_found_on_the_path(monkeypatch: pytest.MonkeyPatch, home: Path, name: str) -> None:
    (home / name).write_text("#!/bin/sh\n")
    (home / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(home))
    assert cli_browser.find() == str(home / name)


def test_a_place_beside_the_path_is_looked_at_too(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    program = home / "Some Browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(home / "none"))
    monkeypatch.setenv("PROGRAMS", str(home))
    monkeypatch.setattr(cli_browser, "PLACES", {sys.platform: ("$PROGRAMS/Some Browser",)})
    assert cli_browser.find() == str(program)


def test_the_pin_of_a_running_server_is_that_of_its_certificates(running: Server) -> None:
    assert cli_browser.pin_of(running.url, ours()) == running.pin


def test_a_server_of_another_authority_is_not_trusted(running: Server, home: Path) -> None:
    assert running.pin  # it has a certificate of the old one
    other = authority.replace(known_hosts(""))
    with pytest.raises(UsageError, match="shows no certificate of this installation's authority"):
        cli_browser.pin_of(running.url, other)


def test_where_nothing_answers_it_says_so(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"nothing answers at http://127.0.0.1:{port} "):
        cli_browser.pin_of(f"http://127.0.0.1:{port}", ours())


def test_a_browser_that_does_not_start_is_told_with_its_own_words(home: Path) -> None:
    program = home / "chromium"
    program.write_text("#!/bin/sh\necho one >&2; echo 'cannot open display' >&2; exit 5\n")
    program.chmod(0o755)
    done = run("--browser", str(program))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "mockidp: chromium ended with 5: cannot open display"
    program.write_text("#!/bin/sh\necho 'Running as root without --no-sandbox is not supported.' >&2; exit 1\n")
    assert "`mockidp browser URL -- --no-sandbox`" in run("--browser", str(program)).stderr


# the documentation


def blocks() -> dict[str, str]:
    """The programs of the documentation, by the heading above them."""
    text = (ROOT / "docs" / "browsers.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^### ([^\n]+)\n(?:(?!^#).)*?```python\n(.*?)```", text, re.M | re.S))


class Application(http.server.BaseHTTPRequestHandler):
    """What the browser comes back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"signed in")

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def application() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/callback"
        server.shutdown()


@real
@pytest.mark.parametrize("title", blocks())
def test_what_the_documentation_shows_logs_in(title: str, home: Path, running: Server, application: str) -> None:
    if title == "Selenium" and shutil.which("chromedriver") is None:
        pytest.skip("no chromedriver on PATH; `apt install chromium-driver` brings it")
    program = home / "login.py"
    program.write_text(blocks()[title], encoding="utf-8")
    env = {
        "CHROMIUM": str(CHROMIUM),
        "START": GOOGLE.replace(quote_plus(BACK), quote_plus(application)),
        "HTTPS_PROXY": running.url,
        "MOCKIDP_CHROMIUM": " ".join(environ.switches(running.pin)),
    }
    env |= {"SE_OFFLINE": "true", "SE_AVOID_STATS": "true", "NO_PROXY": "127.0.0.1,localhost"}
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=SECONDS, env={**os.environ, **env}
    )
    assert done.returncode == 0, done.stderr
    came_back = dict(parse_qsl(urlsplit(done.stdout.strip()).query))
    assert came_back["state"] == "s"
    assert came_back["code"]
    login = running.simulator.world.journal.last("google")
    assert login is not None
    assert login.person == "bob"
    assert asked(running) == {"accounts.google.com/o/oauth2/v2/auth"}


def test_both_tools_are_shown() -> None:
    assert list(blocks()) == ["Playwright in Python", "Selenium"]
