"""What can go wrong on our side of the wire: one short tree, a machine code and a sentence each."""

from __future__ import annotations

import os


class MockidpError(Exception):
    """Base of every error that this package raises on purpose; `code` is for machines, the text for people."""

    code = "mockidp"


class ContractError(MockidpError):
    """A contract that does not hold: `file`, `line` (1-based, 0 when unknown) and `key` say where."""

    code = "broken_contract"

    def __init__(self, message: str, *, file: str = "", line: int = 0, key: str = "") -> None:
        self.file, self.line, self.key = file, line, key
        where = f"{file}:{line}: " if line else f"{file}: " if file else ""
        super().__init__(f"{where}{key + ': ' if key else ''}{message}")


class UsageError(MockidpError):
    """The caller asked for what there is not: an unknown provider, person, fault, setting or app."""

    code = "usage"


class Refusal(MockidpError):  # noqa: N818  the field's own word: it is an answer, not a mishap
    """What a strict provider refuses. `name` is the contract's error, `why` goes to the journal, never to the wire.

    `expected` and `got` are the two values that differ; the journal shows both, so neither may be a secret.
    """

    code = "refused"

    def __init__(self, name: str, why: str, *, expected: str | None = None, got: str | None = None) -> None:
        self.name, self.why, self.expected, self.got = name, why, expected, got
        super().__init__(f"{name}: {why}")


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """A hint for a mistyped name, or nothing: ' Did you mean "github"?'."""
    import difflib  # lazy: only an error needs it

    close = difflib.get_close_matches(word, known, n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


def bug(error: BaseException) -> str:
    """What went wrong in our own code and where, without the error's text: that may hold a secret."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = f" at {os.path.basename(at.tb_frame.f_code.co_filename)}:{at.tb_lineno}" if at is not None else ""
    return f"internal error, {type(error).__name__}{where}"
