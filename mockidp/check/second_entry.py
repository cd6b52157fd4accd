"""The second entry of a provider: `contracts/_published/<id>.json`, what the provider itself says of its wire.

It was gathered from schemas, server source, pages and public threads, not from the contract, and it says a wire's
shape in one line a fact:

| written | means |
|---|---|
| `"string"`, `"integer|null"`, `"any"` | the JSON types that a value may have |
| `"string?"` | it may be left out |
| `"string, own"` | it is the person's or the login's own: a contract that always answers the same, or never, is wrong |
| `"string = a|b"` | it is one of these; `*` stands for any text |
| `{shop}` in a URL | one host label or one path segment; `{+server}` is a base URL with whatever path it has |
| `"/a/*/b"`, `"/a/@id"` | every item of a list; an attribute. Forms and lines are objects, XML begins with its root |
| `complete` | nothing else is in the body |
| `like` | another answer of the step, with these fields more or instead |
| `page`, `text` | an error that is a page for a person; one whose body has no fields, and how its text reads |

It reads `_published/` by itself: nothing but this check knows the notation, and no simulator may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from mockidp.contract.body import FORMATS, Body
from mockidp.contract.files import contracts_folder
from mockidp.contract.schema import Part
from mockidp.errors import ContractError

FOLDER = "_published"
SOURCE_KINDS = (
    "published-schema",
    "server-source",
    "documentation",
    "vendor-sdk",
    "observed-in-issue",
    "third-party-client",
    "memory",
)

# the second entry as types


class Source(Part):
    kind: str
    where: str
    date: str = ""


class ClientEntry(Part):
    """How a client of this provider proves who it is, and what it may ask for."""

    source: list[str]
    auth: str = ""
    pkce: str = ""
    pkce_methods: list[str] = []
    delimiter: str = ""
    returned: str = ""


class IdTokenEntry(Part):
    alg: list[str]
    claims: dict[str, str]
    source: list[str]
    nonce: str = ""
    lifetime: int = 0
    complete: bool = False


class AnswerEntry(Part):
    status: int
    type: list[str] = []
    about: str = ""
    like: str = ""
    when: dict[str, str] = {}
    complete: bool = False
    fields: dict[str, str] = {}


class ErrorEntry(Part):
    status: list[int]
    source: list[str]
    means: str = ""
    headers: dict[str, str] = {}
    callback: dict[str, str] | None = None
    page: bool = False
    text: str | None = None
    fields: dict[str, str] = {}

    @property
    def meanings(self) -> set[str]:
        """What a client must understand, in the family's words; `a|b` where one answer tells more than one thing."""
        return set(filter(None, self.means.split("|")))

    @property
    def way(self) -> set[str]:
        """How it reaches whom: by the callback, as a page, as text, or in a body."""
        ways = {"callback"} if self.callback is not None else set()
        ways |= {"page"} if self.page else set()
        ways |= {"text"} if self.text is not None else set()
        return ways or {"body"}


class StepEntry(Part):
    step: str
    request: list[str]
    source: list[str]
    places: list[str] = []
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    scope: list[str] = []
    callback: dict[str, str] | None = None
    answers: list[AnswerEntry] = []
    errors: list[ErrorEntry] = []


class Entry(Part):
    """What is published of one provider."""

    about: str
    id: str
    gathered: str
    sources: dict[str, Source]
    client: ClientEntry
    steps: list[StepEntry]
    lifetimes: dict[str, Any] = {}
    id_token: IdTokenEntry | None = None

    def cite(self, source: Iterable[str]) -> str:
        """The first source, short."""
        first = next(self.sources[name] for name in source)
        return f"{first.kind}: {first.where.partition(' (')[0][:100]}"


def read(path: Path) -> Entry:
    """One second entry. ContractError when it is not well-formed."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except msgspec.DecodeError as error:
        raise ContractError(f"not a second entry: {error}", file=f"contracts/{FOLDER}/{path.name}") from None


@cache
def entry_of(provider: str) -> Entry | None:
    """The second entry of a provider, or None where nothing was gathered."""
    path = contracts_folder() / FOLDER / f"{provider}.json"
    return read(path) if path.is_file() else None


# the notation

KIND = re.compile(r"([a-z]+(?:\|[a-z]+)*)(\??)(, own)?(?: = (.*))?", re.DOTALL)
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
    "absent": (),
}
HOLE = re.compile(r"\{(\+?)[a-z_]+\}")


@dataclass(frozen=True)
class Kind:
    """What a value may be: JSON types, whether it may be left out, its texts when known, and whether it varies."""

    types: frozenset[str]
    optional: bool = False
    texts: tuple[str, ...] = ()
    own: bool = False

    def wrong(self, value: Any) -> str:
        """How a value departs, in words; empty when it does not."""
        if "any" not in self.types and not any(_is(value, name) for name in self.types):
            return f"is {type_name(value)}, published is {' or '.join(sorted(self.types))}"
        if value is not None and self.texts and not any(like(text, _text(value)) for text in self.texts):
            return f"is {_text(value)!r}, published is {' or '.join(map(repr, self.texts))}"
        return ""


@cache
def kind(text: str) -> Kind:
    """Read the notation; ValueError when it is none."""
    found = KIND.fullmatch(text)
    types = found[1].split("|") if found else []
    if not found or set(types) - TYPES.keys() - {"any"}:
        raise ValueError(f"{text!r} is no kind of value")
    texts = tuple(found[4].split("|")) if found[4] is not None else ()
    return Kind(frozenset(types), bool(found[2]), texts, bool(found[3]))


def type_name(value: Any) -> str:
    return next((name for name in TYPES if name != "number" and _is(value, name)), "number")


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@cache
def _glob(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def like(text: str, value: str) -> bool:
    """Whether a text is a published one, in which `*` stands for any text."""
    return _glob(text).fullmatch(value) is not None


@cache
def _url(text: str) -> re.Pattern[str]:
    out, at = [], 0
    for hole in HOLE.finditer(text):
        out += [re.escape(text[at : hole.start()]), "https?://[^?#]+?" if hole[1] else "[^/?#]+?"]
        at = hole.end()
    return re.compile("".join(out) + re.escape(text[at:]))


def url_fits(published: str, url: str) -> bool:
    """Whether a URL template of a contract, its settings filled in, is this published one."""
    return _url(published).fullmatch(re.sub(r"\$[a-z][a-z0-9_]*", "x", url)) is not None


# bodies


def nodes_of(body: Body, hidden: Iterable[str] = ()) -> tuple[dict[str, Any], bool]:
    """Every place of a body and its value, without the hidden places and what is below; and whether all is text."""
    if body.kind == "xml":
        nodes, typed = dict(_xml_nodes(FORMATS["xml"].parse(body.data))), False
    elif body.kind == "text":
        nodes, typed = {"": body.data.decode("utf-8", "replace")}, False
    else:
        nodes, typed = dict(_json_nodes(body.document, "")), body.kind == "json"
    gone = tuple(hidden)
    return {
        at: value for at, value in nodes.items() if not any(at == place or at.startswith(f"{place}/") for place in gone)
    }, typed


def _json_nodes(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    yield at, value
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in rows:
        yield from _json_nodes(item, f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}")  # RFC 6901


def _xml_nodes(node: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if not at:
        yield "", {}
    here = f"{at}/{str(node.tag).rpartition('}')[2]}"
    yield here, (node.text or "").strip()
    yield from ((f"{here}/@{key}", value) for key, value in node.attrib.items())
    for child in node:
        yield from _xml_nodes(child, here)


class Shape:
    """The fields of one published answer or error."""

    def __init__(self, fields: Mapping[str, str], complete: bool) -> None:
        self.complete = complete
        self.kinds = {tuple(at.split("/")[1:]): kind(text) for at, text in fields.items()}
        for keys, item in list(self.kinds.items()):
            for length in range(1, len(keys)):
                self._imply(keys[:length], item)

    def _imply(self, keys: tuple[str, ...], below: Kind) -> None:
        """What holds a field that is always there is there itself, unless the entry has a line for it."""
        old = self.kinds.get(keys)
        if old is None or old.types == {"any"}:
            optional = below.optional and (old is None or old.optional)
            self.kinds[keys] = Kind(frozenset({"any"}), optional or keys[-1] == "*")

    def problems(
        self,
        nodes: Mapping[str, Any],
        typed: bool,
        optional: frozenset[str] = frozenset(),
        nullable: frozenset[str] = frozenset(),
    ) -> dict[str, str]:
        """Place → how the body departs from what is published."""
        out = dict(self._missing(nodes, typed, optional))
        for at, value in nodes.items():
            if at:
                wrong = self._wrong(at, value, typed, nullable)
                if wrong:
                    out.setdefault(at, wrong)
        return out

    def _missing(self, nodes: Mapping[str, Any], typed: bool, optional: frozenset[str]) -> Iterator[tuple[str, str]]:
        for keys, item in self.kinds.items():
            if item.optional or not keys or "*" in keys[-1]:
                continue
            for parent in _places(keys[:-1], nodes):
                at = f"{parent}/{keys[-1]}"
                if isinstance(nodes[parent], list) or (typed and nodes[parent] is None):
                    continue
                if at not in nodes:
                    yield at, "is missing, published is that it is always there"
                elif at in optional:
                    yield at, "may be left out, published is that it is always there"

    def _wrong(self, at: str, value: Any, typed: bool, nullable: frozenset[str]) -> str:
        item = self._kind(at)
        if item is None:
            parent = at.rpartition("/")[0]
            return "is not published" if self.complete and self._closed(parent) else ""
        if "absent" in item.types:
            return "is there, published is that it is not"
        if not typed:  # a form, key-value lines and XML hold only text
            return Kind(frozenset({"any"}), texts=item.texts).wrong(value)
        if at in nullable and not {"null", "any"} & item.types:
            return "may be null, published is that it never is"
        return item.wrong(value)

    def _kind(self, at: str) -> Kind | None:
        exact = self.kinds.get(tuple(at.split("/")[1:]))
        return exact or next((item for keys, item in self.kinds.items() if _same(keys, at)), None)

    def own(self, nodes: Mapping[str, Any]) -> Iterator[str]:
        """The places whose values are the person's or the login's own."""
        for at, value in nodes.items():
            item = self._kind(at) if value is not None else None
            if item is not None and item.own:
                yield at

    def _closed(self, parent: str) -> bool:
        """Whether anything below a place is published: where nothing is, all may be there."""
        if parent and self._kind(parent) is None:
            return False
        depth = len(parent.split("/")) - 1
        return any(len(keys) > depth and _same(keys[:depth], parent) for keys in self.kinds)


def _places(keys: tuple[str, ...], nodes: Mapping[str, Any]) -> list[str]:
    """Every place of a body that a published one stands for."""
    if not any("*" in key for key in keys):
        at = "".join(f"/{key}" for key in keys)
        return [at] if at in nodes else []
    return [at for at in nodes if _same(keys, at)]


@cache
def _same(keys: tuple[str, ...], at: str) -> bool:
    got = at.split("/")[1:]
    return len(got) == len(keys) and all(
        key == one or ("*" in key and like(key, one)) for key, one in zip(keys, got, strict=True)
    )
