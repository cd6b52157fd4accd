"""django-allauth as a client: a Django site with the library unmodified, in this process and in memory.

Where Django is set up already, as in a site's own tests, that site is used: its settings, its URLs, its adapter class.
Else a small site is made with every provider that the installed release has. The library tells no reason for a failed
login but "cancelled", so it is only asked that the login fails.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mockidp.browser import Callback
from mockidp.check.adapter import Job
from mockidp.errors import MockidpError, UsageError

if TYPE_CHECKING:
    from mockidp.simulator import Simulator

ROOT = "allauth.socialaccount.providers"
MODULES = {"500px": "fivehundredpx", "keycloak": "openid_connect"}  # packages that are called otherwise than our ids
NAMES = {"keycloak": "openid_connect"}  # keys of SOCIALACCOUNT_PROVIDERS
PATHS = {  # where a login begins, below the accounts' URLs, if that is not `<id>/login/`
    "amazon_cognito": "amazon-cognito/login/",
    "keycloak": "oidc/keycloak/login/",
    "twentythreeandme": "23andme/login/",
}
TRIES = {"shopify": ("shop",)}  # what the request for a login must tell, of the app's facts
STORED = ("draugiem",)  # it keeps the token with a row of the app, which one in the settings does not have
HOPS = 10
FORM = "application/x-www-form-urlencoded"  # urllib's own label for a body, which is what the library has


class AllauthError(MockidpError):
    """The library logged nobody in; `code` is access_denied where it says that the person cancelled."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Adapter:
    """Presses a site's login button and looks at the account that came of it. UsageError without django-allauth."""

    tells_codes = False

    def __init__(self) -> None:
        if find_spec("allauth") is None or find_spec("django") is None:
            raise UsageError("the adapter allauth needs django-allauth: pip install 'django-allauth[socialaccount]'")
        _set_up()

    @contextmanager
    def connected(self, simulator: Simulator) -> Iterator[None]:
        """`requests` intercepted, and the OpenID library, which has a fetcher of its own, told to use it."""
        from mockidp.mounts.responses_mount import mocked  # lazy: needs the extra `responses`

        with mocked(simulator), _openid_by_requests():
            yield

    def begin(self, job: Job) -> str:
        """The site's own request for a login; where it sends the browser."""
        from django.test import Client

        _clear(job)
        job.state = client = Client(headers={"host": urlsplit(job.redirect_uri).netloc})
        facts = {**{name.lower(): value for name, value in job.settings.items()}, **job.app}
        query = {name: facts[name] for name in TRIES.get(job.provider, ()) if name in facts}
        if job.provider == "openid":
            query = {"openid": str(job.settings.get("OPENID_URL", ""))}
        path = f"{_accounts()}{PATHS.get(job.provider, f'{job.provider}/login/')}"
        begun = client.post(f"{path}?{urlencode(query)}" if query else path)
        if begun.status_code not in (301, 302):
            raise AllauthError("no_login", f"{path} answers with {begun.status_code} and sends the browser nowhere")
        return str(begun["Location"])

    def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
        """What the library stored: the account, and its first address."""
        from allauth.account.models import EmailAddress
        from allauth.socialaccount.models import SocialAccount

        answer = self._bring(job.state, callback)
        found = SocialAccount.objects.order_by("-pk").first()
        if found is None:
            names = [template.name or "" for template in getattr(answer, "templates", ())]
            cancelled = any("cancelled" in name for name in names)
            code = "access_denied" if cancelled else "failed"
            raise AllauthError(code, f"the library answers with {answer.status_code} and no account")
        address = EmailAddress.objects.filter(user=found.user).order_by("-primary", "pk").first()
        return {
            "uid": str(found.uid),
            "email": address.email if address is not None else found.user.email or None,
            "email_verified": bool(address is not None and address.verified),
        }

    def _bring(self, client: Any, callback: Callback) -> Any:
        """The browser comes back, and follows wherever the site leads."""
        parts = urlsplit(callback.url)
        here = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = client.post(here, dict(callback.form)) if callback.form else client.get(here)
        if parts.fragment and answer.status_code == 200:  # a page whose script posts what only a script sees
            answer = client.post(here, dict(parse_qsl(parts.fragment)))
        for _ in range(HOPS):
            if answer.status_code not in (301, 302) or answer["Location"] in ("/", "/accounts/profile/"):
                break
            if urlsplit(answer["Location"]).netloc not in ("", parts.netloc):
                break
            answer = client.get(answer["Location"])
        return answer


@contextmanager
def _openid_by_requests() -> Iterator[None]:
    try:
        with warnings.catch_warnings(action="ignore"):  # it warns as it is imported
            from openid import fetchers
    except ImportError:  # a site without OpenID 2.0 has no such library
        yield
        return
    import requests

    class Fetcher(fetchers.HTTPFetcher):  # type: ignore[misc]
        def fetch(self, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
            sent = {**(headers or {}), **({"Content-Type": FORM} if body else {})}
            answer = requests.request("POST" if body else "GET", url, data=body, headers=sent, timeout=10)
            low = {name.lower(): value for name, value in answer.headers.items()}
            return fetchers.HTTPResponse(answer.url, answer.status_code, low, answer.content)

    before = fetchers._default_fetcher
    fetchers.setDefaultFetcher(Fetcher(), wrap_exceptions=False)
    try:
        yield
    finally:
        fetchers.setDefaultFetcher(before, wrap_exceptions=False)


def _accounts() -> str:
    """Where the site has the library's URLs."""
    from django.urls import reverse

    return str(reverse("socialaccount_connections")).removesuffix("3rdparty/").removesuffix("social/connections/")


_LOCK = threading.Lock()


def _set_up() -> None:
    """Set up Django once per process, with a database in memory, unless somebody has."""
    import django
    from django.conf import settings

    with _LOCK:
        if settings.configured:
            return
        settings.configure(**_settings())
        django.setup()
        from django.core.management import call_command
        from django.test.utils import setup_test_environment

        setup_test_environment()  # so that an answer tells its templates
        call_command("migrate", verbosity=0, run_syncdb=True)


def _settings() -> dict[str, Any]:
    from mockidp.contract.files import provider_ids

    modules = dict.fromkeys(f"{ROOT}.{MODULES.get(name, name)}" for name in provider_ids())
    return {
        "SECRET_KEY": "mockidp",
        "ALLOWED_HOSTS": ["*"],
        "USE_TZ": True,
        "ROOT_URLCONF": "mockidp.adapters.allauth_urls",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "INSTALLED_APPS": [
            *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages")),
            *("allauth", "allauth.account", "allauth.socialaccount"),
            *(module for module in modules if find_spec(module) is not None),
        ],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        "TEMPLATES": [
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
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.ModelBackend",
            "allauth.account.auth_backends.AuthenticationBackend",
        ],
        "LOGIN_REDIRECT_URL": "/",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_RATE_LIMITS": False,
        "SOCIALACCOUNT_QUERY_EMAIL": True,
        "SOCIALACCOUNT_PROVIDERS": {},
    }


def _clear(job: Job) -> None:
    """No accounts, nothing of an earlier login, and the app of this job in the settings."""
    from allauth.socialaccount.models import SocialAccount, SocialApp
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.cache import cache

    SocialAccount.objects.all().delete()
    get_user_model().objects.all().delete()
    SocialApp.objects.all().delete()
    cache.clear()
    if settings.ROOT_URLCONF != "mockidp.adapters.allauth_urls":
        return  # the site has apps of its own
    settings.SOCIALACCOUNT_PROVIDERS = {NAMES.get(job.provider, job.provider): _row(job)}
    if job.provider in STORED:
        SocialApp.objects.create(provider=job.provider, name=job.provider, **_credentials(job))


def _credentials(job: Job) -> dict[str, str]:
    app = job.app
    return {"client_id": app["client_id"], "secret": app.get("client_secret", ""), "key": app.get("key", "")}


def _row(job: Job) -> dict[str, Any]:
    """The provider's row of SOCIALACCOUNT_PROVIDERS: its settings by their own names, and the app."""
    app, row = _credentials(job), dict(job.settings)
    own: dict[str, Any] = {}
    if "certificate_key" in job.app:
        app |= {"secret": job.app.get("key_id", ""), "key": job.app.get("team_id", "")}
        own["certificate_key"] = job.app["certificate_key"]
    if job.provider == "telegram":
        app["secret"] = job.app.get("token", app["secret"])
    if job.provider == "trello":
        app["key"] = app["client_id"]
    if job.provider == "keycloak":
        own["server_url"] = f"{job.settings['KEYCLOAK_URL']}/realms/{job.settings['KEYCLOAK_REALM']}"
        return {"APPS": [{**app, "provider_id": "keycloak", "name": "Keycloak", "settings": own}]}
    if job.provider == "openid":
        return {"SERVERS": [{"id": "one", "name": "One", "openid_url": job.settings["OPENID_URL"]}]}
    return row | ({} if job.provider in STORED else {"APPS": [{**app, "settings": own}]})
