"""What a check says: one case, and whether it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One case that was checked. `ok` is false for a difference, which `message` tells; `file:line` when it has one."""

    provider: str
    subject: str
    case: str
    ok: bool = True
    message: str = ""
    file: str = ""
    line: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def id(self) -> str:
        """Stable, and free of values: `github-mock-bad_code`."""
        return f"{self.provider}-{self.subject}-{self.case}"
