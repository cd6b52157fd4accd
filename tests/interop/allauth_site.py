"""A Django site with an unmodified django-allauth; none of its settings says that the providers are simulated."""

from __future__ import annotations

from importlib import import_module

import allauth
import django
from django.conf import settings

from mockidp.contract.files import index

from .allauth_judge import Judge

JUDGE: Judge = import_module(f".allauth_{'then' if allauth.VERSION < (1,) else 'now'}", __package__).JUDGE
IDS = [provider for provider in index() if provider not in JUDGE.absent]


def configure() -> None:
    """Set up Django once per process, with an in-memory database."""
    if settings.configured:
        return
    modules = dict.fromkeys(JUDGE.modules.get(provider, provider) for provider in IDS)
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
            *JUDGE.apps,
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            *(f"allauth.socialaccount.providers.{name}" for name in modules),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *JUDGE.middleware,
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
        SOCIALACCOUNT_PROVIDERS=JUDGE.settings,
        STATIC_URL="/static/",
        **JUDGE.site,
    )
    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()  # so that an answer tells its templates
    call_command("migrate", verbosity=0, run_syncdb=True)


def clear() -> None:
    """No accounts, and nothing of an earlier login in the cache."""
    from allauth.socialaccount.models import SocialApp
    from django.core.cache import cache
    from django.core.management import call_command

    call_command("flush", verbosity=0, interactive=False)
    cache.clear()
    for provider, row in JUDGE.stored.items():
        SocialApp.objects.create(provider=provider, name=provider, **row)
