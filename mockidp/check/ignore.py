"""Rules by which a finding is expected for a while: each has a reason and a day on which it ends.

[[ignore]]
id = "github-live-token-status"    # a finding's id; `*` stands for any characters
until = 2027-01-31
reason = "rolled back by the provider, see ticket 17"

A rule that has expired, and one that no finding of the run matches, is a finding itself: else a list only grows.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from mockidp.check.finding import Finding, Severity
from mockidp.contract.load import check_types, find_line, read_table
from mockidp.errors import ContractError

NAME = "mockidp-ignore.toml"


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """`id` is a finding's, with `*` for any characters; `until` is the last day on which it holds."""

    id: str
    until: datetime.date
    reason: str


class Rules(msgspec.Struct, forbid_unknown_fields=True):
    ignore: list[Rule] = []
    file: str = ""
    text: str = ""


def read(path: Path) -> Rules:
    """The rules of a file. ContractError with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot be read: {type(error).__name__}", file=str(path)) from None
    table = read_table(str(path), text)
    check_types(str(path), text, table, Rules)
    rules = msgspec.convert(table, Rules)
    for number, rule in enumerate(rules.ignore):
        if not rule.reason.strip() or not rule.id.strip("* "):
            key = "id" if rule.reason.strip() else "reason"
            line = _line(text, number)
            raise ContractError("may not be empty, or match everything", file=str(path), line=line, key=key)
    rules.file, rules.text = str(path), text
    return rules


def _line(text: str, number: int) -> int:
    heads = [at for at, line in enumerate(text.splitlines(), 1) if line.strip() == "[[ignore]]"]
    return heads[number] if number < len(heads) else find_line(text, ["ignore"])


def apply(rules: Rules, findings: Iterable[Finding], today: datetime.date) -> list[Finding]:
    """The findings, those that a rule expects with its reason; then what is wrong with the rules.

    A rule is judged only where its provider was asked and answered: without a network none of them is superfluous.
    """
    rows, used = list(findings), set()
    out = []
    for item in rows:
        for number, rule in enumerate(rules.ignore):
            if not fnmatchcase(item.id, rule.id) or item.severity in (Severity.FINE, Severity.INCONCLUSIVE):
                continue
            used.add(number)
            if today <= rule.until and not item.reason:
                item = replace(item, ok=True, reason=rule.reason)
        out.append(item)
    heard = {item.provider for item in rows if item.severity is not Severity.INCONCLUSIVE}
    for number, rule in enumerate(rules.ignore):
        provider = next((name for name in sorted(heard, key=len, reverse=True) if rule.id.startswith(f"{name}-")), "")
        general = rule.id.startswith("*") and bool(heard)
        if number in used and today > rule.until:
            out.append(_about(rules, number, provider, "expired", f"the rule for {rule.id} ended on {rule.until}"))
        elif number not in used and (provider or general):
            out.append(_about(rules, number, provider, "unused", f"no finding matches the rule for {rule.id}"))
    return out


def _about(rules: Rules, number: int, provider: str, case: str, message: str) -> Finding:
    rule = rules.ignore[number]
    next_ = (
        "Take the rule out."
        if case == "unused"
        else "Mend what it was about, or say anew why it may stay and until when."
    )
    name = f"{case}:{rule.id}"
    return Finding(
        provider or "rules",
        "ignore",
        name,
        False,
        message,
        rules.file,
        _line(rules.text, number),
        Severity.WARN,
        next=next_,
    )
