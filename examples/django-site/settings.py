"""The settings of the site: for this machine as they are, for production with DJANGO_ENV=production.

Production takes from the environment DJANGO_SECRET_KEY, DJANGO_ORIGIN (https://www.example.com) and, where there are
others than in providers.json, DJANGO_PROVIDERS: a file with the apps that are registered at the providers.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
PRODUCTION = os.environ.get("DJANGO_ENV") == "production"
ORIGIN = os.environ["DJANGO_ORIGIN"] if PRODUCTION else os.environ.get("DJANGO_ORIGIN", "http://127.0.0.1:8000")

DEBUG = not PRODUCTION
# On this machine a fixed one, so that what is encrypted stays readable; nobody else can reach the site.
SECRET_KEY = os.environ["DJANGO_SECRET_KEY"] if PRODUCTION else "for this machine only, and for nothing that matters"
SECRET_KEY_FALLBACKS = os.environ.get("DJANGO_SECRET_KEY_FALLBACKS", "").split()
ALLOWED_HOSTS = [urlsplit(ORIGIN).hostname] if PRODUCTION else ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
USE_TZ, TIME_ZONE = True, "UTC"
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DJANGO_DATABASE", HERE / "db.sqlite3")}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "providers.django",
]
SITE_ID = 1
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
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
STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("DJANGO_STATIC_ROOT", HERE / "collected")
STATICFILES_DIRS = [HERE / "static"]
LOGIN_URL = "home"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "UserAttributeSimilarityValidator")
]
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if PRODUCTION else 'console'}.EmailBackend"
EMAIL_HOST = os.environ.get("DJANGO_EMAIL_HOST", "localhost")

SOCIALACCOUNT_PROVIDERS = json.loads(Path(os.environ.get("DJANGO_PROVIDERS", HERE / "providers.json")).read_text())
SOCIALACCOUNT_PROVIDERS.setdefault("persona", {})["AUDIENCE"] = ORIGIN

# The windows of Facebook, Persona and Telegram must be able to answer the page that opened them.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 86400
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if os.environ.get("DJANGO_BEHIND_PROXY") == "1":  # one that sets this header itself, whatever the client sent
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
