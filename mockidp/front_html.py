"""HTML as it comes, piece by piece: the attributes that lead somewhere are turned, and every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

HELD = 64 << 10  # bytes of a tag that does not end; more than that is passed on as it is
Turn = Callable[[str, str, str], "str | None"]  # element, attribute, value: another value, or None
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset({"href"}),
    "area": frozenset({"href"}),
    "form": frozenset({"action"}),
    "button": frozenset({"formaction"}),
    "input": frozenset({"formaction", "src"}),
    "iframe": frozenset({"src"}),
    "frame": frozenset({"src"}),
    "img": frozenset({"src"}),
    "script": frozenset({"src"}),
    "meta": frozenset({"content"}),
}
RAW = re.compile(rb"script|style|textarea|title|xmp|iframe")  # in these a tag is text
COMMENT = re.compile(rb"-->")
TAG = re.compile(rb"""<([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])))*+)>""")
ATTRIBUTE = re.compile(rb"""([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>][^\s>]*)""")
DROPPED = re.compile(rb"""\s+integrity\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.I)


class Html:
    """Turns the URLs of a page piece by piece; every byte that is not turned goes through as it is.

    What is held back is at most a tag that has not ended; comments, scripts and styles are never looked into.
    """

    def __init__(self, turn: Turn) -> None:
        self.turn, self._rest = turn, b""
        self._until: re.Pattern[bytes] | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes that can be sent by now."""
        text, out = self._rest + data, []
        at = 0
        while at < len(text):
            at, piece = self._step(text, at)
            if piece is None:
                break
            out.append(piece)
        self._rest = text[at:]
        if len(self._rest) > HELD:
            out.append(self.end())
        return b"".join(out)

    def end(self) -> bytes:
        """What was held back."""
        rest, self._rest = self._rest, b""
        return rest

    def _step(self, text: bytes, at: int) -> tuple[int, bytes | None]:
        """What comes next and where it ends, or None until more is there."""
        if self._until:
            return self._raw(text, at)
        start = text.find(b"<", at)
        if start != at:
            end = len(text) if start < 0 else start
            return end, text[at:end]
        if text.startswith(b"<!--", at):
            self._until = COMMENT
            return at + 2, text[at : at + 2]  # `<!-->` is a whole comment
        found = TAG.match(text, at)
        if found:
            name = found[1].lower()
            if RAW.fullmatch(name):
                self._until = re.compile(b"</" + name, re.I)
            return found.end(), self._tag(found)
        if b"<!--".startswith(text[at : at + 4]) or re.match(rb"<[a-zA-Z]", text[at:]):
            return at, None
        return at + 1, text[at : at + 1]

    def _raw(self, text: bytes, at: int) -> tuple[int, bytes | None]:
        assert self._until is not None
        if found := self._until.search(text, at):
            self._until = None
            return found.start() + 1, text[at : found.start() + 1]
        end = max(at, len(text) - len(self._until.pattern) + 1)
        return end, text[at:end] or None

    def _tag(self, found: re.Match[bytes]) -> bytes:
        tag = found[1].decode("latin-1").lower()
        wanted = ATTRIBUTES.get(tag)
        if not wanted or (b"//" not in found[2] and b"&" not in found[2] and tag != "meta"):
            return found[0]
        kind = _meta_kind(found[2]) if tag == "meta" else ""
        turned = False

        def one(at: re.Match[bytes]) -> bytes:
            nonlocal turned
            name = at[1].decode("latin-1").lower()
            if name not in wanted:
                return at[0]
            value = at[3].decode("latin-1")
            bare = value[1:-1] if value[0] in "\"'" else value
            other = self.turn(tag, kind or name, unescape(bare))
            if other is None:
                return at[0]
            turned = True
            text = escape(other).encode("latin-1", "xmlcharrefreplace")
            return at[1] + at[2] + b'"' + text + b'"'

        attributes = ATTRIBUTE.sub(one, found[2])
        if turned and tag == "script":  # the provider's script has another digest than the simulated one
            attributes = DROPPED.sub(b"", attributes)
        return b"<" + found[1] + attributes + b">" if turned else found[0]


def _meta_kind(attributes: bytes) -> str:
    """What a meta element stands for, the name of a header; "-" where for none."""
    found = re.search(rb"""http-equiv\s*=\s*["']?([\w-]+)""", attributes, re.I)
    return found[1].decode("latin-1").lower() if found else "-"


def is_html(content_type: str) -> bool:
    kind, _, rest = content_type.lower().partition(";")
    return kind.strip() in ("text/html", "application/xhtml+xml") and "utf-16" not in rest and "utf-32" not in rest
