"""`path("accounts/", include("providers.django.urls"))`: the URLs of the seed document, so that what is registered at
the providers stays as it is.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import URLPattern, path

from providers import ids

from . import confirm, pages, views
from .conf import slug

# Where the browser comes back to, if that is not `<id>/login/callback/`.
CALLBACKS = {"openid": "openid/callback/", "steam": "steam/callback/", "draugiem": "draugiem/callback/"}


def _named(view: Any, provider: str) -> Any:
    made = partial(view, provider=provider)
    made.__name__ = f"{provider}_{view.__name__}"  # type: ignore[attr-defined]
    made.csrf_exempt = getattr(view, "csrf_exempt", False)  # type: ignore[attr-defined]
    return made


def provider_urls(provider: str, source: Any = views) -> list[URLPattern]:
    """Begin, come back, and come back by post."""
    base = f"{slug(provider)}/login/"
    back = CALLBACKS.get(provider, f"{base}callback/")
    rows = [
        path(base, _named(source.begin, provider), name=f"{provider}_login"),
        path(back, _named(source.callback, provider), name=f"{provider}_callback"),
        path(f"{back}finish/", _named(source.finish, provider), name=f"{provider}_finish"),
    ]
    if back != f"{base}callback/":
        rows.append(path(f"{base}callback/", _named(source.callback, provider)))
    if back.endswith("/"):
        rows.append(path(back.rstrip("/"), _named(source.callback, provider)))  # some are registered without it
    return rows


def all_urls(source: Any = views) -> list[URLPattern]:
    """Every URL; `source` has the views that talk to a provider."""
    by_token = _named(source.token_login, "facebook")
    return [
        path("social/signup/", pages.signup, name="providers_signup"),
        path("social/connections/", pages.connections, name="providers_connections"),
        path("social/confirm/<str:token>/", confirm.confirm, name="providers_confirm"),
        path("facebook/login/token/", by_token, name="facebook_login_by_token"),
        *(row for provider in ids() for row in provider_urls(provider, source)),
    ]


urlpatterns = all_urls()
