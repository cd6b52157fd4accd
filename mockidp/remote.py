"""A running mockidp from a test in Python: the control interface with the verbs of `mockidp.testing.Idp`.

Only this machine's standard library and what mockidp needs anyway; it asks through no proxy and follows no redirect,
for a control token must reach nobody else.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mockidp.apps import Mode
from mockidp.browser import Callback, NoCallbackError
from mockidp.control import shapes as s
from mockidp.control.table import ROOT
from mockidp.errors import UsageError
from mockidp.faults import Which
from mockidp.journal import Entry, Login
from mockidp.person import Person
from mockidp.web.guard import check_token
from mockidp.wire import Response

PATIENCE = 30.0  # seconds for an answer
MOST = 1000  # logins or people that one answer holds
Answer = TypeVar("Answer")


class RemoteError(UsageError):
    """What the server refused to do, or that there is none: its HTTP `status` (0 for none) and a machine `code`."""

    def __init__(self, message: str, status: int = 0, code: str = "no_server") -> None:
        self.status, self.code = status, code
        super().__init__(message)


class Remote:
    """Simulated identity providers at a running server, in a world of this test's own that ends with it.

    `url` is the server's. `token` is what its control interface asks for; else that of the environment,
    MOCKIDP_CONTROL_TOKEN. `world` is one that there is, which stays as it is left: "default" is that of an application
    at the real hosts. `person date apps strict settings` are as for `Idp`; left out, as the server was started.

    Raises RemoteError, a UsageError, for what there is not.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8400",
        *,
        token: str = "",
        world: str = "",
        person: str | None = None,
        date: datetime.date | str | None = None,
        apps: Mode | None = None,
        strict: bool | None = None,
        settings: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.netloc or parts.path.strip("/") or parts.username is not None:
            raise UsageError(f'"{parts.hostname or url[:80]}" is no server: write http://HOST:PORT, as it prints it')
        token = token or os.environ.get("MOCKIDP_CONTROL_TOKEN", "")
        self._netloc, self._token = parts.netloc, token and check_token(token)
        self._awaited: list[int] = []
        given = {"person": person, "date": date, "apps": apps, "strict": strict, "settings": settings}
        options = {name: value for name, value in given.items() if value is not None}
        self._own = not world
        if world:
            self.world = world
            self._change(**options)
        else:
            self.world = self._ask("POST", "/worlds", s.WorldView, options, world=False).name
        self.people, self.clock, self.journal = RemotePeople(self), RemoteClock(self), RemoteJournal(self)

    def __repr__(self) -> str:
        return f"<Remote {self.world} at {self._netloc}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        idle = self.idle_faults() if kind is None else ""
        self.close()
        if idle:
            raise AssertionError(idle)

    def close(self) -> None:
        """Drop the world, if it is this test's own."""
        if self._own:
            self._own = False
            self._ask("DELETE", f"/worlds/{self.world}", s.Removed, world=False)

    def reset(self) -> None:
        """Begin the world anew, as it was made."""
        self._awaited.clear()
        self._ask("POST", f"/worlds/{self.world}/reset", s.WorldView, {}, world=False)

    @property
    def url(self) -> str:
        """The base of the path form: `{url}/github.com/…` is `https://github.com/…`, in this world."""
        return f"http://{self._netloc}/~{self.world}"

    # how the world is set up

    def _view(self) -> s.WorldView:
        return self._ask("GET", f"/worlds/{self.world}", s.WorldView, world=False)

    def _change(self, **options: Any) -> s.WorldView:
        return self._ask("PATCH", f"/worlds/{quote(self.world, safe='')}", s.WorldView, options, world=False)

    @property
    def person(self) -> str | None:
        """Who logs in without a page, by id; None shows the page."""
        return self._view().person

    @person.setter
    def person(self, person: str | None) -> None:
        self._change(person=person)

    @property
    def date(self) -> datetime.date | None:
        """The day whose providers are simulated; None is today. Set a date, or text as YYYY-MM-DD."""
        return self._view().date

    @date.setter
    def date(self, date: datetime.date | str | None) -> None:
        self._change(date=date)

    @property
    def strict(self) -> bool:
        """Whether to refuse what the provider accepts and best practice would not."""
        return self._view().strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self._change(strict=strict)

    def app(self, provider: str, **given: Any) -> s.AppView:
        """The ready-made app of a provider, or with fields (`client_id`, `redirect_uris`, …) one that is registered."""
        if not given:
            found = self._ask("GET", "/apps", list[s.AppView], provider=provider)
            if not found:
                raise UsageError("this world has registered apps only; give a client_id and redirect_uris")
            return found[0]
        made = self._ask("POST", "/apps", s.AppView, {"provider": provider, **given})
        made.client_secret = given.get("client_secret", made.client_secret)  # the server shows what it was told cut
        made.facts |= given.get("facts", {})
        return made

    def configure(self, provider: str, **settings: str) -> None:
        """Change a provider's settings: `idp.configure("github", GITHUB_URL="https://git.example")`."""
        self._ask("PATCH", f"/providers/{quote(provider, safe='')}", s.ProviderCard, {"settings": settings})

    def rotate_keys(self, provider: str, *, overlap: bool = True) -> s.KeysView:
        """Sign with a new key from now on; without overlap the old one is no longer published."""
        return self._ask("POST", f"/keys/{quote(provider, safe='')}/rotate", s.KeysView, {"overlap": overlap})

    # faults

    def fault(self, name: str, *, optional: bool = False, **which: Unpack[Which]) -> s.FaultView:
        """Let something go wrong, as `Idp.fault` does. One that never strikes fails at the end unless `optional`."""
        asked = self._ask("POST", "/faults", s.FaultView, {"name": name, **which})
        if not optional:
            self._awaited.append(asked.id)
        return asked

    def idle_faults(self) -> str:
        """A sentence on the faults that were asked for and never struck, or nothing."""
        if not self._awaited:
            return ""
        asked = self._ask("GET", "/faults", list[s.FaultView])
        idle = [rule.name for rule in asked if rule.id in self._awaited and not rule.done]
        return f"asked for, and it never struck: {', '.join(idle)}. If that is fine, say optional=True." if idle else ""

    # the browser

    def authorize(
        self, url: str, *, person: str | None = None, deny: bool = False, form: Mapping[str, str] | None = None
    ) -> Callback:
        """Play the browser: open the URL that the application redirected to, log in, allow (or deny), and come back.

        `person` is for this login only. `form` opens the URL by POST. NoCallbackError when the provider shows an error
        page instead; its `response` has no more than the status.
        """
        told: dict[str, Any] = {"url": url, "person": person or "", "decision": "deny" if deny else "allow"}
        if form is not None:
            told["form"] = dict(form)
        made = self._ask("POST", "/authorize", s.CallbackView, told)
        return Callback(made.url, made.method, made.form)

    def story(self) -> str:
        """The logins of this world in plain lines, without secrets."""
        return self.journal.text()

    # over HTTP

    def _ask(
        self, method: str, path: str, kind: type[Answer], body: object = None, *, world: bool = True, **query: Any
    ) -> Answer:
        """One operation; its answer checked against what the interface promises."""
        asked = {**({"world": self.world} if world else {}), **query}
        target = f"{ROOT}{path}{'?' + urlencode(asked) if asked else ''}"
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        status, answer = self._send(method, target, headers, b"" if body is None else msgspec.json.encode(body))
        try:
            if status < 400:
                return msgspec.json.decode(answer, type=kind)
            problem = msgspec.json.decode(answer, type=s.Problem)
        except msgspec.MsgspecError:
            raise RemoteError(f"what answers at http://{self._netloc} is no mockidp of this version", status) from None
        if problem.error == "no_callback":
            page = Response(problem.provider_status if problem.provider_status is not msgspec.UNSET else status)
            raise NoCallbackError(_with_values(problem), page, problem.refused or "")
        raise RemoteError(problem.message, status, problem.error)

    def _send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            connection = HTTPConnection(self._netloc, timeout=PATIENCE)
            try:
                connection.request(method, target, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, HTTPException, ValueError) as error:
            text = f"no mockidp answers at http://{self._netloc} ({error}); start one with `mockidp serve`"
            raise RemoteError(text) from None


class RemotePeople:
    """Who can log in: `idp.people["alice"].email`."""

    def __init__(self, idp: Remote) -> None:
        self._idp = idp

    def __getitem__(self, person: str) -> Person:
        return self._idp._ask("GET", f"/people/{quote(person, safe='')}", Person)

    def __iter__(self) -> Iterator[Person]:
        return iter(self.search("", MOST))

    def search(self, text: str, limit: int = 20) -> tuple[Person, ...]:
        return self._idp._ask("GET", "/people", tuple[Person, ...], text=text, limit=limit)

    def add(self, table: Mapping[str, object]) -> Person:
        """Add somebody, an `id` and any fields of a person, or change one of the cast."""
        given = dict(table)
        return self._idp._ask("PUT", f"/people/{quote(str(given.pop('id', '')), safe='')}", Person, given)

    def remove(self, person: str) -> None:
        """Take back what was added or changed."""
        self._idp._ask("DELETE", f"/people/{quote(person, safe='')}", s.Removed)


class RemoteClock:
    """The providers' time. That of the application is not touched."""

    def __init__(self, idp: Remote) -> None:
        self._idp = idp

    def _turn(self, **how: Any) -> None:
        self._idp._ask("POST", "/clock", s.ClockView, how)

    def now(self) -> float:
        """Seconds since 1970."""
        return self._idp._ask("GET", "/clock", s.ClockView).seconds

    def advance(self, seconds: float) -> None:
        """Move time on (or back, when negative)."""
        self._turn(move=seconds)

    def freeze(self, at: float | None = None) -> None:
        """Stop time, at a moment or now."""
        moment = {} if at is None else {"at": datetime.datetime.fromtimestamp(at, datetime.UTC)}
        self._turn(frozen=True, **moment)

    def run(self) -> None:
        """Let time go on from where it was stopped."""
        self._turn(frozen=False)

    def reset(self) -> None:
        """Back to the machine's time."""
        self._idp._ask("DELETE", "/clock", s.ClockView)


class RemoteJournal:
    """The story of each login: `last("github").outcome`, `refusals()`, `text()`."""

    def __init__(self, idp: Remote) -> None:
        self._idp = idp

    def __iter__(self) -> Iterator[Login]:
        """Oldest first, as they are now."""
        cards = self._idp._ask("GET", "/journal", list[s.LoginCard], limit=MOST)
        return iter([self._told(card.id) for card in reversed(cards)])

    def __len__(self) -> int:
        return self._idp._view().logins

    def last(self, provider: str = "") -> Login | None:
        """The newest login, at one provider or at all."""
        cards = self._idp._ask("GET", "/journal", list[s.LoginCard], provider=provider, limit=1)
        return self._told(cards[0].id) if cards else None

    def refusals(self) -> list[Entry]:
        """Every refused request of every login, oldest first."""
        return [entry for login in self for entry in login.entries if entry.refused]

    def text(self) -> str:
        return "\n".join(line for login in self for line in login.lines())

    def clear(self) -> None:
        self._idp._ask("DELETE", "/journal", s.Removed)

    def _told(self, login: str) -> Login:
        story = self._idp._ask("GET", f"/journal/{quote(login, safe='')}", s.LoginStory)
        told = msgspec.structs.asdict(story)
        return Login(**{**told, "entries": [_entry(story.started, row) for row in story.entries]})


def _entry(started: float, row: s.EntryView) -> Entry:
    told, refused = msgspec.structs.asdict(row), row.refused
    told.update(at=started + told.pop("at_ms") / 1000, refused=refused.name if refused else "")
    if refused:
        told.update(why=refused.why, expected=refused.expected, got=refused.got)
    return Entry(**told)


def _with_values(problem: s.Problem) -> str:
    values = (problem.expected, problem.got)
    if all(value in (None, msgspec.UNSET) for value in values):
        return problem.message
    return f"{problem.message}; expected {problem.expected!r}, got {problem.got!r}"
