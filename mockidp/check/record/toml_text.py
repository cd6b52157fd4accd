"""Where each value of a TOML text stands, so that one can be changed and every other byte stays as it is.

`tomllib` reads the same text and is the judge: an edit is only taken when the result reads as it should.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
BARE = re.compile(r"[A-Za-z0-9_-]+")
SCALAR = re.compile(r"[^,\]}\s#]+(?: \d\d:[^,\]}\s#]+)?")
STRING = re.compile(r'"""(?:\\.|[^\\])*?"""+|\'\'\'[\s\S]*?\'\'\'+|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)


@dataclass(frozen=True)
class Span:
    """One value: where its key begins, where the value begins and ends. Items of an array have no key."""

    key: int
    start: int
    end: int


@dataclass
class Map:
    """Every value of a text by its path; `tables` are where a table under a header begins and what is its last key."""

    text: str
    values: dict[Path, Span] = field(default_factory=dict)
    heads: dict[Path, int] = field(default_factory=dict)
    last: dict[Path, int] = field(default_factory=dict)

    def inline(self, path: Path) -> bool:
        """Whether a table is written in braces."""
        return path in self.values

    def added(self, path: Path, key: str, value: str) -> tuple[int, int, str]:
        """The edit that adds a key to a table."""
        if self.inline(path):
            end = self.values[path].end - 1
            before = self.text[:end].rstrip()
            gap = "" if before.endswith("{") else ", "
            tail = self.text[len(before) : end]
            return len(before), end, f"{gap or ' '}{key} = {value}{tail or ' '}"
        at = self.last.get(path, self.heads[path])
        at = at if (end := self.text.find("\n", at)) < 0 else end
        return at, at, f"\n{key} = {value}"

    def removed(self, path: Path) -> tuple[int, int, str]:
        """The edit that takes away a key that has its own line, or a table under a header of its own."""
        if path in self.values:
            span = self.values[path]
            end = self.text.find("\n", span.end)
            return span.key, len(self.text) if end < 0 else end + 1, ""
        start = self.text.rfind("\n", 0, self.heads[path]) + 1
        later = [self.text.rfind("\n", 0, at) + 1 for at in self.heads.values() if at > self.heads[path]]
        return start, min(later, default=len(self.text)), ""


def read(text: str) -> Map:
    """Where everything is. The text is valid TOML already."""
    out, at = Map(text), 0
    here: Path = ()
    counts: dict[Path, int] = {}
    while (at := _skip(BLANK, text, at)) < len(text):
        if text[at] == "[":
            here, at = _header(out, counts, at)
            continue
        key_at = at
        keys, at = _keys(text, at)
        at = _skip(SPACE, text, at + 1)  # the equals sign
        end = _value(out, (*here, *keys), at, key_at)
        out.last[here] = at = end
    return out


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _header(out: Map, counts: dict[Path, int], at: int) -> tuple[Path, int]:
    text, double = out.text, out.text.startswith("[[", at)
    keys, end = _keys(text, _skip(SPACE, text, at + (2 if double else 1)))
    path: Path = ()
    for number, key in enumerate(keys):
        path = (*path, key)
        if double and number == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    out.heads[path] = end
    return path, text.index("]", end) + (2 if double else 1)


def _keys(text: str, at: int) -> tuple[list[str], int]:
    """A key with its dots, and where it ends: at the equals sign or the bracket."""
    keys = []
    while True:
        found = STRING.match(text, at) or BARE.match(text, at)
        assert found is not None
        keys.append(_name(found[0]))
        at = _skip(SPACE, text, found.end())
        if text[at] != ".":
            return keys, at
        at = _skip(SPACE, text, at + 1)


def _name(written: str) -> str:
    import tomllib

    return str(tomllib.loads(f"k = {written}")["k"]) if written[0] in "\"'" else written


def _value(out: Map, path: Path, at: int, key: int) -> int:
    text = out.text
    if text[at] == "{":
        end = _inline(out, path, at)
    elif text[at] == "[":
        end = _array(out, path, at)
    else:
        found = STRING.match(text, at) or SCALAR.match(text, at)
        assert found is not None
        end = found.end()
    out.values[path] = Span(key, at, end)
    return end


def _inline(out: Map, path: Path, at: int) -> int:
    text, at = out.text, _skip(BLANK, out.text, at + 1)
    while text[at] != "}":
        key = at
        keys, at = _keys(text, at)
        end = _value(out, (*path, *keys), _skip(SPACE, text, at + 1), key)
        at = _skip(BLANK, text, end)
        if text[at] == ",":
            at = _skip(BLANK, text, at + 1)
    return at + 1


def _array(out: Map, path: Path, at: int) -> int:
    text, number, at = out.text, 0, _skip(BLANK, out.text, at + 1)
    while text[at] != "]":
        end = _value(out, (*path, number), at, at)
        number, at = number + 1, _skip(BLANK, text, end)
        if text[at] == ",":
            at = _skip(BLANK, text, at + 1)
    return at + 1


def applied(text: str, edits: list[tuple[int, int, str]]) -> str:
    """The text with every edit made; they do not overlap."""
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def quoted(value: str) -> str:
    """A text as TOML writes it: in single quotes where it holds double ones and nothing that needs escaping."""
    plain = all(ord(char) >= 32 and char != "\x7f" for char in value)
    if plain and '"' in value and "'" not in value:
        return f"'{value}'"
    out = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '"' + "".join(char if ord(char) >= 32 and char != "\x7f" else f"\\u{ord(char):04x}" for char in out) + '"'


def at(table: Any, path: Path) -> Any:
    """What stands at a path of the parsed text; None where there is nothing."""
    for key in path:
        if isinstance(table, dict):
            table = table.get(str(key))
        elif isinstance(table, list) and isinstance(key, int) and key < len(table):
            table = table[key]
        else:
            return None
    return table


def leaves(map_: Map) -> Iterator[Path]:
    """The paths of all values, tables in braces and arrays included."""
    yield from map_.values
