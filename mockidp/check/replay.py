"""Replay real drifts: the simulator as it is after a change, asked by a live check whose contract is of before.

Each is asked at the level that its row names, and again with the same contract on both sides: what is reported then
too was not found but stumbled upon.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mockidp.apps import App
from mockidp.check.drifts import Drift, Sides, Unexpressed, sides, told
from mockidp.check.finding import ORDER, Finding, Severity
from mockidp.check.live import login
from mockidp.check.live.courier import Courier, Manners
from mockidp.check.live.difference import NEXT
from mockidp.check.live.run import OFFLINE, Conversation, Run, Target, check_live
from mockidp.check.mock import Lab
from mockidp.check.walk import WalkError, walk_class
from mockidp.contract.load import Loaded
from mockidp.contract.wire import Wire
from mockidp.simulator import Simulator

QUIET = frozenset({Severity.FINE, Severity.STALE})
REDIRECT_URI = "http://127.0.0.1:8000/callback"
TOKENS = ("refresh_token", "access_token", "access_secret")
COMPARED = ("uid", "email", "email_verified")


@dataclass
class Replayed:
    """What came of one drift. `caught` is the finding that reports it, None where none does; `control` is what the
    same check finds where nothing changed, which should be nothing.
    """

    drift: Drift
    caught: Finding | None = None
    findings: list[Finding] = field(default_factory=list)
    control: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it is reported where, and as gravely as, the list says, and nothing is where nothing changed."""
        return self.caught is not None and self.caught.severity == self.drift.severity and not self.control


def replay(drifts: Iterable[Drift], ready: Callable[[Replayed], None] | None = None) -> list[Replayed]:
    """Replay every drift. `ready` is told each as it is done."""
    out = []
    for drift in drifts:
        two = sides(drift)
        done = Replayed(drift, findings=asked(drift, two))
        found = [item for item in done.findings if fnmatchcase(item.id, drift.finding)]
        done.caught = min(found, key=lambda item: ORDER[item.severity], default=None)
        done.control = [item for same in _controls(two) for item in asked(drift, same)]
        out.append(done)
        if ready is not None:
            ready(done)
    return out


def table(rows: Iterable[Replayed], unexpressed: Iterable[Unexpressed] = ()) -> str:
    """A line for each drift: row, provider, date, level, how grave, and by which finding it is caught."""
    out = [f"{'row':>3}  {'provider':<15}  {'date':<10}  {'level':<5}  {'severity':<8}  caught by"]
    for item in rows:
        drift, found = item.drift, item.caught
        caught = f"{found.severity!s:<8}  {found.id}" if found is not None else f"{'-':<8}  NOTHING"
        stray = f"  (and {len(item.control)} where nothing changed)" if item.control else ""
        out.append(
            f"{drift.number:>3}  {drift.provider:<15}  {drift.when or 'belief':<10}  {drift.level:<5}  {caught}{stray}"
        )
    out += [f"{row.number:>3}  {row.provider:<15}  {'-':<10}  {'-':<5}  {'-':<8}  {row.reason}" for row in unexpressed]
    return "\n".join(out)


def as_rows(rows: Iterable[Replayed], unexpressed: Iterable[Unexpressed] = ()) -> list[dict[str, Any]]:
    """The same for programs; `reason` is why a drift cannot be replayed."""
    out: list[dict[str, Any]] = []
    for item in rows:
        out.append(
            {
                **told(item.drift),
                "level": item.drift.level,
                "ok": item.ok,
                "caught": item.caught.id if item.caught is not None else "",
                "severity": str(item.caught.severity) if item.caught is not None else "",
                "control": [finding.id for finding in item.control],
                "reason": "",
            }
        )
    for row in unexpressed:
        reasoned = {"number": row.number, "provider": row.provider, "title": row.title, "references": row.references}
        out.append({**reasoned, "reason": row.reason})
    return out


def _controls(two: Sides) -> list[Sides]:
    """The same question where nothing changes, on both sides of a day; of a belief, where it is none."""
    now = Sides(two.true, two.after, two.true, two.after)
    if two.believed is not two.true:
        return [now]
    return [now, Sides(two.true, two.before, two.true, two.before)]


def asked(drift: Drift, two: Sides) -> list[Finding]:
    """What a check at the drift's level reports."""
    found = LEVELS[drift.level](drift, two)
    return [item for item in found if item.severity not in QUIET]


# a live check, at the simulator


def without_credentials(drift: Drift, two: Sides) -> list[Finding]:
    target = Target(drift.provider, drift.settings, loaded=two.believed, date=two.before)
    return _live(_provider(drift, two.true, two.after), target)


def with_an_app(drift: Drift, two: Sides) -> list[Finding]:
    """A sandbox of before the change, with its app and its tokens; or one that was set up after it."""
    provider = _provider(drift, two.true, two.before if drift.app == "old" else two.after)
    app, tokens = _sandbox(provider, drift, two)
    provider.world.travel(two.after)
    target = Target(drift.provider, drift.settings, app, tokens, 1, two.believed, two.before)
    return [item for item in _live(provider, target) if item.case.startswith("app-")]


def _live(provider: Simulator, target: Target) -> list[Finding]:
    from mockidp.mounts.transport import Transport  # lazy: needs httpx

    with Courier(Transport(provider), manners=Manners(apart=0.0)) as courier:
        return check_live([target], courier, second_look=0.0).findings


def _sandbox(provider: Simulator, drift: Drift, two: Sides) -> tuple[App, dict[str, str]]:
    """An app, and what a login of the sandbox's account gave out; where that is refused, what came before.

    An app that is made after the change is used by a client of before it.
    """
    app = _registered(provider, drift)
    wire = provider.world.wire(drift.provider) if drift.app == "old" else two.believed.at(drift.settings, two.before)
    kind = walk_class(drift.provider, wire.family)
    walk = kind(wire, app, provider.handle, drift.person, REDIRECT_URI, extra=OFFLINE)
    with suppress(WalkError):
        walk.run()
    start = wire.step("authorize")
    patterns = start.answer.redirect.values() if start is not None and start.answer.redirect else ()
    told = {name for pattern in patterns for name in pattern.names} - {"code", "state"}
    app.facts.update({name: str(walk.values[name]) for name in told if walk.values.get(name)})
    return app, {name: str(walk.values[name]) for name in TOKENS if walk.values.get(name)}


# a whole login


def with_a_login(drift: Drift, two: Sides) -> list[Finding]:
    """A login as the contract of before has it, at the world of after, answer by answer."""
    provider = _provider(drift, two.true, two.after)
    app = _registered(provider, drift)
    target = Target(drift.provider, drift.settings, app, {}, 2, two.believed, two.before)
    talk = Conversation(target, Courier(), Run(2, 0.0))
    done = login.walk(
        talk.lab.wire, app, provider.handle, person=drift.person, redirect_uri=REDIRECT_URI, take=drift.take
    )
    rows = login.of_walk(talk.lab.wire, done)
    return [talk.finding(row.case, row.expected, row.request, item) for row in rows for item in row.differences]


def as_a_client(drift: Drift, two: Sides) -> list[Finding]:
    """A client that does as the contract of before says must fail, or read something else than what is true."""
    provider = _provider(drift, two.true, two.after)
    wire = two.believed.at(drift.settings, two.before)
    app = provider.world.apps.ready(drift.provider)
    done = login.walk(wire, app, provider.handle, person=drift.person, take=drift.take)
    if done.identity is None:
        word = f" with {done.error}" if done.error else ""
        return [_of_walk(drift, wire, f"{done.stopped}-refused", f"the login ends at {done.stopped}{word}")]
    truth = _lab(drift, two.true, two.after).walk(drift.person).run()
    return [
        _of_walk(drift, wire, f"identity-{name}", f"a client reads another {name} than what is true now")
        for name in COMPARED
        if done.identity[name] != truth[name]
    ]


def _of_walk(drift: Drift, wire: Wire, case: str, message: str) -> Finding:
    return Finding(
        drift.provider, "walk", case, False, message, wire.source.file, severity=Severity.BREAK, next=NEXT["format"]
    )


Ask = Callable[[Drift, Sides], list[Finding]]
LEVELS: Mapping[str, Ask] = {
    "L0": without_credentials,
    "L1": with_an_app,
    "L2": with_a_login,
    "C": as_a_client,
}


# the provider


def _lab(drift: Drift, loaded: Loaded, date: datetime.date | None) -> Lab:
    return Lab(drift.provider, loaded=loaded, date=date, settings={drift.provider: drift.settings})


def _provider(drift: Drift, loaded: Loaded, date: datetime.date | None) -> Simulator:
    return _lab(drift, loaded, date).simulator


def _registered(provider: Simulator, drift: Drift) -> App:
    """An app as somebody has who registered one: one address, and that exactly."""
    return provider.world.app(drift.provider, redirect_uris=[REDIRECT_URI], facts=drift.facts)
