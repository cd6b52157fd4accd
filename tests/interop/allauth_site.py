"""A Django site with an unmodified django-allauth; none of its settings says that the providers are simulated."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings

from mockidp.apps import App
from mockidp.world import World

OPENID, STATELESS = "https://openid.example.org", "https://stateless.example.org"
EXTRA = [("phone", "http://axschema.org/contact/phone/default", True)]
LIBRARY = (
    "apple",
    "facebook",
    "github",
    "google",
    "nextcloud",
    "openid",
    "openid_connect",
    "shopify",
    "steam",
    "telegram",
    "twitter",
    "weixin",
)


def site_settings() -> dict[str, Any]:
    """SOCIALACCOUNT_PROVIDERS as the owner of the ready-made apps would write it."""
    app = World().app
    return {
        "apple": {"APPS": [apple(app("apple"))]},
        "facebook": {"APPS": [plain(app("facebook"))]},
        "github": {"APPS": [plain(app("github"))]},
        "google": {"APPS": [plain(app("google"))], "SCOPE": ["openid", "profile", "email"]},
        "nextcloud": {"APPS": [plain(app("nextcloud"))], "SERVER": "https://nextcloud.example.org"},
        "openid": {
            "SERVERS": [
                {"id": "one", "name": "One", "openid_url": OPENID, "extra_attributes": EXTRA},
                {"id": "two", "name": "Two", "openid_url": STATELESS, "stateless": True},
            ]
        },
        "openid_connect": {"APPS": [realm(app("keycloak"))]},
        "shopify": {"APPS": [plain(app("shopify"))]},
        "steam": {"APPS": [plain(app("steam"))]},
        "telegram": {"APPS": [{"client_id": app("telegram").client_id, "secret": app("telegram").facts["token"]}]},
        "twitter": {"APPS": [plain(app("twitter"))]},
        "weixin": {"APPS": [plain(app("weixin"))]},
    }


def plain(app: App) -> dict[str, Any]:
    return {"client_id": app.client_id, "secret": app.client_secret}


def realm(app: App) -> dict[str, Any]:
    return {
        **plain(app),
        "provider_id": "keycloak",
        "name": "Keycloak",
        "settings": {"server_url": "https://keycloak.example.org/auth/realms/master"},
    }


def apple(app: App) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "secret": app.facts["key_id"],
        "key": app.facts["team_id"],
        "settings": {"certificate_key": app.facts["certificate_key"]},
    }


def configure() -> None:
    """Set up Django once per process, with an in-memory database."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="interop",
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        ROOT_URLCONF="tests.interop.allauth_urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            *(f"allauth.socialaccount.providers.{name}" for name in LIBRARY),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        AUTHENTICATION_BACKENDS=[
            "django.contrib.auth.backends.ModelBackend",
            "allauth.account.auth_backends.AuthenticationBackend",
        ],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LOGIN_REDIRECT_URL="/",
        ACCOUNT_EMAIL_VERIFICATION="none",
        SOCIALACCOUNT_QUERY_EMAIL=True,
        SOCIALACCOUNT_STORE_TOKENS=True,
        SOCIALACCOUNT_PROVIDERS=site_settings(),
        ACCOUNT_RATE_LIMITS=False,
        STATIC_URL="/static/",
    )
    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()  # so that an answer tells its templates
    call_command("migrate", verbosity=0, run_syncdb=True)
