"""A browser, a simulator for it, and an application with a login, each once a module: Playwright holds the thread's
event loop as long as it runs, and other modules have loops of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import chromium
import login_site
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from mockidp import authority
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator, known_hosts
from mockidp.world import World


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's authority is, made before anybody is told to trust it."""
    where = tmp_path_factory.mktemp("authority")
    authority.ensure(known_hosts(""), where)
    return where


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Server]:
    """A simulator that names providers really in path form too, as the application's own calls know them."""
    with Server(
        Simulator(World(urls="real")), port=0, authority=lambda: authority.ensure(known_hosts(""), home)
    ) as server:
        yield server


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="module")
def plain(playwright: Playwright) -> Iterator[Browser]:
    """A browser as people have it: no proxy, no trust in anybody new."""
    with chromium.browser(playwright) as made:
        yield made


@pytest.fixture(scope="module")
def proxied(playwright: Playwright, running: Server) -> Iterator[Browser]:
    """A browser whose proxy is the simulator, and that trusts its key."""
    with chromium.browser(playwright, running.url, running.pin) as made:
        yield made


@pytest.fixture
def page(plain: Browser) -> Iterator[Page]:
    with chromium.opened(plain) as made:
        yield made


@pytest.fixture
def real(proxied: Browser) -> Iterator[Page]:
    with chromium.opened(proxied) as made:
        yield made


@pytest.fixture
def site(running: Server, home: Path) -> Iterator[login_site.Site]:
    """An application whose own calls go through the proxy to the real host names."""
    with login_site.serve(running, str(home / authority.CERTIFICATE)) as made:
        yield made
