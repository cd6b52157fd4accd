"""Simulated identity providers in a test. The pytest fixture `idp` is one of these; any other test tool makes its own:

with Idp(person="alice").mounted("responses") as idp:
    ...

`Remote` is the same for a server that runs already, in this process or in another.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any, Self, Unpack, get_args

from mockidp.apps import App, Mode
from mockidp.browser import Callback, NoCallbackError, browse
from mockidp.contract.files import card
from mockidp.errors import UsageError, nearest
from mockidp.faults import Rule, Which, check_fault
from mockidp.keys import Key
from mockidp.simulator import Simulator
from mockidp.store import MemoryStore
from mockidp.wire import Request, Response
from mockidp.world import World

if TYPE_CHECKING:
    from mockidp.clock import Clock
    from mockidp.journal import Journal
    from mockidp.mounts.server import Server
    from mockidp.people import People
    from mockidp.remote import Remote, RemoteError

DECISION = b"mockidp.decision"  # is in the form of a page that asks somebody to log in and allow
STORY = 10  # logins that a failed test tells of

_numbers = count(1)


class Service:
    """What the tests of one run share, since starting it costs more than a test: the store, and one live server."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self._running: tuple[Server, Simulator] | None = None

    @contextmanager
    def serve(self, world: World) -> Iterator[str]:
        """Serve one more world; the base URL of its path form."""
        server, simulator = self._start()
        simulator.add(world)
        try:
            yield f"{server.url}/~{world.name}"
        finally:
            simulator.drop(world.name)

    def _start(self) -> tuple[Server, Simulator]:
        from mockidp.mounts.server import Server  # lazy: uvicorn takes longer to import than a test to run

        if self._running is None:
            simulator = Simulator(store=self.store)
            self._running = Server(simulator, port=0).__enter__(), simulator
        return self._running

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, if one runs."""
        if self._running is not None:
            self._running[0].__exit__(None, None, None)
            self._running = None


class Idp:
    """All simulated providers, in a world of this test's own.

    `person` logs in without a page; `date` (a date, or YYYY-MM-DD) picks the providers of that day; `apps` is
    `ready` (a ready-made app each), `learn` or `registered`; `strict` refuses what is not best practice; `settings`
    are those of a provider by its id; `people` are additional ones. UsageError for what there is not.
    """

    def __init__(
        self,
        *,
        person: str | None = None,
        date: datetime.date | str | None = None,
        apps: Mode = "ready",
        strict: bool = False,
        settings: Mapping[str, Mapping[str, str]] | None = None,
        people: Sequence[Mapping[str, Any]] = (),
        service: Service | None = None,
    ) -> None:
        if apps not in get_args(Mode):
            raise UsageError(f'apps is one of {", ".join(get_args(Mode))}, not "{apps}"')
        self.world = World(
            f"t{next(_numbers)}", apps=apps, date=_day(date), strict=strict, people=[dict(row) for row in people]
        )
        self._service, self._alone = service or Service(), service is None
        self.simulator = Simulator(self.world, store=self._service.store)
        self._mounts: list[str] = []
        self._url = ""
        self._awaited: list[Rule] = []
        if people:
            self.people  # noqa: B018  now, so that a wrong table is told where it was written
        self.world.begin(partial(_begin, person=person, settings=settings or {}))

    def __repr__(self) -> str:
        return f"<Idp {self.world.name}, mounted at {', '.join(self._mounts) or 'nothing'}>"

    # what the world has

    @property
    def people(self) -> People:
        """Who can log in: `idp.people["alice"].email`."""
        return self.world.people

    @property
    def clock(self) -> Clock:
        """The providers' time: `advance(seconds)`, `freeze()`. That of the application is not touched."""
        return self.world.clock

    @property
    def journal(self) -> Journal:
        """The story of each login: `last("github").outcome`, `refusals()`, `text()`."""
        return self.world.journal

    @property
    def person(self) -> str | None:
        """Who logs in without a page, by id; None shows the page."""
        return self.world.person

    @person.setter
    def person(self, person: str | None) -> None:
        self.world.person = None if person is None else self.people[person].id

    @property
    def date(self) -> datetime.date | None:
        """The day whose providers are simulated; None is today. Set a date, or text as YYYY-MM-DD."""
        return self.world.date

    @date.setter
    def date(self, date: datetime.date | str | None) -> None:
        self.world.travel(_day(date))

    @property
    def strict(self) -> bool:
        """Whether to refuse what the provider accepts and best practice would not."""
        return self.world.strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self.world.strict = strict

    def app(self, provider: str, **fields: Any) -> App:
        """The ready-made app of a provider, or with fields (`client_id`, `redirect_uris`, …) one that is registered.

        `client_id`, `client_secret` and `facts` (what this provider adds: a key, a shop) are your settings.
        """
        card(provider)
        return self.world.app(provider, **fields)

    def configure(self, provider: str, **settings: str) -> None:
        """Change a provider's settings: `idp.configure("github", GITHUB_URL="https://git.example")`."""
        card(provider)
        self.world.configure(provider, **settings)

    def rotate_keys(self, provider: str, *, overlap: bool = True) -> Key:
        """Sign with a new key from now on; without overlap the old one is no longer published."""
        spec = self._wire(provider).spec.id_token
        if spec is None:
            raise UsageError(f"{provider} signs nothing, so it has no keys to rotate")
        return self.world.keys(provider).rotate(spec.alg, overlap)

    def _wire(self, provider: str) -> Any:
        card(provider)
        return self.world.wire(provider)

    # faults

    def fault(self, name: str, *, optional: bool = False, **which: Unpack[Which]) -> Rule:
        """Let something go wrong: `idp.fault("rate_limited", provider="github", step="userinfo")`.

        `error:NAME` is any error of the provider's contract. It strikes at each call that fits: those of a `provider`,
        `step`, `person` or `app`; `nth` only at that one, counted from 1; `times` at most so often. A fault that never
        strikes fails the test unless `optional`.
        """
        if which.get("provider"):
            check_fault(self._wire(which["provider"]), name, which.get("step", ""))
        if which.get("person"):
            self.people[which["person"]]
        rule = self.world.faults.add(name, **which)
        if not optional:
            self._awaited.append(rule)
        return rule

    def idle_faults(self) -> str:
        """A sentence on the faults that were asked for and never struck, or nothing."""
        idle = [_told(rule) for rule in self._awaited if not rule.done and rule in self.world.faults.rules]
        if not idle:
            return ""
        return f"asked for, and it never struck: {'; '.join(idle)}. If that is fine, say optional=True."

    # the browser

    def authorize(
        self, url: str, *, person: str | None = None, deny: bool = False, form: Mapping[str, str] | None = None
    ) -> Callback:
        """Play the browser: open the URL that the application redirected to, log in, allow (or deny), and come back.

        `person` is for this login only; else `idp.person`, else alice. `form` opens the URL by POST. NoCallbackError
        when the provider shows an error page instead.
        """
        told = len(self.journal.refusals())
        someone = self.people[person].id if person else ""
        if deny and not someone:
            someone = self.world.person or self.people.named()[0].id
        try:
            return browse(self._send, url, person=someone, deny=deny, post=form)
        except NoCallbackError as stayed:
            if someone or DECISION not in stayed.response.body:
                raise self._no_callback(stayed.response, told) from None
        return self.authorize(url, person=self.people.named()[0].id, form=form)

    def _send(self, request: Request) -> Response:
        url = request.url
        in_path_form = self._url and url.startswith(f"{self._url}/")
        if not in_path_form and not self.simulator.knows(request.host):
            raise UsageError(f"no contract knows the host of {url.partition('?')[0]}")
        return self.simulator.handle(request)

    def _no_callback(self, response: Response, told: int) -> NoCallbackError:
        refusals = self.journal.refusals()[told:]
        if not refusals:
            return NoCallbackError(f"{response.status}, and no way back to the application", response)
        last = refusals[-1]
        values = "" if last.expected is None and last.got is None else f"; expected {last.expected!r}, got {last.got!r}"
        return NoCallbackError(f"refused, {last.refused}: {last.why}{values}", response, last.refused)

    # mounts

    @property
    def url(self) -> str:
        """The base of the path form at the live server: `{url}/github.com/…` is `https://github.com/…`."""
        if not self._url:
            raise UsageError('there is no live server: mount="server", or the fixture idp_server')
        return self._url

    @contextmanager
    def mounted(self, *mounts: str) -> Iterator[Self]:
        """Answer at `responses`, `respx` or a live `server` while it lasts. UsageError for anything else."""
        check_mounts(mounts)
        with ExitStack() as stack:
            for name in [name for name in dict.fromkeys(mounts) if name not in self._mounts]:
                stack.enter_context(MOUNTS[name](self))
                self._mounts.append(name)
                stack.callback(self._mounts.remove, name)
            yield self

    @contextmanager
    def _at_server(self) -> Iterator[None]:
        with self._service.serve(self.world) as url:
            self._url = url
            try:
                yield
            finally:
                self._url = ""
                if self._alone:
                    self._service.close()

    # a failed test

    def story(self) -> str:
        """The logins of this test in plain lines, without secrets: what was sent, and what was refused and why."""
        logins = list(self.journal)
        lines = [line for login in logins[-STORY:] for line in login.lines()]
        if len(logins) > STORY:
            lines.insert(0, f"({len(logins) - STORY} earlier logins left out)")
        if idle := self.idle_faults():
            lines.append(idle)
        return "\n".join(lines)


def _begin(world: World, *, person: str | None, settings: Mapping[str, Mapping[str, str]]) -> None:
    world.person = None if person is None else world.people[person].id
    for provider, given in settings.items():
        card(provider)
        world.configure(provider, **given)


@contextmanager
def _in_library(name: str, idp: Idp) -> Iterator[None]:
    """In the library's own default mock, where the test's own rules are too."""
    mount = import_module(f"mockidp.mounts.{name}_mount")  # lazy: the library may not be there
    with getattr(mount, name).mock:
        mount.install(idp.simulator)
        yield


MOUNTS: dict[str, Callable[[Idp], AbstractContextManager[None]]] = {
    "responses": partial(_in_library, "responses"),
    "respx": partial(_in_library, "respx"),
    "server": Idp._at_server,
}


def check_mounts(names: Sequence[str]) -> None:
    """UsageError, with the nearest name, for a mount that there is not."""
    for name in names:
        if name not in MOUNTS:
            raise UsageError(f'no mount "{name}".{nearest(name, list(MOUNTS))} There are {", ".join(MOUNTS)}.')


def _day(date: datetime.date | str | None) -> datetime.date | None:
    if not isinstance(date, str):
        return date
    try:
        return datetime.date.fromisoformat(date)
    except ValueError:
        raise UsageError(f'"{date}" is no date; write it as YYYY-MM-DD') from None


def _told(rule: Rule) -> str:
    where = {"provider": rule.provider, "step": rule.step, "person": rule.person, "app": rule.app, "nth": rule.nth}
    return ", ".join([rule.fault.name, *(f"{name} {value}" for name, value in where.items() if value)])


def __getattr__(name: str) -> Any:
    if name in ("Remote", "RemoteError"):  # lazy: a test in this process needs neither them nor the control interface
        return getattr(import_module("mockidp.remote"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["Callback", "Idp", "NoCallbackError", "Remote", "RemoteError", "Service", "check_mounts"]
