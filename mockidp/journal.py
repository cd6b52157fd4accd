"""The story of each login: every request, what it matched, what was refused and why.

Bounded: a world keeps its last logins and a login its first requests. Secrets are masked when an entry is
written, so nothing that reads a journal has to think of it. The one exception is `Traffic`, what went over the wire
as it was: to mask it would cost more than to answer, and few look. Only the inspector reads it, and masks what it
shows.

What is kept unmasked so is the address, headers and bodies of a world's last requests, in memory alone: at most `ROOM`
bytes of them, until newer ones need the room, the journal is cleared, the world is reset or dropped, or the server
ends. No file, log or store ever has it. The values of cookies are not kept: a browser sends those of every application
at this address, whatever its port.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mockidp.wire import Request, Response

LOGINS, ENTRIES = 200, 60
LONGEST = 2000  # characters of a URL
BODY = 4 << 10  # bytes of a body that are kept
HEADERS = 4 << 10  # characters of headers that are kept
ROOM = 2 << 20  # bytes of traffic in one journal; what is older is told without it
SHOWN = 4  # characters of a secret that are shown
FRAME = 600  # bytes that the objects around a request and its answer take
SECRETS = (
    "client_secret",
    "secret",
    "code_verifier",
    "token",
    "code",
    "password",
    "appsecret_proof",
    "fb_exchange_token",
    "input_token",
    "oauth_verifier",
    "key",
    "hash",
    "tgAuthResult",
)
SECRET = re.compile(rf"((?:{'|'.join(SECRETS)})=)([^&#\s]+)")
SET_COOKIE = re.compile("^(set-cookie): (.*)", re.IGNORECASE | re.MULTILINE)


def cut(secret: str) -> str:
    """Enough of a secret to know it again, and at most half of it; what was cut once stays as it is."""
    known = len(secret) >= 2 * SHOWN or (len(secret) == SHOWN + 1 and secret[-1] == "…")
    return f"{secret[:SHOWN]}…" if known else "…"


def crumbs(cookies: str) -> str:
    """The header Cookie, or the first part of Set-Cookie, with names only."""
    pairs = [part.strip().partition("=") for part in cookies.split(";")]
    return "; ".join([f"{name}=…" if equals else "…" for name, equals, _ in pairs])


def masked(url: str) -> str:
    """A URL with the values of codes, tokens and secrets cut short."""
    for name in url.split("=")[:-1]:  # most have none, and to see that is much cheaper than the expression
        if name.endswith(SECRETS):
            return SECRET.sub(lambda found: found[1] + cut(found[2]), url)
    return url


def shortened(text: str) -> str:
    """A text that does not fill the memory, whatever a request sent."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


class Traffic:
    """A request and its answer as they went over the wire, bodies cut at `BODY` bytes, cookies without their values.

    Holds other secrets: see above. Headers are lines; `size` and `answer_size` are the bodies' own, in bytes;
    `decision` is what the page posted; `weight` is about how many bytes of memory it takes.
    """

    __slots__ = (
        "_answered",
        "answer_body",
        "answer_size",
        "base",
        "body",
        "decision",
        "headers",
        "method",
        "size",
        "url",
        "weight",
    )

    def __init__(self, request: Request, response: Response, decision: dict[str, str] | None = None) -> None:
        body, answer, headers = request.body, response.body, request.headers
        if "cookie" in headers:
            headers = {**headers, "cookie": crumbs(headers["cookie"])}
        self.method, self.base, self.url = request.method, request.base, request.url[:LONGEST]
        self.headers = "\n".join(map(": ".join, headers.items()))[:HEADERS]
        self.body, self.size = body[:BODY], len(body)
        self._answered = "\n".join(map(": ".join, response.headers))[:HEADERS]
        self.answer_size = len(answer)
        if self.answer_size > BODY:
            answer = _form_on(answer) if "html" in response.header("content-type") else answer[:BODY]
        self.answer_body, self.decision = answer, decision or None
        text = len(self.url) + len(self.headers) + len(self._answered)
        self.weight = FRAME + text + len(self.body) + len(answer)

    @property
    def answer_headers(self) -> str:
        return SET_COOKIE.sub(lambda found: f"{found[1]}: {crumb(found[1], found[2])}", self._answered)


def crumb(name: str, value: str) -> str:
    """A header of an answer; Set-Cookie with its attributes and without its value."""
    if name.lower() != "set-cookie":
        return value
    pair, semicolon, rest = value.partition(";")
    return f"{crumbs(pair)}{semicolon}{rest}"


@lru_cache(maxsize=4)  # the same few pages are shown again and again, and each is long
def _form_on(page: bytes) -> bytes:
    """The form of a page that carries an answer back; of any other page nothing, since its start tells nothing."""
    start = page.find(b"<form")
    return b"" if start < 0 or b'"mockidp.' in page else page[start : start + BODY]


class Entry(msgspec.Struct):
    """One request and what became of it. `why`, `expected` and `got` are set for a refusal."""

    at: float
    step: str
    method: str
    url: str
    status: int = 0
    exchange: str = ""
    evidence: str = ""
    refused: str = ""
    why: str = ""
    expected: str | None = None
    got: str | None = None
    fault: str = ""
    remarks: list[str] = []
    traffic: Traffic | None = None

    def as_dict(self, start: float) -> dict[str, Any]:
        refused = {"name": self.refused, "why": self.why, "expected": self.expected, "got": self.got}
        return {
            "at_ms": round((self.at - start) * 1000),
            "step": self.step,
            "method": self.method,
            "url": masked(self.url),
            "status": self.status,
            "exchange": self.exchange,
            "evidence": self.evidence,
            "fault": self.fault,
            "refused": refused if self.refused else None,
            "remarks": list(self.remarks),
        }


class Login(msgspec.Struct):
    """One login as far as it came. `outcome` is open, code, denied, refused or logged_in."""

    id: str
    provider: str
    started: float
    app: str = ""
    person: str = ""
    outcome: str = "open"
    entries: list[Entry] = []

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "provider": self.provider,
            "app": self.app,
            "person": self.person,
            "started": self.started,
            "outcome": self.outcome,
            "entries": [entry.as_dict(self.started) for entry in self.entries],
        }

    def lines(self) -> Iterator[str]:
        """The story in plain lines, for a failed test or a terminal."""
        yield f"{self.provider}: {self.person or 'nobody yet'} at app {self.app or '(unknown)'}: {self.outcome}"
        for entry in self.entries:
            what = entry.exchange or entry.step or "no step"
            yield f"  {entry.method} {masked(entry.url)} -> {entry.status} ({what})"
            if entry.fault:
                yield f"      fault: {entry.fault}"
            if entry.refused:
                yield f"      refused, {entry.refused}: {entry.why}"
                if entry.expected is not None or entry.got is not None:
                    yield f"      expected {entry.expected!r}, got {entry.got!r}"
            for remark in entry.remarks:
                yield f"      remark: {remark}"


class Journal:
    """The logins of one world, newest last. `version` grows with every request, for whoever waits for news."""

    def __init__(self) -> None:
        self._logins: OrderedDict[str, Login] = OrderedDict()
        self._last: dict[str, str] = {}
        self._waiting: OrderedDict[tuple[str, str], str] = OrderedDict()  # where a page was shown: the login it is for
        self._count = 0
        self._heavy: deque[Entry] = deque()  # the entries with traffic, oldest first
        self._weight = 0
        self.version = 0
        self.newest: Entry | None = None  # of whichever login

    def twin(self) -> Journal:
        """An empty one for another world, told to whom this one is told."""
        return Journal()

    def begin(self, provider: str, now: float) -> Login:
        self._count += 1
        login = Login(f"{provider}-{self._count}", provider, now)
        self._logins[login.id] = login
        self._last[provider] = login.id
        if len(self._logins) > LOGINS:
            self._forget(self._logins.popitem(last=False)[1])
        return login

    def _forget(self, login: Login) -> None:
        """Let go of the traffic of a login that is remembered no more."""
        for entry in login.entries:
            if entry.traffic is not None:
                self._weight -= entry.traffic.weight
                entry.traffic = None
        while self._heavy and self._heavy[0].traffic is None:
            self._heavy.popleft()

    @property
    def begun(self) -> int:
        """How many logins have begun, those that are forgotten too."""
        return self._count

    def get(self, login_id: str) -> Login | None:
        return self._logins.get(login_id)

    def last(self, provider: str = "") -> Login | None:
        """The newest login, at one provider or at all."""
        if not provider:
            return next(reversed(self._logins.values()), None)
        return self._logins.get(self._last.get(provider, ""))

    def opened(self, provider: str, url: str) -> Login | None:
        """The newest login whose page was shown at this URL and waits for a decision."""
        login = self._logins.get(self._waiting.get((provider, shortened(masked(url))), ""))
        return login if login is not None and login.outcome == "open" else None

    def add(self, login: Login, entry: Entry) -> None:
        self.newest = entry
        entry.url = shortened(masked(entry.url))
        if login.outcome == "open":
            self._waiting[login.provider, entry.url] = login.id
            if len(self._waiting) > LOGINS:
                self._waiting.popitem(last=False)
        if len(login.entries) < ENTRIES:
            login.entries.append(entry)
            if entry.traffic is not None:
                self._keep(entry, entry.traffic)
        self.version += 1

    def _keep(self, entry: Entry, traffic: Traffic) -> None:
        """Count what an entry weighs, and let go of the oldest traffic where it is too much."""
        self._heavy.append(entry)
        self._weight += traffic.weight
        while self._weight > ROOM:
            oldest = self._heavy.popleft()
            if oldest.traffic is not None:
                self._weight -= oldest.traffic.weight
                oldest.traffic = None

    def __iter__(self) -> Iterator[Login]:
        return iter(self._logins.values())

    def __len__(self) -> int:
        return len(self._logins)

    def refusals(self) -> list[Entry]:
        """Every refused request of every login, oldest first."""
        return [entry for login in self for entry in login.entries if entry.refused]

    def text(self) -> str:
        return "\n".join(line for login in self for line in login.lines())

    def clear(self) -> None:
        self._logins.clear()
        self._last.clear()
        self._heavy.clear()
        self._weight = 0
        self.version += 1
