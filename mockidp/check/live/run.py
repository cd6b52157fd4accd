"""A live check from beginning to end: what is asked of whom, a second look at what is grave, and the report.

Providers are asked side by side, the probes of one after another. Whatever ends the run, what was found stands in it.
"""

from __future__ import annotations

import datetime
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from mockidp.apps import App
from mockidp.check.finding import PASSING, Finding, Severity
from mockidp.check.live.courier import Courier, Reply, StoppedError
from mockidp.check.live.difference import NEXT, Difference
from mockidp.check.live.expect import Expected, age, expected, of_exchange
from mockidp.check.live.judge import judge
from mockidp.check.live.plan import BROWSER, NOBODY, Probe, made_up_app, with_an_app, without_credentials
from mockidp.check.live.shell import Secrets, command
from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError, walk_class
from mockidp.contract.load import Loaded, load
from mockidp.errors import MockidpError, UsageError, bug
from mockidp.wire import Request, Response

SECOND_LOOK = 10.0  # seconds before a grave difference is looked at again
OLD = 400  # days after which evidence is stale
SOON = 90  # days before an announced end
# The names that contracts have for somebody's own server, shop or tenant (RFC 2606, and this project's own).
MADE_UP_HOST = re.compile(r"(?:^|[.-])(?:example|mockidp|invalid)(?:[.-]|$)")
# By these words an app asks for a refresh token where it has to.
OFFLINE = {"access_type": "offline", "token_access_type": "offline", "duration": "permanent", "expiring": "1"}
HELD = frozenset({"access_token", "refresh_token"})
CREDENTIALS = ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "REFRESH_TOKEN", "ACCESS_TOKEN", "ACCESS_SECRET")
Ready = Callable[[Finding], None]


@dataclass
class Target:
    """One provider to ask. `settings` say where it is, `app` and `tokens` are a sandbox's, for level 1."""

    provider: str
    settings: Mapping[str, str] = field(default_factory=dict)
    app: App | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    level: int = 0
    loaded: Loaded | None = None
    date: datetime.date | None = None
    now: float | None = None  # the simulator's clock, where the wire of another day is asked


@dataclass
class Asked:
    """One request of a run, for the report: never its values."""

    provider: str
    case: str
    step: str
    request: str
    status: int = 0
    seconds: float = 0.0


@dataclass
class Run:
    """What came of a live check. `complete` is false where it was ended early."""

    level: int
    started: float
    ended: float = 0.0
    complete: bool = False
    providers: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def sandbox(provider: str, level: int, environ: Mapping[str, str] = os.environ) -> tuple[App | None, dict[str, str]]:
    """The app and the tokens that the environment has, MOCKIDP_LIVE_GITHUB_CLIENT_ID and so on.

    UsageError for tokens without an app.
    """
    prefix = f"MOCKIDP_LIVE_{provider.upper()}_"
    given = {name[len(prefix) :]: value for name, value in environ.items() if name.startswith(prefix) and value}
    if level < 1 or not given:
        return None, {}
    if "CLIENT_ID" not in given:
        raise UsageError(f"{prefix}CLIENT_ID is missing beside {', '.join(sorted(prefix + name for name in given))}")
    facts = {name.lower(): value for name, value in given.items() if name not in CREDENTIALS}
    app = App(
        provider=provider,
        client_id=given["CLIENT_ID"],
        client_secret=given.get("CLIENT_SECRET", ""),
        redirect_uris=[given.get("REDIRECT_URI", "http://127.0.0.1:8000/callback")],
        facts=facts,
    )
    tokens = {name.lower(): given[name] for name in ("REFRESH_TOKEN", "ACCESS_TOKEN", "ACCESS_SECRET") if name in given}
    return app, tokens


def check_live(
    targets: Iterable[Target],
    courier: Courier,
    *,
    ready: Ready | None = None,
    second_look: float = SECOND_LOOK,
    today: datetime.date | None = None,
) -> Run:
    """Ask every target; an interruption ends the run and leaves what was found. The courier is open already."""
    rows = list(targets)
    run = Run(max((item.level for item in rows), default=0), time.time(), providers=[item.provider for item in rows])
    results: dict[str, list[Finding]] = {}

    def one(talk: Conversation) -> None:
        found = results.setdefault(talk.target.provider, [])
        for finding in _whole(talk):
            found.append(finding)
            if ready is not None:
                ready(finding)

    # Contracts are loaded here and not in the threads: two that convert to one type at once crash msgspec.
    talks = [Conversation(item, courier, run, second_look, today) for item in rows]
    pool = ThreadPoolExecutor(courier.manners.at_once * 2, thread_name_prefix="mockidp-live")
    try:
        futures = [pool.submit(one, item) for item in talks]
        wait(futures)
        for future in futures:
            future.result()
        run.complete = True
    except (KeyboardInterrupt, StoppedError):
        courier.stop()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        run.findings = [item for target in rows for item in results.get(target.provider, [])]
        run.ended = time.time()
    return run


def _whole(talk: Conversation) -> Iterator[Finding]:
    """All findings of one provider; a bug of ours ends its questions and nobody else's."""
    try:
        yield from talk.findings()
    except StoppedError:
        raise
    except Exception as error:
        yield talk.said("internal", f"{bug(error)}; please report it", Severity.INCONCLUSIVE)


class Conversation:
    """Everything that is asked of one provider."""

    def __init__(
        self,
        target: Target,
        courier: Courier,
        run: Run,
        second_look: float = SECOND_LOOK,
        today: datetime.date | None = None,
    ) -> None:
        self.target, self.courier, self.run, self.second_look = target, courier, run, second_look
        self.today = today or target.date or datetime.date.today()
        world: dict[str, Any] = {"settings": {target.provider: dict(target.settings)}, "date": target.date}
        self.lab = Lab(target.provider, loaded=target.loaded, **world)
        if target.now is not None:
            self.lab.world.clock.freeze(target.now)
        self.secrets = Secrets(target)
        self.heard = False

    # who asks

    def nobody(self) -> Walk:
        """A walk with an app that there is not: the same requests for the provider and for the simulator."""
        kind = walk_class(self.target.provider, self.lab.wire.family)
        app = made_up_app(self.lab.wire, self.lab.world.apps.ready(self.target.provider))
        return kind(self.lab.wire, app, self.lab.send, redirect_uri=NOBODY)

    def somebody(self, app: App, tokens: Mapping[str, str]) -> Walk:
        """A walk with the sandbox's app and tokens, for the provider alone."""
        kind = walk_class(self.target.provider, self.lab.wire.family)
        ready = self.lab.world.apps.ready(self.target.provider)
        full = App(
            provider=app.provider,
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uris=app.redirect_uris,
            facts={**ready.facts, **app.facts},
        )
        walk = kind(self.lab.wire, full, self._refuse_to_send, redirect_uri=app.redirect_uris[0])
        walk.values.update(tokens)
        start = self.lab.wire.step(BROWSER)
        told = start.answer.redirect.values() if start is not None and start.answer.redirect else ()
        kept = {name for pattern in told for name in pattern.names} & full.facts.keys()
        walk.values.update({name: full.facts[name] for name in kept})  # what the sandbox's login told beside the code
        return walk

    def _refuse_to_send(self, request: Request) -> Any:
        raise AssertionError("a live walk builds requests; the courier sends them")

    def twin(self) -> Walk:
        """A login at the simulator by an app of the same kind: its tokens stand where the sandbox's stand."""
        provider, world = self.target.provider, self.lab.world
        ready, own = world.apps.ready(provider), self.target.app
        facts = own.facts if own is not None else {}
        special = any(ready.facts.get(name) != value for name, value in facts.items())
        app = world.app(provider, loopback=True, facts=facts) if special else ready
        kind = walk_class(provider, self.lab.wire.family)
        walk = kind(self.lab.wire, app, self.lab.send, extra=OFFLINE)
        # An app of its own kind may get no further than this, at the simulator as at the provider.
        with suppress(WalkError) if special else nullcontext():
            walk.run()
        return walk

    # what is asked

    def plan(self) -> list[tuple[Probe, Walk, Walk]]:
        """Each probe with the walk that it is built from, and the one that the simulator is asked with."""
        nobody = self.nobody()
        out = [(probe, nobody, nobody) for probe in without_credentials(nobody)]
        if self.target.level >= 1 and self.target.app is not None:
            twin, somebody = self.twin(), self.somebody(self.target.app, self.target.tokens)
            out += [(probe, somebody, twin) for probe in with_an_app(twin)]
        return out

    def unasked(self) -> str:
        """Why nothing is asked of this provider, or nothing."""
        spec = self.lab.wire.spec
        if self.target.date is not None:
            return ""
        if spec.status == "retired":
            return f"retired since {spec.retired}: there is nothing to ask"
        if spec.live.off and not self.target.settings:
            return spec.live.off
        hosts = {request.host for _, request in self.requests() if request is not None}
        if made_up := sorted(host for host in hosts if MADE_UP_HOST.search(host)):
            names = [f"--set {spec.id}.{name}=…" for name in spec.settings]
            told = f": {' '.join(names[:1])}" if names else ""
            return f"{made_up[0]} stands for a server of yours; say where it is{told}"
        return ""

    def requests(self) -> Iterator[tuple[Probe, Request | None]]:
        """What would be sent, for a dry run; None where a value of an earlier answer is needed."""
        for probe, walk, _ in self.plan():
            try:
                yield probe, probe.request(walk)
            except WalkError:
                yield probe, None

    def findings(self) -> Iterator[Finding]:
        """Ask, judge, and look a second time at what is grave."""
        if why := self.unasked():
            yield self.said("unasked", why, Severity.FINE)
            return
        try:
            plan = self.plan()
        except MockidpError as error:
            yield self.said("plan", f"the contract does not hold at the simulator: {error}", Severity.BREAK)
            return
        if self.target.level >= 1 and self.target.app is None:
            name = f"MOCKIDP_LIVE_{self.target.provider.upper()}_CLIENT_ID"
            yield self.said("app", f"level {self.target.level} needs a sandbox app: {name} is not set", Severity.NOTE)
        for probe, walk, twin in plan:
            yield from self._ask(probe, walk, twin)
        if self.heard:
            yield from self._ending()
            yield from self._stale()

    def _ask(self, probe: Probe, walk: Walk, twin: Walk) -> Iterator[Finding]:
        if probe.level and probe.exchange is not None and (HELD & probe.exchange.names) - walk.values.keys():
            return  # the sandbox has no such token, and none was got on the way
        try:
            wanted, request = expected(self.lab, probe.request(twin)), probe.request(walk)
            if probe.learns and not wanted.refused:
                self._learn(probe, twin, wanted.response)  # what it holds may have ended with this
        except WalkError:
            return  # needs what an earlier probe did not get, which was told there
        reply = self._send(probe, request)
        found = judge(probe, wanted, reply)
        if any(item.severity is Severity.BREAK for item in found):
            found = self._again(probe, wanted, request, found)
        if reply.response is not None and not found and probe.learns and probe.exchange is not None:
            self._learn(probe, walk, reply.response)
            self.secrets.add(walk.values)
        if not found:
            yield self.finding(probe.case, wanted, request, None)
        for item in found:
            yield self.finding(probe.case, wanted, request, item)

    def _again(self, probe: Probe, wanted: Expected, request: Request, first: list[Difference]) -> list[Difference]:
        """A grave difference counts when it is there a second time; else nobody knows."""
        time.sleep(self.second_look)
        second = judge(probe, wanted, self._send(probe, request))
        kinds = {item.kind for item in second if item.severity is Severity.BREAK}
        return [
            item
            if item.severity is not Severity.BREAK or item.kind in kinds
            else replace(item, severity=Severity.INCONCLUSIVE, message=f"{item.message}; not so at a second look")
            for item in first
        ]

    def _send(self, probe: Probe, request: Request) -> Reply:
        reply = self.courier.send(request)
        shown = f"{request.method} {request.scheme}://{request.host}{request.path}"
        status = reply.response.status if reply.response is not None else 0
        self.heard = self.heard or status > 0
        self.run.asked.append(
            Asked(self.target.provider, probe.case, probe.step, shown, status, round(reply.seconds, 3))
        )
        return reply

    def _learn(self, probe: Probe, walk: Walk, response: Response) -> None:
        assert probe.exchange is not None
        walk.learn(probe.exchange.answer, walk.parse(probe.step, response))

    # what is said

    def finding(self, case: str, wanted: Expected, request: Request, item: Difference | None) -> Finding:
        """One difference, or that there is none, in the words of a report."""
        severity = item.severity if item is not None else Severity.FINE
        return Finding(
            self.target.provider,
            "live",
            f"{case}-{item.kind}" if item is not None else case,
            severity in PASSING,
            self.secrets.hide(item.message) if item is not None else "",
            wanted.file,
            wanted.line,
            severity,
            wanted.step or case,
            wanted.evidence.kind if wanted.evidence is not None else "",
            item.next if item is not None else "",
            command(request, self.secrets) if item is not None else "",
        )

    def said(self, case: str, message: str, severity: Severity) -> Finding:
        file = self.lab.wire.source.file
        return Finding(self.target.provider, "live", case, severity in PASSING, message, file, 0, severity)

    def _ending(self) -> Iterator[Finding]:
        """What the provider has said that it will end."""
        for exchange in self.lab.wire.exchanges:
            ends = exchange.spec.retires
            if ends is not None and (ends - self.today).days <= SOON:
                wanted = of_exchange(exchange)
                when = "ends" if ends > self.today else "was to end"
                yield Finding(
                    self.target.provider,
                    "live",
                    f"{exchange.label}-retires",
                    False,
                    f"{when} on {ends}, the provider has said",
                    wanted.file,
                    wanted.line,
                    Severity.WARN,
                    exchange.step,
                    wanted.evidence.kind if wanted.evidence is not None else "",
                    NEXT["dated"],
                )

    def _stale(self) -> Iterator[Finding]:
        """Evidence that is old and was not renewed by an answer of this run."""
        wire = self.lab.wire
        old = sorted(name for name, item in wire.spec.evidence.items() if age(item, self.today) > OLD)
        used = {item.evidence for item in wire.exchanges} | {item.evidence for item in wire.errors.values()}
        rows = [name for name in old if name in used]
        if rows:
            oldest = min(wire.spec.evidence[name].date for name in rows)
            message = (
                f"{len(rows)} of {len(wire.spec.evidence)} sources are older than {OLD} days, the oldest of {oldest}"
            )
            yield self.said("evidence-old", message, Severity.STALE)


def target(provider: str, settings: Mapping[str, str] | None = None, level: int = 0) -> Target:
    """A provider with the sandbox that the environment has for it. UsageError for a provider that there is not."""
    load(provider)
    app, tokens = sandbox(provider, level)
    return Target(provider, settings or {}, app, tokens, level)
