"""What people see, in a real browser: the pages tell of logins, and axe finds no serious accessibility fault."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import opened
from login_site import Site
from playwright.sync_api import Browser, Page, expect

from mockidp.mounts.server import Server
from mockidp.simulator import Simulator

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


def test_a_login_appears_without_a_reload(plain: Browser, page: Page, site: Site, running: Server) -> None:
    with opened(plain) as watched:
        watched.goto(f"{running.url}/_mockidp/logins?provider=gitlab")
        watched.locator("html.listening").wait_for()
        expect(watched.get_by_text("No login")).to_be_visible()
        log_in(page, site, "gitlab")
        expect(watched.get_by_role("link", name="gitlab")).to_be_visible()
        expect(watched.get_by_role("status")).to_have_text(re.compile("1 new login"))
        watched.get_by_role("link", name="gitlab").click()
        expect(watched.get_by_role("heading", level=1)).to_contain_text("alice")


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
        for name, open_it in SIGN_IN.items():
            open_it(page, site)
            found[name] = faults(page)
        log_in(page, site, decision="Deny")
        for url in (*pages_of(page, running), *(f"{running.url}{path}" for path in LOST)):
            page.goto(url)
            unfold(page)
            found[url] = faults(page)
    assert len(found) > 15, found
    assert not any(found.values()), found


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


def sign_in(page: Page, site: Site) -> None:
    """Everything that unfolds, unfolded, with more scopes than fit."""
    page.goto(f"{site.origin}/path/login/google")
    more = "+".join(f"https://www.googleapis.com/auth/scope.{nth}" for nth in range(20))
    page.goto(re.sub("scope=[^&]*", f"scope=openid+{more}&prompt=consent&login_hint=bob", page.url))
    unfold(page)


def sign_in_found(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.get_by_role("searchbox").fill("person-17")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("1 person found").wait_for()


def sign_in_wrong(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.get_by_role("textbox", name="Somebody else").fill("nobdy")
    page.get_by_role("button", name="Allow", exact=True).click()
    page.get_by_role("alert").wait_for()


def form_post(page: Page, site: Site) -> None:
    """The form that posts itself, kept from doing so."""
    page.route("**/callback/apple", lambda route: route.fulfill(status=204))
    page.goto(f"{site.origin}/path/login/apple")
    page.get_by_role("button", name="Allow", exact=True).click()
    page.get_by_role("button", name="Continue").wait_for()


def refusal(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/path/login/github")
    page.goto(page.url.replace("client_id=mockidp", "client_id=unknown"))
    page.get_by_text("Expected").wait_for()


SIGN_IN = {
    "sign-in": sign_in,
    "found": sign_in_found,
    "wrong": sign_in_wrong,
    "form_post": form_post,
    "refusal": refusal,
}
LOST = ["/?q=nobody", "/nowhere.example.com/", "/_mockidp/logins/github-999", "/_mockidp/logins?person=nobody"]
LOST += ["/_mockidp/people?q=nobodyatall", "/_mockidp/people?change=bob", "/_mockidp/apps?provider=apple"]


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


# the picker's script


def shown_people(page: Page) -> list[str]:
    return page.locator(".person:visible input").evaluate_all("found => found.map(one => one.value)")


def test_typing_narrows_the_people_and_enter_takes_the_first(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/path/login/github")
    everybody = shown_people(page)
    box = page.get_by_role("searchbox")
    box.press_sequentially("baumann bob")
    assert shown_people(page) == ["bob"]
    expect(page.get_by_role("status")).to_have_text("1 person found")
    expect(page.get_by_role("radio", checked=True).first).to_have_value("bob")
    box.press("Enter")
    expect(page.locator("[name='mockidp.person'][value='bob']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_contain_text("bob@example.org")
    page.goto(f"{site.origin}/path/login/github")
    box.fill("surya")  # one of those who are folded away
    assert shown_people(page) == ["surya"]
    box.fill("")
    assert sorted(shown_people(page)) == sorted(everybody)
    expect(page.get_by_role("status")).to_be_empty()


def test_arrows_choose_among_those_who_are_left(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/path/login/github")
    box = page.get_by_role("searchbox")
    box.fill("not verified")
    left = shown_people(page)
    assert len(left) > 2
    box.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"[name='mockidp.person'][value='{left[1]}']")).to_be_checked()


def test_nobody_found_by_typing_is_found_by_the_server(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/path/login/github")
    box = page.get_by_role("searchbox")
    box.fill("person-4711")
    assert shown_people(page) == []
    expect(page.get_by_role("status")).to_contain_text("Find also knows person-1")
    box.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 person found for")
    assert shown_people(page) == ["person-4711"]
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading")).to_contain_text("person-4711@people.example.com")


def test_without_a_script_the_server_searches(plain: Browser, site: Site) -> None:
    with opened(plain, java_script_enabled=False) as page:
        page.goto(f"{site.origin}/path/login/github")
        page.get_by_role("searchbox").fill("bob")
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("found for")
        page.get_by_role("button", name="Allow", exact=True).click()
        expect(page.get_by_role("heading")).to_contain_text("bob@example.org")


# by keyboard, and by ear


def outlined(page: Page) -> bool:
    """Whether what has the focus, or the card around it, shows that."""
    return bool(
        page.evaluate(
            "[document.activeElement, document.activeElement.closest('.person')].some(one => one && "
            "getComputedStyle(one).outlineStyle != 'none' && parseFloat(getComputedStyle(one).outlineWidth) >= 2)"
        )
    )


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    plain: Browser, site: Site, size: dict[str, int]
) -> None:
    """From the address bar with Tab alone, in the order of reading, to a login."""
    with opened(plain, viewport=size) as page:
        page.goto(f"{site.origin}/path/login/github")
        way: list[str] = []
        for _ in range(15):
            page.keyboard.press("Tab")
            assert outlined(page), way
            way.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
            box = page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
            assert 0 <= box["top"] <= box["bottom"] <= size["height"], f"{way[-1]} is out of sight"
            if way[-1] == "Allow":
                break
        assert way[:3] == ["Skip to the content", "search", "Find"]
        assert way.index("person-1") < way.index("other") < way.index("Allow")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading")).to_contain_text("alice@example.com")


SIGN_IN_TREE = """
- banner:
  - paragraph:
    - strong: Simulated GitHub
- main:
  - heading "Sign in with GitHub" [level=1]
  - group "Who are you?":
    - search:
      - searchbox "Search people"
      - button "Find"
    - radio /Alice Archer alice@example.com The ordinary case/ [checked]
    - textbox "Somebody else"
  - region "What Example app asks for":
    - heading "What Example app asks for" [level=2]
    - list:
      - listitem:
        - text: read your e-mail addresses
        - code: user:email
  - button "Allow"
  - button "Deny"
"""


def test_a_screen_reader_hears_what_everything_is(page: Page, site: Site, running: Server) -> None:
    page.goto(f"{site.origin}/path/login/github")
    expect(page.locator("body")).to_match_aria_snapshot(SIGN_IN_TREE)
    expect(page.get_by_role("textbox", name="Somebody else")).to_have_accessible_description(
        re.compile("takes the place")
    )
    for role in ("radio", "textbox", "searchbox", "combobox", "button"):
        for control in page.get_by_role(role).all():  # type: ignore[arg-type]
            expect(control).to_have_accessible_name(re.compile(r"\S"))
    page.get_by_role("button", name="Allow", exact=True).click()
    page.goto(f"{running.url}/_mockidp/logins")
    page.get_by_role("link", name="github").first.click()
    heard = page.get_by_role("list", name="What happened").get_by_role("heading", level=3)
    expect(heard.first).to_have_text("Request 1: browser to provider, GET authorize")
    expect(page.get_by_role("navigation", name="Inspector").get_by_role("link", name="Logins")).to_have_attribute(
        "aria-current", "page"
    )


# the inspector's script


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_a_command_that_is_copied_asks_the_same_again(plain: Browser, site: Site, running: Server) -> None:
    with opened(plain, permissions=["clipboard-read", "clipboard-write"]) as page:
        log_in(page, site)
        page.goto(f"{running.url}/_mockidp/logins")
        page.get_by_role("link", name="github").first.click()
        page.get_by_text("Request 1 in full").click()
        page.get_by_role("button", name="Copy request 1 as curl").click()
        command = page.evaluate("navigator.clipboard.readText()").replace("curl -i", "curl -si --noproxy '*'", 1)
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("HTTP/1.1 200")
        assert "Sign in with GitHub" in done.stdout


def test_a_list_narrows_while_somebody_types(page: Page, running: Server) -> None:
    page.goto(running.url)
    page.get_by_role("searchbox").fill("openid 2.0")
    expect(page.locator("#found")).to_have_text(re.compile(r"^2 of \d+$"))
    expect(page.get_by_text("No provider is called so.")).to_be_hidden()
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No provider is called so.")).to_be_visible()


def test_on_paper_everything_is_open_and_nothing_is_a_button(page: Page, site: Site, running: Server) -> None:
    log_in(page, site)
    page.goto(f"{running.url}/_mockidp/logins")
    page.get_by_role("link", name="github").first.click()
    expect(page.get_by_text("What the contract says").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.get_by_text("What the contract says").first).to_be_visible()
    assert page.locator("button:visible, nav:visible").count() == 0


def test_a_first_login_can_be_tried_from_the_empty_page(plain: Browser) -> None:
    with Server(Simulator(), port=0) as fresh, opened(plain) as page:
        page.goto(fresh.url)
        page.get_by_role("link", name="try a sign-in page").click()
        page.get_by_role("button", name="Allow", exact=True).click()
        expect(page.get_by_role("link", name="github-1")).to_be_visible()
