"""The pages of a login: begin it, come back from it.

What talks to a provider is apart from what decides, so that the async views (`aviews`) share everything else.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import requests
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from providers import Login, LoginError, Provider

from . import carry, conf, flows, limits, lookup, state
from .adapter import adapter
from .answers import ended, mismatch, name_of, refused, too_often
from .discreet import discreet, take
from .forms import OpenIDForm
from .models import App

OTHER_NAMES = {"openid": "openid_url"}  # what the seed's template tags call it: what begin() calls it
FRAGMENTS = {"telegram"}  # whose answer may be in the fragment, which only a script sees
HOME = "-"  # where to go on, if nothing was asked for


class Begin:
    """A login that is about to begin: which app, which client, and what the browser asked for."""

    def __init__(self, request: HttpRequest, provider: str) -> None:
        told = told_by(request)
        self.provider = provider
        self.app: App = lookup.app_for(request, provider, told.get("app", ""))
        self.facts = {
            "process": process_of(told),
            "next": adapter().next_url(request, told.get("next", ""), fallback=HOME),
            "app": self.app.pk or self.app.client_id,
            "user": str(request.user.pk) if request.user.is_authenticated else "",
        }
        if not conf.get("QUERY_EMAIL"):
            self.app.settings = _without_email(self.app)
        self.client: Provider = self.app.client()
        self.options = _options(told, self.client)
        self.redirect_uri = lookup.callback_url(request, provider)


def told_by(request: HttpRequest) -> dict[str, str]:
    """What the browser asks for, in the query and in the form."""
    return {**request.GET.dict(), **(request.POST.dict() if request.method == "POST" else {})}


def process_of(told: dict[str, str]) -> str:
    asked = told.get("process", "")
    return asked if asked in (flows.CONNECT, flows.REDIRECT) else flows.LOGIN


def _options(told: dict[str, str], client: Provider) -> dict[str, Any]:
    """The parameters of begin() that a login may be asked for with; the client refuses what would weaken it."""
    named = {OTHER_NAMES.get(name, name): value for name, value in told.items()}
    options: dict[str, Any] = {name: named[name] for name in client.parameters if named.get(name)}
    if scope := told.get("scope", "").replace(",", " ").split():
        options["scope"] = scope
    if pairs := told.get("auth_params", ""):
        options["auth_params"] = {name.strip(): value for name, value in parse_qsl(pairs.replace(",", "&"))}
    return options


def _without_email(app: App) -> dict[str, Any]:
    """The app's settings, with a SCOPE that asks for no address; one that the site has chosen stays."""
    own = dict(app.settings or {})
    usual = getattr(type(app.client()), "scope", ())
    if "SCOPE" not in {**conf.row(app.provider), **own} and usual:
        own["SCOPE"] = [name for name in usual if "email" not in name]
    return own


@require_http_methods(["GET", "POST"])
@never_cache
@discreet
def begin(request: HttpRequest, provider: str) -> HttpResponse:
    """Send the browser to the provider. By POST, or after a page that asks; LOGIN_ON_GET spares the page."""
    try:
        wanted = prepared(request, provider)
        if isinstance(wanted, HttpResponse):
            return wanted
        with requests.Session() as http:
            begun = wanted.client.begin(redirect_uri=wanted.redirect_uri, http=http, **wanted.options)
    except LoginError as error:
        return refused(request, provider, error)
    return begun_page(request, wanted, begun)


def prepared(request: HttpRequest, provider: str) -> Begin | HttpResponse:
    """The login to begin, or a page that comes first: too often, a question, a form that asks for more."""
    told = told_by(request)
    connect = process_of(told) == flows.CONNECT
    if limits.exceeded(request, "login"):
        return too_often(request)
    if connect and not request.user.is_authenticated:
        return redirect_to_login(reverse("providers_connections"))
    if provider == "openid" and (page := _ask_openid(request, told)) is not None:
        return page
    if request.method == "POST" or (conf.get("LOGIN_ON_GET") and not connect):
        return Begin(request, provider)
    context = {"provider": provider, "name": name_of(provider), "hidden": list(request.GET.items())}
    return render(request, "providers/login.html", context)


def _ask_openid(request: HttpRequest, told: dict[str, str]) -> HttpResponse | None:
    """The form for an OpenID, until there is one."""
    given = {"openid": told["openid"]} if told.get("openid") else None
    form = OpenIDForm(given or (request.POST if "openid" in request.POST else None))
    if given and form.is_valid():
        return None
    hidden = [(name, value) for name, value in told.items() if name not in ("openid", "csrfmiddlewaretoken")]
    return render(request, "providers/openid.html", {"form": form, "hidden": hidden})


def begun_page(request: HttpRequest, wanted: Begin, begun: Login) -> HttpResponse:
    """On to the provider: a redirect, a form that posts itself, or the page of the client."""
    state.keep(request, begun.session, **wanted.facts)
    if begun.page is not None:
        return HttpResponse(begun.page)
    if begun.form is not None:
        return render(request, "providers/post.html", {"action": begun.form.action, "fields": begun.form.fields})
    return HttpResponseRedirect(begun.url)


# callback


class Back:
    """A browser that has come back: which login it belongs to, and the client to finish it with."""

    def __init__(self, request: HttpRequest, provider: str, params: list[tuple[str, str]]) -> None:
        row = state.take(request, provider, dict(params))
        if row is None:
            raise mismatch(provider, "session_missing", "no login was begun in this session")
        self.process, self.next = row["process"], row["next"]
        if self.process == flows.CONNECT and str(request.user.pk) != row["user"]:
            raise mismatch(provider, "user_changed", "somebody else is logged in now than when this was begun")
        self.session: dict[str, Any] = row["session"]
        self.app = lookup.app_of(request, provider, row["app"])
        self.client = self.app.client()


@csrf_exempt  # the provider posts here; what protects is the state in the session
@require_http_methods(["GET", "POST"])
@never_cache
@discreet
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """The browser comes back. A post from another site has no session yet and goes round by `finish`."""
    params = arrived(request, provider)
    return params if isinstance(params, HttpResponse) else _finished(request, provider, params)


@require_http_methods(["GET", "POST"])
@csrf_exempt  # as for `callback`
@never_cache
@discreet
def finish(request: HttpRequest, provider: str) -> HttpResponse:
    """What was posted a moment ago, now with the session."""
    params = carried(request, provider)
    return params if isinstance(params, HttpResponse) else carry.drop(request, _finished(request, provider, params))


def arrived(request: HttpRequest, provider: str) -> list[tuple[str, str]] | HttpResponse:
    """The parameters of a callback, or the page that has to come first."""
    params = take(request)
    if limits.exceeded(request, "callback"):
        return too_often(request)
    if request.method == "POST" and state.KEY not in request.session:
        return carry.put(request, provider, reverse(f"{provider}_finish"), params)
    if provider in FRAGMENTS and not {name for name, _value in params} - {"state"}:
        request.META["QUERY_STRING"] = ""
        return render(request, "providers/fragment.html")
    return params


def carried(request: HttpRequest, provider: str) -> list[tuple[str, str]] | HttpResponse:
    """The parameters of a callback that went round, or the page that says that they are gone."""
    params = carry.get(request, provider, take(request))
    if params is not None:
        return params
    error = mismatch(provider, "callback_gone", "the provider's answer is no longer here; log in again")
    return refused(request, provider, error)


def _finished(request: HttpRequest, provider: str, params: list[tuple[str, str]]) -> HttpResponse:
    try:
        back = Back(request, provider, params)
        with requests.Session() as http:
            identity = back.client.finish(back.session, params, http=http)
    except LoginError as error:
        return refused(request, provider, error)
    return ended(request, identity, back.app, back.process, back.next)


# a token that the provider's own script got in the page


class Brought:
    """A token of Facebook's JavaScript SDK, and the client to look at it with."""

    def __init__(self, request: HttpRequest, provider: str) -> None:
        told = request.POST.dict()
        self.token, self.process = str(told.get("access_token", "")), process_of(told)
        self.next = adapter().next_url(request, told.get("next", ""), fallback=HOME)
        self.app = lookup.app_for(request, provider, told.get("app", ""))
        self.client: Any = self.app.client()
        if not hasattr(self.client, "login_with_token"):
            raise Http404


@require_POST
@never_cache
@discreet
def token_login(request: HttpRequest, provider: str) -> HttpResponse:
    """A login by a token from the page. What protects is Django's CSRF token, and that the token is of this app."""
    try:
        brought = prepared_token(request, provider)
        if isinstance(brought, HttpResponse):
            return brought
        with requests.Session() as http:
            identity = brought.client.login_with_token(brought.token, http=http)
    except LoginError as error:
        return refused(request, provider, error)
    return ended(request, identity, brought.app, brought.process, brought.next)


def prepared_token(request: HttpRequest, provider: str) -> Brought | HttpResponse:
    if limits.exceeded(request, "login"):
        return too_often(request)
    brought = Brought(request, provider)
    take(request)
    if brought.process == flows.CONNECT and not request.user.is_authenticated:
        return redirect_to_login(reverse("providers_connections"))
    return brought
