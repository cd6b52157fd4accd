"""A report as SARIF 2.1.0 (OASIS), for code scanning: a result points at the line of the contract that differs.

A rule is a kind of difference. Results are known again by their finding's id, which holds no value. What could not be
asked is a notification about the run and no result: else every bad night would open alerts and the next would close
them. Fine cases are left out; ignored ones are suppressed, with the rule's reason.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from mockidp.check.finding import Severity
from mockidp.check.report.checks import in_checks, kind_of
from mockidp.check.report.document import Report, Row, exit_code
from mockidp.check.report.words import MEANS, one_line, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    Severity.BREAK: "error",
    Severity.WARN: "warning",
    Severity.REVIEW: "warning",
    Severity.STALE: "note",
    Severity.NOTE: "note",
}
KINDS = {  # of a live difference, by the first word of its name
    "gone": "An endpoint has gone",
    "moved": "An endpoint has moved",
    "format": "An answer has another format",
    "status": "An answer has another status",
    "error": "An error has another name",
    "refused": "What the contract has as right is refused",
    "accepted": "What was made up is not refused",
    "missing": "A part of an answer is missing",
    "type": "A part of an answer has another type",
    "added": "An answer has a new part",
    "differs": "A document tells another value",
    "dropped": "A document no longer offers something",
    "header": "A header differs",
    "dated": "The provider has announced an end",
    "retires": "The provider has said that this ends",
    "evidence-old": "The evidence is old",
    "plan": "The contract does not hold at the simulator",
}
SUBJECTS = {
    "contract": "The contract does not hold by itself",
    "mock": "The simulator does not do as the contract says",
    "client": "The client does not do as the contract says",
    "expired": "A rule to ignore findings has ended",
    "unused": "A rule to ignore findings matches none",
}


def render(report: Report) -> str:
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    seen: Counter[str] = Counter()
    for check, answer in in_checks(report).items():
        for row in answer.rows:
            if row.severity is Severity.FINE:
                continue
            if row.severity is Severity.INCONCLUSIVE and not row.reason:
                notices.append(_notice(row))
                continue
            rule = _rule(row, kind_of(row, check))
            rules.setdefault(rule["id"], rule)
            seen[row.id] += 1
            results.append(_result(row, rule["id"], list(rules).index(rule["id"]), seen[row.id]))
    live = f"live/{report.level}" if report.level >= 0 else "-".join(report.subjects) or "nothing"
    run = {
        "tool": {"driver": _driver(report, list(rules.values()))},
        "automationDetails": {"id": f"mockidp/{visible(live)}/"},
        "invocations": [_invocation(report, notices)],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


def _driver(report: Report, rules: list[dict[str, Any]]) -> dict[str, Any]:
    name, _, version = one_line(report.tool).partition(" ")
    return {"name": name or "mockidp", "version": version or "0", "rules": rules}


def _invocation(report: Report, notices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "executionSuccessful": report.complete,
        "exitCode": exit_code(report),
        "startTimeUtc": report.started,
        "endTimeUtc": report.ended,
        "toolExecutionNotifications": notices,
    }


def _rule(row: Row, kind: str) -> dict[str, Any]:
    known = KINDS if row.subject == "live" else SUBJECTS
    title = known.get(kind, f"{kind.replace('-', ' ').replace('_', ' ').capitalize()}: differs from the contract")
    words = "".join(part.capitalize() for part in kind.replace("_", "-").split("-") if part.isalnum())
    level = LEVELS.get(row.severity, "none")
    return {
        "id": f"{visible(row.subject)}/{visible(kind)}",
        "name": words or "Difference",
        "shortDescription": {"text": visible(title)},
        "help": {"text": _plain(row.next) or MEANS[row.severity]},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["contract", visible(row.subject)]},
    }


def _result(row: Row, rule: str, index: int, number: int) -> dict[str, Any]:
    mark = hashlib.sha256(row.id.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    parts = [row.message or str(row.severity), *([f"Next: {row.next}"] if row.next else [])]
    out: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": index,
        "level": LEVELS.get(row.severity, "none"),
        "message": {"text": _plain("\n\n".join(parts))},
        "locations": [{"physicalLocation": _place(row)}],
        # The first is the only one that GitHub looks at; without it the text of the line would be taken.
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{number}", "mockidpFinding/v1": f"{mark}:{number}"},
        "properties": {
            "id": visible(row.id),
            "severity": str(row.severity),
            "provider": visible(row.provider),
            "step": visible(row.step),
            "evidence": visible(row.evidence),
            "curl": visible(row.curl),
        },
    }
    if row.reason:
        out["suppressions"] = [{"kind": "external", "status": "accepted", "justification": _plain(row.reason)}]
    return out


def _place(row: Row) -> dict[str, Any]:
    """Where the contract says it. GitHub wants a file, so what has none is at the contract's first line."""
    file = row.file or f"contracts/{row.provider}/contract.toml"
    uri = quote(file.encode("utf-8", "backslashreplace"), safe="/-._~")
    return {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": {"startLine": max(1, row.line)}}


def _notice(row: Row) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": _plain(f"{row.id}: {row.message}")},
        "locations": [{"physicalLocation": _place(row)}],
    }


def _plain(text: str) -> str:
    """A text in which there is no link: `[words](address)` is one in any message of SARIF (3.11.6)."""
    return visible(text).replace("](", "] (")
