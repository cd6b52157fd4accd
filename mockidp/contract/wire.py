"""A contract compiled for one set of settings and one date: routes in, closures out. Never walks the TOML.

`Wire.route` finds the exchanges that answer at a URL; `Exchange.match` says which values a request tells and,
for every parameter that does not fit, why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from mockidp.contract import schema
from mockidp.contract.body import Body, kind_of
from mockidp.contract.template import Listed, Pattern, Values, builder, chooser, fill_settings, names, url_regex
from mockidp.errors import ContractError
from mockidp.wire import Pairs, Request, encoded

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
        self.params = {
            place: {
                key: (Listed if key.lower() == "accept" else Pattern)(wire.fill(text))
                for key, text in getattr(spec, place).items()
                if text is not False
            }
            for place in PLACES
        }
        self.literals = [
            (place, key)
            for place in PLACES
            for key, pattern in self.params[place].items()
            if pattern.literal and not pattern.optional
        ]
        self.when = spec.when or {}
        self.scope = frozenset(spec.scope or ())
        self.reads_form = bool(self.params["form"])
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

    @property
    def evidence(self) -> str:
        return self.spec.evidence or ""

    def wrong(self, request: Request) -> int:
        """What tells exchanges of one URL apart: how many fixed parameters are other ones here."""
        sent = self.sent_pairs(request)
        accept = self.listed_headers.get("accept")
        another = accept is not None and not accept.tell(request.headers.get("accept") or "", {})
        return another + sum(
            [not pattern.tell(dict(sent[place]).get(key, ""), {}) for place, key, pattern in self.telling]
        )

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
            listed, seen = self.params[place], dict(pairs)
            twice = _repeated(pairs) if len(seen) != len(pairs) else NOTHING
            if listed:
                _tell(place, listed, seen, twice, values, problems)
            if not seen.keys() <= listed.keys():
                problems += [Problem("unlisted", place, key) for key in seen if key not in listed]
        return values, problems


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


class Fault:
    """A contract's answer to a refusal, compiled on first use for the step it answers at."""

    def __init__(self, name: str, spec: schema.Error, wire: Wire) -> None:
        self.name, self.spec, self.wire = name, spec, wire
        self.means = spec.means or ""
        self._answers: dict[str, Answer] = {}

    @property
    def evidence(self) -> str:
        return self.spec.evidence or ""

    @property
    def steps(self) -> list[str]:
        own = self.name.partition(":")[2]
        step = own or self.spec.step
        return [] if step is None else [step] if isinstance(step, str) else step

    def answer(self, step: str) -> Answer:
        """The answer at a step; type and negotiation are those of the step unless the error has its own."""
        if step not in self._answers:
            self._answers[step] = self._compile(step)
        return self._answers[step]

    def _compile(self, step: str) -> Answer:
        spec = self.spec
        usual = self.wire.usual(step)
        if usual.raw == "":  # an answer without a body says nothing of how its errors are written
            usual = self.wire.usual(self.wire.group(step))
        own = spec.type is not None
        kind = spec.type if own else usual.type
        with self.wire.source.blame("error", self.name):
            return Answer(
                schema.Answer(
                    status=spec.status or (None if spec.redirect is not None else 400),
                    type=kind,
                    otherwise=spec.otherwise if own else usual.otherwise,
                    body=spec.body,
                    raw=spec.raw,
                    headers=spec.headers,
                    redirect=spec.redirect,
                    page=spec.page,
                ),
                self.wire,
                spec,
            )


@dataclass
class Route:
    """What is at a URL: the exchanges for the request's method or, without any, the methods that there are."""

    exchanges: list[Exchange] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def _best_first(found: list[Exchange], request: Request) -> list[Exchange]:
    """Those of several exchanges that fit a request best; of two that fit, the narrower one first."""
    wrong = [item.wrong(request) for item in found]
    best = [item for item, count in zip(found, wrong, strict=True) if count == min(wrong)]
    if len(best) > 1:
        best.sort(key=lambda item: (item.lacks(request), -len(item.literals), -len(item.needed)))
    return best


class Wire:
    """One provider, compiled."""

    def __init__(
        self, source: Any, settings: Mapping[str, str], spec: schema.Contract, missing: Mapping[str, str]
    ) -> None:
        self.source, self.settings, self.spec, self.missing = source, settings, spec, missing
        self.id, self.name, self.family = spec.id, spec.name, spec.family
        self.client, self.lifetimes = spec.client, spec.lifetimes
        self.exchanges = [Exchange(item, self) for item in spec.exchange]
        self._groups = {
            item.step: "token" if item.spec.authenticated else "resource"
            for item in reversed(self.exchanges)
            if not item.name
        }
        self._groups |= {"authorize": "authorize", "token": "token"}
        self.errors = {name: Fault(name, item, self) for name, item in spec.error.items()}
        self.aliases: dict[str, list[str]] = {}
        for name, item in spec.error.items():
            for alias in item.also or ():
                self.aliases.setdefault(alias, []).append(name)
        self.forms = {name: chooser(self.fill(text)) for name, text in spec.forms.items()}
        self.person = {name: chooser(self.fill(text)) for name, text in spec.person.items()}
        self.by_person_alone = {name for name, text in spec.person.items() if not names(text)}
        self.finders: dict[str, Any] = {}  # where a value is found, by its name; the families fill it
        self.derived: dict[tuple[str, str, int], Any] = {}  # what was worked out for people, bounded by who fills it
        self.app_facts = {name: chooser(self.fill(text)) for name, text in spec.app.items()}
        self._exact: dict[tuple[str, str], list[tuple[str, Exchange]]] = {}
        self._pattern: list[tuple[Any, Any, tuple[str, Exchange]]] = []
        for exchange in self.exchanges:
            for method, url in exchange.requests if not exchange.when else ():
                self._add(method, url, exchange)

    def fill(self, text: str) -> str:
        return fill_settings(text, self.settings)

    def _add(self, method: str, url: str, exchange: Exchange) -> None:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        if not host or scheme not in ("http", "https"):
            raise ContractError(f"{url!r} is no http(s) URL", file=self.source.file, key=exchange.label)
        if "$" in host or "$" in path:
            self._pattern.append((url_regex(host.lower()), url_regex(slash + path), (method, exchange)))
        else:
            self._exact.setdefault((host.lower(), (slash + path) or "/"), []).append((method, exchange))

    @cached_property
    def hosts(self) -> list[str]:
        """Every host of the contract; a `$name` label becomes `*`, and makes it a family."""
        found = {urlsplit(url.replace("$", "*")).netloc.lower() for item in self.exchanges for url in item.urls}
        labels = [host.split(".") for host in found]
        return sorted([".".join(["*" if label[:1] == "*" else label for label in host]) for host in labels])

    def route(self, request: Request) -> Route:
        """The exchanges at this URL, those that fit best first."""
        here = self._exact.get((request.host, request.path))
        values: dict[str, str] = {}
        if here is None:
            here = []
            for host, path, row in self._pattern:
                if (at_host := host.fullmatch(request.host)) and (at_path := path.fullmatch(request.path)):
                    here.append(row)
                    values.update(at_host.groupdict() | at_path.groupdict())
        found = [item for method, item in here if method == request.method]
        if len(found) > 1:
            found = _best_first(found, request)
        return Route(found, [] if found else sorted({method for method, _ in here}), values)

    def usual(self, step: str) -> schema.Answer:
        """What is written of a step's normal answer, or of that of the first step of a group."""
        exact = (item for item in self.exchanges if item.step == step)
        grouped = (item for item in self.exchanges if self.group(item.step) == step)
        return next((item.spec.response for items in (exact, grouped) for item in items), schema.Answer())

    def step(self, name: str) -> Exchange | None:
        """The plain exchange of a step, or None."""
        return next((item for item in self.exchanges if item.step == name and not item.name), None)

    @cached_property
    def steps(self) -> dict[str, list[Exchange]]:
        out: dict[str, list[Exchange]] = {}
        for item in self.exchanges:
            out.setdefault(item.step, []).append(item)
        return out

    @cached_property
    def variants(self) -> dict[str, list[Exchange]]:
        """The exchanges of each step that answer under conditions."""
        return {step: [item for item in items if item.when] for step, items in self.steps.items()}

    def error(self, refusal: str, step: str) -> Fault | None:
        """The contract's answer to a refusal at a step: its own name first, then an error that tells it too.

        An error of the step itself goes before one of the step's group, and any before none.
        """
        names = [f"{refusal}:{step}", f"{refusal}:{self.group(step)}", refusal, *self.aliases.get(refusal, ())]
        found = [self.errors[name] for name in names if name in self.errors]
        for place in (step, self.group(step)):
            for item in found:
                if place in item.steps or item.name == names[0]:
                    return item
        return found[0] if found else None

    def group(self, step: str) -> str:
        """authorize, token (whatever authenticates the client) or resource (whatever a token opens)."""
        return self._groups.get(step, "resource")

    def waived(self, refusal: str) -> str | None:
        """The reason why this provider does not refuse it, or None when it does."""
        return next(
            (self.spec.waive[name] for name in (refusal, *self.aliases_of(refusal)) if name in self.spec.waive), None
        )

    def aliases_of(self, refusal: str) -> list[str]:
        return [] if refusal in self.errors else self.aliases.get(refusal, [])

    @cached_property
    def claims(self) -> Body | None:
        """The body of the identity token, or None where the provider issues none."""
        return self._claims("id_token", self.spec.id_token)

    @cached_property
    def access_claims(self) -> Body | None:
        """The claims of an access token that is signed and can be read, or None where it is opaque."""
        return self._claims("access_token", self.spec.access_token)

    def _claims(self, name: str, spec: schema.IdToken | None) -> Body | None:
        if spec is None:
            return None
        with self.source.blame(name):
            data = spec.raw.encode() if spec.raw is not None else self.source.read_body(spec.body or "")
            bind = {place: self.fill(text) for place, text in spec.bind.items() if text is not False}
            return Body(
                data,
                "json",
                bind,
                optional=spec.optional,
                nullable=spec.nullable,
                blank=spec.blank,
                needs=spec.needs,
            )

    def redirect_url(self, target: str, params: list[tuple[str, str]], fragment: bool = False) -> str:
        """`target` with parameters added to its query, or as its fragment."""
        if fragment:
            return f"{target.partition('#')[0]}#{encoded(params)}"
        base, hash_, tail = target.partition("#")
        return f"{base}{'&' if '?' in base else '?'}{encoded(params)}{hash_}{tail}" if params else target


__all__ = ["Answer", "Exchange", "Fault", "Problem", "Route", "Values", "Wire"]
