"""A contract compiled for one set of settings and one date: routes in, closures out. Never walks the TOML.

`Wire.route` finds the exchanges that answer at a URL; `Exchange.match` says which values a request tells and,
for every parameter that does not fit, why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from mockidp.contract import schema
from mockidp.contract.body import Body
from mockidp.contract.exchange import Answer, Exchange, Problem
from mockidp.contract.template import Values, chooser, fill_settings, names, url_regex
from mockidp.errors import ContractError
from mockidp.wire import Request, encoded

NO_ADDRESS = re.compile(r"[^!-~]")
SCOPES, SCOPE_LENGTH = 64, 500  # values of `scope` that a wire remembers, and the characters of the longest


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


def split_scope(text: str, delimiter: str) -> list[str]:
    return text.split(delimiter) if delimiter.strip() else text.split()


@dataclass
class Route:
    """What is at a URL: the exchanges for the request's method or, without any, the methods that there are."""

    exchanges: list[Exchange] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


class Rivals:
    """The exchanges of one method at one URL, and which of them a request means."""

    def __init__(self) -> None:
        self.items: list[Exchange] = []

    def best_first(self, request: Request) -> list[Exchange]:
        """Those that fit a request best; of two that fit, the narrower one first."""
        if len(self.items) == 1:
            return self.items
        if self.mark is not None:
            at, key, whose = self.mark
            meant = whose.get(dict((request.query_pairs, request.form_pairs)[at]).get(key, ""))
            if meant is not None:
                return [meant]
        wrong = [item.wrong(request) for item in self.items]
        least = min(wrong)
        best = [item for item, count in zip(self.items, wrong, strict=True) if count == least]
        if len(best) > 1:
            best.sort(key=lambda item: (item.lacks(request), -len(item.literals), -len(item.needed)))
        return best

    @cached_property
    def mark(self) -> tuple[int, str, dict[str, Exchange]] | None:
        """The one fixed parameter by which all differ, as `grant_type` mostly is: its place, its key, and whose value
        is whose. None where it takes more to tell them apart."""
        at, key = next(((at, key) for at, key, _ in self.items[0].telling), (0, ""))
        whose = {
            pattern.text: item
            for item in self.items
            for place, name, pattern in item.telling
            if (place, name) == (at, key) and "|" not in pattern.text
        }
        simple = all(
            item.takes_form_only and len(item.telling) == 1 and "accept" not in item.listed_headers
            for item in self.items
        )
        return (at, key, whose) if simple and len(whose) == len(self.items) else None


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
        self._scopes: dict[str, tuple[str, ...]] = {}
        self.shown: dict[tuple[str, ...], Any] = {}  # what the page shows, by the scopes; who shows it fills it
        self.app_facts = {name: chooser(self.fill(text)) for name, text in spec.app.items()}
        self._exact: dict[tuple[str, str], dict[str, Rivals]] = {}  # by host and path, then by method
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
            here = self._exact.setdefault((host.lower(), (slash + path) or "/"), {})
            here.setdefault(method, Rivals()).items.append(exchange)

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
            here, values = self._at_template(request)
        rivals = here.get(request.method)
        return Route([], sorted(here), values) if rivals is None else Route(rivals.best_first(request), [], values)

    def _at_template(self, request: Request) -> tuple[dict[str, Rivals], dict[str, str]]:
        """The exchanges whose URL is a template that fits, by method, and what the URL tells."""
        here: dict[str, Rivals] = {}
        values: dict[str, str] = {}
        for host, path, (method, exchange) in self._pattern:
            if (at_host := host.fullmatch(request.host)) and (at_path := path.fullmatch(request.path)):
                here.setdefault(method, Rivals()).items.append(exchange)
                values.update(at_host.groupdict() | at_path.groupdict())
        return here, values

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

    def scopes(self, text: str) -> tuple[str, ...]:
        """The scopes that a request's `scope` grants: what it names, or what comes unasked, and what always does."""
        found = self._scopes.get(text)
        if found is None:
            rules = self.client.scope
            asked = [name for name in split_scope(text, rules.delimiter) if name]
            found = tuple(dict.fromkeys([*(asked or rules.unasked), *rules.always]))
            if len(text) <= SCOPE_LENGTH:  # an app asks for the same again and again
                if len(self._scopes) >= SCOPES:
                    self._scopes.clear()
                self._scopes[text] = found
        return found

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
        """`target` with parameters added to its query, or as its fragment; characters of no address are quoted."""
        target = NO_ADDRESS.sub(lambda found: quote(found[0], errors="replace"), target)
        if fragment:
            return f"{target.partition('#')[0]}#{encoded(params)}"
        base, hash_, tail = target.partition("#")
        return f"{base}{'&' if '?' in base else '?'}{encoded(params)}{hash_}{tail}" if params else target


__all__ = ["Answer", "Exchange", "Fault", "Problem", "Route", "Values", "Wire"]
