"""Real drifts and a login library: which of them would have broken the sites that use it.

It logs in as the provider was before each, and as it was after. What worked and does no longer is broken; so is a login
as somebody else, and one that takes an address for verified that is not.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mockidp.check.client import Adapter, Outcome, drive
from mockidp.check.drifts import Drift, sides, told
from mockidp.check.mock import Lab
from mockidp.contract.load import Loaded


class Verdict(StrEnum):
    """What a drift did to a client, the gravest first."""

    BROKEN = "broken"  # it logged in before, and not after
    FAILS = "fails"  # it logs in on neither side, nor today
    OUTLIVED = "outlived"  # it logs in on neither side, but today: it was written for what came later still
    MENDED = "mended"  # it was written for what came after
    SURVIVES = "survives"  # it logs in on both sides


@dataclass(frozen=True)
class Driven:
    """A client at one drift. `before`, `after` and `today` say what is wrong there, and nothing where all is well."""

    drift: Drift
    before: str
    after: str
    today: str

    @property
    def verdict(self) -> Verdict:
        if not self.after:
            return Verdict.MENDED if self.before else Verdict.SURVIVES
        if not self.before:
            return Verdict.BROKEN
        return Verdict.FAILS if self.today else Verdict.OUTLIVED


def drive_all(drifts: Iterable[Drift], adapter: Adapter, ready: Callable[[Driven], None] | None = None) -> list[Driven]:
    """A client at every drift that a client can do something about. `ready` is told each as it is done."""
    out = []
    for drift in drifts:
        if drift.beyond:
            continue
        out.append(_driven(drift, adapter))
        if ready is not None:
            ready(out[-1])
    return out


def table(rows: Iterable[Driven]) -> str:
    """A line for each drift: what it did to the client, row, provider, date, and what is wrong after it."""
    out = [f"{'verdict':<9}  {'row':>3}  {'provider':<15}  {'date':<10}  what changed"]
    for item in rows:
        drift = item.drift
        wrong = f": {item.after}" if item.after else ""
        head = f"{item.verdict!s:<9}  {drift.number:>3}  {drift.provider:<15}  {drift.when or 'belief':<10}"
        out.append(f"{head}  {drift.title}{wrong}")
    return "\n".join(out)


def as_rows(rows: Iterable[Driven]) -> list[dict[str, Any]]:
    """The same for programs: `wrong_before`, `wrong_after` and `wrong_today` are empty where all is well."""
    return [
        {
            **told(item.drift),
            "verdict": str(item.verdict),
            "wrong_before": item.before,
            "wrong_after": item.after,
            "wrong_today": item.today,
        }
        for item in rows
    ]


def _driven(drift: Drift, adapter: Adapter) -> Driven:
    two = sides(drift)
    usual = "alice" if drift.belief else drift.person  # of a belief, somebody whom it holds for
    was, before = _login(drift, adapter, usual, two.believed, two.before)
    now, after = _login(drift, adapter, drift.person, two.true, two.after, drift.facts)
    if was and now and usual == drift.person and was != now:
        after = "logs in as somebody else: the uid is another one"
    today = after if drift.after is None else _login(drift, adapter, drift.person, two.true, None, drift.facts)[1]
    return Driven(drift, before, after, today)


def _login(
    drift: Drift,
    adapter: Adapter,
    person: str,
    loaded: Loaded,
    date: datetime.date | None,
    facts: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The uid of one login where nothing is wrong with it, and what is wrong with it."""
    lab = Lab(drift.provider, loaded=loaded, date=date, settings={drift.provider: drift.settings})
    if facts:
        lab.world.app(drift.provider, loopback=True, facts=dict(facts))
    got = drive(lab, adapter, person)
    wrong = _wrong(lab, person, got)
    return ("" if wrong or got.identity is None else str(got.identity["uid"])), wrong


def _wrong(lab: Lab, person: str, got: Outcome) -> str:
    """What is wrong with a login, in words without its values."""
    if got.identity is None:
        return f"no login: {got.code}"
    owner = lab.world.people[person]
    if not got.identity.get("uid"):
        return "no uid"
    if got.identity.get("email") not in (None, "", owner.email, owner.relay_email):
        return "another e-mail address"
    if got.identity.get("email_verified") and not (owner.email_verified or owner.relay_email):
        return "takes an address for verified that is not"
    return ""
