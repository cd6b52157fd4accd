"""The browser's part of a login, without a browser: open what the application sends to, decide, come back.

Tests, the checks and the command line need the same: an authorize URL in, a callback out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from mockidp.errors import MockidpError
from mockidp.wire import Pairs, Request, Response

FORM = "application/x-www-form-urlencoded"
HOPS = 10


class NoCallbackError(MockidpError):
    """The provider showed a page of its own instead of sending the browser back: an error, as a rule.

    `response` is that page; `reason` is the journal's word for it where that is known, such as `redirect_unregistered`.
    """

    code = "no_callback"

    def __init__(self, message: str, response: Response, reason: str = "") -> None:
        self.response, self.reason = response, reason
        super().__init__(message)


@dataclass(frozen=True)
class Callback:
    """What the browser brings back to the application: `url`, and for a POST the fields of `form`."""

    url: str
    method: str = "GET"
    form: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Path and query, as the test client of a web framework wants them."""
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"

    @property
    def params(self) -> dict[str, str]:
        """The parameters that reach the application, in the query or in the form."""
        return {**dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True)), **self.form}

    @property
    def fragment(self) -> dict[str, str]:
        """The parameters that only a script in the browser sees."""
        return dict(parse_qsl(urlsplit(self.url).fragment, keep_blank_values=True))

    @property
    def body(self) -> bytes:
        """The form as a browser posts it."""
        return urlencode(self.form).encode()


@dataclass
class PageForm:
    """A form on a page: where it posts to and its hidden fields."""

    action: str
    fields: Pairs


def browse(
    send: Callable[[Request], Response],
    url: str,
    *,
    person: str = "",
    deny: bool = False,
    post: Mapping[str, str] | None = None,
    misbehave: str = "",
) -> Callback:
    """Open a URL (or post a form to it) at the simulator, decide as `person` on the login page, and come back.

    `misbehave` is a fault for this login only. Without a person the page must not come up, as in a world that logs in
    by itself. NoCallbackError when the provider keeps the browser.
    """
    hidden = list((post or {}).items())
    target = url
    for _ in range(HOPS):
        request = _opening(target, hidden, person, deny, bool(post), misbehave)
        here = request.url
        response = send(request)
        if not response.header("location"):
            return _posted(here, response)
        target, hidden, post = urljoin(here, response.header("location")), [], None
        if not _stays(here, target):
            return Callback(target)
    raise NoCallbackError(f"{urlsplit(url).netloc} sends the browser in circles", response)


def _opening(url: str, hidden: Pairs, person: str, deny: bool, posted: bool, misbehave: str) -> Request:
    """The first request: with the decision that the login page at this URL would post, so that it need not be shown."""
    if person or deny:
        return decide(url, person, deny, hidden, misbehave)
    return _request("POST" if posted else "GET", url, urlencode(hidden).encode())


def _posted(here: str, response: Response) -> Callback:
    """The callback in a page that posts itself to the application."""
    form = form_on(response)
    action = urljoin(here, form.action) if form is not None else here
    if form is None or not form.action or _stays(here, action):
        raise NoCallbackError(f"{urlsplit(here).netloc} did not send the browser back: {response.status}", response)
    return Callback(action, "POST", dict(form.fields))


def decide(url: str, person: str, deny: bool = False, hidden: Pairs | None = None, misbehave: str = "") -> Request:
    """What the login page posts, to the URL that it was opened at."""
    decision = [("mockidp.person", person), ("mockidp.decision", "deny" if deny else "allow")]
    if misbehave:
        decision.append(("mockidp.misbehave", misbehave))
    return _request("POST", url, urlencode([*(hidden or []), *decision]).encode())


def _request(method: str, url: str, body: bytes = b"") -> Request:
    headers = {"User-Agent": "mockidp-browser/1", "Accept": "text/html"}
    return Request.of(method, url, {**headers, "Content-Type": FORM} if method == "POST" else headers, body)


def _stays(here: str, target: str) -> bool:
    """Whether a URL is still the provider's."""
    return urlsplit(target).netloc.lower() == urlsplit(here).netloc.lower()


def form_on(response: Response) -> PageForm | None:
    """The first form of an HTML page, or None."""
    if "html" not in response.header("content-type") or not response.body:
        return None
    reader = _Reader()
    reader.feed(response.body.decode("utf-8", "replace"))
    return PageForm(reader.action, reader.fields) if reader.action is not None else None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: Pairs = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = at.get("action") or ""
        elif tag == "input" and at.get("type") == "hidden" and at.get("name"):
            self.fields.append((str(at["name"]), at.get("value") or ""))
