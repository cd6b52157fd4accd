"""The settings of the site that tests/django run at. DJANGO_TEST_DATABASE and DJANGO_TEST_USER choose variants."""

from __future__ import annotations

import os

import django

DATABASE = os.environ.get("DJANGO_TEST_DATABASE", "sqlite")  # or postgresql, which conftest.py starts
EMAIL_USER = os.environ.get("DJANGO_TEST_USER", "") == "email"  # a user model whose username is the e-mail address

# Who is mailed an error: pairs until Django 6, addresses since.
admins = ["ann@example.com"] if django.VERSION >= (6,) else [("ann", "ann@example.com")]

SECRET_KEY = "a-key-of-the-tests-that-is-long-enough-and-of-no-use-anywhere-else"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
USE_TZ = True
SITE_ID = 1
ROOT_URLCONF = "tests.django.urls"
DATABASES = {
    "sqlite": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    "postgresql": {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "USER": "postgres",
            "NAME": "postgres",
        }
    },
}[DATABASE]
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages", "sites")),
    *(["tests.django.members"] if EMAIL_USER else []),
    "providers.django",
]
AUTH_USER_MODEL = "members.Member" if EMAIL_USER else "auth.User"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
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
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the fastest
LOGIN_URL = "/enter/"
LOGIN_REDIRECT_URL = "/home/"
STATIC_URL = "/static/"
SOCIALACCOUNT_PROVIDERS: dict[str, object] = {}
