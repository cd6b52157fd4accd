"""Whether an app will do: what can be told here, and on demand what the provider says to a code that is made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from django.contrib.sites.models import Site
from django.utils.translation import gettext as _

from providers import LoginError, Misconfigured, Provider, ProviderUnavailable
from providers.callback import Callback
from providers.http import run
from providers.oauth1 import OAuth1
from providers.oauth2 import OAuth2
from providers.registry import kind_of

from . import keys, labels
from .models import App

MADE_UP = "made-up-code-to-check-the-app"
ONE_ANSWER = frozenset({"draugiem"})  # say the same to a wrong app and to a wrong code
GOOD, BAD, UNKNOWN = "good", "bad", "unknown"


@dataclass(frozen=True)
class Finding:
    """`state` is good, bad or unknown."""

    state: str
    text: str


def here(app: App) -> list[Finding]:
    """What can be told without a network."""
    return alone(app) + _rivals(app)


def alone(app: App) -> list[Finding]:
    """The same without a look at the other apps."""
    found = _client(app) if app.client_id or app.secret or not labels.needed(app.provider) else [_empty(app)]
    if trouble := keys.trouble(app):
        found.append(Finding(BAD, trouble))
    return found


def _empty(app: App) -> Finding:
    names = ", ".join(labels.words(app.provider).of(name) for name in labels.needed(app.provider))
    return Finding(BAD, _("Nothing is entered yet. Needed are: %(names)s.") % {"names": names})


def _client(app: App) -> list[Finding]:
    try:
        app.client()
    except Misconfigured as wrong:
        return [Finding(BAD, wrong.sentence)]
    return [Finding(GOOD, _("The credentials are complete and the settings are valid."))]


def _rivals(app: App) -> list[Finding]:
    """Two apps of a provider at one site: a login would have to say which."""
    mine = set(app.sites.values_list("pk", flat=True)) if app.pk else set()
    for other in App.objects.filter(provider=app.provider).exclude(pk=app.pk):
        theirs = set(other.sites.values_list("pk", flat=True))
        if not mine or not theirs or mine & theirs:
            text = _("“%(name)s” is an app of this provider too, for the same site; links must name one by ?app=.")
            return [Finding(UNKNOWN, text % {"name": other.name})]
    return []


def there(app: App, redirect_uri: str) -> Finding:
    """What the provider says to this app and a code that is made up. One or two requests; no login comes of it."""
    name = kind_of(app.provider).name
    try:
        client = app.client()
        with requests.Session() as http:
            known = _asked(client, redirect_uri, http)
    except LoginError as error:
        return _meaning(error, name)
    if known is None:
        return Finding(UNKNOWN, _("%(name)s cannot be asked this way; log in to see.") % {"name": name})
    return Finding(GOOD, _("%(name)s knows this app.") % {"name": name})


def _asked(client: Provider, redirect_uri: str, http: requests.Session) -> bool | None:
    """True where the provider has accepted the app, None where there is nothing to ask. LoginError else."""
    if isinstance(client, OAuth1):
        client.begin(redirect_uri=redirect_uri, http=http)  # asks for a request token, which only a known app gets
        return True
    if not isinstance(client, OAuth2):
        return None
    session = client.begin(redirect_uri=redirect_uri, http=http, **_options(client)).session
    pairs = {"code": MADE_UP, "device_id": MADE_UP, "state": str(session.get("state", ""))}  # one wants a device, too
    callback = Callback(tuple(pairs.items()))
    run(client.exchange(session, callback, MADE_UP), http, client.id)
    return None  # a code that is made up was accepted, so nothing is known


def _options(client: Provider) -> dict[str, Any]:
    return {"shop": "example"} if "shop" in client.parameters else {}


def _meaning(error: LoginError, name: str) -> Finding:
    named = {"name": name, "reason": error.sentence, "code": error.code}
    if error.code == "invalid_grant" and error.provider not in ONE_ANSWER:
        return Finding(GOOD, _("%(name)s knows this app: it refused only the code, which is made up.") % named)
    if error.code == "redirect_uri_mismatch":
        return Finding(BAD, _("%(name)s knows this app, but not the callback URL; register it there.") % named)
    if isinstance(error, Misconfigured):
        return Finding(BAD, _("%(name)s: %(reason)s (%(code)s).") % named)
    if isinstance(error, ProviderUnavailable):
        return Finding(UNKNOWN, _("%(name)s gave no usable answer: %(reason)s (%(code)s).") % named)
    return Finding(UNKNOWN, _("%(name)s refused without saying whether because of the app (%(code)s).") % named)


def callback_urls(app: App, own: str) -> list[tuple[str, str]]:
    """What to register: a host's name and the URL, for this host and the app's sites. `own` is the URL at this host."""
    scheme, _sep, rest = own.partition("://")
    here_host, _slash, path = rest.partition("/")
    sites = app.sites.all() if app.pk and app.sites.exists() else Site.objects.all()
    hosts = list(dict.fromkeys([*(site.domain for site in sites), here_host]))
    return [(host, f"{scheme}://{host}/{path}") for host in hosts]
