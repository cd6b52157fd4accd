"""What a check says: one case, and whether it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters to whoever logs in there, the gravest first; and what was no finding at all."""

    BREAK = "break"  # a client that does as the contract says fails
    WARN = "warn"  # some clients fail, or all will from a date on
    REVIEW = "review"  # a person must look: the contract only guessed, or the answer can be read in two ways
    INCONCLUSIVE = "inconclusive"  # nothing can be said: the network, a limit, a wall against robots
    STALE = "stale"  # the evidence is old and this run has not renewed it
    NOTE = "note"  # something was added that no client needs to know
    FINE = "fine"


FAILING = frozenset({Severity.BREAK, Severity.WARN, Severity.REVIEW})
PASSING = frozenset({Severity.FINE, Severity.NOTE, Severity.STALE})
ORDER = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """One case that was checked. `ok` is false for a difference, which `message` tells; `file:line` when it has one.

    `next` says what to do about it, `curl` is a command that asks again, `evidence` the kind that the contract has for
    what it says there, `reason` why it is ignored, where it is.
    """

    provider: str
    subject: str
    case: str
    ok: bool = True
    message: str = ""
    file: str = ""
    line: int = 0
    severity: Severity = Severity.FINE
    step: str = ""
    evidence: str = ""
    next: str = ""
    curl: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.ok and self.severity is Severity.FINE:
            object.__setattr__(self, "severity", Severity.BREAK)

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, **asdict(self)}

    @property
    def id(self) -> str:
        """Stable, and free of values: `github-mock-bad_code`."""
        return f"{self.provider}-{self.subject}-{self.case}"
