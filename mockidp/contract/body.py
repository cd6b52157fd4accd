"""Bodies as recorded, with the parts that vary bound to values: JSON by pointer, forms and key-value lines by key,
XML by path.

The type that a place has in the body file is the type of every answer: a `true` written as text in the file
is sent as text. That is how a contract says "boolish" without a word for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import msgspec

from mockidp.contract.schema import Select
from mockidp.contract.template import Values, builder, names
from mockidp.errors import ContractError

MISSING = object()
PLANS = 32  # sets of scopes for which a body remembers what it shows
PEOPLE = 32  # people for whom it then remembers what is always the same
Setter = tuple[str, Callable[[Values], Any], str | None]


class Plan(NamedTuple):
    """What is set and what is left out for a set of scopes. `personal` setters need to know the person only."""

    setters: list[Setter]
    personal: list[Setter]
    others: list[Setter]
    hidden: list[str]
    people: dict[int, tuple[object, bytes]]  # by identity: the person, and the body with what is theirs in its place


class Body:
    """A compiled body. Without a value a place is left out (`optional`), null (`nullable`) or empty text (`blank`)."""

    def __init__(
        self,
        data: bytes,
        kind: str,
        bind: Mapping[str, str],
        *,
        optional: list[str] | None = None,
        nullable: list[str] | None = None,
        blank: list[str] | None = None,
        needs: Mapping[str, str] | None = None,
        select: Select | None = None,
    ) -> None:
        self.data, self.kind = data, kind
        self.optional, self.nullable = frozenset(optional or ()), frozenset(nullable or ())
        self.blank = frozenset(blank or ())
        self.needs = {place: scope.split("|") for place, scope in (needs or {}).items()}
        self.bind, self.select = dict(bind), select
        self.setters = [(place, builder(text), _top_key(kind, place)) for place, text in bind.items()]
        self.thinned = {  # arrays of which an item may be left out
            place.rpartition("/")[0]
            for place in (*self.optional, *self.needs)
            if kind == "json" and place.rpartition("/")[2].isdigit()
        }
        self._plans: dict[frozenset[str] | None, Plan] = {}
        self.document = FORMATS[kind].parse(data)
        for place in [
            *bind,
            *self.optional,
            *self.nullable,
            *self.blank,
            *self.needs,
            *([select.at] if select else []),
        ]:
            if place and FORMATS[kind].get(self.document, place) is MISSING:
                raise ContractError(f"no place {place!r} in the body", key=place)

    def render(self, values: Values, granted: frozenset[str] | None = None, person: object = None) -> bytes:
        """The bytes of one answer. `granted` are the scopes; places that need another one are left out."""
        document = self.filled(values, granted, person)
        return self.data if document is None else FORMATS[self.kind].dump(document)

    def filled(self, values: Values, granted: frozenset[str] | None = None, person: object = None) -> Any:
        """The document with every value in its place; None when nothing varies and the file is sent as it is.

        `person` is whose the values are, where that is known: what is theirs alone is put in once, not in each answer.
        """
        if not self.setters and not self.needs and self.select is None:
            return None
        form, plan = FORMATS[self.kind], self._plans.get(granted) or self._plan(granted)
        if person is None:
            document = self._set(form.parse(self.data), plan.setters, values)
        else:
            document = self._set(form.parse(self._of(person, plan, values)), plan.others, values)
        for place in plan.hidden:
            form.drop(document, place)
        for place in self.thinned:
            if isinstance(items := form.get(document, place), list):
                items[:] = [item for item in items if item is not MISSING]
        if self.select is not None:
            _keep(form.get(document, self.select.at), self.select, values[self.select.by])
        return document

    def _of(self, person: object, plan: Plan, values: Values) -> bytes:
        """The body with what is a person's alone in its places."""
        if not plan.personal:
            return self.data
        found = plan.people.get(id(person))
        if found is None:
            if len(plan.people) >= PEOPLE:
                plan.people.clear()
            document = self._set(Json.parse(self.data), plan.personal, values)
            found = plan.people[id(person)] = person, Json.dump(document)
        return found[1]

    def _set(self, document: Any, setters: list[Setter], values: Values) -> Any:
        for place, build, key in setters:
            value = build(values)
            if key is not None and value is not None:  # most places by far: a member of the outermost object
                old = document[key]
                document[key] = value if type(old) is type(value) else _like(old, value)
            elif place == "" and self.kind == "json":
                document = value  # the whole document is one value
            else:
                self._put(document, place, value)
        return document

    def _plan(self, granted: frozenset[str] | None) -> Plan:
        """What is set and what is left out for these scopes."""
        hidden = [] if granted is None else [at for at, scopes in self.needs.items() if granted.isdisjoint(scopes)]
        if len(self._plans) >= PLANS:
            self._plans.clear()
        setters = [row for row in self.setters if row[0] not in hidden]
        personal = [row for row in setters if row[2] is not None and _is_personal(self.bind[row[0]])]
        others = [row for row in setters if row not in personal]
        plan = self._plans[granted] = Plan(setters, personal, others, hidden, {})
        return plan

    @property
    def free(self) -> frozenset[str]:
        """The places that an answer may lack or leave empty."""
        chosen = FORMATS[self.kind].get(self.document, self.select.at) if self.select is not None else {}
        asked = {f"{self.select.at}/{key}" for key in chosen} if self.select is not None else set()
        return self.optional | self.nullable | frozenset(self.needs) | asked

    def _put(self, document: Any, place: str, value: Any) -> None:
        form = FORMATS[self.kind]
        if value is not None:
            form.set(document, place, value)
        elif place in self.optional:
            form.drop(document, place)
        elif place in self.nullable:
            form.clear(document, place)
        elif place in self.blank:
            form.set(document, place, "")
        elif any(place.startswith(f"{whole}/") for whole in self.optional | self.nullable):
            pass  # it goes with what it is in
        else:
            raise ContractError(
                f"{place!r} has no value for this person, and is neither optional nor nullable nor blank"
            )


def _is_personal(text: str) -> bool:
    """Whether a template says nothing but what a person's record says: nobody and nothing else can change that."""
    told = names(text)
    return bool(told) and all(name.startswith("person.") for name in told)


def _top_key(kind: str, place: str) -> str | None:
    """The key of a place that is a member of a JSON document's outermost object."""
    key = place[1:]
    return key if kind == "json" and key and "/" not in key and "~" not in key and not key.isdigit() else None


def asked(text: str) -> list[str]:
    """The keys of a list such as `id,picture.width(9){url,height}`, without what is said of each."""
    flat = text
    while flat != (flat := NESTED.sub("", flat)):
        pass
    return [name for item in flat.split(",") if (name := item.strip().partition(".")[0])]


NESTED = re.compile(r"\{[^{}]*\}|\([^()]*\)")


def _keep(node: dict[str, Any], select: Select, text: str | None) -> None:
    """Take away every key that was not asked for."""
    wanted = asked(text) if text else select.default or list(node)
    for key in node.keys() - {*wanted, *select.always}:
        del node[key]


def read(data: bytes, content_type: str) -> Any:
    """Parse an answer of whatever format it says; ValueError when it does not parse."""
    kind = kind_of(content_type, data)
    return kind, FORMATS[kind].parse(data)


def pick(kind: str, document: Any, place: str, where: Mapping[str, Any] | None = None) -> Any:
    """The value at a place, or None. `/*/` in a JSON pointer takes the first item for which `where` holds."""
    if kind == "json" and "/*" in place:
        head, _, tail = place.partition("/*")
        rows = Json.get(document, head)
        for row in rows if isinstance(rows, list) else ():
            if all(isinstance(row, dict) and row.get(key) == want for key, want in (where or {}).items()):
                found = Json.get(row, tail)
                return None if found is MISSING else found
        return None
    found = FORMATS[kind].get(document, place)
    return None if found is MISSING else found


def kind_of(content_type: str, data: bytes = b"") -> str:
    """json, form, xml, lines or text, from the content type; what is labelled as text is known by its looks."""
    name = content_type.split(";")[0].strip().lower()
    if name.endswith(("/json", "+json")) or name == "text/javascript":
        return "json"
    if name == "application/x-www-form-urlencoded":
        return "form"
    if name.endswith(("/xml", "+xml")) and "html" not in name:
        return "xml"
    if name == "text/plain" and data[:1] in (b"{", b"["):
        return "json"
    looks = LOOKS if name in ("text/plain", "text/html") else {}
    return next((kind for kind, pattern in looks.items() if pattern.fullmatch(data)), "text")


LOOKS = {
    "form": re.compile(rb"[\w.%+-]+=[^&\s<]*(?:&[\w.%+-]+=[^&\s<]*)*"),
    "lines": re.compile(rb"(?:[\w.]+:[^\n]*\n)+"),
}


def _like(old: Any, value: Any) -> Any:
    """`value` in the type that the body file has at that place."""
    if value is True and isinstance(old, dict | list):
        return old  # there as it is in the file; without a value it is not
    if isinstance(old, bool):
        return value if isinstance(value, bool) else str(value).lower() in ("true", "1")
    if isinstance(old, str):
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(old, int):
        return int(value) if not isinstance(value, str) or "T" not in value else seconds(value)
    return float(value) if isinstance(old, float) else value


def seconds(time: str) -> int:
    """A time of the cast as Unix time."""
    return int(datetime.fromisoformat(time).timestamp())


class Json:
    """Places are JSON pointers (RFC 6901); an empty one is the whole document."""

    @staticmethod
    def parse(data: bytes) -> Any:
        return msgspec.json.decode(data)

    @staticmethod
    def dump(document: Any) -> bytes:
        return msgspec.json.encode(document)

    @staticmethod
    def _step(node: Any, key: str) -> Any:
        if isinstance(node, dict):
            return node.get(key, MISSING)
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            return node[int(key)]
        return MISSING

    @classmethod
    def get(cls, document: Any, place: str) -> Any:
        node = document
        for key in _keys(place):
            node = cls._step(node, key)
        return node

    @classmethod
    def _parent(cls, document: Any, place: str) -> tuple[Any, Any]:
        *path, last = _keys(place)
        node = document
        for key in path:
            node = cls._step(node, key)
        return node, int(last) if isinstance(node, list) else last

    @classmethod
    def set(cls, document: Any, place: str, value: Any) -> None:
        node, key = cls._parent(document, place)
        if isinstance(node, dict | list):
            node[key] = _like(node[key], value)

    @classmethod
    def clear(cls, document: Any, place: str) -> None:
        node, key = cls._parent(document, place)
        node[key] = None

    @classmethod
    def drop(cls, document: Any, place: str) -> None:
        node, key = cls._parent(document, place)
        if isinstance(node, dict):
            node.pop(key, None)
        elif isinstance(node, list):
            node[key] = MISSING


@lru_cache(4096)
def _keys(place: str) -> tuple[str, ...]:
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in place.split("/")[1:])


class Form:
    """Places are keys of a form-encoded body."""

    @staticmethod
    def parse(data: bytes) -> dict[str, str]:
        return dict(parse_qsl(data.decode().strip(), keep_blank_values=True))

    @staticmethod
    def dump(document: dict[str, Any]) -> bytes:
        return urlencode(document).encode()

    @staticmethod
    def get(document: dict[str, str], place: str) -> Any:
        return document.get(place.removeprefix("/"), MISSING)

    @staticmethod
    def set(document: dict[str, str], place: str, value: Any) -> None:
        document[place.removeprefix("/")] = _like("", value)

    @staticmethod
    def clear(document: dict[str, str], place: str) -> None:
        document[place.removeprefix("/")] = ""

    @staticmethod
    def drop(document: dict[str, str], place: str) -> None:
        document.pop(place.removeprefix("/"), None)


class Lines(Form):
    """Places are keys of OpenID's key-value form: `key:value` and a newline (OpenID Authentication 2.0, 4.1.1)."""

    @staticmethod
    def parse(data: bytes) -> dict[str, str]:
        return dict(line.split(":", 1) for line in data.decode().splitlines())

    @staticmethod
    def dump(document: dict[str, Any]) -> bytes:
        return "".join(f"{key}:{value}\n" for key, value in document.items()).encode()


class Xml:
    """Places are ElementTree paths below the root (`{*}`: any namespace); an attribute is a last step with an `@`."""

    @staticmethod
    def parse(data: bytes) -> Any:
        from xml.etree.ElementTree import register_namespace

        from defusedxml.ElementTree import fromstring  # lazy: few providers speak XML

        for prefix, uri in XML_PREFIX.findall(data):  # so that it is written as it was read
            register_namespace(prefix.decode(), uri.decode())
        return fromstring(data)

    @staticmethod
    def dump(document: Any) -> bytes:
        from xml.etree.ElementTree import tostring  # writing cannot be attacked, defusedxml only reads

        return bytes(tostring(document, encoding="utf-8", xml_declaration=True))

    @staticmethod
    def _find(document: Any, place: str) -> tuple[Any, str]:
        path, _, attribute = place.partition("@")
        path = path.strip("/")
        return (document.find(path) if path else document), attribute

    @classmethod
    def get(cls, document: Any, place: str) -> Any:
        node, attribute = cls._find(document, place)
        if node is None:
            return MISSING
        return node.get(attribute, MISSING) if attribute else (node.text or "")

    @classmethod
    def set(cls, document: Any, place: str, value: Any) -> None:
        node, attribute = cls._find(document, place)
        if node is None or (value is True and len(node) and not attribute):
            return  # what it is in has been left out, or it is there as it is in the file
        text = XML_FORBIDDEN.sub("\ufffd", _like("", value))
        if attribute:
            node.set(attribute, text)
        else:
            node.text = text

    @classmethod
    def clear(cls, document: Any, place: str) -> None:
        cls.set(document, place, "")

    @classmethod
    def drop(cls, document: Any, place: str) -> None:
        path, attribute = cls._find(document, place)
        if path is not None and attribute:
            path.attrib.pop(attribute, None)
        elif path is not None:
            up = place.rpartition("/")[0]
            (document.find(up) if up else document).remove(path)


XML_PREFIX = re.compile(rb"""\sxmlns(?::((?!ns\d+=)[\w-]+))?=["']([^"']+)""")
XML_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Text:
    """The only place is the empty one: the whole body."""

    @staticmethod
    def parse(data: bytes) -> list[str]:
        return [data.decode("utf-8", "replace")]

    @staticmethod
    def dump(document: list[str]) -> bytes:
        return document[0].encode()

    @staticmethod
    def get(document: list[str], place: str) -> Any:
        return MISSING if place else document[0]

    @staticmethod
    def set(document: list[str], place: str, value: Any) -> None:
        document[0] = str(value)

    @staticmethod
    def clear(document: list[str], place: str) -> None:
        document[0] = ""

    drop = clear


FORMATS: dict[str, Any] = {"json": Json, "form": Form, "lines": Lines, "xml": Xml, "text": Text}


class Departure(NamedTuple):
    """One way in which a document is not of the wanted shape: `kind` is missing, unlisted or type."""

    kind: str
    place: str
    text: str


def differences(want: Any, got: Any, free: frozenset[str] = frozenset()) -> list[str]:
    """How `got` departs in shape from `want`: a list of sentences that each name the place. See `departures`."""
    return sorted(item.text for item in departures(want, got, free))


def departures(want: Any, got: Any, free: frozenset[str] = frozenset(), place: str = "") -> Iterator[Departure]:
    """How `got` departs in shape from `want`, place by place.

    `free` are places that may be null or absent. Extra keys are departures too. List items are compared
    with the item of `want` at their place, or its last.
    """
    if place in free and got is None:
        return
    if isinstance(want, dict) and isinstance(got, dict):
        for key in want.keys() | got.keys():
            at = f"{place}/{key}"
            if key not in got:
                if at not in free:
                    yield Departure("missing", at, f"{at} is missing")
            elif key not in want:
                yield Departure("unlisted", at, f"{at} is not in the contract")
            else:
                yield from departures(want[key], got[key], free, at)
    elif isinstance(want, list) and isinstance(got, list):
        for number, item in enumerate(got if want else []):
            yield from departures(want[min(number, len(want) - 1)], item, free, f"{place}/{number}")
    elif type(want) is not type(got):
        text = f"{place or 'body'} is {_type(got)}, the contract has {_type(want)}"
        yield Departure("type", place, text)


def _type(value: Any) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", dict: "an object"}
    return "null" if value is None else names.get(type(value), "an array")
