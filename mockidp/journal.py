"""The story of each login: every request, what it matched, what was refused and why.

Bounded: a world keeps its last logins and a login its first requests. Secrets are masked when an entry is
written, so nothing that reads a journal has to think of it.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LOGINS, ENTRIES = 200, 60
LONGEST = 2000  # characters of a URL
SECRETS = (
    "client_secret",
    "secret",
    "code_verifier",
    "refresh_token",
    "access_token",
    "id_token",
    "code",
    "password",
    "appsecret_proof",
    "fb_exchange_token",
    "input_token",
    "oauth_token",
    "oauth_verifier",
    "key",
    "hash",
    "tgAuthResult",
)
SECRET = re.compile(rf"((?:{'|'.join(SECRETS)})=)([^&#\s]+)")


def masked(url: str) -> str:
    """A URL with the values of codes, tokens and secrets cut to their first four characters."""
    if not any(name.endswith(SECRETS) for name in url.split("=")[:-1]):
        return url  # most have none, and to see that is much cheaper than the expression
    return SECRET.sub(lambda found: f"{found[1]}{found[2][:4]}…", url)


def shortened(text: str) -> str:
    """A text that does not fill the memory, whatever a request sent."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


@dataclass(slots=True)
class Entry:
    """One request and what became of it. `why`, `expected` and `got` are set for a refusal."""

    at: float
    step: str
    method: str
    url: str
    status: int = 0
    exchange: str = ""
    evidence: str = ""
    refused: str = ""
    why: str = ""
    expected: str | None = None
    got: str | None = None
    fault: str = ""
    remarks: list[str] = field(default_factory=list)

    def as_dict(self, start: float) -> dict[str, Any]:
        refused = {"name": self.refused, "why": self.why, "expected": self.expected, "got": self.got}
        return {
            "at_ms": round((self.at - start) * 1000),
            "step": self.step,
            "method": self.method,
            "url": masked(self.url),
            "status": self.status,
            "exchange": self.exchange,
            "evidence": self.evidence,
            "fault": self.fault,
            "refused": refused if self.refused else None,
            "remarks": list(self.remarks),
        }


@dataclass(slots=True)
class Login:
    """One login as far as it came. `outcome` is open, code, denied, refused or logged_in."""

    id: str
    provider: str
    started: float
    app: str = ""
    person: str = ""
    outcome: str = "open"
    entries: list[Entry] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "provider": self.provider,
            "app": self.app,
            "person": self.person,
            "started": self.started,
            "outcome": self.outcome,
            "entries": [entry.as_dict(self.started) for entry in self.entries],
        }

    def lines(self) -> Iterator[str]:
        """The story in plain lines, for a failed test or a terminal."""
        yield f"{self.provider}: {self.person or 'nobody yet'} at app {self.app or '(unknown)'}: {self.outcome}"
        for entry in self.entries:
            what = entry.exchange or entry.step or "no step"
            yield f"  {entry.method} {masked(entry.url)} -> {entry.status} ({what})"
            if entry.fault:
                yield f"      fault: {entry.fault}"
            if entry.refused:
                yield f"      refused, {entry.refused}: {entry.why}"
                if entry.expected is not None or entry.got is not None:
                    yield f"      expected {entry.expected!r}, got {entry.got!r}"
            for remark in entry.remarks:
                yield f"      remark: {remark}"


class Journal:
    """The logins of one world, newest last."""

    def __init__(self) -> None:
        self._logins: OrderedDict[str, Login] = OrderedDict()
        self._last: dict[str, str] = {}
        self._waiting: OrderedDict[tuple[str, str], str] = OrderedDict()  # where a page was shown: the login it is for
        self._count = 0

    def begin(self, provider: str, now: float) -> Login:
        self._count += 1
        login = Login(f"{provider}-{self._count}", provider, now)
        self._logins[login.id] = login
        self._last[provider] = login.id
        if len(self._logins) > LOGINS:
            self._logins.popitem(last=False)
        return login

    def get(self, login_id: str) -> Login | None:
        return self._logins.get(login_id)

    def last(self, provider: str = "") -> Login | None:
        """The newest login, at one provider or at all."""
        if not provider:
            return next(reversed(self._logins.values()), None)
        return self._logins.get(self._last.get(provider, ""))

    def opened(self, provider: str, url: str) -> Login | None:
        """The newest login whose page was shown at this URL and waits for a decision."""
        login = self._logins.get(self._waiting.get((provider, shortened(masked(url))), ""))
        return login if login is not None and login.outcome == "open" else None

    def add(self, login: Login, entry: Entry) -> None:
        entry.url = shortened(masked(entry.url))
        if login.outcome == "open":
            self._waiting[login.provider, entry.url] = login.id
            if len(self._waiting) > LOGINS:
                self._waiting.popitem(last=False)
        if len(login.entries) < ENTRIES:
            login.entries.append(entry)

    def __iter__(self) -> Iterator[Login]:
        return iter(self._logins.values())

    def __len__(self) -> int:
        return len(self._logins)

    def refusals(self) -> list[Entry]:
        """Every refused request of every login, oldest first."""
        return [entry for login in self for entry in login.entries if entry.refused]

    def text(self) -> str:
        return "\n".join(line for login in self for line in login.lines())

    def clear(self) -> None:
        self._logins.clear()
        self._last.clear()
