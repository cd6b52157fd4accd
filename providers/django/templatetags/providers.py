"""`{% load socialaccount %}` as in the seed document, or `{% load providers %}`: links and Facebook's script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe

from providers import ids
from providers.django import conf, lookup, sdk
from providers.django.models import Account
from providers.registry import kind_of
from providers.settings import suggestion

register = template.Library()
ACTIONS = ("reauthenticate", "rerequest")  # of `action`, which Facebook calls auth_type
NONCE = re.compile(r"[A-Za-z0-9+/_-]+=*")


@dataclass(frozen=True)
class Offered:
    """A way in: a provider, and an app of it where there are several."""

    id: str
    name: str
    app: str = ""

    @property
    def login_url(self) -> str:
        return _url(self.id, {"app": self.app})

    @property
    def get_brands(self) -> list[dict[str, Any]]:
        """The OpenID servers that the settings name, or this provider itself: `id`, `name`, `openid_url`."""
        servers = conf.row(self.id).get("SERVERS") if self.id == "openid" else None
        return list(servers or [{"id": self.id, "name": self.name}])


@register.simple_tag(takes_context=True)
def provider_login_url(context: Any, provider: Any, **query: Any) -> str:
    """The URL that begins a login; `next` is the page's own ?next= unless given, or for process="redirect" the page.

    `method`, `scope`, `auth_params`, `process`, `action`, `openid`, `shop`, `region` and what else that login takes.
    """
    request: HttpRequest | None = context.get("request")
    wanted = str(getattr(provider, "id", provider))
    known = conf.provider_of(wanted) or conf.provider_of(conf.slug(wanted))
    if known is None:
        raise template.TemplateSyntaxError(f"provider_login_url: {_unknown(wanted)}")
    query.setdefault("app", getattr(provider, "app", ""))
    if not query.get("next") and request is not None:
        query["next"] = _next(request, query.get("process"))
    if (action := query.pop("action", "")) in ACTIONS and known == "facebook":
        query.setdefault("auth_type", action)
    if known == "facebook" and "method" not in query and conf.row(known).get("METHOD") == "js_sdk":
        query["method"] = "js_sdk"
    return _url(known, query)


@register.simple_tag(takes_context=True)
def providers_media_js(context: Any) -> str:
    """The scripts that logins in this page need: Facebook's SDK, where an app of Facebook is set up.

    Links with method="js_sdk" open its window; without scripts, or when it is blocked, they are ordinary links.
    """
    request = _request(context, "providers_media_js")
    told = sdk.facebook(request)
    if told is None:
        return ""
    facts = {
        **told,
        "post": reverse("facebook_login_by_token"),
        "begin": reverse("facebook_login"),
        "csrf": get_token(request),
    }
    parts = {"facts": facts, "csp_nonce": nonce(context)}
    return render_to_string("providers/facebook_sdk.html", parts, request=request)


@register.simple_tag(takes_context=True)
def get_providers(context: Any) -> list[Offered]:
    """The providers that somebody can log in with here, by name; one entry an app where a provider has several."""
    request = _request(context, "get_providers")
    rows = []
    for provider in lookup.configured(request):
        apps = lookup.apps_of(request, provider)
        name = _name(provider)
        rows += (
            [Offered(provider, app.name or name, app.client_id) for app in apps]
            if len(apps) > 1
            else [Offered(provider, name)]
        )
    return sorted(rows, key=lambda row: row.name.casefold())


@register.simple_tag
def get_social_accounts(user: Any) -> dict[str, list[Account]]:
    """The accounts of a user by provider: `{{ accounts.github.0.uid }}`."""
    found: dict[str, list[Account]] = {}
    if getattr(user, "is_authenticated", False):
        for account in Account.objects.filter(user=user):
            found.setdefault(account.provider, []).append(account)
    return found


@register.filter
def provider_name(provider: str) -> str:
    """What people call a provider."""
    return _name(provider)


@register.simple_tag(takes_context=True, name="csp_nonce_attribute")
def nonce_attribute(context: Any) -> str:
    """` nonce="…"` where the site's content security policy has one: django-csp's or Django's own."""
    value = nonce(context)
    return mark_safe(f' nonce="{value}"') if value else ""


def nonce(context: Any) -> str:
    """The nonce of this answer, or nothing."""
    request = context.get("request")
    value = str(context.get("csp_nonce") or getattr(request, "csp_nonce", "") or "")
    return value if NONCE.fullmatch(value) else ""


def _url(provider: str, query: dict[str, Any]) -> str:
    pairs = {name: _text(value) for name, value in query.items() if value not in (None, "")}
    url: str = reverse(f"{provider}_login")
    return f"{url}?{urlencode(pairs)}" if pairs else url


def _text(value: Any) -> str:
    """`auth_params` may be a mapping, `scope` a list."""
    if isinstance(value, dict):
        return urlencode(value)
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _next(request: HttpRequest, process: Any) -> str:
    if process == "redirect":
        return request.get_full_path()
    return str(request.POST.get("next") or request.GET.get("next") or "")


def _name(provider: str) -> str:
    return kind_of(provider).name


def _unknown(provider: str) -> str:
    return f"there is no provider {provider!r}{suggestion(provider, ids())}"


def _request(context: Any, tag: str) -> HttpRequest:
    request = context.get("request")
    if request is None:
        raise ImproperlyConfigured(
            f"{{% {tag} %}} needs the request: add django.template.context_processors.request to TEMPLATES"
        )
    return request
