"""Time that can be turned. Everything in the simulator asks a clock, never the machine."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable


def machine_time() -> float:
    """The machine's, looked up at each call: a test that freezes `time.time` freezes the providers too."""
    return time.time()


class Clock:
    """Seconds since 1970, shifted or frozen. `source` is injected by tests."""

    __slots__ = ("_frozen", "_shift", "_source")

    def __init__(self, source: Callable[[], float] = machine_time) -> None:
        self._source, self._shift = source, 0.0
        self._frozen: float | None = None

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    @property
    def shift(self) -> float:
        """Seconds between this clock and the machine's."""
        return self._shift if self._frozen is None else self._frozen - self._source()

    def now(self) -> float:
        return self._frozen if self._frozen is not None else self._source() + self._shift

    def advance(self, seconds: float) -> None:
        """Move time on (or back, when negative)."""
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._shift += seconds

    def freeze(self, at: float | None = None) -> None:
        """Stop time, at a moment or now."""
        self._frozen = self.now() if at is None else at

    def run(self) -> None:
        """Let time go on from where it was stopped."""
        if self._frozen is not None:
            self._shift, self._frozen = self._frozen - self._source(), None

    def reset(self) -> None:
        """Back to the machine's time."""
        self._shift, self._frozen = 0.0, None


def iso(seconds: float) -> str:
    """RFC 3339 in UTC with a Z, whole seconds."""
    return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
