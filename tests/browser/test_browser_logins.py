"""Logins in a real browser, at a simulator on one port: in path form, and at real host names through the proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from login_site import Site
from playwright.sync_api import Browser, Error, Page, expect

from mockidp.mounts.server import Server


def choose(page: Page, person: str, decision: str = "Allow") -> None:
    """On the sign-in page: click the person, then the button."""
    page.locator("label", has=page.locator(f"[name='mockidp.person'][value='{person}']")).click()
    page.get_by_role("button", name=decision, exact=True).click()


@pytest.fixture
def told(real: Page) -> Iterator[list[str]]:
    """What the address bar's padlock says of each page, as `secure` or otherwise."""
    states: list[str] = []
    session = real.context.new_cdp_session(real)
    session.on(
        "Security.visibleSecurityStateChanged",
        lambda event: states.append(event["visibleSecurityState"]["securityState"]),
    )
    session.send("Security.enable")
    yield states
    session.detach()


def test_a_login_in_path_form_needs_no_setting_in_the_browser(page: Page, site: Site, running: Server) -> None:
    page.goto(f"{site.origin}/path/login/github")
    assert page.url.startswith(f"{running.url}/github.com/login/oauth/authorize?")
    choose(page, "alice")
    expect(page.get_by_role("heading")).to_have_text(re.compile(r"^GET \d+ alice@example\.com Alice"))
    assert page.url.startswith(f"{site.origin}/callback/github?code=")


@pytest.mark.parametrize(("provider", "host"), [("github", "github.com"), ("google", "accounts.google.com")])
def test_a_login_at_the_real_host_has_a_valid_certificate(
    real: Page, told: list[str], site: Site, provider: str, host: str
) -> None:
    real.goto(f"{site.origin}/login/{provider}")
    assert real.url.startswith(f"https://{host}/")
    real.wait_for_function("document.readyState == 'complete'")
    assert told[-1] == "secure"
    choose(real, "alice")
    expect(real.get_by_role("heading")).to_contain_text("alice@example.com")


def test_nobody_else_trusts_the_authority(page: Page, running: Server) -> None:
    """The same address without the key told to the browser, by a name that needs no proxy."""
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        page.goto(f"https://localhost:{running.port}/")


def test_apple_posts_its_answer_with_a_form(real: Page, site: Site) -> None:
    real.goto(f"{site.origin}/login/apple")
    assert "response_mode=form_post" in real.url
    choose(real, "alice")
    expect(real.get_by_role("heading")).to_have_text(re.compile(r"^POST \S+ alice@example\.com Alice"))
    assert real.url == f"{site.origin}/callback/apple"


def test_apple_posts_its_answer_in_path_form_too(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/path/login/apple")
    choose(page, "bob")  # Apple tells a name at the first login alone, and the test above wants that of alice
    expect(page.get_by_role("heading")).to_contain_text("POST ")


@pytest.mark.parametrize("form", ["", "/path"], ids=["proxy", "path form"])
@pytest.mark.parametrize("provider", ["github", "apple"])
def test_a_person_who_denies_is_nobody_to_the_application(real: Page, site: Site, provider: str, form: str) -> None:
    real.goto(f"{site.origin}{form}/login/{provider}")
    choose(real, "alice", "Deny")
    expect(real.get_by_role("heading")).to_contain_text("denied")


def test_a_login_by_keyboard_alone(page: Page, site: Site) -> None:
    """Alice is chosen before anything is pressed, and Return in the first field sends the form."""
    page.goto(f"{site.origin}/path/login/github")
    page.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading")).to_contain_text("bob@example.org")


def test_somebody_typed_logs_in_without_a_script(proxied: Browser, site: Site) -> None:
    context = proxied.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.origin}/login/github")
    page.locator("[name='mockidp.other']").fill("zoe@example.com")
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_role("heading")).to_contain_text("zoe@example.com")
    context.close()


def test_an_unknown_host_is_refused_with_what_to_do(real: Page) -> None:
    answer = real.goto("http://bank.example/")
    assert answer is not None
    assert answer.status == 403
    expect(real.locator("body")).to_contain_text("--pass-through bank.example")
