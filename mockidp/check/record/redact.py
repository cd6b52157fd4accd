"""What of an answer may be written: the contract's own values, fakes where it has a value of somebody's, placeholders
for whatever it does not know. Nothing else gets through.

A place is *bound* (its value is somebody's: a fake), *fixed* (the contract has a value there: that very value may
stay, of another one only the type is told and the contract's sample stands for it) or *unknown* (a placeholder).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mockidp.check.record import shape
from mockidp.check.record.fakes import Fakes
from mockidp.contract.body import FORMATS, Body, Xml
from mockidp.contract.template import Pattern, names

Resign = Callable[[str, object, str], str]  # a token, the contract's sample, the template it is bound to


@dataclass
class Redacted:
    """A document that may be written. `problems` keep it from being evidence, `notes` say what was not kept."""

    document: Any = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Redactor:
    """One document against one body of the contract. `resign` makes the token that stands for a token."""

    def __init__(self, body: Body, fakes: Fakes, resign: Resign) -> None:
        self.body, self.fakes, self.resign = body, fakes, resign
        self.out = Redacted()

    def document(self, kind: str, got: Any) -> Redacted:
        if kind == "json":
            self.out.document = self.known(self.body.document, got, "")
        elif kind in ("form", "lines"):
            self.out.document = self.pairs(got)
        elif kind == "xml":
            self.out.document = XmlRedactor(self).root(got)
        elif got == self.body.document or self.body.bind:  # a text is bound as a whole, or fixed
            self.out.document = list(self.body.document)
        else:
            self.out.document = list(self.body.document)
            self.problem("", "is another text than the contract's")
        return self.out

    def problem(self, place: str, text: str) -> None:
        self.out.problems.append(f"{place or 'the body'} {text}")

    def note(self, place: str, text: str) -> None:
        self.out.notes.append(f"{place or 'the body'} {text}")

    def binding(self, place: str) -> str | None:
        return self.body.bind.get(place) or (self.body.bind.get(place[1:]) if self.body.kind != "json" else None)

    def free(self, place: str) -> bool:
        """Whether an answer may lack a place, or lack what it is in."""
        free = self.body.free | self.body.blank
        return any(place == one or place.startswith(f"{one}/") for one in free) or place[1:] in free

    # JSON

    def known(self, want: Any, got: Any, place: str) -> Any:
        """A value at a place that the contract has."""
        if (text := self.binding(place)) is not None:
            return self.bound(text, want, got, place)
        if got is None and want is not None:
            return self.null(want, place)
        if isinstance(want, dict) and isinstance(got, dict):
            return self.members(want, got, place)
        if isinstance(want, list) and isinstance(got, list):
            return self.items(want, got, place)
        if isinstance(want, dict | list) or isinstance(got, dict | list) or want is None:
            if want is not None or got is not None:
                self.note(place, f"is {_type(got)}, the contract has {_type(want)}")
            return shape.placeholder(got)
        return self.fixed(want, got, place)

    def null(self, want: Any, place: str) -> Any:
        if self.free(place):
            return copy.deepcopy(want)
        if self.binds_below(place):
            self.problem(place, "is null, and the contract has a value there: `nullable` or a variant")
        return None

    def binds_below(self, place: str) -> bool:
        return any(at == place or at.startswith(f"{place}/") for at in self.body.bind)

    def members(self, want: dict[str, Any], got: dict[str, Any], place: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in got.items():
            at = f"{place}/{_escaped(key)}"
            if key in want:
                out[key] = self.known(want[key], value, at)
            elif want and shape.is_name(key):  # of an object of which nothing is known, keys may be somebody's
                out[key] = self.unknown(value)
                self.note(at, "is new")
            else:
                self.note(place, "has further keys that do not read like names; they are left out")
        for key, value in want.items():
            if key not in got:
                self.missing(out, key, value, f"{place}/{_escaped(key)}")
        return out

    def missing(self, out: dict[str, Any], key: str, value: Any, place: str) -> None:
        if self.free(place):
            out[key] = copy.deepcopy(value)
        elif self.binds_below(place):
            self.problem(place, "is missing, and the contract has a value there: `optional` or a variant")
            out[key] = copy.deepcopy(value)
        else:
            self.note(place, "is gone")

    def items(self, want: list[Any], got: list[Any], place: str) -> list[Any]:
        if not got or not want:
            if self.binds_below(place) and not self.free(place) and want:
                self.problem(place, "is empty, and the contract has values there")
            return copy.deepcopy(want)
        if self.binds_below(place):  # the values go by number: as many as there are
            pairs = [(item, got[min(number, len(got) - 1)], number) for number, item in enumerate(want)]
            return [self.known(item, value, f"{place}/{number}") for item, value, number in pairs]
        if all(not isinstance(item, dict | list) for item in [*want, *got]):
            return self.listed(want, got)
        out: list[Any] = []
        for number, value in enumerate(got):
            at = min(number, len(want) - 1)
            made = self.known(want[at], value, f"{place}/{at}")
            if made not in out and len(out) < max(len(want), 3):
                out.append(made)
        return out

    def listed(self, want: list[Any], got: list[Any]) -> list[Any]:
        """An enumeration stays as far as its words are the contract's or the protocol's; else the sample stays."""
        stay = [item for item in got if item in want or (isinstance(item, str) and item in self.fakes.public)]
        return stay[:] if len(stay) == len(got) or (stay and len(want) > 1) else copy.deepcopy(want)

    def fixed(self, want: Any, got: Any, place: str) -> Any:
        if type(want) is not type(got):
            self.note(place, f"is {_type(got)}, the contract has {_type(want)}")
            return shape.placeholder(got)
        if isinstance(got, bool) or got == want or (isinstance(got, str) and got in self.fakes.public):
            return got
        if not isinstance(got, str) or shape.kind(got) == shape.kind(want) or got == "":
            self.note(place, "has another value than the contract's, which stays")
            return want
        self.note(place, "has a value of another form than the contract's")
        return self.unknown(got)

    def bound(self, text: str, want: Any, got: Any, place: str) -> Any:
        """A value of somebody's."""
        if got is None:
            return self.null(want, place)
        if isinstance(want, dict) and isinstance(got, dict):  # a flag: there as it is in the file, or not at all
            plain = Redactor(Body(self.body.data, self.body.kind, {}), self.fakes, self.resign)
            return plain.known(want, got, place)
        if isinstance(got, dict | list):
            if type(got) is not type(want):
                self.note(place, f"is {_type(got)}, the contract has {_type(want)}")
                return shape.placeholder(got)
            return copy.deepcopy(want)
        if isinstance(got, bool):
            return got
        if isinstance(got, int | float):
            return got if text.endswith("expires_in") else self.fakes.number(got, want)
        return self.text(text, want, got)

    def text(self, template: str, want: Any, got: str) -> str:
        if template.endswith("expires_in") and str(got) in self.fakes.public:
            return got
        if shape.claims_of(got) is not None:
            return self.resign(got, want, template)
        if got == "":
            return ""
        if not names(template):  # one text for everybody, with the settings in it
            return template
        if template in SCOPES and isinstance(want, str):  # words that may name somebody's resources
            return want
        found = _values(template, got)
        if found:
            return self.fakes.filled(template, found, got)
        return self.fakes.of(got, want)

    def unknown(self, value: Any) -> Any:
        """A placeholder; a secret that is known from elsewhere has its fake here too."""
        if isinstance(value, str):
            if shape.claims_of(value) is not None:
                return self.resign(value, None, "")
            return self.fakes.known(value) or shape.placeholder(value)
        return shape.placeholder(value)

    # forms and lines

    def pairs(self, got: dict[str, str]) -> dict[str, str]:
        want: dict[str, str] = self.body.document
        out: dict[str, str] = {}
        for key, value in got.items():
            if key in want:
                text = self.binding(f"/{key}")
                out[key] = str(self.bound(text, want[key], value, f"/{key}")) if text else self.word(want, key, value)
            elif shape.is_name(key):
                out[key] = str(self.unknown(value))
                self.note(f"/{key}", "is new")
        for key, value in want.items():
            if key not in got:
                self.missing(out, key, value, f"/{key}")
        return out

    def word(self, want: dict[str, str], key: str, value: str) -> str:
        return str(self.fixed(want[key], value, f"/{key}"))


SCOPES = ("$granted", "$granted_list", "$scope")


class XmlRedactor:
    """The same for XML: elements by tag and number, texts and attributes as values."""

    def __init__(self, of: Redactor) -> None:
        self.of = of
        self.bound: dict[tuple[int, str], str] = {}
        for place, text in of.body.bind.items():
            node, attribute = Xml._find(of.body.document, place)
            if node is not None:
                self.bound[id(node), attribute] = text

    def root(self, got: Any) -> Any:
        return self.element(self.of.body.document, got, "")

    def element(self, want: Any, got: Any, place: str) -> Any:
        from xml.etree.ElementTree import Element  # makes, and never reads

        here = f"{place}/{_local(got.tag)}"
        out = Element(got.tag)
        for name, value in got.attrib.items():
            out.set(name, self.value(want, name, want.get(name), value, f"{here}/@{_local(name)}"))
        out.text = self.value(want, "", want.text, got.text, here) if (got.text or "").strip() else got.text
        out.tail = got.tail if not (got.tail or "").strip() else None
        counts: dict[str, int] = {}
        for child in got:
            if not (rows := [one for one in want if one.tag == child.tag]):
                out.append(self.unknown(child))
                self.of.note(here, "has a new element")
                continue
            number = counts[child.tag] = counts.get(child.tag, -1) + 1
            out.append(self.element(rows[min(number, len(rows) - 1)], child, here))
        for child in want:
            if child.tag not in counts:
                self.lost(out, child, f"{here}/{_local(child.tag)}")
        return out

    def value(self, node: Any, attribute: str, want: str | None, got: str | None, place: str) -> str:
        text = self.bound.get((id(node), attribute))
        if text is not None:
            return str(self.of.bound(text, want or "", got or "", place))
        return str(self.of.fixed(want or "", got or "", place) if want is not None else self.of.unknown(got or ""))

    def lost(self, out: Any, child: Any, place: str) -> None:
        bound = any((id(node), name) in self.bound for node in child.iter() for name in ("", *node.attrib))
        if bound:
            out.append(copy.deepcopy(child))
            if not self.of.body.free:
                self.of.problem(place, "is missing, and the contract has a value there")
        else:
            self.of.note(place, "is gone")

    def unknown(self, got: Any) -> Any:
        from xml.etree.ElementTree import Element

        out = Element(got.tag)
        out.text = str(self.of.unknown(got.text)) if (got.text or "").strip() else got.text
        out.tail = got.tail if not (got.tail or "").strip() else None
        return out


def _values(template: str, got: str) -> dict[str, str]:
    """What a text tells when it is read with the template that it would be written with."""
    if names(template) == [template[1:]] or "|" in template or template.endswith("?"):
        return {}
    return Pattern(template).match(got) or {}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _type(value: Any) -> str:
    names_ = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", dict: "an object"}
    return "null" if value is None else names_.get(type(value), "an array")


# writing it as it was written


def dumped(kind: str, document: Any, like: bytes) -> bytes:
    """A document in its format, spaces and escapes as in the bytes that came."""
    if kind == "json":
        return _json(document, like)
    return bytes(FORMATS[kind].dump(document))


def _json(document: Any, like: bytes) -> bytes:
    body = like.strip()
    tail = like[like.rindex(body) + len(body) :] if body else b""
    try:
        came = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return msgspec.json.encode(document)
    styles: list[dict[str, Any]] = [{"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4}, {"indent": "\t"}]
    for style in styles:
        for ascii_ in (False, True):
            text = json.dumps(came, ensure_ascii=ascii_, **style)
            if text.encode() == body:
                return json.dumps(document, ensure_ascii=ascii_, **style).encode() + tail
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
