"""One step's request and the answer to it, compiled: which values a request tells, and why any of it does not fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mockidp.contract import schema
from mockidp.contract.body import Body, kind_of
from mockidp.contract.template import Listed, Pattern, builder
from mockidp.errors import ContractError
from mockidp.wire import Pairs, Request

if TYPE_CHECKING:
    from mockidp.contract.wire import Wire

BODIES = ("query", "form")
PLACES = ("headers", *BODIES)
NOTHING: frozenset[str] = frozenset()
OAUTH_PARAMETER = re.compile(r'([^\s=,"]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Problem:
    """One parameter that does not fit: `kind` is missing, differs, unlisted or duplicated."""

    kind: str
    place: str
    key: str
    names: tuple[str, ...] = ()
    expected: str | None = None
    got: str | None = None

    def __str__(self) -> str:
        where = f"{self.key} in the {'header' if self.place == 'headers' else self.place}"
        if self.kind == "differs":
            return f"{where} does not fit"
        return f"{where} is {self.kind}"


class Answer:
    """What is sent back: status, headers, and a body, a redirect or a page."""

    def __init__(self, spec: schema.Answer, wire: Wire, spec_of: schema.Exchange | schema.Error) -> None:
        self.status = spec.status or (302 if spec.redirect is not None else 200)
        self.type, self.otherwise, self.page = spec.type or "", spec.otherwise or "", spec.page
        self.headers = {key: builder(wire.fill(value)) for key, value in spec.headers.items() if value is not False}
        redirect = spec.redirect
        self.redirect = (
            None
            if redirect is None
            else {key: Pattern(wire.fill(value)) for key, value in redirect.items() if value is not False}
        )
        self.body = self._compile(spec, wire, spec_of)

    def _compile(self, spec: schema.Answer, wire: Wire, of: schema.Exchange | schema.Error) -> Body | None:
        if spec.raw is None and spec.body is None:
            return None
        data = spec.raw.encode() if spec.raw is not None else wire.source.read_body(spec.body or "")
        bind = {place: wire.fill(text) for place, text in of.bind.items() if text is not False}
        kind = kind_of(self.type, data)
        if not isinstance(of, schema.Exchange):
            return Body(data, kind, bind)
        return Body(
            data,
            kind,
            bind,
            optional=of.optional,
            nullable=of.nullable,
            blank=of.blank,
            needs=of.needs,
            select=of.select,
        )


class Exchange:
    """One step's request, compiled, and the answer to it."""

    def __init__(self, spec: schema.Exchange, wire: Wire) -> None:
        self.spec, self.step, self.name, self.wire = spec, spec.step, spec.name, wire
        self.label = f"{spec.step}.{spec.name}" if spec.name else spec.step
        requests = [spec.request] if isinstance(spec.request, str) else spec.request or []
        split = [text.partition(" ") for text in requests]
        self.requests = list(dict.fromkeys((method, wire.fill(url).partition("#")[0]) for method, _, url in split))
        self.fragment = requests[0].partition("#")[2] if requests else ""  # for the browser alone, never sent
        self.method = self.requests[0][0] if requests else ""
        self.urls = list(dict.fromkeys(url for _, url in self.requests))
        self.unlisted_refused = spec.unlisted == "refused"
        self.accepts = spec.accepts or ["form"]
        self.takes_form_only = self.accepts == ["form"]
        self.evidence = spec.evidence or ""
        self.params = {
            place: {
                key: (Listed if key.lower() == "accept" else Pattern)(wire.fill(text))
                for key, text in getattr(spec, place).items()
                if text is not False
            }
            for place in PLACES
        }
        self.required = {place: _required(self.params[place]) for place in BODIES}
        self.literals = [
            (place, key)
            for place in PLACES
            for key, pattern in self.params[place].items()
            if pattern.literal and not pattern.optional
        ]
        self.when = spec.when or {}
        self.prompts = spec.prompts
        if strange := spec.prompts.keys() - self.params["query"].keys():
            raise ContractError(f"{', '.join(sorted(strange))} is no parameter of the query", key="prompts")
        self.scope = frozenset(spec.scope or ())
        self.reads_form = bool(self.params["form"])
        prompt = self.params["query"].get("prompt")
        self.lists_prompts = prompt is not None and not prompt.names  # and tells none: what came is to be looked up
        self.listed_headers = {key.lower(): pattern for key, pattern in self.params["headers"].items()}

    @cached_property
    def answer(self) -> Answer:
        """Compiled on first use: a login needs few of a contract's bodies."""
        with self.wire.source.blame("exchange", self.step, self.name):
            return Answer(self.spec.response, self.wire, self.spec)

    @cached_property
    def names(self) -> frozenset[str]:
        """The values that the request tells."""
        every = [*self.params["headers"].values(), *self.params["query"].values(), *self.params["form"].values()]
        return frozenset(name for pattern in every for name in pattern.names)

    def wrong(self, request: Request) -> int:
        """What tells exchanges of one URL apart: how many fixed parameters are other ones here."""
        sent = [dict(pairs) for pairs in self.sent_pairs(request)]
        accept = self.listed_headers.get("accept")
        another = accept is not None and not accept.tell(request.headers.get("accept") or "", {})
        return another + sum([not pattern.tell(sent[place].get(key, ""), {}) for place, key, pattern in self.telling])

    def lacks(self, request: Request) -> int:
        """What tells them apart next: how many parameters are missing."""
        sent = [dict(pairs) for pairs in self.sent_pairs(request)]
        return sum([key not in sent[place] for place, key in self.needed])

    @cached_property
    def telling(self) -> list[tuple[int, str, Pattern]]:
        """The fixed parameters but for headers, which (Accept apart) say who asks and not what is asked."""
        return [(BODIES.index(place), key, self.params[place][key]) for place, key in self.literals if place in BODIES]

    @cached_property
    def needed(self) -> list[tuple[int, str]]:
        return [
            (at, key)
            for at, place in enumerate(BODIES)
            for key, pattern in self.params[place].items()
            if not pattern.optional
        ]

    def sent_pairs(self, request: Request) -> tuple[Pairs, Pairs]:
        """What counts as the query, and what as the form."""
        if self.takes_form_only:
            return request.query_pairs, request.form_pairs
        if "oauth" in self.accepts:
            return self._sent_oauth(request)
        form = request.form_pairs
        if not form and "json" in self.accepts and isinstance(request.json, dict):
            form = [(key, value if isinstance(value, str) else str(value)) for key, value in request.json.items()]
        query = request.query_pairs
        if self.reads_form and not form and "query" in self.accepts:
            listed = self.params["form"]
            form = [pair for pair in query if pair[0] in listed]
            query = [pair for pair in query if pair[0] not in listed]
        return query, form

    def _sent_oauth(self, request: Request) -> tuple[Pairs, Pairs]:
        """OAuth 1.0 parameters travel in the header, the form and the query, even of one request (RFC 5849 3.5)."""
        listed = self.params["form"]
        query = request.query_pairs if "query" in self.accepts else []
        form = [
            *oauth_header(request.headers.get("authorization", "")),
            *(request.form_pairs if "form" in self.accepts else []),
            *(pair for pair in query if pair[0] in listed),
        ]
        rest = [pair for pair in request.query_pairs if pair[0] not in listed or not query]
        return rest, form

    def match(self, request: Request) -> tuple[dict[str, Any], list[Problem]]:
        """The values that the request tells, and what does not fit, in the order of the contract."""
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        if self.listed_headers:
            _tell("headers", self.listed_headers, request.headers, NOTHING, values, problems)
        for place, pairs in zip(BODIES, self.sent_pairs(request), strict=True):
            listed = self.params[place]
            if not pairs and not listed:
                continue
            seen = dict(pairs)
            if len(seen) == len(pairs) and self._is_told(place, seen, values):
                continue
            twice = _repeated(pairs) if len(seen) != len(pairs) else NOTHING
            if listed:
                _tell(place, listed, seen, twice, values, problems)
            if not seen.keys() <= listed.keys():
                problems += [Problem("unlisted", place, key) for key in seen if key not in listed]
        return values, problems

    def _is_told(self, place: str, seen: Mapping[str, str], values: dict[str, Any]) -> bool:
        """Whether a place holds what it should and nothing else, as it nearly always does; then `values` has it all."""
        listed, required = self.params[place], self.required[place]
        if required is None or not required <= seen.keys():
            return False
        for key, got in seen.items():
            pattern = listed.get(key)
            if pattern is None or not pattern.tell(got, values):
                return False
        return True


def _required(listed: dict[str, Pattern]) -> frozenset[str] | None:
    """What may not be missing; None where two parameters tell the same value, since then their order counts."""
    told = [name for pattern in listed.values() for name in set(pattern.names)]
    if len(set(told)) < len(told):
        return None
    return frozenset(key for key, pattern in listed.items() if not pattern.optional)


def _tell(
    place: str,
    listed: dict[str, Pattern],
    seen: Mapping[str, str],
    twice: frozenset[str],
    values: dict[str, Any],
    problems: list[Problem],
) -> None:
    """Put what one place of a request tells into `values`, and what does not fit into `problems`."""
    for key, pattern in listed.items():
        got = seen.get(key)
        if got is None:
            if not pattern.optional:
                problems.append(Problem("missing", place, key, tuple(pattern.names), expected=pattern.text))
        elif key in twice:
            problems.append(Problem("duplicated", place, key, tuple(pattern.names)))
        elif not pattern.tell(got, values):
            shown = None if pattern.names or place == "headers" else got
            problems.append(Problem("differs", place, key, tuple(pattern.names), expected=pattern.text, got=shown))


def _repeated(pairs: Pairs) -> frozenset[str]:
    return frozenset(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)


def oauth_header(value: str) -> list[tuple[str, str]]:
    """The pairs of an `Authorization: OAuth` header, as far as they can be read; none of another scheme."""
    scheme, _, rest = value.partition(" ")
    pairs = OAUTH_PARAMETER.findall(rest) if scheme.lower() == "oauth" else []
    return [(unquote(key), unquote(text)) for key, text in pairs if key != "realm"]
