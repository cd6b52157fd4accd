"""The site's settings, by the names of the seed document: `SOCIALACCOUNT_PROVIDERS` and its neighbours.

A row of SOCIALACCOUNT_PROVIDERS is what the client of that provider takes, and `APP` or `APPS` beside it: inline apps
instead of rows of the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from providers import ids

PREFIX = "SOCIALACCOUNT_"
DEFAULTS: dict[str, Any] = {
    "PROVIDERS": {},  # settings and inline apps by provider id
    "QUERY_EMAIL": True,  # ask the provider for an address
    "AUTO_SIGNUP": True,  # make an account without a form where nothing is missing
    "EMAIL_VERIFICATION": "optional",  # none, optional, mandatory: whether an unverified address keeps somebody out
    "EMAIL_REQUIRED": False,  # nobody without an address
    "STORE_TOKENS": True,
    "LOGIN_ON_GET": False,  # a link starts a login at once, without a page that asks
    "ADAPTER": "providers.django.adapter.Adapter",
}
# Ids whose path in the seed document is another one.
SLUGS = {"amazon_cognito": "amazon-cognito", "twentythreeandme": "23andme"}
IDS = {slug: provider for provider, slug in SLUGS.items()}
APP_KEYS = frozenset({"APP", "APPS"})


def get(name: str) -> Any:
    """A setting without its prefix, or its default."""
    value = getattr(settings, f"{PREFIX}{name}", DEFAULTS[name])
    if name == "EMAIL_VERIFICATION" and isinstance(value, bool):
        return "mandatory" if value else "none"  # as the seed document writes it for Authentiq
    return value


def row(provider: str) -> dict[str, Any]:
    """The row of a provider in SOCIALACCOUNT_PROVIDERS, without its apps. Also found by the name in its URLs."""
    rows: Mapping[str, Any] = get("PROVIDERS") or {}
    found = rows.get(provider, rows.get(slug(provider), {}))
    return {name: value for name, value in found.items() if name not in APP_KEYS}


def inline_apps(provider: str) -> list[dict[str, Any]]:
    """The apps that the settings have for a provider: `APP`, then `APPS`."""
    rows: Mapping[str, Any] = get("PROVIDERS") or {}
    found = rows.get(provider, rows.get(slug(provider), {}))
    one, more = found.get("APP"), found.get("APPS") or []
    return [*([one] if one else []), *more]


def slug(provider: str) -> str:
    """How a provider is called in URLs."""
    return SLUGS.get(provider, provider)


def provider_of(slug: str) -> str | None:
    """The provider of a name in a URL; None where there is none."""
    provider = IDS.get(slug, slug)
    return provider if provider in ids() and slug not in SLUGS else None
