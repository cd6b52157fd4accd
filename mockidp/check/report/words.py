"""What every form of a report says alike: the words for each severity, and text that can do no harm.

A message may hold what a provider sent. Where it is shown, whatever steers a terminal or turns the direction of
writing is written as an escape, so that a reader sees it and no program obeys it.
"""

from __future__ import annotations

import re

from mockidp.check.finding import Severity

MEANS = {
    Severity.BREAK: "A client that does as the contract says fails.",
    Severity.WARN: "Some clients fail, or all will from a date on.",
    Severity.REVIEW: "A person must look.",
    Severity.INCONCLUSIVE: "Nothing can be said: the network, a limit, a wall against robots.",
    Severity.STALE: "The evidence is old.",
    Severity.NOTE: "Something was added that no client needs to know.",
    Severity.FINE: "As the contract says.",
}
IGNORED = "ignored"
# What XML cannot hold, what a terminal obeys, and what reorders or breaks a line of text unseen (UAX 9, UTR 36).
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """A text with what cannot be seen written as an escape; line ends and tabs stay."""
    return UNSEEN.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text).split())


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
