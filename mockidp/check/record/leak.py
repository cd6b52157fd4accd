"""The last look before anything is written: is there a value of the capture in it, however it is written?

A hit says in which file and at which place, and never what it was.
"""

from __future__ import annotations

import base64
import binascii
import html
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec

from mockidp.check.record import shape
from mockidp.check.record.secrets import written
from mockidp.errors import MockidpError

WORD = 8  # characters from which on a value is looked for inside words too
RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
HEX_RUN = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
STRAY = re.compile(r"[A-Za-z0-9+/_=~-]{16,}")
PHONE = re.compile(r"(?<![\w.:/-])\+?\d[\d ()-]{8,18}\d(?![\w.:/-])")
OURS = re.compile(r"(?:^|[@.])(?:example\.(?:com|org|net)|[a-z0-9-]+\.(?:example|invalid|test)|mockidp[\w.]*)$", re.I)
ENTROPY = 3.3  # bits a character: words have fewer


class LeakError(MockidpError):
    """Something of the capture would have been written."""

    code = "leak"


class Watch:
    """Looks for values in texts."""

    def __init__(self, values: Iterable[str]) -> None:
        self.needles = [_Needle(form) for value in values for form in written(value)]

    def finds(self, text: str) -> bool:
        """Whether a text holds one of them."""
        seen = list(views(text))
        return any(True for _ in self._hits(seen))

    def leaks(self, new: str, old: str = "") -> bool:
        """Whether one of them stands in what a file's new text adds, more often than in all of the old one."""
        hits = list(self._hits(list(views(added(new, old)))))
        known = list(views(old)) if hits else []
        return any(n > needle.count(known) for needle, n in hits)

    def _hits(self, seen: list[str]) -> Iterator[tuple[_Needle, int]]:
        whole = "\0".join(seen)
        for needle in self.needles:
            if needle.text in whole and (number := needle.count(seen)):
                yield needle, number

    def where(self, text: str, old: str = "") -> str:
        """The place of the first hit: a JSON pointer with what is no plain name left out, or a line."""
        for place, leaf in _places(text):
            if self.finds(leaf) and leaf not in old:
                return place
        lines = text.splitlines()
        return next((f"line {n}" for n, line in enumerate(lines, 1) if self.finds(line) and line not in old), "")


class _Needle:
    __slots__ = ("pattern", "text")

    def __init__(self, text: str) -> None:
        self.text = text.casefold()
        short = len(text) < WORD
        self.pattern = re.compile(rf"(?<![^\W_]){re.escape(self.text)}(?![^\W_])") if short else None

    def count(self, seen: list[str]) -> int:
        if self.pattern is None:
            return max((text.count(self.text) for text in seen), default=0)
        return max((len(self.pattern.findall(text)) for text in seen if self.text in text), default=0)


def added(new: str, old: str) -> str:
    """The lines that were not there before."""
    before = set(old.splitlines())
    return "\n".join(line for line in new.splitlines() if line not in before)


def views(text: str) -> Iterator[str]:
    """A text as it is and as it reads after every decoding, in small letters."""
    seen, todo = {text}, [text]
    for _ in range(2):
        todo = [new for item in todo for new in _decodings(item) if new not in seen and not seen.add(new)]  # type: ignore[func-returns-value]
    yield from (item.casefold() for item in seen)


def _decodings(text: str) -> Iterator[str]:
    yield unquote(text)
    yield unquote_plus(text)
    yield html.unescape(text)
    yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
    yield re.sub(r'\\(["\\])', r"\1", text)
    yield re.sub(r"\s+|\\[nrt]", "", text)
    yield re.sub(r"[\r\n]+|\\[nr]", "", text)
    yield text[::-1]
    yield "\n".join(piece for run in RUN.findall(text) for piece in _unbased(run))
    yield "\n".join(bytes.fromhex(run).decode("latin-1") for run in HEX_RUN.findall(text))


def _unbased(run: str) -> Iterator[str]:
    plain = run.replace("-", "+").replace("_", "/").rstrip("=")
    for skip in range(4):
        piece = plain[skip : skip + (len(plain) - skip) // 4 * 4]
        rest = plain[skip : skip + (len(plain) - skip)]
        for candidate in {piece, rest + "=" * (-len(rest) % 4)}:
            try:
                data = base64.b64decode(candidate)
            except (binascii.Error, ValueError):
                continue
            yield data.decode("latin-1")
            yield data.decode("utf-8", "ignore")


def _places(text: str) -> Iterator[tuple[str, str]]:
    """The leaves of a JSON text with their pointers; keys are leaves of the object that they are in."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return
    yield from leaves(document)


def leaves(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            shown = key if shape.is_name(key) else "*"
            yield f"{place or '/'} (a key)", key
            yield from leaves(value, f"{place}/{shown}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from leaves(value, f"{place}/{number}")
    else:
        yield place or "/", str(node)


def scan(files: Mapping[str, tuple[str, str]], values: Iterable[str], fakes: Iterable[str], public: set[str]) -> None:
    """Look through every text that is to be written, by its name: what was there, and what shall be. LeakError."""
    watch, made = Watch(values), set(fakes)
    for name, (old, new) in files.items():
        if watch.leaks(new, old):
            place = watch.where(new, old)
            raise LeakError(f"{name}{f', at {place}' if place else ''}: a captured value would have been written")
        for place, leaf in _new_leaves(new, old):
            if what := stray(leaf, made, public):
                raise LeakError(f"{name}, at {place}: {what} would have been written")


def _new_leaves(new: str, old: str) -> Iterator[tuple[str, str]]:
    rows = list(_places(new))
    if rows:
        yield from ((place, leaf) for place, leaf in rows if leaf not in old)
        return
    before = set(old.splitlines())
    yield from ((f"line {n}", line) for n, line in enumerate(new.splitlines(), 1) if line not in before)


def stray(text: str, fakes: set[str], public: set[str]) -> str:
    """What a text looks like that nobody should have let through, whoever it belongs to; or nothing."""
    if text in public or text in fakes:
        return ""
    ours = fakes | {one for one in public if len(one) > 12}
    left = _without(_without(text, ours), ours, unquote)
    pieces = [piece for piece in PIECES.split(left) if piece not in public]
    for piece in pieces:
        if any(not OURS.search(found) for found in shape.EMAIL.findall(piece)):
            return "an e-mail address"
        if any(found not in public and looks_random(found) for found in STRAY.findall(piece)):
            return "something like a token"
    if PHONE.search(re.sub(r"\d{4}-\d\d-\d\d[T ]?", " ", " ".join(pieces))):
        return "something like a phone number"
    return ""


PIECES = re.compile(r"[\s&?=,;\"'{}\[\]<>]+")


def _without(text: str, ours: set[str], decode: Callable[[str], str] = str) -> str:
    """A text with spaces in the place of what is ours."""
    text = decode(text)
    for one in sorted((one for one in ours if len(one) >= 4 and one in text), key=len, reverse=True):
        text = text.replace(one, " ")
    return text


def looks_random(text: str) -> bool:
    """Whether letters and digits are mixed as no word mixes them."""
    if shape.UUID.fullmatch(text) or not re.search(r"\d", text) or not re.search(r"[A-Za-z]", text):
        return bool(shape.UUID.fullmatch(text)) and set(text) - set("0-") != set()
    words = re.findall(r"[A-Za-z]+|\d+", text)
    mixed = len(text) / len(words) < 4.5
    counts = Counter(text)
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return mixed and entropy > ENTROPY
