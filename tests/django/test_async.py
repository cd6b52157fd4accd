"""The async views: the same logins, with httpx in place of requests and Django's own client of ASGI."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import requests
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from mockidp.check.mock import Lab
from providers.django.adapter import Adapter

from .test_logins import check_rows
from .visitor import HOST, Visitor

PROVIDERS = ("github", "gitlab", "facebook", "google", "keycloak", "apple", "twitter", "trello", "steam", "openid",
             "telegram", "draugiem", "persona", "shopify")  # fmt: skip


class AtHost(AsyncClient):
    """Django's client of ASGI has a host of its own."""

    async def request(self, **request: Any) -> Any:
        others = [(name, value) for name, value in request["headers"] if name != b"host"]
        request["headers"] = [(b"host", HOST.encode()), *others]
        return await super().request(**request)


class Waiting:
    """Django's AsyncClient, driven from a plain function."""

    def __init__(self) -> None:
        self.client = AtHost()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name not in ("get", "post", "put"):
            return found
        return lambda *args, **more: async_to_sync(found)(*args, **more)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "client":
            object.__setattr__(self, name, value)
        else:
            setattr(self.client, name, value)


@pytest.fixture
def waiting(settings, simulator, monkeypatch) -> Visitor:
    """A visitor of a site with the async views, which must not use what blocks."""
    settings.ROOT_URLCONF = "tests.django.async_urls"
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: pytest.fail("a blocking request"))
    visitor = Visitor(simulator)
    visitor.client = Waiting()
    return visitor


@pytest.mark.parametrize("provider", PROVIDERS)
def test_alice_logs_in_by_the_async_views(provider, install, waiting):
    install(provider)
    answer = waiting.login(provider)
    assert (answer.status_code, answer.get("Location")) == (302, "/home/"), answer.content[:3000].decode()
    assert waiting.logged_in
    check_rows(provider, "alice")


@pytest.mark.parametrize("provider", ["github", "google", "twitter", "steam"])
def test_who_says_no_is_told_so(provider, install, waiting):
    install(provider)
    assert waiting.login(provider, deny=True).templates[0].name == "providers/cancelled.html"


@pytest.mark.parametrize("provider", ["github", "google", "apple", "twitter", "openid"])
def test_a_callback_in_another_browser_is_refused(provider, install, waiting, simulator):
    install(provider)
    callback = waiting.decide(provider)
    other = Visitor(simulator)
    other.client = Waiting()
    assert other.bring(callback).status_code == 400
    assert not other.logged_in


def test_a_link_asks_and_a_wrong_method_is_refused(install, waiting):
    install("github")
    assert waiting.client.get("/accounts/github/login/").templates[0].name == "providers/login.html"
    assert waiting.client.put("/accounts/github/login/").status_code == 405


def test_another_sites_form_is_refused(install, simulator, waiting):
    install("github")
    client = AtHost(enforce_csrf_checks=True)
    assert async_to_sync(client.post)("/accounts/github/login/").status_code == 403
    assert async_to_sync(client.post)("/accounts/facebook/login/token/").status_code == 403


def test_a_token_of_the_javascript_sdk_logs_in(install, simulator, waiting):
    install("facebook", METHOD="js_sdk")
    lab = Lab("facebook")
    lab.world, lab.simulator, lab.send = simulator.world, simulator, simulator.handle
    walk = lab.walk("alice")
    lab.until(walk, "userinfo")
    token = walk.values["access_token"]
    answer = waiting.client.post("/accounts/facebook/login/token/", {"access_token": token})
    assert answer["Location"] == "/home/"
    assert waiting.client.post("/accounts/facebook/login/token/", {"access_token": "made-up"}).status_code == 400


def test_a_wrong_secret_is_the_sites_own_mistake(install, waiting, settings):
    install("github")
    settings.SOCIALACCOUNT_PROVIDERS["github"]["APP"]["secret"] = "wrong"
    assert waiting.login("github").status_code == 500


class Breaking(Adapter):
    def before_login(self, request, identity, account):
        assert request.META["QUERY_STRING"] == ""
        raise RuntimeError("broken by the site")


def test_a_report_of_an_error_tells_no_secret(install, waiting, settings):
    from django.views.debug import ExceptionReporter

    settings.SOCIALACCOUNT_ADAPTER = f"{__name__}.Breaking"
    install("github")
    callback = waiting.decide("github")
    with pytest.raises(RuntimeError) as caught:
        waiting.bring(callback)
    from django.test import RequestFactory

    from providers.django.discreet import Discreet

    request = RequestFactory().get("/")
    request.exception_reporter_filter = Discreet()
    text = ExceptionReporter(request, caught.type, caught.value, caught.tb).get_traceback_html()
    assert "broken by the site" in text
    assert callback.params["code"] not in text


def test_logins_wait_for_their_providers_at_the_same_time(install, waiting, simulator, monkeypatch):
    """While one login waits for its provider, the others go on: nobody holds a thread."""
    from providers.django import aviews

    at_once, most = 0, 0
    real = aviews.httpx.AsyncClient.__aenter__

    async def enter(client):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1
        return await real(client)

    monkeypatch.setattr(aviews.httpx.AsyncClient, "__aenter__", enter)
    install("github")

    async def begin_all():
        clients = [AtHost() for _ in range(5)]
        return await asyncio.gather(*(client.post("/accounts/github/login/") for client in clients))

    answers = async_to_sync(begin_all)()
    assert {answer.status_code for answer in answers} == {302}
    assert most > 1


def test_both_kinds_of_views_are_at_the_same_urls():
    from providers.django import async_urls, urls

    def told(patterns):
        return [(str(row.pattern), row.name) for row in patterns]

    assert told(async_urls.urlpatterns) == told(urls.urlpatterns)
