"""What people see, in a real browser: the pages tell of logins, and axe finds no serious accessibility fault."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import opened
from login_site import Site
from playwright.sync_api import Browser, Page, expect

from mockidp.mounts.server import Server

SERIOUS = ("serious", "critical")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def log_in(page: Page, site: Site, provider: str = "github", decision: str = "Allow") -> None:
    page.goto(f"{site.origin}/path/login/{provider}")
    page.get_by_role("button", name=decision, exact=True).click()
    page.wait_for_url(f"{site.origin}/**")


def faults(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical, each with where and why."""
    return [
        {"rule": found["id"], "why": found["help"], "where": [node["html"] for node in found["nodes"]]}
        for found in Axe().run(page).response["violations"]
        if found["impact"] in SERIOUS
    ]


def test_a_login_appears_on_the_page_of_logins_and_tells_its_story(page: Page, site: Site, running: Server) -> None:
    log_in(page, site)
    page.goto(f"{running.url}/_mockidp/logins")
    page.get_by_role("link", name="github").first.click()
    story = page.locator("main")
    expect(story).to_contain_text("alice")
    for url in ("https://github.com/login/oauth/access_token", "https://api.github.com/user"):
        expect(story).to_contain_text(url)


def test_a_denied_login_is_told_as_denied(page: Page, site: Site, running: Server) -> None:
    log_in(page, site, decision="Deny")
    page.goto(f"{running.url}/_mockidp/logins")
    expect(page.locator("main")).to_contain_text("denied")


def test_the_home_page_leads_to_the_logins(page: Page, running: Server) -> None:
    page.goto(running.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("a[href$='/_mockidp/logins']").first.click()
    assert page.url == f"{running.url}/_mockidp/logins"


@pytest.mark.parametrize(("size", "colours"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide-light", "narrow-dark"])
def test_no_page_has_a_serious_accessibility_fault(
    plain: Browser, site: Site, running: Server, size: dict[str, int], colours: str
) -> None:
    found: dict[str, list[dict[str, Any]]] = {}
    with opened(plain, viewport=size, color_scheme=colours) as page:
        page.goto(f"{site.origin}/path/login/google")
        found["sign-in"] = faults(page)
        log_in(page, site, decision="Deny")
        for url in pages_of(page, running):
            page.goto(url)
            found[url] = faults(page)
    assert len(found) > 5, found
    assert not any(found.values()), found


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_is_wider_than_the_window(plain: Browser, site: Site, running: Server, size: dict[str, int]) -> None:
    with opened(plain, viewport=size) as page:
        log_in(page, site)
        for url in (f"{site.origin}/path/login/github", *pages_of(page, running)):
            page.goto(url)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], url


def pages_of(page: Page, running: Server) -> list[str]:
    """The URL of every page that the navigation names, of a provider's, and of the newest login's."""
    page.goto(running.url)
    named: list[str] = page.locator("nav a").evaluate_all("links => links.map(link => link.href)")
    assert f"{running.url}/_mockidp/logins" in named
    provider = page.locator("main a[href$='/providers/github']").first.evaluate("link => link.href")
    page.goto(f"{running.url}/_mockidp/logins")
    page.get_by_role("link", name="github").first.click()
    return [*dict.fromkeys([*named, provider, page.url])]


def test_pages_break_none_of_their_own_policy(page: Page, site: Site, running: Server) -> None:
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(f"{told.text} {told.location}") if told.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    log_in(page, site)
    log_in(page, site, "apple")
    for url in pages_of(page, running):
        page.goto(url)
    assert not [text for text in complaints if f"{site.origin}/favicon.ico" not in text]
