"""A login in a real browser, of the FastAPI application in the folder beside this one: `mockidp run -- pytest`."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=15_000)
APP = Path(__file__).parents[1] / "fastapi-authlib"


@pytest.fixture(scope="session")
def app():
    """The application, at a port of its own; its environment is what `mockidp run` made of ours."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", "app:app", "--port", str(port)], cwd=APP)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if process.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        assert process.poll() is None, "the application did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def browser():
    """The installed Chromium, through the proxy of `mockidp run`, with trust in its key and no other.

    With the plugin pytest-playwright, let a fixture `browser_type_launch_args` return these three instead.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),  # None: Playwright's own
            proxy={"server": os.environ["HTTPS_PROXY"], "bypass": "127.0.0.1,localhost"},
            args=os.environ["MOCKIDP_CHROMIUM"].split(),
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser, app):
    context = browser.new_context(base_url=app)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("provider", ["GitHub", "Google"])
def test_alice_signs_in(page, provider):
    page.goto("/")
    page.get_by_role("link", name=f"Sign in with {provider}").click()
    assert re.match(r"https://(github|accounts\.google)\.com/", page.url)
    page.get_by_label("Alice Archer").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Hello, Alice Archer")).to_be_visible()
    expect(page.get_by_text("alice@example.com")).to_be_visible()


def test_somebody_who_denies_is_not_signed_in(page):
    page.goto("/login/github")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
