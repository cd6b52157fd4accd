"""A Django site with an unmodified django-allauth and nothing pointed anywhere special."""

from __future__ import annotations

import django
from django.conf import settings

from mockidp.keys import pem_ec_p256

SECRET = "mockidp-secret"
APP = {"client_id": "mockidp", "secret": SECRET}
IDS = ("apple", "facebook", "github", "google", "nextcloud", "openid", "openid_connect", "shopify", "steam", "telegram",
       "twitter", "weixin")


def configure(providers: dict[str, object]) -> None:
    """Set up Django once per process, with the given SOCIALACCOUNT_PROVIDERS and an in-memory database."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="interop", DEBUG=False, ALLOWED_HOSTS=["*"], USE_TZ=True, ROOT_URLCONF="tests.interop.allauth_urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "django.contrib.messages", "allauth", "allauth.account", "allauth.socialaccount",
                        *(f"allauth.socialaccount.providers.{name}" for name in IDS)],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                       "django.contrib.auth.context_processors.auth",
                                                       "django.contrib.messages.context_processors.messages"]}}],
        AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend",
                                 "allauth.account.auth_backends.AuthenticationBackend"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField", LOGIN_REDIRECT_URL="/", ACCOUNT_EMAIL_VERIFICATION="none",
        SOCIALACCOUNT_QUERY_EMAIL=True, SOCIALACCOUNT_STORE_TOKENS=True, SOCIALACCOUNT_PROVIDERS=providers,
        ACCOUNT_RATE_LIMITS=False, STATIC_URL="/static/",
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True)


def certificate_key() -> str:
    return pem_ec_p256()
