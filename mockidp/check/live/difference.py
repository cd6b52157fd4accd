"""One difference between an answer and the contract, and what to do about each kind."""

from __future__ import annotations

from dataclasses import dataclass

from mockidp.check.finding import Severity


@dataclass(frozen=True)
class Difference:
    """One difference. `kind` is short and holds no value; `next` says what to do."""

    kind: str
    severity: Severity
    message: str
    next: str = ""


NEXT = {
    "unreachable": "Run it again where the provider can be reached.",
    "limited": "Run it again later.",
    "wall": "Ask from another address, or with `--level 2` in a browser.",
    "failing": "Run it again later; the provider's status page may say more.",
    "gone": "Look for the provider's notice, and give the contract's row an `until` and a successor.",
    "moved": "Clients must ask at the new address: give the row an `until` and write a new one.",
    "format": "Clients that read the old format fail: record the new body and give the old row an `until`.",
    "dated": "Plan the change before that day; put the date into the contract.",
    "accepted": "Look by hand: either the check is not made any more, or the answer is an error in new words.",
    "added": "Add it to the body file, as `optional` if it is not always there.",
}
DEFAULT_NEXT = "Compare with the provider's documentation; then change the contract, the old row with `until`."


def made(kind: str, severity: Severity, message: str) -> Difference:
    return Difference(kind, severity, message, NEXT.get(kind.partition(":")[0], DEFAULT_NEXT))
