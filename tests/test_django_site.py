"""The Django example in a real browser, over the simulator: its own pages, and logins of every kind."""

from __future__ import annotations

import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chromium
import pytest
import requests
import site_apps
from axe_playwright_python.sync_playwright import Axe
from example_app import EXAMPLES, WAIT, Running, environment, running
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from ports import free_port

from mockidp import authority
from mockidp.contract.files import index
from mockidp.simulator import known_hosts

FOLDER = EXAMPLES / "django-site"
SHARED = Path(__file__).parent / "shared"
SECONDS = 120
TABLES = ("providers_django_token", "providers_django_address", "providers_django_account", "django_session",
          "auth_user")  # fmt: skip


@dataclass(frozen=True)
class Site:
    """The example that runs, and its database."""

    app: Running
    database: Path

    @property
    def origin(self) -> str:
        return self.app.origin

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement).fetchall()

    def empty(self) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")

    def steps(self) -> list[str]:
        """What the simulator was asked at the last login."""
        journal = f"{self.app.simulator}/_mockidp/api/journal"
        last = requests.get(journal, timeout=WAIT).json()[0]["id"]
        return [entry["step"] for entry in requests.get(f"{journal}/{last}", timeout=WAIT).json()["entries"]]


@pytest.fixture(scope="module")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    authority.ensure(known_hosts(""), home)
    port, database = free_port(), home / "site.db"
    origin = f"http://127.0.0.1:{port}"
    own = {
        "DJANGO_DATABASE": str(database),
        "DJANGO_ORIGIN": origin,
        "DJANGO_SETTINGS_MODULE": "site_settings",
        "PYTHONPATH": str(SHARED),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    manage(home, "migrate", "--verbosity", "0", **own)
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    with running("django-site", command, home, home / "site.log", port=port, **own) as app:
        yield Site(app, database)


@pytest.fixture(scope="module")
def browser(running_site: Site) -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        chromium.browser(playwright, running_site.app.simulator, running_site.app.pin) as made,
    ):
        yield made


@pytest.fixture
def site(running_site: Site) -> Site:
    running_site.empty()
    return running_site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with chromium.opened(browser) as made:
        made.goto(site.origin)
        yield made


def manage(home: Path, *arguments: str, **own: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=FOLDER, env={**environment(home), **own}, capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def decide(page: Page, person: str, decision: str = "Allow") -> None:
    page.get_by_label(person).check()
    press(page, decision)


def log_in(page: Page, site: Site, provider: str, person: str) -> None:
    page.goto(site.origin)
    press(page, provider)
    decide(page, person)


def hello(page: Page, name: str = "Alice Archer") -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Hello, {name}")


# logins


def test_alice_logs_in_and_out(page: Page, site: Site) -> None:
    press(page, "GitHub")
    assert page.url.startswith("https://github.com/login/oauth/authorize?")
    decide(page, "Alice Archer")
    hello(page)
    assert page.url == f"{site.origin}/"
    assert site.rows("SELECT provider FROM providers_django_account") == [("github",)]
    press(page, "Log out")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_who_says_no_is_told_that_nothing_was_done(page: Page, site: Site) -> None:
    press(page, "GitHub")
    decide(page, "Alice Archer", "Deny")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not logged in")
    expect(page.get_by_role("main")).to_contain_text("You said no at GitHub")
    assert site.rows("SELECT COUNT(*) FROM auth_user") == [(0,)]


def test_a_page_that_wants_a_login_is_where_one_comes_back_to(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/account/")
    press(page, "GitLab")
    decide(page, "Alice Archer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    assert page.url == f"{site.origin}/account/"
    expect(page.get_by_role("main")).to_contain_text("alice@example.com")


def test_an_account_is_connected_and_disconnected_and_the_last_one_stays(page: Page, site: Site) -> None:
    log_in(page, site, "GitHub", "Alice Archer")
    hello(page)
    page.get_by_role("link", name="Account").first.click()
    page.get_by_role("link", name="Connect and disconnect").click()
    press(page, "Google")
    decide(page, "Alice Archer")
    expect(page.get_by_role("status")).to_contain_text("Your Google account is connected.")
    assert site.rows("SELECT COUNT(DISTINCT user_id), COUNT(*) FROM providers_django_account") == [(1, 2)]
    page.get_by_role("button", name=re.compile("^Disconnect GitHub")).click()
    expect(page.get_by_role("status")).to_contain_text("The GitHub account is disconnected.")
    page.get_by_role("button", name=re.compile("^Disconnect Google")).click()
    expect(page.get_by_role("status")).to_contain_text("only way in")
    assert site.rows("SELECT provider FROM providers_django_account") == [("google",)]


def test_eve_with_the_address_of_alice_is_not_let_in_as_alice(browser: Browser, page: Page, site: Site) -> None:
    log_in(page, site, "GitHub", "Alice Archer")
    hello(page)
    with chromium.opened(browser) as other:
        log_in(other, site, "GitLab", "Eve Esposito")
        expect(other.get_by_role("heading", level=1)).to_have_text("Nearly there")
        address = other.get_by_role("textbox", name="E-mail address")
        address.fill("alice@example.com")
        press(other, "Make my account")
        expect(other.get_by_role("main")).to_contain_text("There is an account with this address")
        address.fill("eve@example.net")
        press(other, "Make my account")
        expect(other.get_by_role("heading", level=1)).to_contain_text("Hello, Eve")
    users = site.rows("SELECT user_id, provider FROM providers_django_account ORDER BY user_id")
    assert [provider for _, provider in users] == ["github", "gitlab"]
    assert len({user for user, _ in users}) == 2
    addresses = site.rows("SELECT email, user_id FROM providers_django_address WHERE email LIKE 'alice@%'")
    assert addresses == [("alice@example.com", users[0][0])]


def test_apples_answer_is_a_form_of_another_site_behind_a_valid_padlock(page: Page, site: Site) -> None:
    with page.expect_response(re.compile(r"^https://appleid\.apple\.com/auth/authorize\?")) as seen:
        press(page, "Apple")
    padlock = seen.value.security_details() or {}
    assert (padlock["subjectName"], padlock["protocol"][:3]) == ("appleid.apple.com", "TLS")
    with page.expect_request(re.compile("/accounts/apple/login/callback/$")) as posted:
        decide(page, "Alice Archer")
    assert posted.value.method == "POST"
    assert "sessionid" not in posted.value.all_headers().get("cookie", "")
    hello(page)
    assert site.rows("SELECT provider FROM providers_django_account") == [("apple",)]


def test_facebooks_software_kit_logs_in_from_a_window_of_its_own(browser: Browser, site: Site) -> None:
    """With a stand-in for the script itself, which is Facebook's: see facebook_sdk.js. All else is as it will be."""

    def script(route: Route) -> None:
        route.fulfill(content_type="text/javascript", body=(SHARED / "facebook_sdk.js").read_text())

    with chromium.opened(browser) as page:
        page.route(re.compile(r"^https?://connect\.facebook\.net/[a-z]{2}_[A-Z]{2}/sdk\.js$"), script)
        page.goto(site.origin)
        page.wait_for_function("window.FB && window.FB.options")
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Facebook, in a window").click()
        assert opened.value.url.startswith("https://www.facebook.com/")
        decide(opened.value, "Alice Archer")
        hello(page)
        assert page.url == f"{site.origin}/"
    assert site.rows("SELECT provider FROM providers_django_account") == [("facebook",)]
    assert "debug_token" in site.steps()


def test_without_facebooks_script_its_link_is_an_ordinary_login(page: Page, site: Site) -> None:
    """The script is at a host that nobody here serves, as behind a content blocker."""
    page.get_by_role("link", name="Facebook, in a window").click()
    press(page, "Continue to Facebook")
    decide(page, "Alice Archer")
    hello(page)


def test_shopify_asks_for_the_shop(page: Page, site: Site) -> None:
    page.get_by_role("textbox", name="Your shop at Shopify").fill("mockidp")
    press(page, "Shopify")
    assert page.url.startswith("https://mockidp.myshopify.com/admin/oauth/authorize?")
    decide(page, "Alice Archer")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_a_link_with_a_shop_asks_once_and_goes_there(page: Page, site: Site) -> None:
    page.goto(f"{site.origin}/accounts/shopify/login/?shop=mockidp")
    press(page, "Continue to Shopify")
    assert page.url.startswith("https://mockidp.myshopify.com/admin/oauth/authorize?")


def test_an_openid_server_without_an_association_is_asked_about_its_own_answer(page: Page, site: Site) -> None:
    press(page, "OpenID at example.org")
    decide(page, "Alice Archer")
    hello(page)
    steps = site.steps()
    assert "check_authentication" in steps
    assert "associate" not in steps


# the pages


def faults(page: Page) -> list[str]:
    """What axe finds serious or critical, each with where and why."""
    found = Axe().run(page).response["violations"]
    return [
        f"{row['id']}: {node['html']}" for row in found if row["impact"] in ("serious", "critical")
        for node in row["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_on_any_page(browser: Browser, site: Site, scheme: Any) -> None:
    with chromium.opened(browser, color_scheme=scheme) as page:
        for path in ("/", "/login/", "/accounts/github/login/", "/accounts/openid/login/"):
            page.goto(site.origin + path)
            assert faults(page) == [], path
        log_in(page, site, "GitHub", "Alice Archer")
        hello(page)
        for path in ("/", "/account/", "/accounts/social/connections/"):
            page.goto(site.origin + path)
            assert faults(page) == [], path
    with chromium.opened(browser, color_scheme=scheme) as page:
        log_in(page, site, "GitLab", "Eve Esposito")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nearly there")
        press(page, "Make my account")
        assert faults(page) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_the_screen(browser: Browser, site: Site, width: int) -> None:
    with chromium.opened(browser, viewport={"width": width, "height": 800}) as page:
        log_in(page, site, "GitHub", "Alice Archer")
        hello(page)
        for path in ("/account/", "/accounts/social/connections/"):
            page.goto(site.origin + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        press(page, "Log out")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_list_narrows_down_as_one_writes(page: Page, site: Site) -> None:
    choices = page.locator("#choices > li:visible")
    assert choices.count() > 90
    page.get_by_role("searchbox", name="Find yours").fill("gitl")
    expect(choices).to_have_count(1)
    page.get_by_role("searchbox", name="Find yours").fill("no such thing")
    expect(page.get_by_role("status")).to_have_text("We do not know that one.")


def test_every_provider_has_a_button_that_leads_to_it(running_site: Site) -> None:
    """By plain requests, as ninety pages in a browser would take minutes."""
    with running_site.app.visitor() as visitor:
        html = visitor.at("/").text
        actions = set(re.findall(r'<form method="post" action="/accounts/([^"]+)"', html))
        assert len(actions) == len(index())
        for action in sorted(actions):
            told = {"shop": "mockidp", "openid": "https://openid.example.org"}
            form = {"csrfmiddlewaretoken": visitor.cookies["csrftoken"], **told}
            answer = visitor.post(f"{running_site.origin}/accounts/{action}", form, timeout=WAIT, allow_redirects=False)
            assert answer.status_code in (200, 302), (action, answer.text[:500])
            assert answer.status_code == 302 or "login.persona.org" in answer.text, (action, answer.text[:500])


# what it is


def test_the_apps_are_those_that_every_simulated_provider_knows() -> None:
    """Else `python tests/shared/site_apps.py` writes them anew."""
    assert (FOLDER / "providers.json").read_text() == site_apps.text()


def test_production_is_clean(tmp_path: Path) -> None:
    own = {
        "DJANGO_ENV": "production",
        "DJANGO_ORIGIN": "https://www.example.com",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(60),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "DEBUG", **own)
    assert done.stdout + done.stderr == "System check identified no issues (0 silenced).\n"


@pytest.mark.parametrize("missing", ["DJANGO_SECRET_KEY", "DJANGO_ORIGIN"])
def test_production_does_not_start_with_what_is_for_this_machine(tmp_path: Path, missing: str) -> None:
    own = {"DJANGO_ENV": "production", "DJANGO_ORIGIN": "https://www.example.com", "DJANGO_SECRET_KEY": "k" * 60}
    with pytest.raises(subprocess.CalledProcessError) as failed:
        manage(tmp_path, "check", **{name: value for name, value in own.items() if name != missing})
    assert missing in failed.value.stderr


def test_the_readme_has_two_commands_and_names_what_there_is() -> None:
    text = (FOLDER / "README.md").read_text()
    assert len(re.findall(r"^\$ ", text, re.MULTILINE)) == 2
    assert len(text.splitlines()) <= 20
    for name in re.findall(r"`([\w-]+\.(?:py|json|txt))`", text):
        assert (FOLDER / name).is_file(), name


def test_the_site_does_not_know_that_its_providers_are_simulated() -> None:
    for folder, _, names in os.walk(FOLDER):
        for name in names:
            if name.endswith((".py", ".html", ".js", ".css")):
                assert "mockidp" not in (Path(folder) / name).read_text().lower(), name


def test_no_secret_is_in_the_pages_source(running_site: Site) -> None:
    rows = json.loads((FOLDER / "providers.json").read_text())
    with running_site.app.visitor() as visitor:
        html = visitor.at("/").text
    held = {row["APP"]["secret"] for row in rows.values() if row.get("APP", {}).get("secret")}
    held -= {row["APP"]["client_id"] for row in rows.values() if "APP" in row}  # what is both is no secret
    assert [secret for secret in held if secret in html] == []
