"""Which table of a contract says what an answer is and where that is known from; and its text with that changed.

An exchange is laid over others: the family's, the plain one of the step, what was before a date (`contract/load.py`).
The last of its own layers is the one that a recording is evidence for.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from itertools import count
from typing import Any

from mockidp.check.record import toml_text
from mockidp.check.record.toml_text import Path, at
from mockidp.contract.load import Loaded

KIND = "recorded"


class Rows:
    """The text of one contract under change. `period` is the one that the recording speaks of."""

    def __init__(self, loaded: Loaded, date: datetime.date | None) -> None:
        self.table, self.text = loaded.table, loaded.source.text
        self.period = None if date is None else next((day for day in loaded.boundaries if date < day), None)
        self.map = toml_text.read(self.text)
        self._edits: dict[tuple[int, int], str] = {}
        self._was: set[str] = set()

    # which layers

    def of_exchange(self, step: str, name: str) -> tuple[list[Path], list[Path]]:
        """What an exchange is laid over in this file, and its own layers, the lowest first."""
        every: list[tuple[Path, Any]] = [
            (("exchange", number), row) for number, row in enumerate(self.table["exchange"])
        ]
        mine = [(path, row) for path, row in every if (row["step"], row.get("name", "")) == (step, name)]
        own = [(path, row) for path, row in mine if not row.get("until")]
        first = next(
            (path for path, row in every if row["step"] == step and not row.get("until")),
            None,
        )
        base = [first] if name and first is not None and own and first != own[0][0] else []
        layers: list[Path] = [path for path, _ in own[:1]]
        ended = [(row["until"], path) for path, row in mine if row.get("until") and self._holds(row["until"])]
        layers += [path for _, path in sorted(ended, reverse=True)]
        for path, row in own[:1]:
            layers += self._before(path, row)
        return base, layers

    def of_table(self, path: Path) -> list[Path]:
        """The layers of an error or of a token's claims."""
        row = at(self.table, path)
        return [path, *self._before(path, row)] if row is not None else []

    def _holds(self, until: datetime.date) -> bool:
        return self.period is not None and until >= self.period

    def _before(self, path: Path, row: Any) -> list[Path]:
        old = [(item["until"], number) for number, item in enumerate(row.get("before", []))]
        return [(*path, "before", number) for until, number in sorted(old, reverse=True) if self._holds(until)]

    # what to change

    def put(self, path: Path, value: str) -> None:
        """Another text at a place that has one."""
        span = self.map.values[path]
        self._edits[span.start, span.end] = toml_text.quoted(value)

    def cite(self, path: Path, evidence: str) -> None:
        """Name the evidence of a layer; those that are laid over it keep the one they had."""
        old = self._evidence(path)
        for other in self._heirs(path):
            if old and "evidence" not in at(self.table, other):
                self._add(other, old)
        self._was.add(old)
        if "evidence" in at(self.table, path):
            self.put((*path, "evidence"), evidence)
        else:
            self._add(path, evidence)

    def _add(self, path: Path, evidence: str) -> None:
        start, end, text = self.map.added(path, "evidence", toml_text.quoted(evidence))
        self._edits[start, end] = text

    def _evidence(self, path: Path) -> str:
        """The evidence that a layer names, or that of what it is laid over."""
        row = at(self.table, path)
        if "evidence" in row:
            return str(row["evidence"])
        if path[-2:-1] == ("before",):
            return self._evidence(path[:-2])
        if path[0] == "exchange" and (row.get("name") or row.get("until")):
            base, layers = self.of_exchange(row["step"], row.get("name", ""))
            lower = [one for one in [*base, *layers[:1]] if one != path]
            return self._evidence(lower[-1]) if lower else ""
        return ""

    def _heirs(self, path: Path) -> Iterator[Path]:
        """The layers that lie over this one."""
        row = at(self.table, path)
        if path[-2:-1] == ("before",):
            siblings = at(self.table, path[:-1])
            yield from ((*path[:-1], number) for number, item in enumerate(siblings) if item["until"] < row["until"])
            return
        yield from ((*path, "before", number) for number in range(len(row.get("before", []))))
        if path[0] == "exchange":
            for number, other in enumerate(self.table["exchange"]):
                same = other["step"] == row["step"] and ("exchange", number) != path
                if same and (other.get("name", "") == row.get("name", "") or not row.get("name")):
                    yield ("exchange", number)

    # the source of it all

    def name_of(self, source: str) -> str:
        """The name of the evidence of this source: the one it has, or a free one."""
        known = self.table.get("evidence", {})
        for name, row in known.items():
            if row["kind"] == KIND and row["source"] == source:
                return str(name)
        free = (KIND if number == 1 else f"{KIND}_{number}" for number in count(1))
        return next(name for name in free if name not in known)

    def result(self, name: str, source: str, today: datetime.date) -> str:
        """The whole text with every change, and with the evidence in place."""
        edits = [(start, end, text) for (start, end), text in self._edits.items()]
        if name in self.table.get("evidence", {}):
            span = self.map.values["evidence", name, "date"]
            edits.append((span.start, span.end, today.isoformat()))
        else:
            row = f'{{ kind = "{KIND}", source = {toml_text.quoted(source)}, date = {today.isoformat()} }}'
            edits.append(self._evidence_row(name, row))
        text = toml_text.applied(self.text, edits)
        return self._without_unused(text)

    def _evidence_row(self, name: str, row: str) -> tuple[int, int, str]:
        if ("evidence",) in self.map.heads:
            return self.map.added(("evidence",), name, row)
        end = len(self.text)
        return end, end, f"\n[evidence]\n{name} = {row}\n"

    def _without_unused(self, text: str) -> str:
        """Sources that nothing refers to any more, and that something did before, go."""
        table = tomllib.loads(text)
        unused = [name for name in table.get("evidence", {}) if name in self._was and name not in _cited(table)]
        map_ = toml_text.read(text)
        return toml_text.applied(text, [map_.removed(("evidence", name)) for name in unused])


def _cited(node: Any) -> set[str]:
    """Every evidence that is named anywhere."""
    if isinstance(node, list):
        return {name for item in node for name in _cited(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["evidence"]} if isinstance(node.get("evidence"), str) else set()
    return own | {name for key, item in node.items() for name in _cited(item)}


def uses(node: Any, body: str) -> int:
    """How many tables have this body file as their answer."""
    if isinstance(node, list):
        return sum(uses(item, body) for item in node)
    if not isinstance(node, dict):
        return 0
    return (node.get("body") == body) + sum(uses(item, body) for item in node.values())
