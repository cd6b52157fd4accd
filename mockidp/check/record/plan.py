"""From what was captured to what would be written: each answer redacted, its place in the contract found.

Nothing here touches the disk but to read the contract.
"""

from __future__ import annotations

import datetime
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mockidp.check.record import leak, secrets, shape
from mockidp.check.record.capture import RecordError, Taken
from mockidp.check.record.fakes import Fakes
from mockidp.check.record.match import Matched, match
from mockidp.check.record.redact import Redacted, Redactor, dumped
from mockidp.check.record.rows import Rows, uses
from mockidp.check.record.show import shown
from mockidp.check.record.toml_text import Path, at
from mockidp.check.walk import alike
from mockidp.contract.body import FORMATS, MISSING, Body
from mockidp.contract.load import Loaded
from mockidp.contract.wire import Wire

CONTRACT = "contract.toml"
Change = tuple[bytes, bytes | None]  # what a file holds, and what it shall hold; None takes it away


@dataclass
class Outcome:
    """What came of one exchange. `problem` is why it is no evidence; neither holds a value that was captured."""

    step: str
    name: str
    status: int
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    kept: bool = False  # whether something of it is to be written

    def as_dict(self) -> dict[str, Any]:
        return {"step": self.step, "name": self.name, "status": self.status, "recorded": self.kept} | {
            "problem": self.problem or None,
            "notes": self.notes,
        }


@dataclass
class Plan:
    """What would be written: the text of each file by its name below the contract's folder, and what it was."""

    outcomes: list[Outcome] = field(default_factory=list)
    files: dict[str, Change] = field(default_factory=dict)
    exchanges: list[dict[str, Any]] = field(default_factory=list)


def plan(
    loaded: Loaded,
    taken: list[Taken],
    *,
    source: str,
    settings: Mapping[str, str] | None = None,
    date: datetime.date | None = None,
    today: datetime.date | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Plan:
    """Redact, and look whether anything leaks. LeakError when it would; RecordError where nothing fits the contract."""
    era = next((former for ended, former in loaded.former.items() if date is not None and date < ended), loaded)
    if era is not loaded:
        raise RecordError(f"{date} is before this contract began; record with a later --date")
    wire = loaded.at(settings, date)
    return Planner(loaded, wire, date, match(wire, taken), environ).plan(source, today or datetime.date.today())


class Planner:
    """One recording under way."""

    def __init__(
        self,
        loaded: Loaded,
        wire: Wire,
        date: datetime.date | None,
        matched: list[Matched],
        environ: Mapping[str, str],
    ) -> None:
        self.loaded, self.wire, self.matched = loaded, wire, matched
        self.rows = Rows(loaded, date)
        self.public = secrets.public_of(loaded, wire, matched)
        self.originals = secrets.originals(matched, environ, self.public)
        self.fakes = Fakes(self.public, self._holds_an_original)
        self.files: dict[str, Change] = {}
        self.claims: dict[str, Redacted] = {}  # of tokens that the contract knows, by the name of their table
        self.tokens: dict[str, str] = {}
        self.shared: set[str] = set()

    def _holds_an_original(self, text: str) -> bool:
        low = text.casefold()
        return any(value.casefold() in low if len(value) > 5 else value.casefold() == low for value in self.originals)

    def plan(self, source: str, today: datetime.date) -> Plan:
        name = self.rows.name_of(source)
        self.originals -= {source, *source.split()}  # what the person at the keyboard says of it
        self._meet()
        results = [(item, self._redacted(item)) for item in self.matched]
        done: set[str] = set()
        outcomes = [self._outcome(item, redacted, name, done) for item, redacted in results if item.exchange]
        outcomes += list(self._tokens(name))
        if any(item.kept for item in outcomes):
            old, new = self.rows.text, self.rows.result(name, source, today)
            self.files[CONTRACT] = old.encode(), new.encode()
            self._drop_unused(tomllib.loads(new))
        out = Plan(outcomes, self.files)
        out.exchanges = [shown(item, redacted, self.fakes, self.wire) for item, redacted in results if item.exchange]
        self._watch(out)
        return out

    def _drop_unused(self, table: dict[str, Any]) -> None:
        """A body that was the answer of several, all of which have one of their own now."""
        for file in self.shared:
            if not uses(table, file):
                self.files[f"bodies/{file}"] = self.loaded.source.read_body(file), None

    def _watch(self, out: Plan) -> None:
        texts = {name: (_text(old), _text(new or b"")) for name, (old, new) in out.files.items()}
        published = "".join(old for old, _ in texts.values())
        said = msgspec.json.encode([_values(out.exchanges), [[item.problem, *item.notes] for item in out.outcomes]])
        texts["the report"] = published, said.decode()
        leak.scan(texts, self._secret(), {*self.fakes.made, *self.tokens.values()}, self.public)

    def _secret(self) -> set[str]:
        """The originals, without those that a text holds which is made of public parts alone."""
        kept = "\n".join(self.fakes.kept)
        return {value for value in self.originals if value not in kept}

    # who is who

    def _meet(self) -> None:
        """Give every value that the contract knows as somebody's its fake, the contract's sample where it fits."""
        for item in self.matched:
            body = item.exchange.answer.body if item.exchange is not None and not item.error else None
            if body is None or item.kind != body.kind or item.kind not in ("json", "form", "lines"):
                continue
            for place, text in body.bind.items():
                want, got = _pick(body, body.document, place), _pick(body, item.document, place)
                if isinstance(got, str) and got and text == f"${text[1:]}" and shape.claims_of(got) is None:
                    self.fakes.of(got, want)

    def resign(self, token: str, sample: object, template: str) -> str:
        """The token that stands for a token: its claims redacted, signed with the mock's key."""
        if token in self.tokens:
            return self.tokens[token]
        header, claims = shape.claims_of(token) or ({}, {})
        table = {"$id_token": "id_token", "$access_token": "access_token"}.get(template, "")
        body = self.wire.claims if table == "id_token" else self.wire.access_claims if table else None
        nothing = Body(b"{}", "json", {})
        redacted = Redactor(body or nothing, self.fakes, self.resign).document("json", claims)
        if body is None:
            redacted.document = {key: shape.placeholder(value) for key, value in claims.items() if shape.is_name(key)}
        else:
            self.claims[table] = redacted
        self.tokens[token] = self.fakes.token(header, redacted.document, sample)
        return self.tokens[token]

    def _redacted(self, item: Matched) -> Redacted | None:
        """The answer's document; None where there is none that the contract could have."""
        if item.exchange is None or item.problem or item.document is None or not item.taken.response.body:
            return None
        answer = self.wire.errors[item.error].answer(item.step) if item.error else item.exchange.answer
        if answer.body is None or answer.body.kind != item.kind:
            return None
        return Redactor(answer.body, self.fakes, self.resign).document(item.kind, item.document)

    # what becomes of each

    def _outcome(self, item: Matched, redacted: Redacted | None, name: str, done: set[str]) -> Outcome:
        assert item.exchange is not None
        out = Outcome(item.step, item.label, item.taken.response.status, item.problem, item.notes)
        if redacted is not None:
            out.notes = list(dict.fromkeys([*item.notes, *redacted.notes]))
            if redacted.problems and not out.problem:
                out.problem = "; ".join(redacted.problems)
        if out.problem or item.label in done:
            return out
        done.add(item.label)
        if item.error:
            layers = self.rows.of_table(("error", item.error))
            out.kept = self._cited(layers[-1:], name)
            return out
        base, layers = self.rows.of_exchange(item.exchange.step, item.exchange.name)
        if redacted is not None and item.exchange.answer.body is not None:
            data = dumped(item.kind, redacted.document, item.taken.response.body)
            out.problem = self._content(item.label, base, layers, "response", item.exchange.answer.body, data)
        out.kept = not out.problem and self._cited(layers[-1:], name)
        return out

    def _tokens(self, name: str) -> Iterator[Outcome]:
        """The claims of the tokens that the contract describes."""
        for table, redacted in self.claims.items():
            body = self.wire.claims if table == "id_token" else self.wire.access_claims
            assert body is not None
            out = Outcome(table, table, 0, "; ".join(redacted.problems), list(dict.fromkeys(redacted.notes)))
            layers = self.rows.of_table((table,))
            if not out.problem:
                out.problem = self._content(table, [], layers, "", body, dumped("json", redacted.document, body.data))
            out.kept = not out.problem and self._cited(layers[-1:], name)
            yield out

    def _cited(self, layers: list[Path], name: str) -> bool:
        for path in layers:
            self.rows.cite(path, name)
        return bool(layers)

    def _content(self, label: str, base: list[Path], layers: list[Path], below: str, body: Body, data: bytes) -> str:
        """Put an answer where the contract has it; why it cannot be put there, or nothing."""
        data = self._at_home(data)
        made = read_like(body, data)
        if body.kind != "xml" and _same_form(body, made):  # a body is not written anew for its spaces
            return ""
        if data.strip() == body.data.strip():
            return ""
        holders = [path for path in layers if {"body", "raw"} & set(self._answer(path, below))]
        if not holders:
            of = "the plain exchange" if base else "the family"
            return (
                ""
                if alike(body.document, made, body.bind)
                else f"its body is that of {of} and this one is another: write a `response` of its own"
            )
        path = (*holders[-1], below) if below else holders[-1]
        answer = self._answer(holders[-1], below)
        if "raw" in answer:
            self.rows.put((*path, "raw"), _text(data))
            return ""
        file = str(answer["body"])
        if uses(self.loaded.table, file) > 1:  # others' evidence is not changed by this
            self.shared.add(file)
            file = f"{label}.recorded.{file.rpartition('.')[2]}"
            self.rows.put((*path, "body"), file)
            self.files[f"bodies/{file}"] = b"", data
        else:
            self.files[f"bodies/{file}"] = body.data, data
        return ""

    def _at_home(self, data: bytes) -> bytes:
        """An answer with the contract's own address wherever it names the server that was recorded."""
        usual = self.loaded.at().settings
        named = {value: usual[name] for name, value in self.wire.settings.items() if "://" in value}
        moved = {value: home for value, home in named.items() if value != home}
        for value in sorted(moved, key=len, reverse=True):
            for form in (str, lambda text: text.replace("/", "\\/")):  # JSON may escape the slash
                data = data.replace(form(value).encode(), form(moved[value]).encode())
        return data

    def _answer(self, path: Path, below: str) -> dict[str, Any]:
        found = at(self.loaded.table, (*path, below) if below else path)
        return found if isinstance(found, dict) else {}


def read_like(body: Body, data: bytes) -> Any:
    """Bytes parsed as a body of the contract is."""
    return FORMATS[body.kind].parse(data)


def _same_form(body: Body, made: Any) -> bool:
    """Whether a document is the contract's but for bound values, and those are of the form of its samples."""
    if not alike(body.document, made, body.bind):
        return False
    pairs = [(_pick(body, body.document, place), _pick(body, made, place)) for place in body.bind]
    return all(
        shape.alike(new, old) if isinstance(new, str) and isinstance(old, str) else type(new) is type(old)
        for old, new in pairs
        if old != new
    )


def _pick(body: Body, document: Any, place: str) -> Any:
    found = FORMATS[body.kind].get(document, place)
    return None if found is MISSING else found


def _values(node: Any) -> list[Any]:
    """The texts of a report, without the names that are our own; what is in a body one by one."""
    if isinstance(node, dict | list):
        return [_values(item) for item in (node.values() if isinstance(node, dict) else node)]
    if isinstance(node, str) and node[:1] in ("{", "["):
        return [msgspec.json.decode(node)]
    return [node]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
