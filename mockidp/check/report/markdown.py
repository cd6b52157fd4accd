"""A report for the summary of a CI job or a ticket, in GitHub's Markdown.

Nothing of a finding is Markdown: whatever could be is written as a character reference, which no parser takes for
structure, and commands stand in a fence that is longer than any in them. GitHub refuses a summary of more than 1 MiB;
what does not fit is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mockidp.check.finding import FAILING, ORDER, Severity
from mockidp.check.report.document import Report, Row
from mockidp.check.report.words import IGNORED, MEANS, one_line, visible

ROOM = 900_000  # bytes
ROWS = 200  # of the table
SIGNS = {
    Severity.BREAK: "❌",
    Severity.WARN: "⚠️",
    Severity.REVIEW: "👀",
    Severity.INCONCLUSIVE: "❔",
    Severity.STALE: "⏳",
    Severity.NOTE: "ℹ️",
    Severity.FINE: "✅",
    IGNORED: "🔇",
}
ACTIVE = re.compile(r"[\\`*_{}\[\]<>&#|~!@:$()\"'^=+-]|(?i:www)(?=\.)")


def render(report: Report) -> str:
    """Counts, a table of what is not fine, and each of those in full behind a fold."""
    rows = [row for row in report.findings if row.severity is not Severity.FINE]
    rows.sort(key=lambda row: (bool(row.reason), ORDER[row.severity], row.id))
    parts = [*_head(report), *_table(rows)]
    room = ROOM - sum(len(part.encode()) for part in parts)
    left = 0
    for row in (row for row in rows if row.severity in FAILING or row.reason):
        text = _details(row)
        if (size := len(text.encode())) > room:
            left += 1
            continue
        room -= size
        parts.append(text)
    if left:
        parts.append(f"\n{left} more in full in the JSON report.\n")
    return "".join(parts)


def _head(report: Report) -> Iterable[str]:
    live = f", live at level {report.level}" if report.level >= 0 else ""
    many, worst = len(report.providers), _worst(report)
    yield f"## {SIGNS[worst]} mockidp: {_headline(report, worst)}\n\n"
    ended = "" if report.complete else " **The run was ended early.**"
    subjects = ", ".join(map(_text, report.subjects)) or "nothing"
    yield f"{many} provider{'' if many == 1 else 's'}, {subjects}{live}, {_text(report.ended)}.{ended}\n\n"
    if report.counts:
        heads = [f"{SIGNS.get(name, '')} {_text(name)}" for name in report.counts]
        yield f"| {' | '.join(heads)} |\n"
        yield f"|{' --: |' * len(report.counts)}\n"
        yield f"| {' | '.join(str(count) for count in report.counts.values())} |\n\n"


def _worst(report: Report) -> Severity:
    seen = {row.severity for row in report.findings if not row.reason}
    return next((severity for severity in ORDER if severity in seen), Severity.FINE)


def _headline(report: Report, worst: Severity) -> str:
    bad = sum(row.severity in FAILING and not row.reason for row in report.findings)
    if bad:
        return f"{bad} difference{'' if bad == 1 else 's'}"
    return "not everything could be asked" if worst is Severity.INCONCLUSIVE else "as the contracts say"


def _table(rows: Sequence[Row]) -> Iterable[str]:
    if not rows:
        return
    yield "| | finding | what | where |\n|---|---|---|---|\n"
    for row in rows[:ROWS]:
        name = IGNORED if row.reason else row.severity
        where = f"{row.file}:{row.line}" if row.line else row.file
        place = f"<code>{_text(one_line(where))}</code>" if where else " "
        message = f"{row.message} (ignored: {row.reason})" if row.reason else row.message
        what = _text(_cut(one_line(message), 400)) or " "
        yield f"| {SIGNS[name]} {name} | <code>{_text(one_line(row.id))}</code> | {what} | {place} |\n"
    if len(rows) > ROWS:
        yield f"\n{len(rows) - ROWS} more in the JSON report.\n"
    yield "\n"


def _details(row: Row) -> str:
    """One finding behind a fold; the empty lines make what follows Markdown again."""
    name = IGNORED if row.reason else row.severity
    lines = [f"<details><summary>{SIGNS[name]} <code>{_text(one_line(row.id))}</code></summary>\n"]
    lines += [f"{_fenced(visible(row.message), 'text')}\n"] if row.message else []
    lines.append(f"{MEANS[row.severity]}\n")
    facts = {
        "Contract": f"{row.file}:{row.line}" if row.line else row.file,
        "Evidence": row.evidence,
        "Next": row.next,
        "Ignored because": row.reason,
    }
    lines += [f"- {title}: {_text(one_line(text))}" for title, text in facts.items() if text]
    lines.append("")
    lines += [f"{_fenced(visible(row.curl), 'sh')}\n"] if row.curl else []
    lines.append("</details>\n\n")
    return "\n".join(lines)


def _fenced(text: str, kind: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"


def _text(text: str) -> str:
    """A text that is nothing but text to GitHub: no structure, link, mention, formula or emoji by name."""
    return ACTIVE.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]), visible(text))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
