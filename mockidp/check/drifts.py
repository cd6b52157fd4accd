"""Real drifts as data: `contracts/_drifts.toml`, read strictly.

A drift is a day on which a provider's wire changed. The contracts hold both sides of it, so it can be replayed. Where
nothing changed but what sites took for granted, `belief` is that: a contract's tables, laid over the one in force.
"""

from __future__ import annotations

import copy
import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from mockidp.contract import schema
from mockidp.contract.files import contracts_folder
from mockidp.contract.load import Loaded, Source, Table, check_types, find_line, load, merge, read_table
from mockidp.errors import ContractError

Level = Literal["L0", "L1", "L2", "C"]
NAME = "_drifts.toml"


class Drift(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One change. `number` is the row's in the list it was taken from; several parts of one change share it.

    `before` and `after` are the days of the two sides; a belief has none. `level` is the first that sees it, `finding`
    the id that reports it there, with `*` for any characters, and `severity` how grave it is said to be. `app` is
    whether the sandbox's was made before the change or after it, `facts` what kind it is of, `person` whose account
    it has, `settings` the provider's, and `take` the exchanges that a client uses where there are several. `beyond` is
    why no client can do anything about it.
    """

    number: int
    provider: str
    title: str
    before: datetime.date | None = None
    after: datetime.date | None = None
    belief: dict[str, Any] = {}
    level: Level
    finding: str
    severity: Literal["break", "warn", "review", "note"] = "break"
    app: Literal["old", "new"] = "old"
    facts: dict[str, str] = {}
    settings: dict[str, str] = {}
    person: str = "alice"
    take: dict[str, str] = {}
    beyond: str = ""
    references: list[str]

    @property
    def when(self) -> str:
        return str(self.after) if self.after is not None else ""


class Unexpressed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A change that no contract of this project can hold, and why."""

    number: int
    provider: str
    title: str
    reason: str
    references: list[str]


class Drifts(msgspec.Struct, forbid_unknown_fields=True):
    """The whole list."""

    drift: list[Drift] = []
    unexpressed: list[Unexpressed] = []


def read(path: Path | None = None) -> Drifts:
    """The list, the oldest change first within a provider's rows as they stand. ContractError with file and line."""
    path = path or contracts_folder() / NAME
    file = f"contracts/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot be read: {type(error).__name__}", file=file) from None
    table = read_table(file, text)
    check_types(file, text, table, Drifts)
    drifts = msgspec.convert(table, Drifts)
    for number, row in enumerate(drifts.drift):
        dated = row.before is not None and row.after is not None and row.before < row.after
        if dated == bool(row.belief) or (row.before is None) != (row.after is None):
            lines = [at for at, line in enumerate(text.splitlines(), 1) if line.strip() == "[[drift]]"]
            raise ContractError(
                "needs `before` and a later `after`, or a `belief` and neither", file=file, line=lines[number]
            )
    return drifts


def told(drift: Drift) -> dict[str, Any]:
    """What a drift is, for programs."""
    return {
        "number": drift.number,
        "provider": drift.provider,
        "title": drift.title,
        "before": str(drift.before or ""),
        "after": str(drift.after or ""),
        "references": drift.references,
    }


@dataclass(frozen=True)
class Sides:
    """The two contracts of a drift, and the days on which they hold; None is today."""

    believed: Loaded
    before: datetime.date | None
    true: Loaded
    after: datetime.date | None


def sides(drift: Drift) -> Sides:
    """What was believed and what is true. UsageError for an unknown provider, ContractError for a bad belief."""
    true = load(drift.provider)
    believed = believing(true, drift.belief) if drift.belief else true
    return Sides(believed, drift.before, true, drift.after)


def believing(loaded: Loaded, belief: Table) -> Loaded:
    """A contract with other tables laid over it; exchanges are named as `[belief.exchange."userinfo"]`."""
    source = loaded.source
    belief, table = copy.deepcopy(belief), copy.deepcopy(source.table)
    for label, over in belief.pop("exchange", {}).items():
        step, _, name = label.partition(".")
        rows = [row for row in table["exchange"] if (row["step"], row.get("name", "")) == (step, name)]
        if not rows:
            line = find_line(source.text, ["exchange"])
            raise ContractError(
                f"a drift has a belief about {label}, which is no exchange", file=source.file, line=line
            )
        for row in rows:
            row.update(merge(row, over))
    table = merge(table, belief)
    check_types(source.file, source.text, table, schema.Contract)
    return Loaded(Source(source.id, source.folder, source.text, table))
