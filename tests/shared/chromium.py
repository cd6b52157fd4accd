"""A real browser for the tests: the system's Chromium, driven by Playwright, trusting the simulator's key and no other.

`apt install chromium` brings it on Debian and Ubuntu; without one on PATH, what `playwright install chromium` made.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright, ProxySettings, expect, sync_playwright

from mockidp.cli_browser import NAMES, QUIET
from mockidp.environ import switches

PATIENCE = 20_000  # milliseconds until something that does not appear fails a test


def executable(playwright: Playwright) -> str:
    """Where the browser is. RuntimeError, with what to do, where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and Path(playwright.chromium.executable_path).exists():
        found = playwright.chromium.executable_path
    if found is None:
        raise RuntimeError(
            f"no Chromium on PATH ({', '.join(NAMES)}): `apt install chromium` brings it on Debian and Ubuntu, "
            "`python -m playwright install chromium` elsewhere"
        )
    return found


@contextmanager
def browser(playwright: Playwright, proxy: str = "", pin: str = "") -> Iterator[Browser]:
    """A browser; with a simulator's URL and pin, one that sends all but loopback there and trusts its key alone."""
    options: dict[str, Any] = {"args": [*QUIET]}
    if proxy:
        options["args"] += switches(pin)
        options["proxy"] = ProxySettings(server=proxy, bypass="127.0.0.1,localhost")
    made = playwright.chromium.launch(executable_path=executable(playwright), **options)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def opened(made: Browser, **options: Any) -> Iterator[Page]:
    """A page of a fresh profile, with nothing kept of other tests."""
    context = made.new_context(**options)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    try:
        yield context.new_page()
    finally:
        context.close()


def main() -> int:
    """Say before any test runs that there is no browser."""
    with sync_playwright() as playwright:
        try:
            executable(playwright)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
