"""A small web application with "Sign in with …" buttons: plain Python, no framework, one file.

It is written as it would be for the real providers. The one thing more is `PathForm`, an HTTP session that puts the
simulator's address in front of every provider's, because nothing else here knows that there is a simulator.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import requests

import providers

COOKIE = "signin"
SESSIONS = 1000  # visitors that are remembered; the oldest go first
BODY_LIMIT = 64 << 10  # bytes of a posted form
FIELDS = ("uid", "email", "email_verified", "username", "name", "first_name", "last_name", "picture")

Environ = dict[str, Any]
Answer = tuple[str, list[tuple[str, str]], str]  # status, headers, body


def in_path_form(url: str, base: str) -> str:
    """`https://github.com/login` as `http://127.0.0.1:8400/github.com/login`: the base in front, the scheme gone."""
    return url if url.startswith(f"{base}/") else f"{base}/{url.partition('://')[2]}"


class PathForm(requests.Session):
    """Sends every request to the simulator at `base`, whatever host it is for: nothing reaches a real provider."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.trust_env = base, False

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, in_path_form(url, self.base), *args, **options)


class SignIn:
    """The WSGI application. `clients` are the providers by id, `asks` what a button's form asks for (a shop, a URL).

    `origin` is where it is served and `base` where the simulator is, both without a slash at the end.
    """

    def __init__(
        self, clients: Mapping[str, Any], asks: Mapping[str, Mapping[str, str]], origin: str, base: str
    ) -> None:
        self.clients, self.asks, self.origin, self.base = clients, asks, origin, base
        self.sessions: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, headers, body = self.answer(environ)
        own = {name for name, _ in headers}
        usual = [("Content-Type", "text/html; charset=utf-8"), *SAFE]
        start_response(status, [*(header for header in usual if header[0] not in own), *headers])
        return [body.encode()]

    def answer(self, environ: Environ) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        action, _, provider = path[1:].partition("/")
        if environ.get("HTTP_HOST") != urlsplit(self.origin).netloc:  # the cookie and the redirect URI are of one host
            return redirect(self.origin + quote(path))
        if path in STATIC:
            return "200 OK", [("Content-Type", STATIC[path][0])], STATIC[path][1]
        if (method, path) == ("GET", "/"):
            return self.home(environ)
        if (method, path) == ("POST", "/logout"):
            self.sessions.pop(self.cookie(environ), None)
            return redirect("/")
        if provider in self.clients and (method, action) == ("POST", "login"):
            return self.login(environ, provider)
        if provider in self.clients and action == "callback" and method in ("GET", "POST"):
            return self.callback(environ, provider)
        return page("404 Not Found", "<h1>Nothing here</h1><p><a href='/'>Sign in</a></p>")

    # a login: begin, send the browser away, finish with what it brings back

    def login(self, environ: Environ, provider: str) -> Answer:
        asked = dict(parse_qsl(posted(environ)))
        options = {name: asked.get(name, usual) for name, usual in self.asks.get(provider, {}).items()}
        key, session = self.session(environ)
        try:
            with PathForm(self.base) as http:
                begun = self.clients[provider].begin(
                    redirect_uri=f"{self.origin}/callback/{provider}", http=http, **options
                )
        except providers.LoginError as error:
            return self.failed(error, provider)
        session[provider] = begun.session
        cookie = [("Set-Cookie", f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/")]
        if begun.form is not None:
            return page("200 OK", post_form(in_path_form(begun.form.action, self.base), begun.form.fields), cookie)
        if begun.page is not None:  # a page with the provider's own script, which brings the answer
            policy = f"default-src 'none'; script-src 'unsafe-inline' {self.base}; form-action 'self'"
            headers = [*cookie, ("Content-Security-Policy", policy)]
            return "200 OK", headers, begun.page.replace("https://", f"{self.base}/")
        return redirect(in_path_form(begun.url, self.base), cookie)

    def callback(self, environ: Environ, provider: str) -> Answer:
        query = environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] == "GET" and set(parse_qs(query)) <= {"state"}:
            return page(
                "200 OK",
                "<h1>One moment</h1><p>Reading the answer out of the address.</p><script src='/fragment.js'></script>",
            )
        _, session = self.session(environ)
        both = "&".join(part for part in (query, posted(environ)) if part)
        try:
            with PathForm(self.base) as http:
                identity = self.clients[provider].finish(session.pop(provider, {}), both, http=http)
        except providers.LoginError as error:
            return self.failed(error, provider)
        self.sessions.pop(self.cookie(environ), None)  # a session from before the login is nobody's any more
        key = self.new_session()
        shown = {name: value for name, value in asdict(identity).items() if name in FIELDS}
        self.sessions[key]["identity"] = {"provider": provider, **shown}
        return redirect("/", [("Set-Cookie", f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path=/")])

    # sessions, on the server: the cookie is a random key

    def cookie(self, environ: Environ) -> str:
        try:
            found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
        except CookieError:
            found = None
        return found.value if found else ""

    def session(self, environ: Environ) -> tuple[str, dict[str, Any]]:
        key = self.cookie(environ)
        if key not in self.sessions:
            key = self.new_session()
        return key, self.sessions[key]

    def new_session(self) -> str:
        key = secrets.token_urlsafe(32)
        self.sessions[key] = {}
        if len(self.sessions) > SESSIONS:
            self.sessions.popitem(last=False)
        return key

    # pages

    def home(self, environ: Environ) -> Answer:
        identity = self.sessions.get(self.cookie(environ), {}).get("identity")
        if identity is None:
            buttons = "".join(self.button(provider) for provider in self.clients)
            return page(
                "200 OK",
                "<h1>Sign in</h1><p>A small example application. Its providers are all simulated, at "
                f"<a href='{escape(self.base)}/'>{escape(self.base)}</a>: be anybody you like.</p>"
                f"<div class='grid'>{buttons}</div>",
            )
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(shown(identity[name]))}</dd>" for name in identity)
        who = shown(identity["name"] or identity["username"] or identity["uid"])
        return page(
            "200 OK",
            f"<h1>Signed in as {escape(who)}</h1><dl>{rows}</dl>"
            "<form method='post' action='/logout'><button>Sign out</button></form>"
            f"{self.story(identity['provider'])}",
        )

    def button(self, provider: str) -> str:
        inputs = "".join(
            f"<label>{escape(name)} <input name='{escape(name)}' value='{escape(usual)}'></label>"
            for name, usual in self.asks.get(provider, {}).items()
        )
        return (
            f"<form method='post' action='/login/{escape(provider)}'>{inputs}"
            f"<button>Sign in with {escape(self.clients[provider].name)}</button></form>"
        )

    def failed(self, error: providers.LoginError, provider: str) -> Answer:
        return page(
            "400 Bad Request",
            f"<h1>Not signed in</h1><p>{escape(str(error))}</p><p><a href='/'>Try again</a></p>{self.story(provider)}",
        )

    def story(self, provider: str) -> str:
        """What the simulator saw of the newest login; no real provider tells this."""
        try:
            url = f"{self.base}/_mockidp/logins"
            login = requests.get(f"{url}.json", {"provider": provider}, timeout=5).json()[0]
        except (requests.RequestException, ValueError, LookupError):
            return ""
        lines = "".join(
            f"<li>{entry['status']} {escape(entry['step'])}: {escape(entry['method'])} "
            f"<code>{escape(entry['url'].partition('?')[0])}</code>{refusal(entry)}</li>"
            for entry in login["entries"]
        )
        return (
            f"<h2>The story of this login</h2><ol>{lines}</ol>"
            f"<p><a href='{escape(url)}/{quote(login['id'])}'>Every detail of it, at the simulator</a></p>"
        )


def refusal(entry: Mapping[str, Any]) -> str:
    return f"<br><strong>refused: {escape(entry['refused']['why'])}</strong>" if entry["refused"] else ""


def shown(value: object) -> str:
    return "none" if value is None else "yes" if value is True else "no" if value is False else str(value)


def posted(environ: Environ) -> str:
    """The form that was posted, or nothing."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if environ["REQUEST_METHOD"] != "POST" or not length.isdecimal() or int(length) > BODY_LIMIT:
        return ""
    body: bytes = environ["wsgi.input"].read(int(length))
    return body.decode("utf-8", "replace")


def redirect(url: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    return "303 See Other", [("Location", url), *headers], ""


def post_form(action: str, fields: Mapping[str, str]) -> str:
    inputs = "".join(
        f"<input type='hidden' name='{escape(name)}' value='{escape(value)}'>" for name, value in fields.items()
    )
    return f"<h1>One more step</h1><form method='post' action='{escape(action)}'>{inputs}<button>Go on</button></form>"


def page(status: str, main: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    return (
        status,
        list(headers),
        (
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Sign in</title>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            "<link rel='stylesheet' href='/style.css'>"
            f"<main>{main}</main></html>"
        ),
    )


SAFE = [
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]
STATIC = {
    "/style.css": (
        "text/css",
        """
:root { color-scheme: light dark }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f5f6f8, #14161a) }
main { max-width: 58rem; margin: 0 auto; padding: 2rem 1.25rem } h1 { margin: 0 0 .25rem } h2 { margin: 2rem 0 .5rem }
.grid { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); align-items: end }
button { width: 100%; min-height: 2.75rem; font: inherit; font-weight: 600; cursor: pointer; border-radius: .5rem;
  border: 1px solid #8888; padding: .5rem 1rem; text-align: start; color: inherit;
  background: light-dark(#fff, #1d2025) }
button:hover { border-color: currentColor }
label { display: block; font-size: .875rem; margin-bottom: .25rem }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .375rem .5rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 1.5rem 0 }
dd { margin: 0; overflow-wrap: anywhere }
dt { opacity: .7 } code { overflow-wrap: anywhere; font-size: .875em } li { margin-bottom: .5rem }
form[action='/logout'] { max-width: 12rem }
""",
    ),
    # Some providers answer in the fragment, which no server sees: ask again with it in the query.
    "/fragment.js": (
        "text/javascript",
        """
if (location.hash) location.replace(location.pathname + (location.search || "?") + "&" + location.hash.slice(1));
else document.querySelector("p").textContent = "There is no answer in it.";
""",
    ),
}
