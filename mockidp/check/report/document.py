"""The document of one run: JSON with a published schema (`docs/report.schema.json`), written whole or not at all.

Every renderer reads this and nothing else, so a report can be made on another machine, or a year later.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import field

from mockidp import __version__
from mockidp.check.finding import FAILING, ORDER, Finding, Severity
from mockidp.errors import UsageError
from mockidp.whole import put

if TYPE_CHECKING:
    from mockidp.check.live.run import Run

FORMAT = 1
LIMIT = 64 << 20  # bytes of a report that is read


class Row(msgspec.Struct, kw_only=True):
    """One case. `id` is stable and free of values; `file` and `line` are where the contract says what was asked.

    `reason` is that of the rule by which it is ignored, and empty where it is not.
    """

    id: str
    provider: str
    subject: str
    case: str
    ok: bool
    severity: Severity
    step: str = ""
    message: str = ""
    evidence: str = ""
    file: str = ""
    line: int = 0
    next: str = ""
    curl: str = ""
    reason: str = ""


class Question(msgspec.Struct, kw_only=True):
    """One request that was sent, without its values. `status` is 0 where no answer came; `seconds` is what it took."""

    provider: str
    case: str
    step: str
    request: str
    status: int = 0
    seconds: float = 0.0


class Report(msgspec.Struct, kw_only=True):
    """One run. Times are UTC in ISO 8601; `complete` is false where it was ended early; `level` is -1 but live."""

    format: int = FORMAT
    tool: str = f"mockidp {__version__}"
    subjects: list[str]
    level: int = -1
    started: str
    ended: str
    complete: bool
    providers: list[str]
    counts: dict[str, int] = {}
    findings: list[Row]
    asked: list[Question] = field(default_factory=list)


def of_findings(
    findings: Iterable[Finding], *, started: float, ended: float, complete: bool = True, level: int = -1
) -> Report:
    """A report of what a check found; times in seconds since 1970."""
    rows = [msgspec.convert(_in_utf8(item.as_dict()), Row) for item in findings]
    return Report(
        subjects=list(dict.fromkeys(row.subject for row in rows)),
        level=level,
        started=_time(started),
        ended=_time(ended),
        complete=complete,
        providers=list(dict.fromkeys(row.provider for row in rows)),
        counts=counted(rows),
        findings=rows,
    )


def of_run(run: Run) -> Report:
    """A report of a live check."""
    report = of_findings(run.findings, started=run.started, ended=run.ended, complete=run.complete, level=run.level)
    report.subjects, report.providers = ["live"], list(run.providers)
    report.asked = [msgspec.convert(vars(item), Question) for item in run.asked]
    return report


def counted(rows: Iterable[Row]) -> dict[str, int]:
    """How many cases there are of each severity, the gravest first; ignored ones count as `ignored`."""
    found = Counter("ignored" if row.reason else str(row.severity) for row in rows)
    names = [*map(str, ORDER), "ignored"]
    return {name: found[name] for name in names if found[name]}


def exit_code(report: Report) -> int:
    """0 fine, 1 something differs, 3 nothing does but not everything could be asked."""
    seen = {row.severity for row in report.findings if not row.reason}
    if seen & FAILING:
        return 1
    return 3 if Severity.INCONCLUSIVE in seen else 0


def encode(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def read(path: Path) -> Report:
    """A report from its file. UsageError where it is none, or of a later format."""
    try:
        if path.stat().st_size > LIMIT:
            raise UsageError(f"{path} is larger than {LIMIT >> 20} MiB: that is no report")
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is no report of mockidp: {error}. `mockidp check --out {path.name}` writes one"
        ) from None
    if report.format != FORMAT:
        raise UsageError(f"{path} has the format {report.format}; this mockidp reads {FORMAT}")
    return report


def write(path: Path, data: bytes) -> None:
    """Put a file in its place, whole or not at all, and make its folder. UsageError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def json_schema() -> dict[str, Any]:
    """JSON Schema of a report; `docs/report.schema.json` is made from it."""
    schema = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mockidp report", **schema}


def _in_utf8(fields: dict[str, Any]) -> dict[str, Any]:
    """Half a surrogate pair, which JSON of a provider's may hold, is no text that can be written: an escape is."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if type(value) is str else value
        for name, value in fields.items()
    }


def schema_text() -> str:
    """What stands in `docs/report.schema.json`; `make schema` writes it."""
    return json.dumps(json_schema(), indent=1, sort_keys=True) + "\n"


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
