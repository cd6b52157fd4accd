"""Make a database with the django-allauth of this interpreter, through its own models and one login at the simulator.

    python tests/django/allauth_database.py '{"ENGINE": "django.db.backends.sqlite3", "NAME": "…"}'

Run in a process of its own by test_import_allauth.py, with the current release and with that of 2021. It prints what a
test must know: the keys of rows by a name.
"""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import allauth
import django
from django.conf import settings

from mockidp.browser import browse
from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator
from mockidp.world import World

THEN = allauth.VERSION < (1,)
ACCESS, SECRET = "an-access-token-", "a-secret-of-"
EXPIRES = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
MODULES = ("apple", "daum", "exist", "github", "google", "okta", "soundcloud", "spotify", "twitter")


def configure(database: dict[str, Any]) -> None:
    modules = [*MODULES, *([] if THEN else ["openid_connect"])]
    settings.configure(
        SECRET_KEY="another-site",
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        SITE_ID=1,
        ROOT_URLCONF="allauth.urls",
        DATABASES={"default": database},
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages", "sites")),
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            *(f"allauth.socialaccount.providers.{name}" for name in modules),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *([] if THEN else ["allauth.account.middleware.AccountMiddleware"]),
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_UNIQUE_EMAIL=False,
        SOCIALACCOUNT_QUERY_EMAIL=True,
        SOCIALACCOUNT_STORE_TOKENS=True,
        LOGIN_REDIRECT_URL="/",
    )
    django.setup()


def fill() -> dict[str, Any]:
    """Rows of every kind that a site has after some years, and of every kind of trouble."""
    from allauth.account.models import EmailAddress
    from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
    from django.contrib.auth import get_user_model
    from django.contrib.sites.models import Site

    second = Site.objects.create(domain="second.example.com", name="second")

    def app(provider: str, sites: tuple[int, ...] = (1,), **own: Any) -> Any:
        values = {"name": provider, "client_id": f"{provider}-id", "secret": f"{SECRET}{provider}", **own}
        made = SocialApp.objects.create(provider=provider, **values)
        made.sites.set(sites)
        return made

    def account(user: Any, provider: str, uid: str, **told: Any) -> Any:
        return SocialAccount.objects.create(user=user, provider=provider, uid=uid, extra_data=told)

    def token(account: Any, app: Any, name: str, secret: str = "", expires: Any = None) -> Any:
        values = {"token": f"{ACCESS}{name}", "token_secret": secret, "expires_at": expires}
        return SocialToken.objects.create(account=account, app=app, **values)

    apps = {
        "github": app("github", client_id="mockidp", secret="mockidp-secret"),
        "google": app("google", (1, second.pk)),
        "google two": app("google", (second.pk,), client_id="google-two"),
        "twitter": app("twitter"),
        "spotify": app("spotify"),
        "off": app("soundcloud", ()),
        "daum": app("Daum"),
    }
    if not THEN:
        key = {"certificate_key": f"{SECRET}apple-pem", "hidden": True}
        realm = {"server_url": "https://id.example.com/auth/realms/staff/", "oauth_pkce_enabled": True}
        apps |= {
            "apple": app("apple", key="TEAM", settings=key),
            "keycloak": app("openid_connect", provider_id="keycloak", settings=realm),
            "one": app("openid_connect", provider_id="one", settings={"server_url": "https://one.example.com"}),
            "two": app("openid_connect", provider_id="two", settings={"server_url": "https://two.example.com"}),
        }
    make = get_user_model().objects.create_user
    walter, petra = make("walter", "walter@example.com", "a password"), make("petra", "petra@example.com")
    accounts = {
        "twitter": account(walter, "twitter", "9007199254740993", screen_name="walter_w"),
        "google": account(walter, "google", "110", sub="110"),
        "spotify": account(walter, "spotify", "walter"),
        "daum": account(walter, "Daum", "4242"),
        "okta": account(walter, "okta", "walter@corp.example.com", sub="00u1", preferred_username="walter@corp"),
        "exist": account(walter, "exist", "77", id=77, username="walter"),
        "soundcloud": account(petra, "soundcloud", "205", id=205),
        "petra's google": account(petra, "google", "220", sub="220"),
    }
    if not THEN:
        accounts |= {name: account(walter, name, "sub-1", sub="sub-1") for name in ("keycloak", "one", "two")}
    tokens = {
        "twitter": token(accounts["twitter"], apps["twitter"], "twitter", "an-oauth1-secret"),
        "google": token(accounts["google"], apps["google"], "google", "a-refresh-token", EXPIRES),
        "google two": token(
            accounts["google"], apps["google two"], "google-two", expires=EXPIRES - datetime.timedelta(days=1)
        ),
        "spotify": token(accounts["spotify"], apps["spotify"], "spotify"),
    }
    addresses = {
        name: EmailAddress.objects.create(user=user, email=email, verified=verified, primary=primary)
        for name, user, email, verified, primary in [
            ("walter", walter, "walter@example.com", True, True),
            ("walter's second", walter, "Second@example.com", False, False),
            ("petra", petra, "petra@example.com", False, True),
            ("walter's shared", walter, "shared@example.com", True, False),
            ("petra's shared", petra, "Shared@example.com", True, False),
        ]
    }
    rows = {"app": apps, "account": accounts, "token": tokens, "address": addresses}
    return {kind: {name: row.pk for name, row in named.items()} for kind, named in rows.items()}


def log_in(person: str) -> str:
    """Press the button at GitHub; the uid that django-allauth keeps."""
    from allauth.socialaccount.models import SocialAccount
    from django.test import Client

    simulator = Simulator(World(date=datetime.date(2021, 11, 15)) if THEN else World())
    client = Client(HTTP_HOST="127.0.0.1")
    with mocked(simulator):
        begun = client.post("/github/login/")
        callback = urlsplit(browse(simulator.handle, begun["Location"], person=person).url)
        client.get(f"{callback.path}?{callback.query}")
    return str(SocialAccount.objects.get(provider="github").uid)


def main() -> None:
    configure(json.loads(sys.argv[1]))
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    rows = fill()
    print(json.dumps({**rows, "uid": log_in("alice")}))


if __name__ == "__main__":
    main()
