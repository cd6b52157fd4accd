"""`manage.py check`: mistakes in the settings, each with the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from providers import Misconfigured, ids
from providers.registry import kind_of
from providers.settings import suggestion

from . import conf, keys
from .models import INLINE_KEYS, inline, mixed

KNOWN = {f"{conf.PREFIX}{name}" for name in conf.DEFAULTS} | {f"{conf.PREFIX}RATE_LIMITS"}
VERIFICATION = ("none", "optional", "mandatory")
FLAGS = ("QUERY_EMAIL", "AUTO_SIGNUP", "EMAIL_REQUIRED", "STORE_TOKENS", "LOGIN_ON_GET")
LIMITS = ("login", "callback", "signup")
NEAR = 0.88  # how alike a setting of the site must be to one of ours to be taken for a slip


@register
def check_settings(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Every row of SOCIALACCOUNT_PROVIDERS as its client would be made, and the settings beside it."""
    return [*_names(), *_values(), *_limits(), *_rows(), *_site()]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """What must not be so where strangers come."""
    if getattr(settings, "SOCIALACCOUNT_LOGIN_ON_GET", False):
        hint = "leave SOCIALACCOUNT_LOGIN_ON_GET out: the page that asks keeps other sites from starting logins"
        return [Caution("a link can start a login", hint=hint, id="providers.W020")]
    return []


def _hint(name: str, known: Any) -> str:
    """`Did you mean …?`, or what there is."""
    return suggestion(name, known).lstrip("; ")


def _names() -> Iterator[CheckMessage]:
    for name in dir(settings):
        if name in KNOWN or not name.isupper():
            continue
        if name.startswith(conf.PREFIX):
            hint = _hint(name, KNOWN)
            yield Caution(f"{name} is no setting of providers.django", hint=hint, id="providers.W001")
        elif near := difflib.get_close_matches(name, KNOWN, n=1, cutoff=NEAR):
            hint = f"did you mean {near[0]!r}?"
            yield Caution(f"{name} looks like a slip of the pen", hint=hint, id="providers.W002")


def _values() -> Iterator[CheckMessage]:
    verification = conf.get("EMAIL_VERIFICATION")
    if verification not in VERIFICATION:
        hint = _hint(str(verification), VERIFICATION)
        yield Error("SOCIALACCOUNT_EMAIL_VERIFICATION has an unknown value", hint=hint, id="providers.E002")
    for name in FLAGS:
        if not isinstance(conf.get(name), bool):
            yield Error(f"{conf.PREFIX}{name} must be True or False", id="providers.E009")
    try:
        import_string(conf.get("ADAPTER"))()
    except Exception as error:  # whatever a site's own module raises as it is imported
        text = f"SOCIALACCOUNT_ADAPTER cannot be used: {type(error).__name__}"
        yield Error(text, hint="the dotted path of a class like providers.django.adapter.Adapter", id="providers.E003")


def _limits() -> Iterator[CheckMessage]:
    given = getattr(settings, f"{conf.PREFIX}RATE_LIMITS", {})
    if given is False:
        return
    if not isinstance(given, dict):
        hint = "a dictionary of requests in a minute, such as {'login': 60}, or False"
        yield Error("SOCIALACCOUNT_RATE_LIMITS is no dictionary", hint=hint, id="providers.E014")
        return
    for name, most in given.items():
        if name not in LIMITS:
            yield Error(
                f"SOCIALACCOUNT_RATE_LIMITS has no {name!r}", hint=_hint(str(name), LIMITS), id="providers.E014"
            )
        elif most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
            hint = "requests in a minute, or 0 for no limit"
            yield Error(f"SOCIALACCOUNT_RATE_LIMITS[{name!r}] must be a number", hint=hint, id="providers.E014")


def _rows() -> Iterator[CheckMessage]:
    rows = conf.get("PROVIDERS")
    if not isinstance(rows, dict):
        yield Error("SOCIALACCOUNT_PROVIDERS is no dictionary", id="providers.E004")
        return
    names = {*ids(), *conf.SLUGS.values()}
    for name, row in rows.items():
        if name not in names:
            hint = _hint(str(name), names)
            yield Error(f"SOCIALACCOUNT_PROVIDERS has no provider {name!r}", hint=hint, id="providers.E005")
        elif not isinstance(row, dict):
            yield Error(f"SOCIALACCOUNT_PROVIDERS[{name!r}] is no dictionary", id="providers.E006")
        else:
            yield from _row(name, str(conf.IDS.get(name, name)), row)
            twin = conf.slug(name)
            if twin != name and twin in rows:
                text = f"SOCIALACCOUNT_PROVIDERS has {name!r} and {twin!r}, which are one provider"
                yield Error(text, hint=f"keep {name!r}", id="providers.E015")


def _row(name: str, provider: str, row: dict[str, Any]) -> Iterator[CheckMessage]:
    """The settings by themselves, then each inline app as the client that it makes."""
    where = f"SOCIALACCOUNT_PROVIDERS[{name!r}]"
    declared = kind_of(provider).settings
    unknown = [key for key in row if key not in declared and key not in conf.APP_KEYS]
    for key in unknown:
        hint = _hint(str(key), [*declared, *conf.APP_KEYS])
        yield Error(f"{where} has no setting {key!r}", hint=hint, id="providers.E008")
    if not isinstance(row.get("APPS") or [], list | tuple):
        yield Error(f"{where}['APPS'] is no list", hint="for one app take APP", id="providers.E007")
        return
    rows = conf.inline_apps(provider)
    for app in rows or [{}]:
        if not isinstance(app, dict):
            hint = "a dictionary with client_id and secret"
            yield Error(f"an app of {where} is no dictionary", hint=hint, id="providers.E007")
        elif not unknown:
            yield from _app(where, provider, app)
    ids_there = [app.get("client_id") for app in rows if isinstance(app, dict)]
    if len(set(map(str, ids_there))) < len(ids_there):
        yield Error(f"two apps of {where} have the same client_id", id="providers.E016")
    whole = [app for app in rows if isinstance(app, dict) and isinstance(app.get("settings") or {}, dict)]
    if not unknown and mixed(inline(provider, app) for app in whole):
        hint = "give each server's app a 'realm' of its own: an id at one server may be somebody else's at another"
        yield Error(f"the apps of {where} are at several servers", hint=hint, id="providers.E021")
    yield from _locale(where, row)


def _app(where: str, provider: str, app: dict[str, Any]) -> Iterator[CheckMessage]:
    known = {*INLINE_KEYS, *kind_of(provider).settings}
    wrong_names = [key for key in app if key not in known]
    for key in wrong_names:
        yield Error(f"{where}: an app has no {key!r}", hint=_hint(str(key), INLINE_KEYS), id="providers.E012")
    if wrong_names:
        return
    if not isinstance(app.get("settings") or {}, dict):
        yield Error(f"{where}: the settings of an app are no dictionary", id="providers.E007")
        return
    made = inline(provider, app)
    try:
        made.client()
    except Misconfigured as wrong:
        if app or wrong.code != "credentials":
            yield Error(f"{where}: {wrong.sentence}", id="providers.E008")
        else:
            yield from _without_app(where, provider)
        return
    if trouble := keys.trouble(made):
        yield Caution(f"{where}: {trouble}", hint="logins will fail until it is the real one", id="providers.W017")


def _without_app(where: str, provider: str) -> Iterator[CheckMessage]:
    """The settings of an app whose credentials are in the database, with others in their place."""
    try:
        inline(provider, dict.fromkeys(("client_id", "secret", "key", "certificate_key"), "1:stands-in")).client()
    except Misconfigured as wrong:
        if wrong.code == "setting" and conf.row(provider):
            hint = "leave this as it is if the app in the database has it among its settings"
            yield Caution(f"{where}: {wrong.sentence}", hint=hint, id="providers.W016")


def _locale(where: str, row: dict[str, Any]) -> Iterator[CheckMessage]:
    path = row.get("LOCALE_FUNC")
    if not isinstance(path, str):
        return
    try:
        found = import_string(path)
    except ImportError:
        found = None
    if not callable(found):
        text = f"{where}['LOCALE_FUNC'] names nothing that can be called"
        hint = "the dotted path of a function that takes the request and returns a locale such as en_US"
        yield Caution(text, hint=hint, id="providers.W018")


def _site() -> Iterator[CheckMessage]:
    for needed in ("auth", "contenttypes", "messages", "sessions", "sites"):
        if not apps.is_installed(f"django.contrib.{needed}"):
            yield Error(f"providers.django needs django.contrib.{needed} in INSTALLED_APPS", id="providers.E010")
    for name in ("SessionMiddleware", "AuthenticationMiddleware", "MessageMiddleware"):
        if not any(name in path for path in settings.MIDDLEWARE):
            yield Error(f"providers.django needs Django's {name} in MIDDLEWARE", id="providers.E011")
    if not any("CsrfViewMiddleware" in path for path in settings.MIDDLEWARE):
        hint = "without it other sites can start logins and take accounts away"
        yield Caution("Django's CsrfViewMiddleware is not in MIDDLEWARE", hint=hint, id="providers.W011")
    if str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict":
        text = "with SESSION_COOKIE_SAMESITE = 'Strict' no browser brings its session back from a provider"
        yield Error(text, hint="leave it at 'Lax'", id="providers.E013")
    try:
        reverse("providers_signup")
    except NoReverseMatch:
        hint = 'path("accounts/", include("providers.django.urls")) in the URLs of the site'
        yield Caution("the URLs of providers.django are not included", hint=hint, id="providers.W019")
    except (ImproperlyConfigured, ImportError, AttributeError):
        pass  # Django's own checks tell what is wrong with ROOT_URLCONF
