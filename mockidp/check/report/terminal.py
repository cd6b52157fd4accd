"""A report for somebody at a terminal: what matters first, each with where, why, and what to do next.

What fails is told in full. Notes and old evidence have a line each, and a provider that could not be asked has one
for each reason: with no network that is a page and not a book.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from mockidp.check.finding import FAILING, ORDER, Severity
from mockidp.check.report.compare import Comparison
from mockidp.check.report.document import Report, Row
from mockidp.check.report.words import IGNORED, one_line, visible

WIDTH = 110  # columns; commands, addresses and ids are never broken
LABEL = 13
COLOURS = {
    Severity.BREAK: "1;31",
    Severity.WARN: "1;33",
    Severity.REVIEW: "1;35",
    Severity.INCONCLUSIVE: "36",
    Severity.STALE: "2",
    Severity.NOTE: "34",
    Severity.FINE: "32",
    IGNORED: "2",
}


class Ink:
    """Colour where it is wanted."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text

    def label(self, name: str) -> str:
        return self(COLOURS.get(name, "0"), f"{name:<{LABEL - 1}}") + " "


def render(report: Report, colour: bool = False) -> str:
    """Text of some 110 columns; `colour` adds what a terminal shows as colours, and nothing else does."""
    ink = Ink(colour)
    rows = [row for row in report.findings if row.severity is not Severity.FINE]
    rows.sort(key=lambda row: (bool(row.reason), ORDER[row.severity], row.id))
    loud = [row for row in rows if row.severity in FAILING and not row.reason]
    silent = [row for row in rows if row.severity is Severity.INCONCLUSIVE and not row.reason]
    quiet = [row for row in rows if row.reason or row.severity not in (*FAILING, Severity.INCONCLUSIVE)]
    blocks = [line for row in loud for line in (*_full(row, ink), "")]
    short = [*_unheard(silent, ink), *(line for row in quiet for line in _short(row, ink))]
    return "\n".join([*blocks, *short, *([""] if short else []), _sum(report, ink), ""])


def _full(row: Row, ink: Ink) -> Iterator[str]:
    """Everything that is known of a finding."""
    yield f"{ink.label(row.severity)}{ink('1', one_line(row.id))}"
    for number, line in enumerate(visible(row.message).splitlines()):
        yield from _wrapped(line, "" if number == 0 else "  ")
    where = _place(row)
    yield from [f"{'':<{LABEL}}{ink('2', where)}"] if where else []
    yield from _wrapped(f"next: {one_line(row.next)}") if row.next else []
    yield from (f"{'':<{LABEL}}{ink('36', line)}" for line in visible(row.curl).splitlines())


def _short(row: Row, ink: Ink) -> Iterator[str]:
    name = IGNORED if row.reason else str(row.severity)
    first, *rest = _wrapped(f"{one_line(row.id)}: {one_line(row.message)}")
    yield ink.label(name) + first[LABEL:]
    yield from rest
    if row.reason:
        yield from _wrapped(f"because: {one_line(row.reason)}")


def _unheard(rows: Iterable[Row], ink: Ink) -> Iterator[str]:
    """A line for each provider and reason."""
    told = sorted((row.provider, one_line(row.message), row.case) for row in rows)
    for (provider, message), group in groupby(told, key=lambda item: item[:2]):
        count = len({case for *_, case in group})
        checks = f"{count} check{'' if count == 1 else 's'}"
        first, *rest = _wrapped(f"{one_line(provider)}, {checks}: {message}")
        yield ink.label(Severity.INCONCLUSIVE) + first[LABEL:]
        yield from rest


def _place(row: Row) -> str:
    where = f"{row.file}:{row.line}" if row.line else row.file
    return ", ".join(filter(None, (one_line(where), row.evidence and f"which is {one_line(row.evidence)}")))


def _wrapped(text: str, indent: str = "") -> list[str]:
    lines = textwrap.wrap(
        text, WIDTH - LABEL - len(indent), break_long_words=False, break_on_hyphens=False, tabsize=4
    ) or [""]
    return [f"{'':<{LABEL}}{indent}{line}".rstrip() for line in lines]


def _sum(report: Report, ink: Ink) -> str:
    parts = [ink(COLOURS.get(name, "0"), f"{count} {name}") for name, count in report.counts.items()]
    ended = "" if report.complete else "  This run was ended early: what is missing was not asked."
    many = len(report.providers)
    told = ", ".join(parts) or "nothing was checked"
    cases = len(report.findings)
    return f"{cases} case{'' if cases == 1 else 's'} of {many} provider{'' if many == 1 else 's'}: {told}.{ended}"


def comparison(found: Comparison, colour: bool = False) -> str:
    """Two runs, what got worse first."""
    ink = Ink(colour)
    lines: list[str] = []
    for title, rows in (("new", found.new), ("gone", found.gone), ("not answered this time", found.unclear)):
        block = [line for row in _gravest(rows) for line in _short(row, ink)]
        lines += [ink("1", f"{title}: {len(rows)}"), *block, ""] if rows else []
        if title == "new":
            for title_, changes in (("graver", found.graver), ("milder", found.milder)):
                block = [line for change in changes for line in _moved(change.before, change.finding, ink)]
                lines += [ink("1", f"{title_}: {len(changes)}"), *block, ""] if changes else []
    told = f"from {one_line(found.before)} to {one_line(found.after)}"
    lines.append(f"{told}: {'' if lines else 'nothing has changed.'}".rstrip(": ") if lines else f"{told}: no change.")
    return "\n".join([*lines, ""])


def _gravest(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (bool(row.reason), ORDER[row.severity], row.id))


def _moved(before: str, row: Row, ink: Ink) -> Iterator[str]:
    first, *rest = _short(row, ink)
    yield first
    yield from rest
    yield f"{'':<{LABEL}}{ink('2', f'was {before}')}"
