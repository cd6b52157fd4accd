"""Provider × check × last seen: what several reports know, as rows and cells for a page to show.

A check's column is the step that it asks, for a live run, and the subject elsewhere. Steps that few providers have
share a last column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mockidp.check.finding import FAILING, ORDER, Severity
from mockidp.check.report.checks import NOT_ASKED, Answer, Check, in_checks, latest, story
from mockidp.check.report.document import Report, Row

OTHER, EVIDENCE = "other", "evidence"
COLUMNS = 9  # at most, beside the one that the rest share
SAME = {"well-known": "discovery"}  # that there is no document is the answer to the same question
IN_ORDER = (
    "contract",
    "mock",
    "client",
    "discovery",
    "jwks",
    "request_token",
    "authorize",
    "token",
    "refresh",
    "userinfo",
)
RUNS = 30  # of the history that is shown


@dataclass
class Cell:
    """The checks of one provider in one column. Times are those of runs, in ISO 8601.

    `seen` is when the oldest of its checks last had an answer, `tried` a later try without one, `since` when what fails
    now was first seen.
    """

    severity: Severity = Severity.FINE
    ignored: bool = False
    seen: str = ""
    tried: str = ""
    since: str = ""
    checks: list[str] = field(default_factory=list)


@dataclass
class Line:
    """One provider. `unasked` is why nothing is asked of it; `runs` has the gravest of each run, None for no part."""

    provider: str
    cells: dict[str, Cell] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    unasked: str = ""
    runs: list[Severity | None] = field(default_factory=list)
    times: dict[str, tuple[str, str]] = field(default_factory=dict)  # of a finding: when it was first and last seen

    @property
    def severity(self) -> Severity:
        return min((cell.severity for cell in self.cells.values()), key=ORDER.__getitem__, default=Severity.FINE)

    @property
    def seen(self) -> str:
        """When any of its checks last had an answer."""
        return max((cell.seen for cell in self.cells.values()), default="")

    @property
    def marks(self) -> set[str]:
        """What a reader can look for: its severities, `differs`, `ignored`; `quiet` where nothing is to be done."""
        loud = {row.severity for row in self.rows if not row.reason}
        out = {str(severity) for severity in loud}
        out |= {"differs"} if loud & FAILING else set()
        out |= {"ignored"} if any(row.reason for row in self.rows) else set()
        return out if loud & (FAILING | {Severity.INCONCLUSIVE}) else out | {"quiet"}


@dataclass
class Matrix:
    columns: list[str]
    lines: list[Line]
    unasked: list[Line]
    runs: list[Report]


def matrix(reports: Sequence[Report]) -> Matrix:
    """What the reports know together, the gravest provider first."""
    told = story(reports)
    lines: dict[str, Line] = {}
    steps: dict[str, set[str]] = {}
    placed = {check: _step(check, answers) for check, answers in told.items()}
    for check, step in placed.items():
        steps.setdefault(step, set()).add(check.provider)
    columns = _columns({step: len(providers) for step, providers in steps.items()})
    for check, answers in told.items():
        line = lines.setdefault(check.provider, Line(check.provider))
        if check.name == NOT_ASKED:
            line.unasked = answers[-1].rows[0].message
            continue
        column = placed[check] if placed[check] in columns else OTHER
        _enter(line, line.cells.setdefault(column, Cell()), check, answers)
    runs = sorted(reports, key=lambda report: report.ended)[-RUNS:]
    for report in runs:
        gravest = _by_provider(report)
        for line in lines.values():
            line.runs.append(gravest.get(line.provider))
    shown = [line for line in lines.values() if line.cells]
    shown.sort(key=lambda line: (ORDER[line.severity], line.provider))
    if any(OTHER in line.cells for line in shown):
        columns.append(OTHER)
    return Matrix(columns, shown, [line for line in lines.values() if not line.cells], runs)


def _step(check: Check, answers: Sequence[Answer]) -> str:
    if check.subject != "live":
        return check.subject
    step = next((row.step for answer in reversed(answers) for row in answer.rows if row.step), "")
    stale = any(row.severity is Severity.STALE for answer in answers for row in answer.rows)
    return SAME.get(step, step) or (EVIDENCE if stale else OTHER)


def _columns(found: dict[str, int]) -> list[str]:
    """The steps that most providers have, in the order of a login."""
    most = Counter({step: count for step, count in found.items() if step != OTHER}).most_common(COLUMNS)
    enough = max(2, max((count for _, count in most), default=0) // 14)
    kept = [step for step, count in most if count >= min(enough, most[0][1])]
    order = {step: number for number, step in enumerate(IN_ORDER)}
    return sorted(kept, key=lambda step: (step == EVIDENCE, order.get(step, len(order)), step))


def _enter(line: Line, cell: Cell, check: Check, answers: Sequence[Answer]) -> None:
    """Add a check to its cell."""
    best, newest = latest(answers), answers[-1]
    if not cell.checks or ORDER[best.severity] < ORDER[cell.severity]:
        cell.severity = best.severity
        cell.since = min((_since(answers, row.id) for row in best.rows if _fails(row)), default="")
    seen = best.ended if best.is_clear else ""
    cell.seen = min(cell.seen, seen) if cell.checks else seen
    cell.checks.append(check.name)
    if newest is not best:
        cell.tried = max(cell.tried, newest.ended)
    cell.ignored = cell.ignored or any(row.reason for row in best.rows)
    differs = [row for row in best.rows if row.severity is not Severity.FINE]
    line.rows += [
        *differs,
        *(row for row in newest.rows if newest is not best and row.severity is Severity.INCONCLUSIVE),
    ]
    line.times |= {row.id: (_since(answers, row.id), best.ended) for row in differs}
    if not differs:
        line.fine.append(check.name)


def _since(answers: Iterable[Answer], finding: str) -> str:
    """When a finding that is there now was first seen, with no clear answer without it in between."""
    since = ""
    for answer in reversed([answer for answer in answers if answer.is_clear]):
        if all(row.id != finding for row in answer.rows):
            break
        since = answer.ended
    return since


def _fails(row: Row) -> bool:
    return row.severity in FAILING and not row.reason


def _by_provider(report: Report) -> dict[str, Severity]:
    out: dict[str, Severity] = {}
    for check, answer in in_checks(report).items():
        if check.name != NOT_ASKED:
            now = out.get(check.provider, Severity.FINE)
            out[check.provider] = min(now, answer.severity, key=ORDER.__getitem__)
    return out
