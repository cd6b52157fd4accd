"""A person with a browser at the site, and what the site made of a login."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from mockidp.browser import Callback, browse, form_on
from mockidp.simulator import Simulator
from mockidp.wire import Response
from providers.registry import kind_of

HOST = "127.0.0.1:8000"  # a loopback address, as the ready-made apps want it
HOPS = 6
# What the ready-made app calls it: what an app of the site calls it.
CREDENTIALS = {"certificate_key": "certificate_key", "key_id": "secret", "team_id": "key", "key": "key"}
PATHS = {"amazon_cognito": "amazon-cognito/login/", "twentythreeandme": "23andme/login/"}


def row(simulator: Simulator, provider: str) -> dict[str, Any]:
    """A provider's row of SOCIALACCOUNT_PROVIDERS: the simulator's ready-made app and the provider's base URLs."""
    app, wire = simulator.world.apps.ready(provider), simulator.world.wire(provider)
    own = {"client_id": app.client_id, "secret": app.client_secret}
    own |= {CREDENTIALS[name]: value for name, value in app.facts.items() if name in CREDENTIALS and value}
    declared = kind_of(provider).settings
    texts = {
        name: value
        for name, value in wire.settings.items()
        if name in declared and isinstance(declared[name].default, str | type(None))
    }
    return {**texts, "APP": own}


def asked(simulator: Simulator, provider: str) -> dict[str, str]:
    """What the person tells to begin a login: the shop, the OpenID."""
    facts = {**simulator.world.wire(provider).settings, **simulator.world.apps.ready(provider).facts}
    if provider == "openid":
        return {"openid": str(facts["OPENID_URL"])}
    return {"shop": str(facts["shop"])} if provider == "shopify" else {}


class Visitor:
    """A browser with its cookies. It sends no SameSite=Lax cookie with another site's post, as browsers do."""

    def __init__(self, simulator: Simulator, **client: Any) -> None:
        self.simulator = simulator
        self.client = Client(headers={"host": HOST}, **client)
        self.page: dict[str, str] | None = None
        self.action = ""

    def login(self, provider: str, person: str = "alice", deny: bool = False, **data: str) -> Any:
        """Press the button, decide at the provider, come back; the site's last page, or its redirect to go on."""
        return self.bring(self.decide(provider, person, deny, **data))

    def decide(self, provider: str, person: str = "alice", deny: bool = False, **data: str) -> Callback:
        """Press the button and decide at the provider; what the browser would now bring back."""
        url, post = self.begin(provider, **data)
        return browse(self.simulator.handle, url, person=person, deny=deny, post=post)

    def begin(self, provider: str, **data: str) -> tuple[str, dict[str, str] | None]:
        """Press the button: where the site sends the browser, and what it has to post there."""
        path = f"/accounts/{PATHS.get(provider, f'{provider}/login/')}"
        answer = self.client.post(path, {**asked(self.simulator, provider), **data})
        url, fields = onward(answer)
        self.page, self.action = None, ""
        if url.startswith(f"http://{HOST}/"):  # a page of the site's own, whose script opens the provider's
            self.page, self.action = fields, urlsplit(url).path
            return answer.content.decode().partition('<script src="')[2].partition('"')[0], None
        return url, fields

    def bring(self, callback: Callback) -> Any:
        """Come back with a callback, and follow the site to the end of the login."""
        parts = urlsplit(callback.url)
        here = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if self.page:  # the script posts what it got in a form of the site's own page
            answer = self.client.post(self.action, {**self.page, **callback.form})
        elif callback.method == "POST":
            answer = self.post_from_elsewhere(here, dict(callback.form))
        else:
            answer = self.client.get(here)
        if parts.fragment and answer.status_code == 200:  # a page whose script posts it
            answer = self.client.post(here, dict(parse_qsl(parts.fragment)))
        return self.follow(answer)

    def follow(self, answer: Any) -> Any:
        for _ in range(HOPS):
            if answer.status_code not in (301, 302, 303) or not answer["Location"].startswith("/accounts/"):
                break
            answer = self.client.get(answer["Location"])
        return answer

    def post_from_elsewhere(self, path: str, form: dict[str, str]) -> Any:
        kept = self.client.cookies
        lax = {name for name, cookie in kept.items() if cookie["samesite"].lower() != "none"}
        self.client.cookies = type(kept)()
        for name, cookie in kept.items():
            if name not in lax:
                self.client.cookies[name] = cookie
        answer = self.client.post(path, form)
        for name, cookie in self.client.cookies.items():  # what it sets goes to the others
            kept[name] = cookie
        self.client.cookies = kept
        return answer

    @property
    def logged_in(self) -> bool:
        return "_auth_user_id" in self.client.session


def onward(answer: HttpResponse) -> tuple[str, dict[str, str] | None]:
    """Where a page of the site sends the browser: by a redirect, by a form, or by a script."""
    if answer.status_code == 302:
        return str(answer["Location"]), None
    assert answer.status_code == 200, answer.content[:2000].decode()
    form = form_on(Response(200, [("content-type", "text/html")], answer.content))
    assert form is not None or b"window.top.location" in answer.content, answer.content[:2000].decode()
    if form is None:
        return unescape(answer.content.decode().partition('href = "')[2].partition('"')[0]), None
    return form.action, dict(form.fields)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def with_query(path: str, **values: str) -> str:
    return f"{path}?{urlencode(values)}"
