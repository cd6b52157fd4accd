"""Every example runs as its README says: an application with production URLs, under `mockidp run`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from example_app import EXAMPLES, WAIT, Running, environment, mockidp_run, running
from playwright.sync_api import expect, sync_playwright
from ports import free_port

from mockidp import authority
from mockidp.simulator import known_hosts

ALICE = {"name": "Alice Archer", "email": "alice@example.com"}
SECONDS = 120
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("home")
    authority.ensure(known_hosts(""), where)
    return where


@pytest.fixture(scope="module")
def fastapi(home: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)]
    with running("fastapi-authlib", command, home, home / "fastapi.log", person="alice", port=port) as made:
        yield made


@pytest.fixture(scope="module")
def express(home: Path) -> Iterator[Running]:
    installed("express-passport")
    port = free_port()
    with running(
        "express-passport", ["node", "app.js"], home, home / "express.log", person="alice", port=port, PORT=str(port)
    ) as made:
        yield made


@pytest.fixture(scope="module")
def django(home: Path) -> Iterator[Running]:
    """The site with the sign-in pages of the providers: nobody is chosen beforehand."""
    port, database = free_port(), str(home / "db.sqlite3")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=EXAMPLES / "django-allauth",
        env={**environment(home), "DJANGO_DATABASE": database},
        check=True,
        timeout=SECONDS,
    )
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    with running(
        "django-allauth", command, home, home / "django.log", port=port, DJANGO_DATABASE=database, DJANGO_DEBUG="1"
    ) as made:
        yield made


def installed(folder: str) -> None:
    assert (EXAMPLES / folder / "node_modules").is_dir(), f"examples/{folder} lacks its packages: `make examples`"


@pytest.mark.parametrize("provider", ["github", "google"])
def test_fastapi_and_authlib_log_alice_in(fastapi: Running, provider: str) -> None:
    with fastapi.visitor() as visitor:
        page = visitor.at(f"/login/{provider}")
        assert page.url == f"{fastapi.origin}/"
        assert "Hello, Alice Archer" in page.text
        assert visitor.at("/me").json().items() >= {"provider": provider, **ALICE}.items()


@needs_node
@pytest.mark.parametrize("provider", ["github", "google"])
def test_express_and_passport_log_alice_in(express: Running, provider: str) -> None:
    with express.visitor() as visitor:
        page = visitor.at(f"/login/{provider}")
        assert page.url == f"{express.origin}/"
        assert "Hello, Alice Archer" in page.text
        assert visitor.at("/me").json().items() >= {"provider": provider, **ALICE}.items()


@pytest.mark.parametrize("folder", ["fastapi", "express"])
def test_a_callback_that_nobody_began_signs_nobody_in(request: pytest.FixtureRequest, folder: str) -> None:
    if folder == "express" and shutil.which("node") is None:
        pytest.skip("no node on this machine")
    app: Running = request.getfixturevalue(folder)
    with app.visitor() as visitor:
        assert visitor.at("/callback/github?code=made-up&state=made-up").status_code == 403
        assert visitor.at("/me").status_code == 401


@pytest.mark.parametrize(("provider", "person"), [("github", "robin"), ("google", "jordan")])
def test_django_and_allauth_log_in_whom_the_page_is_told(django: Running, provider: str, person: str) -> None:
    with django.visitor() as visitor:
        visitor.at("/")
        token = visitor.cookies["csrftoken"]
        begin = f"{django.origin}/accounts/{provider}/login/"
        page = visitor.post(begin, {"csrfmiddlewaretoken": token}, timeout=WAIT)
        assert "Sign in with" in page.text
        page = visitor.post(page.url, {"mockidp.person": person, "mockidp.decision": "allow"}, timeout=WAIT)
        assert page.url == f"{django.origin}/"
        who = visitor.at("/me").json()
        assert who["provider"] == provider
        assert who["email"].partition("@")[0] == person


def test_django_and_allauth_log_in_with_apple_in_a_browser(django: Running) -> None:
    """In a browser, as Apple's answer comes in a form of another site, which gets no cookie of that kind."""
    with (
        sync_playwright() as playwright,
        chromium.browser(playwright, django.simulator, django.pin) as browser,
        chromium.opened(browser) as page,
    ):
        page.goto(django.origin)
        page.get_by_role("button", name="Sign in with Apple").click()
        assert page.url.startswith("https://appleid.apple.com/auth/authorize?")
        page.get_by_label("Alice Archer").check()
        page.get_by_role("button", name="Allow", exact=True).click()
        expect(page.get_by_role("heading", name="Hello, Alice Archer")).to_be_visible()
        page.goto(f"{django.origin}/me")
        assert json.loads(page.locator("body").inner_text()).items() >= {"provider": "apple", **ALICE}.items()


@needs_curl
@pytest.mark.parametrize(
    ("person", "code", "told"),
    [("alice", 0, "alice@example.com"), ("dave", 1, "access_denied"), ("", 1, "--as alice")],
    ids=["alice", "dave", "nobody"],
)
def test_the_shell_script_logs_in_by_hand(home: Path, person: str, code: int, told: str) -> None:
    options = ["--quiet", *(["--as", person] if person else [])]
    done = subprocess.run(
        mockidp_run(["./login.sh"], *options),
        cwd=EXAMPLES / "curl",
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == code, done.stderr
    assert told in done.stdout + done.stderr
    assert "mockidp-secret" not in done.stdout + done.stderr


def test_playwright_in_python_logs_in(home: Path) -> None:
    done = subprocess.run(
        mockidp_run([sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", "."], "--quiet"),
        cwd=EXAMPLES / "playwright-python",
        env={**environment(home), "PYTEST_ADDOPTS": "-p no:cacheprovider", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@needs_node
def test_playwright_in_typescript_logs_in(home: Path, tmp_path: Path) -> None:
    for folder in ("express-passport", "playwright-typescript"):
        installed(folder)
    done = subprocess.run(
        mockidp_run(["npx", "playwright", "test", "--output", str(tmp_path)], "--quiet"),
        cwd=EXAMPLES / "playwright-typescript",
        env={**environment(home), "PORT": str(free_port()), "CI": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


# what an example is


FOLDERS = (
    "curl",
    "django-allauth",
    "express-passport",
    "fastapi-authlib",
    "playwright-python",
    "playwright-typescript",
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_example_says_in_a_few_lines_what_it_shows_and_how_to_run_it(folder: str) -> None:
    text = (EXAMPLES / folder / "README.md").read_text()
    assert len(text.splitlines()) <= 20
    assert "mockidp run" in text
    for name in re.findall(r"`([\w-]+\.(?:py|js|ts|sh|txt))`", text):
        assert (EXAMPLES / folder / name).is_file(), name


@pytest.mark.parametrize("folder", ["django-allauth", "express-passport", "fastapi-authlib", "curl"])
def test_no_application_knows_that_its_providers_are_simulated(folder: str) -> None:
    for path in (EXAMPLES / folder).iterdir():
        if path.suffix in (".py", ".js", ".sh", ".json", ".txt"):
            assert "mockidp" not in path.read_text().lower(), path
