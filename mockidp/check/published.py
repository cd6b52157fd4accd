"""A contract beside its second entry: `contracts/_published/<id>.json`, what the provider itself says of its wire.

The simulator and the walk both read the contract, so both would follow a wrong fact. The second entry was gathered
from the provider's schemas, server source and pages, not from the contract; a fact that is changed in one of the two
stops fitting the other. A difference in which the contract is right is waived there, with the better source:
`[waive] "published:token:/scope" = "…"`, or `"published:token"` for all of a step.

How a second entry is written:

| written | means |
|---|---|
| `"string"`, `"integer|null"`, `"any"` | the JSON types that a value may have |
| `"string?"` | it may be left out |
| `"string = a|b"` | it is one of these; `*` stands for any text |
| `{shop}` in a URL | one host label or one path segment; `{+server}` is a base URL with whatever path it has |
| `"/a/*/b"`, `"/a/@id"` | every item of a list; an attribute. Forms and key-value lines are objects, XML has its root's name first |
| `complete` | nothing else is in the body |
| `like` | another answer of the step, with these fields more |
| `page`, `text` | an error that is a page for a person; one whose body is not structured |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from mockidp.contract.body import Body
from mockidp.contract.files import contracts_folder
from mockidp.contract.load import Loaded
from mockidp.contract.schema import Part
from mockidp.contract.template import Pattern
from mockidp.contract.wire import Answer, Exchange, Fault, Wire
from mockidp.errors import ContractError

FOLDER = "_published"
WAIVED = "published"

SOURCE_KINDS = {
    "published-schema": "specified", "server-source": "specified",
    "documentation": "documented", "vendor-sdk": "documented",
    "observed-in-issue": "reconstructed", "third-party-client": "reconstructed",
}
"""What the kinds of a second entry's sources are called as evidence of a contract."""

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
    complete: bool = False
    fields: dict[str, str] = {}


class ErrorEntry(Part):
    status: list[int]
    source: list[str]
    means: str = ""
    headers: dict[str, str] = {}
    callback: dict[str, str] | None = None
    page: bool = False
    text: bool = False
    fields: dict[str, str] = {}

    @property
    def way(self) -> set[str]:
        """How it reaches whom: by the callback, as a page, as text, or in a body."""
        ways = {"callback"} if self.callback is not None else set()
        ways |= {"page"} if self.page else set()
        ways |= {"text"} if self.text else set()
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

    def step(self, name: str, url: str = "") -> StepEntry | None:
        """The step of that name, else the one that is at the URL."""
        named = (item for item in self.steps if item.step == name)
        at = (item for item in self.steps if any(url_fits(row.partition(" ")[2], url) for row in item.request))
        return next(chain(named, at), None)

    def cite(self, source: Iterable[str]) -> str:
        """The first source in words."""
        known = [self.sources[name] for name in source if name in self.sources]
        return f"{known[0].kind}: {known[0].where}" if known else "no source"


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

KIND = re.compile(r"([a-z]+(?:\|[a-z]+)*)(\??)(?: = (.*))?", re.DOTALL)
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),), "absent": (),
}
VALUE = re.compile(r"\$[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
HOLE = re.compile(r"\{(\+?)[a-z_]+\}")


@dataclass(frozen=True)
class Kind:
    """What a value may be: JSON types, whether it may be left out, and its texts when those are known."""

    types: frozenset[str]
    optional: bool
    texts: tuple[str, ...]

    def wrong(self, value: Any) -> str:
        """How a value departs, in words; empty when it does not."""
        if "any" not in self.types and not any(_is(value, name) for name in self.types):
            return f"is {type_name(value)}, published is {' or '.join(sorted(self.types))}"
        if value is not None and self.texts and not any(_like(text, _text(value)) for text in self.texts):
            return f"is {_text(value)!r}, published is {' or '.join(map(repr, self.texts))}"
        return ""


@cache
def kind(text: str) -> Kind:
    """Read the notation; ValueError when it is none."""
    found = KIND.fullmatch(text)
    types = found[1].split("|") if found else []
    if not found or set(types) - TYPES.keys() - {"any"}:
        raise ValueError(f"{text!r} is no kind of value")
    return Kind(frozenset(types), bool(found[2]), tuple(found[3].split("|")) if found[3] is not None else ())


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


def _like(text: str, value: str) -> bool:
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
        from mockidp.contract.body import FORMATS

        nodes, typed = dict(_xml_nodes(FORMATS["xml"].parse(body.data))), False
    elif body.kind == "text":
        nodes, typed = {"": body.data.decode("utf-8", "replace")}, False
    else:
        nodes, typed = dict(_json_nodes(body.document, "")), body.kind == "json"
    gone = tuple(hidden)
    return {at: value for at, value in nodes.items()
            if not any(at == place or at.startswith(f"{place}/") for place in gone)}, typed


def _json_nodes(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    yield at, value
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in rows:
        yield from _json_nodes(item, f"{at}/{key}")


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
            self.kinds[keys] = Kind(frozenset({"any"}), optional or keys[-1] == "*", ())

    def problems(self, nodes: Mapping[str, Any], typed: bool, optional: frozenset[str] = frozenset(),
                 nullable: frozenset[str] = frozenset()) -> dict[str, str]:
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
            if item.optional or "*" in keys[-1]:
                continue
            for parent in [at for at in nodes if _same(keys[:-1], at)]:
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
            return Kind(frozenset({"any"}), item.optional, item.texts).wrong(value)
        if at in nullable and not {"null", "any"} & item.types:
            return "may be null, published is that it never is"
        return item.wrong(value)

    def _kind(self, at: str) -> Kind | None:
        return next((item for exact in (True, False) for keys, item in self.kinds.items()
                     if _same(keys, at, exact)), None)

    def _closed(self, parent: str) -> bool:
        """Whether anything below a place is published: where nothing is, all may be there."""
        if parent and self._kind(parent) is None:
            return False
        depth = len(parent.split("/")) - 1
        return any(len(keys) > depth and _same(keys[:depth], parent) for keys in self.kinds)


@cache
def _same(keys: tuple[str, ...], at: str, exact: bool = False) -> bool:
    got = at.split("/")[1:]
    if len(got) != len(keys):
        return False
    return all(key == one or (not exact and "*" in key and _like(key, one)) for key, one in zip(keys, got, strict=True))


# the rule

Difference = tuple[str, str, list[str]]  # what a waiver may name, the sentence, and the way to its line


def published(loaded: Loaded) -> Iterator[tuple[str, list[str]]]:
    """The contract says what the provider publishes: requests, bodies, callbacks, errors, claims, client rules."""
    entry, wire = entry_of(loaded.id), loaded.at()
    waivers = [name for name in wire.spec.waive if name.split(":")[0] == WAIVED]
    used = set()
    for key, message, path in differences(entry, wire, loaded.table) if entry else ():
        covering = [name for name in waivers if f"{WAIVED}:{key}:".startswith(f"{name}:")]
        used.update(covering)
        if not covering:
            yield f"{message} [{WAIVED}:{key}]", path
    for name in waivers:
        if name not in used:
            yield f"{name} waives no difference", ["waive", name]


def differences(entry: Entry, wire: Wire, table: Mapping[str, Any]) -> Iterator[Difference]:
    """Every difference between a contract and its second entry."""
    yield from _client_differences(entry, wire)
    yield from _lifetime_differences(entry, wire)
    for exchange in wire.exchanges:
        yield from _exchange_differences(entry, exchange)
    for name in table.get("error", {}):
        if name in wire.errors:
            yield from _error_differences(entry, wire, wire.errors[name])
    yield from _id_token_differences(entry, wire)


def _client_differences(entry: Entry, wire: Wire) -> Iterator[Difference]:
    said, client = entry.client, wire.client
    pairs: list[tuple[str, Any, Any]] = [
        ("auth", client.auth, said.auth), ("pkce", client.pkce, said.pkce),
        ("scope delimiter", client.scope.delimiter, said.delimiter),
        ("scope returned", client.scope.returned, said.returned),
    ]
    if client.pkce in ("optional", "required"):
        pairs.append(("pkce_methods", sorted(client.pkce_methods), sorted(said.pkce_methods)))
    for name, have, want in pairs:
        if want and have != want:
            key = name.split()[0]
            yield (f"client:{name.replace(' ', ':')}",
                   f"client {name} is {have!r}, published is {want!r} ({entry.cite(said.source)})", ["client", key])


def _lifetime_differences(entry: Entry, wire: Wire) -> Iterator[Difference]:
    for name, value in entry.lifetimes.items():
        if name == "source":
            continue
        want = value if isinstance(value, list) else [value]
        have = wire.lifetimes.get(name)
        if have not in want:
            yield (f"lifetimes:{name}", f"the lifetime of {name} is {have} s, published is "
                   f"{' or '.join(map(str, want))} s ({entry.cite(entry.lifetimes['source'])})", ["lifetimes", name])


def _exchange_differences(entry: Entry, exchange: Exchange) -> Iterator[Difference]:
    said = entry.step(exchange.step, exchange.urls[0] if exchange.urls else "")
    path = ["exchange", exchange.step, exchange.name]
    if said is None:
        yield exchange.step, f"{exchange.label}: nothing is published of this step", path
        return
    cite = entry.cite(said.source)
    rows = chain(_request_differences(said, exchange), _param_differences(said, exchange),
                 _header_differences(said, exchange), _callback_differences(said, exchange),
                 _answer_differences(said, exchange))
    for place, message in dict(rows).items():
        yield f"{exchange.label}:{place}", f"{exchange.label}: {message} ({cite})", [*path, place.rpartition("/")[2]]


Row = tuple[str, str]  # the place, and the sentence


def _request_differences(said: StepEntry, exchange: Exchange) -> Iterator[Row]:
    split = [row.partition(" ")[::2] for row in said.request]
    for method, url in exchange.requests:
        at = [known for known, text in split if url_fits(text, url)]
        if not at:
            yield "url", f"the URL {url} is not published, {' or '.join(text for _, text in split)} is"
        elif method not in at:
            yield "method", f"the method for {url} is {method}, published is {' or '.join(at)}"
    if said.scope and exchange.scope and exchange.scope != frozenset(said.scope):
        yield "scope", f"is opened by {sorted(exchange.scope)}, published is {sorted(said.scope)}"


def _params(exchange: Exchange) -> dict[str, tuple[str, Pattern]]:
    return {key: (place, pattern) for place in ("query", "form") for key, pattern in exchange.params[place].items()}


def _param_differences(said: StepEntry, exchange: Exchange) -> Iterator[Row]:
    have = _params(exchange)
    auth = exchange.wire.client.auth
    for name, text in said.params.items():
        if kind(text).optional or "*" in name:
            continue
        if name not in have:
            proof = name in ("client_id", "client_secret") and auth == "basic"
            if not (proof and "Authorization" in exchange.params["headers"]):
                yield name, f"the request has no parameter {name}, published is that it must"
        elif have[name][1].optional and not (auth == "either" and name in ("client_id", "client_secret")):
            yield name, f"the parameter {name} may be left out, published is that it must be there"
    for name, (place, pattern) in have.items():
        known = next((text for key, text in said.params.items() if key == name or ("*" in key and _like(key, name))), "")
        if not known and not pattern.optional:
            yield name, f"the request must have {name}, which is not published"
        elif known:
            yield from _one_param(said, exchange, name, place, pattern, kind(known))


def _one_param(said: StepEntry, exchange: Exchange, name: str, place: str, pattern: Pattern,
               known: Kind) -> Iterator[Row]:
    for option in pattern.text.removesuffix("?").split("|") if pattern.literal and known.texts else ():
        if not any(_like(text, option) for text in known.texts):
            yield name, f"the parameter {name} is {option!r}, published is {' or '.join(map(repr, known.texts))}"
    ways = {"query"} if place == "query" else set(exchange.accepts) - {"oauth"}
    if said.places and ways - set(said.places):
        yield (name, f"the parameter {name} may travel as {' or '.join(sorted(ways))}, "
                     f"published is {' or '.join(said.places)}")


def _header_differences(said: StepEntry, exchange: Exchange) -> Iterator[Row]:
    have = exchange.listed_headers
    known = {name.lower(): text for name, text in said.headers.items()}
    for name, text in said.headers.items():
        pattern = have.get(name.lower())
        if pattern is None:
            if not text.endswith("?"):
                yield name, f"the request has no header {name}, published is that it must"
        else:
            yield from _one_header(name, pattern, text.removesuffix("?"))
    for lower, pattern in have.items():
        if lower not in known and not pattern.optional and "$basic" not in pattern.text:
            yield lower, f"the request must have the header {lower}, which is not published"


def _one_header(name: str, pattern: Pattern, text: str) -> Iterator[Row]:
    schemes = [scheme.lower() for scheme in text.split("|")]
    for option in pattern.text.removesuffix("?").split("|"):
        if text != "*" and option.split()[0].lower() not in schemes:
            yield name, f"the header {name} is {option!r}, published is {text}"


def _callback_differences(said: StepEntry, exchange: Exchange) -> Iterator[Row]:
    redirect = exchange.answer.redirect
    if redirect is not None and said.callback is not None:
        for name, problem in callback_problems(said.callback, redirect).items():
            yield f"callback:{name}", f"{name} in the callback {problem}"


def callback_problems(want: Mapping[str, str], have: Mapping[str, Pattern]) -> dict[str, str]:
    """Parameter → how the contract's callback departs from the published one."""
    out = {name: "is missing, published is that it is always there" for name, text in want.items()
           if name not in have and "*" not in name and not kind(text).optional}
    for name, pattern in have.items():
        text = next((text for key, text in want.items() if key == name or ("*" in key and _like(key, name))), None)
        value = pattern.text.removesuffix("?")
        if text is None:
            out[name] = "is not published"
        elif VALUE.fullmatch(value) is None:
            wrong = kind(text).wrong(VALUE.sub("x", value))
            out |= {name: wrong} if wrong else {}
    return out


def _answer_differences(said: StepEntry, exchange: Exchange) -> Iterator[Row]:
    """Each form that the answer may have must be one of the published answers; told is the nearest of them."""
    answer = exchange.answer
    if not said.answers or answer.redirect is not None or answer.page is not None:
        return
    needs = tuple(answer.body.needs) if answer.body is not None else ()
    for hidden in [(), needs] if needs else [()]:
        found = [answer_problems(said, row, answer, hidden) for row in said.answers]
        yield from min(found, key=len).items()


def answer_problems(said: StepEntry, row: AnswerEntry, answer: Answer, hidden: tuple[str, ...] = ()) -> dict[str, str]:
    """Place → how an answer departs from one published answer of the step."""
    out = {}
    if answer.status != row.status:
        out["status"] = f"the status is {answer.status}, published is {row.status}"
    for name in (answer.type, answer.otherwise):
        if row.type and name and not any(_same_type(known, name) for known in row.type):
            out["type"] = f"the type is {name!r}, published is {' or '.join(map(repr, row.type))}"
    fields = {**_fields_like(said, row.like), **row.fields}
    body = answer.body
    if body is None:
        return out | {at: f"{at} is missing, there is no body" for at, text in fields.items() if not kind(text).optional}
    if "" in body.bind:
        return out
    nodes, typed = nodes_of(body, hidden)
    shape = Shape(fields, row.complete)
    return out | {at: f"{at} {problem}" for at, problem in
                  shape.problems(nodes, typed, body.optional, body.nullable).items()}


def _fields_like(said: StepEntry, about: str) -> dict[str, str]:
    return next((row.fields for row in said.answers if about and row.about == about), {})


def _same_type(known: str, name: str) -> bool:
    """Whether a content type is the published one; a charset is compared when one was published."""
    left, right = (text.lower().replace(" ", "") for text in (known, name))
    return left == right or (";" not in left and right.partition(";")[0] == left)


# errors


def _error_differences(entry: Entry, wire: Wire, fault: Fault) -> Iterator[Difference]:
    """An error fits one of those published for its steps. One that is only reconstructed may be unknown there,
    but must not be told otherwise than the published ones of the same meaning."""
    steps = _steps(wire, fault)
    said = [entry.step(step, _first_url(wire, step)) for step in steps]
    rows = [row for item in said if item is not None for row in item.errors]
    evidence = wire.spec.evidence.get(fault.evidence)
    claimed = evidence is not None and evidence.kind != "reconstructed"
    if not any(said):
        return
    answer = fault.answer(steps[0])
    rows = [row for row in rows if way_of(answer) in row.way]
    found = [(error_problems(row, fault, answer), row) for row in rows]
    fits = [row for problems, row in found if not problems]
    same = [pair for pair in found if pair[1].means == fault.means]
    if fits:
        yield from _meaning(entry, fault, fits)
    elif same or (claimed and found):
        problems, row = min(same or found, key=lambda pair: len(pair[0]))
        yield (f"error:{fault.name}", f"error {fault.name}: {'; '.join(problems)} ({entry.cite(row.source)})",
               ["error", fault.name])
    elif claimed and way_of(answer) == "body":
        yield (f"error:{fault.name}", f"error {fault.name}: no such error of {' or '.join(steps)} is published",
               ["error", fault.name])


def _meaning(entry: Entry, fault: Fault, fits: list[ErrorEntry]) -> Iterator[Difference]:
    meanings = {row.means for row in fits if row.means}
    if meanings and fault.means not in meanings:
        yield (f"error:{fault.name}", f"error {fault.name}: means {fault.means!r}, published is "
               f"{' or '.join(sorted(meanings))} ({entry.cite(fits[0].source)})", ["error", fault.name])


def _steps(wire: Wire, fault: Fault) -> list[str]:
    """The steps of the contract at which an error answers, those of a group one by one."""
    own = [step for step in fault.steps if wire.step(step) is not None]
    groups = [step for step in wire.steps for group in fault.steps if step not in own and wire.group(step) == group]
    return [*own, *groups]


def _first_url(wire: Wire, step: str) -> str:
    exchange = wire.step(step)
    return exchange.urls[0] if exchange is not None and exchange.urls else ""


def way_of(answer: Answer) -> str:
    """How an error reaches whom: `callback`, `page`, `text` or `body`, as `ErrorEntry.way` says it."""
    if answer.redirect is not None:
        return "callback"
    if answer.page is not None:
        return "page"
    return "text" if answer.body is None or answer.body.kind == "text" or not answer.body.data else "body"


def error_problems(row: ErrorEntry, fault: Fault, answer: Answer) -> list[str]:
    """How an error departs from a published one."""
    out = []
    if answer.status not in row.status:
        out.append(f"the status is {answer.status}, published is {' or '.join(map(str, row.status))}")
    headers = {name.lower(): value for name, value in fault.spec.headers.items() if value is not False}
    for name, part in row.headers.items():
        if part not in str(headers.get(name.lower(), "")) or name.lower() not in headers:
            out.append(f"the header {name} is {headers.get(name.lower())!r}, published is {part or 'that it is there'}")
    if row.callback is not None and answer.redirect is not None:
        out += [f"{name} {problem}" for name, problem in callback_problems(row.callback, answer.redirect).items()]
    elif row.way == {"body"} and answer.body is not None:
        nodes, typed = nodes_of(answer.body)
        shape = Shape(row.fields, complete=True)
        out += [f"{at} {problem}" for at, problem in shape.problems(nodes, typed).items()]
    return out


def _id_token_differences(entry: Entry, wire: Wire) -> Iterator[Difference]:
    said, spec, claims = entry.id_token, wire.spec.id_token, wire.claims
    if said is None or spec is None or claims is None:
        if (said is None) != (spec is None):
            yield "id_token", f"{'no' if spec is None else 'an'} identity token, published is otherwise", ["id_token"]
        return
    cite = entry.cite(said.source)
    pairs: list[tuple[str, Any, list[Any]]] = [
        ("alg", spec.alg, said.alg), ("nonce", spec.nonce, [said.nonce] if said.nonce else []),
        ("lifetime", spec.lifetime, [said.lifetime] if said.lifetime else [])]
    for name, have, want in pairs:
        if want and have not in want:
            yield (f"id_token:{name}", f"id_token: {name} is {have!r}, published is {' or '.join(map(str, want))} "
                   f"({cite})", ["id_token", name])
    for hidden in [(), tuple(claims.needs)] if claims.needs else [()]:
        nodes, typed = nodes_of(claims, hidden)
        shape = Shape(said.claims, said.complete)
        for at, problem in shape.problems(nodes, typed, claims.optional, claims.nullable).items():
            yield f"id_token:{at}", f"id_token: {at} {problem} ({cite})", ["id_token", at]
