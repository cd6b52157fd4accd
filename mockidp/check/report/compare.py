"""Two reports compared: what is new, gone, graver or milder, and what the later one could not say."""

from __future__ import annotations

import msgspec

from mockidp.check.finding import FAILING, ORDER, Severity
from mockidp.check.report.checks import Check, in_checks
from mockidp.check.report.document import Report, Row
from mockidp.check.report.words import IGNORED

QUIET = (Severity.FINE, Severity.INCONCLUSIVE)


class Change(msgspec.Struct, kw_only=True):
    """A finding that is in both. `before` is how grave it was, `ignored` where a rule expected it."""

    before: str
    now: str
    finding: Row


class Comparison(msgspec.Struct, kw_only=True):
    """`before` and `after` are when the two runs ended.

    `unclear` are failures of the first to whose check the second has no answer: they may be there still.
    """

    before: str
    after: str
    new: list[Row]
    graver: list[Change]
    milder: list[Change]
    gone: list[Row]
    unclear: list[Row]


def compare(before: Report, after: Report) -> Comparison:
    """Findings are the same where their ids are. A check that got no answer takes nothing back."""
    old, now = _findings(before), _findings(after)
    answered = {check for check, answer in in_checks(after).items() if answer.is_clear}
    out = Comparison(before=before.ended, after=after.ended, new=[], graver=[], milder=[], gone=[], unclear=[])
    for id_, (_, row) in now.items():
        if id_ not in old:
            out.new.append(row)
        elif change := _change(old[id_][1], row):
            (out.graver if _rank(row) < _rank(old[id_][1]) else out.milder).append(change)
    heard = {(check.provider, check.subject) for check in answered}
    for id_, (check, row) in old.items():
        if id_ in now:
            continue
        if check in answered or (_is_loose(check, before) and check[:2] in heard):
            out.gone.append(row)
        elif row.severity in FAILING and not row.reason:
            out.unclear.append(row)
    return out


def exit_code(found: Comparison) -> int:
    """1 where something fails that did not or is graver, 3 where that cannot be said of all, else 0."""
    worse = [row for row in (*found.new, *(change.finding for change in found.graver)) if not row.reason]
    if any(row.severity in FAILING for row in worse):
        return 1
    return 3 if found.unclear else 0


def _findings(report: Report) -> dict[str, tuple[Check, Row]]:
    """What differs, by id; of two with the same id the graver."""
    out: dict[str, tuple[Check, Row]] = {}
    for check, answer in in_checks(report).items():
        for row in answer.rows:
            if row.severity not in QUIET and (row.id not in out or _rank(row) < _rank(out[row.id][1])):
                out[row.id] = check, row
    return out


def _is_loose(check: Check, report: Report) -> bool:
    """Whether no request stands behind a check: it comes and goes with what else is said of that provider."""
    return all((item.provider, item.case) != (check.provider, check.name) for item in report.asked)


def _rank(row: Row) -> int:
    return len(ORDER) if row.reason else ORDER[row.severity]


def _state(row: Row) -> str:
    return IGNORED if row.reason else str(row.severity)


def _change(before: Row, now: Row) -> Change | None:
    if _state(before) == _state(now):
        return None
    return Change(before=_state(before), now=_state(now), finding=now)
