"""Facebook's JavaScript SDK: in a real browser with an SDK that is none, and the post that comes of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from chromium import browser, opened
from django.template import Context, Template
from django.test import Client, RequestFactory
from playwright.sync_api import Route, sync_playwright

import providers
from mockidp.browser import browse
from providers.django.models import Account, Token

from .visitor import HOST

SITE = "https://www.example.org"
SDK = "https://sdk.example.net/de_DE/sdk.js"
POLICY = "default-src 'none'; script-src 'nonce-n0nce'; style-src 'nonce-n0nce'; base-uri 'none'; form-action 'self'"
# What an SDK does as far as a page sees it: it calls fbAsyncInit once it is there, and FB.login answers later.
SHAM = """
window.FB = {
  init: (told) => { window.told_init = told; },
  login: (done, told) => {
    window.told_login = told;
    setTimeout(() => done(window.refuse ? {status: "unknown"} : {authResponse: {accessToken: "EAA-token&=1"}}));
  },
};
window.fbAsyncInit();
"""
LINK = '{% provider_login_url "facebook" method="js_sdk" next="/there/" scope="user_friends" process="connect" %}'
SOURCE = f"""{{% load socialaccount %}}<!doctype html><html lang="en"><title>x</title><body>{{% providers_media_js %}}
<a id="sdk" href="{LINK}&amp;auth_params=display%3Dpopup"><b>In</b></a>
<a id="plain" href="{{% provider_login_url "facebook" method="oauth2" %}}">Plain</a></body></html>"""


class Site:
    """One page of a site, the SDK, and what the browser asked for beside."""

    def __init__(self, html: str, sdk: str | None) -> None:
        self.html, self.sdk = html, sdk
        self.asked: list[tuple[str, str, str]] = []
        self.elsewhere: list[str] = []

    def answer(self, route: Route) -> None:
        url = route.request.url
        if url == f"{SITE}/":
            headers = {"content-security-policy": POLICY}
            route.fulfill(body=self.html, content_type="text/html", headers=headers)
        elif url == SDK and self.sdk is not None:
            route.fulfill(body=self.sdk, content_type="text/javascript")
        elif url.startswith(SITE):
            self.asked.append((route.request.method, url.removeprefix(SITE), route.request.post_data or ""))
            route.fulfill(body="there", content_type="text/plain")
        else:
            self.elsewhere.append(url)
            route.abort()


@pytest.fixture
def visit(settings: Any) -> Any:
    """A page of the site in a browser, and what it does there."""
    settings.SOCIALACCOUNT_PROVIDERS = {
        "facebook": {
            "APP": {"client_id": "4711", "secret": "shh"},
            "SDK_URL": "https://sdk.example.net/{locale}/sdk.js",
            "LOCALE_FUNC": lambda request: "de_DE",
            "INIT_PARAMS": {"cookie": True},
            "VERSION": "v7.0",
        }
    }
    request = RequestFactory().get("/")
    request.csp_nonce = "n0nce"
    html = Template(SOURCE).render(Context({"request": request}))

    def visit(steps: Any, sdk: str | None = SHAM) -> Site:
        site = Site(html, sdk)
        with sync_playwright() as playwright, browser(playwright) as made, opened(made) as page:
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.route("**/*", site.answer)
            page.goto(f"{SITE}/")
            steps(page)
        assert [line for line in said if "Content Security Policy" in line or "Error" in line] == []
        return site

    return visit


def test_a_click_opens_the_window_and_posts_the_token(visit: Any) -> None:
    told: dict[str, Any] = {}

    def steps(page: Any) -> None:
        page.wait_for_function("window.told_init")
        page.evaluate(
            "window.addEventListener('pagehide', () => sessionStorage.setItem('x', JSON.stringify(told_login)))"
        )
        told["init"] = page.evaluate("told_init")
        page.click("#sdk b")
        page.wait_for_url("**/token/")
        told["login"] = page.evaluate("JSON.parse(sessionStorage.getItem('x'))")

    site = visit(steps)
    assert told["init"] == {"appId": "4711", "version": "v7.0", "cookie": True}
    assert told["login"] == {"scope": "email,public_profile,user_friends", "display": "popup"}
    ((method, path, body),) = site.asked
    fields = dict(parse_qsl(body))
    token = fields.pop("csrfmiddlewaretoken")
    assert (method, path) == ("POST", "/accounts/facebook/login/token/")
    assert fields == {"access_token": "EAA-token&=1", "next": "/there/", "process": "connect"}
    assert re.fullmatch(r"\w{64}", token)
    assert site.elsewhere == []


def test_whoever_closes_the_window_stays_on_the_page(visit: Any) -> None:
    def steps(page: Any) -> None:
        page.wait_for_function("window.told_init")
        page.evaluate("refuse = true; addEventListener('providers:cancelled', () => window.cancelled = true)")
        page.click("#sdk")
        page.wait_for_function("window.cancelled")

    assert visit(steps).asked == []


@pytest.mark.parametrize(("selector", "sdk"), [("#sdk", None), ("#sdk", "// nothing comes of it"), ("#plain", SHAM)])
def test_without_the_sdk_and_for_the_other_method_a_link_is_a_link(visit: Any, selector: str, sdk: str | None) -> None:
    def steps(page: Any) -> None:
        page.wait_for_load_state("load")
        page.click(selector)
        page.wait_for_url("**/accounts/facebook/login/?*")

    ((method, path, _body),) = visit(steps, sdk).asked
    assert method == "GET"
    assert path.startswith(f"/accounts/facebook/login/?method={'js_sdk' if selector == '#sdk' else 'oauth2'}")


# the post


@pytest.fixture
def token(simulator: Any, install: Any) -> str:
    """An access token that was issued for the site's app, as the SDK would have got it."""
    install("facebook", METHOD="js_sdk")
    import requests

    app = simulator.world.apps.ready("facebook")
    client = providers.get("facebook", client_id=app.client_id, client_secret=app.client_secret)
    login = client.begin(redirect_uri=f"http://{HOST}/accounts/facebook/login/callback/")
    callback = browse(simulator.handle, login.url, person="alice")
    identity = client.finish(login.session, callback.url, http=requests.Session())
    assert identity.token
    return identity.token.access


def post(token: str, csrf: bool = True, **fields: str) -> tuple[Client, Any]:
    client = Client(headers={"host": HOST}, enforce_csrf_checks=True)
    page = client.get("/accounts/facebook/login/").content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    own = {"csrfmiddlewaretoken": found[1]} if csrf else {}
    return client, client.post("/accounts/facebook/login/token/", {"access_token": token, **own, **fields})


def test_the_token_logs_in(token: str) -> None:
    client, answer = post(token, next="/there/")
    assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, "/there/")
    assert Account.objects.get().user_id == int(client.session["_auth_user_id"])
    assert Token.objects.get().access


@pytest.mark.parametrize("wrong", ["", "made-up-token"])
def test_a_token_that_is_none_logs_nobody_in(token: str, wrong: str) -> None:
    client, answer = post(wrong)
    assert answer.status_code == 400
    assert "_auth_user_id" not in client.session
    assert not Account.objects.exists()


def test_a_post_of_another_site_is_refused(token: str) -> None:
    client, answer = post(token, csrf=False)
    assert answer.status_code == 403
    assert "_auth_user_id" not in client.session


def test_nobody_is_sent_to_another_site(token: str) -> None:
    assert post(token, next="https://evil.example/")[1]["Location"] == "/home/"
