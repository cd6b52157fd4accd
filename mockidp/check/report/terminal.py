"""A report for somebody at a terminal: what matters first, each with where, why, and what to do next."""

from __future__ import annotations

from mockidp.check.finding import ORDER, Severity
from mockidp.check.report.document import Report, Row


def render(report: Report) -> str:
    """Plain text, at most some 110 columns but for commands and addresses."""
    rows = [row for row in report.findings if row.severity is not Severity.FINE]
    rows.sort(key=lambda row: (bool(row.reason), ORDER[row.severity], row.id))
    lines = [line for row in rows for line in _lines(row)]
    return "\n".join([*lines, *([""] if lines else []), _sum(report), ""])


def _lines(row: Row) -> list[str]:
    where = f"{row.file}:{row.line}" if row.line else row.file
    head = f"{'ignored' if row.reason else str(row.severity):<12} {row.id}: {row.message}"
    details = [row.reason and f"because: {row.reason}", where, row.next, row.curl]
    return [head, *(f"{'':<13}{text}" for text in details if text), ""]


def _sum(report: Report) -> str:
    told = ", ".join(f"{count} {name}" for name, count in report.counts.items()) or "nothing was checked"
    ended = "" if report.complete else "  This run was ended early: what is missing was not asked."
    many = len(report.providers)
    return f"{len(report.findings)} cases of {many} provider{'' if many == 1 else 's'}: {told}.{ended}"
