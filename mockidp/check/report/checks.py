"""Which check a case belongs to, and what several reports know of it together.

A check is one question: a request of a live run, or one case of another subject. A finding's case begins with its
check's name (`token-status` belongs to `token`). Of several reports the newest answer counts; a later try that got
none takes nothing back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mockidp.check.finding import ORDER, Severity
from mockidp.check.report.document import Report, Row, counted

NOT_ASKED = "unasked"  # the case that says why a provider was left alone


class Check(NamedTuple):
    provider: str
    subject: str
    name: str


@dataclass
class Answer:
    """What one report says of one check. `ended` is when its run ended, in ISO 8601."""

    report: Report
    rows: list[Row] = field(default_factory=list)

    @property
    def ended(self) -> str:
        return self.report.ended

    @property
    def severity(self) -> Severity:
        """The gravest that no rule ignores."""
        return min((row.severity for row in self.rows if not row.reason), key=ORDER.__getitem__, default=Severity.FINE)

    @property
    def is_clear(self) -> bool:
        return all(row.severity is not Severity.INCONCLUSIVE for row in self.rows)


def in_checks(report: Report) -> dict[Check, Answer]:
    """The rows of a report by check, in its order."""
    asked: dict[str, list[str]] = {}
    for question in report.asked:
        asked.setdefault(question.provider, []).append(question.case)
    out: dict[Check, Answer] = {}
    for row in report.findings:
        name = row.case
        if row.subject == "live":
            known = sorted(set(asked.get(row.provider, [])), key=len, reverse=True)
            name = next((case for case in known if f"{row.case}-".startswith(f"{case}-")), row.case)
        out.setdefault(Check(row.provider, row.subject, name), Answer(report)).rows.append(row)
    return out


def kind_of(row: Row, check: Check) -> str:
    """What kind of difference a row is, without its place: `status`, `missing`; a subject's own name elsewhere."""
    if row.subject == "live":
        return row.case[len(check.name) :].lstrip("-").partition(":")[0] or check.name.partition(":")[0]
    return row.case.partition(":")[0] if row.subject == "ignore" else row.subject


def story(reports: Iterable[Report]) -> dict[Check, list[Answer]]:
    """The answers to each check, the oldest first. A check that is not asked any more is left out."""
    rows = sorted(reports, key=lambda report: report.ended)
    told = [in_checks(report) for report in rows]
    out: dict[Check, list[Answer]] = {}
    for one in told:
        for check, answer in one.items():
            out.setdefault(check, []).append(answer)
    last = {check: answers[-1].report for check, answers in out.items()}
    return {check: answers for check, answers in out.items() if not _is_over(check, last[check], rows, told)}


def _is_over(check: Check, last: Report, rows: Sequence[Report], told: Sequence[dict[Check, Answer]]) -> bool:
    """Whether a later and no shallower run heard that provider and says nothing of the check."""
    for report, answers in zip(rows, told, strict=True):
        if report.ended > last.ended and report.complete and report.level >= last.level:
            same = [answer for other, answer in answers.items() if other[:2] == check[:2]]
            if any(answer.is_clear for answer in same):
                return True
    return False


def latest(answers: Sequence[Answer]) -> Answer:
    """The newest that is clear, else the newest."""
    return next((answer for answer in reversed(answers) if answer.is_clear), answers[-1])


def merged(reports: Sequence[Report]) -> Report:
    """One report of several: for each check its latest answer, and beside it a later try that got none."""
    if len(reports) == 1:
        return reports[0]
    findings: list[Row] = []
    for answers in story(reports).values():
        best = latest(answers)
        findings += best.rows
        if answers[-1] is not best:
            findings += [row for row in answers[-1].rows if row.severity is Severity.INCONCLUSIVE]
    newest = max(reports, key=lambda report: report.ended)
    providers = dict.fromkeys(name for report in reports for name in report.providers)
    order = {name: number for number, name in enumerate(providers)}
    findings.sort(key=lambda row: order.get(row.provider, len(order)))
    return Report(
        subjects=list(dict.fromkeys(name for report in reports for name in report.subjects)),
        level=max(report.level for report in reports),
        started=min(report.started for report in reports),
        ended=newest.ended,
        complete=newest.complete,
        providers=list(providers),
        counts=counted(findings),
        findings=findings,
        asked=[item for report in sorted(reports, key=lambda report: report.ended) for item in report.asked],
    )
