"""The one template language of the contracts, compiled once into small closures.

| written | means |
|---|---|
| `text` | itself |
| `$name`, `$app.id`, `$person.email` | a value by name |
| `{SETTING}` | a setting of the provider, filled in when the wire is compiled |
| `{20 hex}` | that many characters of a kind: fresh for a secret, derived for a person |

In a request three more marks are understood: a `?` at the end (may be absent), `a|b` (one of), `*` (any value).
A template that is one `$name` and nothing else keeps the value's type; any other is text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from mockidp.errors import ContractError

TOKEN = re.compile(
    r"\$((?:app|person|now)\.[a-z][a-z0-9_]*|[a-z][a-z0-9_]*)|\{([A-Za-z][A-Za-z0-9_]*)\}|\{(\d+) ([a-z0-9]+)\}"
)
FORM = re.compile(r"\{\d+ [a-z0-9]+\}")
KINDS = {
    "digit": "0123456789",
    "hex": "0123456789abcdef",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "lower": "abcdefghijklmnopqrstuvwxyz0123456789",
    "alnum": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "url64": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
}

TABLES = {kind: bytes(ord(letters[byte % len(letters)]) for byte in range(256)) for kind, letters in KINDS.items()}

Part = str | tuple[str, Any]  # text, ("value", name) or ("form", (count, kind))
Values = Mapping[str, Any]


def fill_settings(text: str, settings: Mapping[str, str]) -> str:
    """Replace every `{SETTING}`. ContractError for one that the contract does not declare."""

    def one(found: re.Match[str]) -> str:
        name = found[2]
        if name is None:
            return found[0]
        if name not in settings:
            raise ContractError("this setting is not declared in [settings]", key=found[0])
        return settings[name]

    return TOKEN.sub(one, text)


def parse(text: str) -> list[Part]:
    """Split a template, its settings filled in, into text, values and character forms."""
    parts: list[Part] = []
    at = 0
    for found in TOKEN.finditer(text):
        if found.start() > at:
            parts.append(text[at : found.start()])
        if found[1]:
            parts.append(("value", found[1]))
        elif found[3]:
            if found[4] not in KINDS:
                raise ContractError(f"unknown kind of character {found[4]!r} in {text!r}; known: {', '.join(KINDS)}")
            parts.append(("form", (int(found[3]), found[4])))
        else:
            raise ContractError(f"setting {{{found[2]}}} is not filled in here: {text!r}")
        at = found.end()
    if at < len(text):
        parts.append(text[at:])
    return parts


def names(text: str) -> list[str]:
    """The value names that a template mentions, in order."""
    return [found[1] for found in TOKEN.finditer(text) if found[1]]


def builder(text: str) -> Callable[[Values], Any]:
    """Compile a template to a function of the values. A lone `$name` keeps its type and may be None."""
    parts = parse(text)
    if len(parts) == 1 and isinstance(parts[0], tuple) and parts[0][0] == "value":
        return itemgetter(parts[0][1])
    if all(isinstance(part, str) for part in parts):
        return lambda values: text
    return lambda values: _join(parts, values)


def _join(parts: list[Part], values: Values) -> str | None:
    """Text of all parts; None as soon as one value is missing, so that half a URL is never sent."""
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif part[0] == "value":
            value = values[part[1]]
            if value is None:
                return None
            out.append(str(value))
        else:
            raise ContractError(f"a character form {part[1]} is only understood in [person] and [forms]")
    return "".join(out)


def chooser(text: str) -> Callable[[Callable[[int], bytes], Values], Any]:
    """Compile a template with character forms; the first argument gives that many bytes of randomness."""
    parts = parse(text)
    build = builder(text)
    if not FORM.search(text):
        return lambda source, values: build(values)

    total = sum(part[1][0] for part in parts if isinstance(part, tuple) and part[0] == "form")

    def choose(source: Callable[[int], bytes], values: Values) -> Any:
        data = source(total)  # drawn once, so that two groups of one text differ even where the source is a seed
        done: list[Part] = []
        for part in parts:
            if isinstance(part, tuple) and part[0] == "form":
                count, kind = part[1]
                part, data = _characters(data[:count], kind), data[count:]
            done.append(part)
        return _join(done, values)

    return choose


def _characters(data: bytes, kind: str) -> str:
    """A character a byte; a digit never leads with 0, so that a number keeps its length."""
    text = data.translate(TABLES[kind]).decode("ascii")
    return ("1" + text[1:]) if kind == "digit" and text[0] == "0" else text


def stretch(seed: bytes, count: int) -> bytes:
    """`count` bytes that always follow from the seed."""
    out = b""
    while len(out) < count:
        out += hashlib.sha256(seed + len(out).to_bytes(4, "big")).digest()
    return out[:count]


class Pattern:
    """One parameter of a request: what a value must look like, what it tells, and how to write it."""

    __slots__ = ("_build", "_options", "_start", "literal", "names", "optional", "plain", "silent", "text", "whole")

    def __init__(self, text: str) -> None:
        self.text = text
        self.optional = text.endswith("?")
        core = text[:-1] if self.optional else text
        options = core.split("|")
        self.names = [name for option in options for name in names(option)]
        self.literal = not self.names and core != "*"
        self.whole = self.names[0] if core == f"${self.names[0] if self.names else ''}" else None
        self._options = [(re.compile(_regex(option), re.DOTALL), names(option)) for option in options]
        parts = parse(core) if len(options) == 1 and core != "*" else []
        ends = len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], tuple)
        self._start = str(parts[0]) if ends and self.names else None  # `Bearer $token` needs no regular expression
        self._build = builder(options[0])
        self.silent = self.text in ("*", "*?") or (self.optional and self.literal)  # a client need not send it
        self.plain = bool(self.names) and "://" not in text  # what it builds is the caller's, no URL of the provider

    def tell(self, got: str, values: dict[str, Any]) -> bool:
        """Whether `got` fits; puts what it tells into `values`."""
        if self.whole is not None:
            values[self.whole] = got
            return True
        if self.literal and got == self.text:
            return True
        if self._start is not None:
            if not got.startswith(self._start) or got == self._start:
                return False
            values[self.names[0]] = got[len(self._start) :]
            return True
        found = self.match(got)
        if found is None:
            return False
        values.update(found)
        return True

    def match(self, got: str) -> dict[str, str] | None:
        """The named values in `got`, or None when it does not fit."""
        if self.whole is not None:
            return {self.whole: got}
        for regex, told in self._options:
            found = regex.fullmatch(got)
            if found is not None:
                return dict(zip(told, found.groups(), strict=True))
        return None

    def build(self, values: Values) -> str | None:
        """The text a client sends: the first of several choices; None when a value is missing or anything would do."""
        if self.silent:
            return None
        try:
            value = self._build(values)
        except KeyError:
            return None
        return None if value is None else str(value)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


class Listed(Pattern):
    """A header that is a list, as `Accept` is: what is asked for must be one of its items (RFC 9110 section 5.6.1)."""

    __slots__ = ()

    def tell(self, got: str, values: dict[str, Any]) -> bool:
        """Whether one of the items fits; `*/*` says no more than no header at all (RFC 9110 section 12.5.1)."""
        if self.optional and got.strip() == "*/*":
            return True
        return any(super(Listed, self).tell(item.partition(";")[0].strip(), values) for item in got.split(","))


def _regex(option: str) -> str:
    """The regular expression of one choice. Group names can hold no dot, so `app.id` is `app__id`."""
    if option == "*":
        return ".*"
    out = []
    for part in parse(option):
        out.append(re.escape(part) if isinstance(part, str) else f"(?P<{part[1].replace('.', '__')}>.+)")
    return "".join(out)


def url_regex(text: str) -> re.Pattern[str]:
    """A pattern for a host or path template: a `$name` stands for one label or one segment."""
    out = []
    for part in parse(text):
        out.append(re.escape(part) if isinstance(part, str) else f"(?P<{part[1].replace('.', '__')}>[^/?#]+?)")
    return re.compile("".join(out))
