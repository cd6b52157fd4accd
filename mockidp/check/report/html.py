"""One page that stands alone: provider × check × last seen. No script, nothing from elsewhere, a strict policy.

The policy names the hash of the one style sheet, so whatever a provider's answer might have smuggled into a text could
neither run nor load. Filters are radio buttons and CSS, details are HTML's own.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mockidp.check.finding import FAILING, ORDER, Severity
from mockidp.check.report.document import Report, Row
from mockidp.check.report.matrix import Cell, Line, matrix
from mockidp.check.report.words import IGNORED, MEANS, one_line, visible

SIGNS = {
    Severity.BREAK: "✕",
    Severity.WARN: "!",
    Severity.REVIEW: "?",
    Severity.INCONCLUSIVE: "…",
    Severity.STALE: "◷",
    Severity.NOTE: "+",
    Severity.FINE: "✓",
    IGNORED: "∅",
}
FILTERS = (
    ("all", "All"),
    ("differs", "Differs"),
    ("inconclusive", "No answer"),
    ("stale", "Old evidence"),
    ("note", "Additions"),
    ("ignored", "Ignored"),
    ("quiet", "Fine"),
)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def render(report: Report) -> str:
    return render_all([report])


def render_all(reports: Sequence[Report]) -> str:
    """The page for several runs, of which the newest answer counts for each check."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # lazy: only this form needs it

    folder = Path(__file__).parent
    style = (folder / "matrix.css").read_text(encoding="utf-8")
    env = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"seen": visible, "line": one_line, "day": _Days(reports), "instant": _instant}
    found = matrix(reports)
    counts = Counter(mark for line in found.lines for mark in line.marks)
    counts["all"] = len(found.lines)
    facts: dict[str, Any] = {
        "policy": _policy(style),
        "style": style,
        "matrix": found,
        "newest": max(reports, key=lambda report: report.ended),
        "filters": [(mark, title, counts[mark]) for mark, title in FILTERS if counts[mark]],
        "totals": _totals(found.lines),
        "signs": SIGNS,
        "means": MEANS,
        "anchor": _anchor,
        "label": _label,
        "ordered": _ordered,
        "failing": FAILING,
        "width": len(found.columns) + 2,
    }
    page: str = env.get_template("matrix.html").render(facts)
    return page


def _policy(style: str) -> str:
    mark = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"


def _totals(lines: Sequence[Line]) -> list[tuple[Severity, int]]:
    """How many checks' cells there are of each severity; of what fails also that there are none."""
    found = Counter(cell.severity for line in lines for cell in line.cells.values())
    told = (Severity.BREAK, Severity.WARN, Severity.REVIEW, Severity.INCONCLUSIVE, Severity.FINE)
    return [(severity, found[severity]) for severity in ORDER if found[severity] or severity in told]


def _anchor(provider: str) -> str:
    """A name for a place of the page."""
    if re.fullmatch(r"[a-z0-9_-]{1,64}", provider):
        return f"p-{provider}"
    return f"p--{hashlib.sha256(provider.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


def _label(line: Line, column: str, cell: Cell) -> str:
    """A cell in words, for those who do not see it."""
    parts = [f"{line.provider}, {column}: {cell.severity}"]
    parts += [f"last seen {cell.seen[:10]}"] if cell.seen else ["never seen"]
    parts += [f"since {cell.since[:10]}"] if cell.since else []
    parts += [f"no answer on {cell.tried[:10]}"] if cell.tried else []
    parts += ["some of it ignored"] if cell.ignored else []
    return visible(", ".join(parts))


def _ordered(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (bool(row.reason), ORDER[row.severity], row.id))


class _Days:
    """`12 Nov`, with the year where it is not that of the newest run."""

    def __init__(self, reports: Sequence[Report]) -> None:
        self.year = max(report.ended for report in reports)[:4]

    def __call__(self, instant: str) -> str:
        found = re.match(r"(\d{4})-(\d\d)-(\d\d)", instant)
        if found is None or not 1 <= int(found[2]) <= 12:
            return visible(instant)
        year = "" if found[1] == self.year else f" {found[1]}"
        return f"{int(found[3])} {MONTHS[int(found[2]) - 1]}{year}"


def _instant(text: str) -> str:
    """`2026-11-03 04:17 UTC`."""
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return visible(text)
