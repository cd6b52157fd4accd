"""Which app of a provider a request is about: one of the settings, or a row of the database for this site."""

from __future__ import annotations

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse

from providers import Misconfigured

from . import conf
from .models import App, inline, mixed


class NotSetUp(Misconfigured):
    """There is no app for this provider, or several and none was chosen."""


def apps_of(request: HttpRequest | None, provider: str) -> list[App]:
    """The apps of a provider, those of the settings first. Without a request those of every site."""
    rows = [inline(provider, row) for row in conf.inline_apps(provider)]
    stored = App.objects.filter(provider=provider)
    if request is not None and apps.is_installed("django.contrib.sites"):
        from django.contrib.sites.shortcuts import get_current_site
        from django.db.models import Q

        stored = stored.filter(Q(sites=None) | Q(sites=get_current_site(request).pk)).distinct()
    return rows + list(stored)


def app_for(request: HttpRequest, provider: str, client_id: str = "") -> App:
    """The one app that a login is begun with. NotSetUp where there is none, or `client_id` has to choose."""
    _one_server_a_realm(provider)
    found = apps_of(request, provider)
    if client_id:
        found = [app for app in found if app.client_id == client_id]
    if len(found) > 1:
        raise _not_set_up(provider, "several_apps", "several apps are set up here; say which by `app`, its client id")
    if found:
        return found[0]
    app = App(provider=provider, name=provider)
    try:
        app.client()  # a provider that wants no credentials needs no app
    except Misconfigured:
        raise _not_set_up(
            provider, "no_app", "no app is set up here: add one in the admin or in the settings"
        ) from None
    return app


def app_of(request: HttpRequest, provider: str, mark: str | int) -> App:
    """The app that a login was begun with: its key in the database, or its client id. NotSetUp where it is gone."""
    _one_server_a_realm(provider)
    found = next((app for app in apps_of(request, provider) if mark and mark in (app.pk, app.client_id)), None)
    if found is None and mark:
        raise _not_set_up(provider, "app_gone", "the app of this login is no longer set up here")
    return found or app_for(request, provider)


def _one_server_a_realm(provider: str) -> None:
    """NotSetUp where an id could be somebody's at one server and somebody else's at another, on any site."""
    found = apps_of(None, provider)
    if len(found) > 1 and mixed(found):
        sentence = "the apps here are at several servers: give each server a realm of its own"
        raise _not_set_up(provider, "several_servers", sentence)


def _not_set_up(provider: str, code: str, sentence: str) -> NotSetUp:
    return NotSetUp(sentence, provider=provider, step="begin", code=code)


def configured(request: HttpRequest) -> list[str]:
    """The ids of the providers that somebody can log in with here, sorted."""
    from providers import ids

    stored = set(App.objects.values_list("provider", flat=True).distinct())
    rows = conf.get("PROVIDERS") or {}
    named = {provider for provider in ids() if conf.slug(provider) in rows or provider in rows}
    return sorted(provider for provider in stored | named if apps_of(request, provider) or _needs_none(provider))


def _needs_none(provider: str) -> bool:
    try:
        App(provider=provider).client()
    except Misconfigured:
        return False
    return True


def callback_url(request: HttpRequest, provider: str) -> str:
    """The URL to register at the provider for this site."""
    from django.conf import settings

    url = request.build_absolute_uri(reverse(f"{provider}_callback"))
    protocol = getattr(settings, "ACCOUNT_DEFAULT_HTTP_PROTOCOL", "")
    return f"{protocol}://{url.partition('://')[2]}" if protocol in ("http", "https") else url
