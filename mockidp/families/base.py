"""What every family builds on: one call, its values, and the way from a rule to an answer.

A step is a list of refusals in order, each one small function named after what it refuses, and then an act that
changes state and names values. The contract says what the answer looks like; nothing here writes a body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from mockidp.apps import App
from mockidp.clock import iso
from mockidp.contract.template import stretch
from mockidp.contract.wire import Answer, Exchange, Problem, Wire
from mockidp.errors import Refusal
from mockidp.faults import Fault, Where
from mockidp.journal import Entry, Login
from mockidp.keys import pem_ec_p256
from mockidp.store import Grant, Store
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.people import Person
    from mockidp.world import World

Rule = Callable[["Call"], Refusal | None]
Act = Callable[["Call"], "Response | None"]
Value = Callable[["Call"], Any]
Proof = Callable[[App, Pairs], str]  # of the app's secret and the other parameters of a request


class Values(dict[str, Any]):
    """The values of a call: those the request told, and those that are worked out when first asked for."""

    __slots__ = ("call", "told")

    def __init__(self, call: Call, told: dict[str, Any]) -> None:
        super().__init__(told)
        self.call, self.told = call, told

    def __missing__(self, name: str) -> Any:
        call = self.call
        find = call.wire.finders.get(name)
        if find is None:
            find = call.wire.finders[name] = finder(name, call.family, call.wire)
        value = self[name] = find(call)
        return value


class Call:
    """One request on its way to an answer. Rules read it, acts change it, `answer` turns it into a response."""

    __slots__ = (
        *("family", "world", "store", "wire", "exchange", "request", "entry"),  # what was asked, and of whom
        *("step", "provider", "group", "now", "values", "told", "problems", "decision"),  # what that says
        *("app", "person", "grant", "login", "granted", "redirect_to"),  # what the rules find out
        *("headers", "cookie"),  # what the answer gets
    )

    def __init__(
        self,
        family: Family,
        world: World,
        store: Store,
        wire: Wire,
        exchange: Exchange,
        request: Request,
        told: dict[str, Any],
        problems: list[Problem],
        entry: Entry,
        decision: dict[str, str],
    ) -> None:
        self.family, self.world, self.store, self.wire = family, world, store, wire
        self.exchange, self.request, self.problems, self.entry = exchange, request, problems, entry
        self.step, self.provider = exchange.step, wire.id
        self.group = wire.group(exchange.step)
        self.now = entry.at
        self.values = Values(self, told)
        self.told: Callable[[str], Any] = self.values.get  # of the request itself, or None: nothing is worked out
        self.decision = decision
        self.app: App | None = None
        self.person: Person | None = None
        self.grant: Grant | None = None
        self.login: Login | None = None
        self.granted: frozenset[str] = frozenset()
        self.redirect_to: str | None = None
        self.headers: list[tuple[str, str]] = []
        self.cookie = ""  # what this browser is to remember

    def close(self) -> None:
        """Part the call from its values: while they know each other, only the garbage collector could free them."""
        del self.values, self.told

    # values

    def person_value(self, name: str) -> Any:
        """A field of the person. Nobody without an address has a verified one, nor an unverified one."""
        if self.person is None or (name == "email_verified" and self.person.email is None):
            return None
        return getattr(self.person, name, None)

    def app_value(self, name: str) -> str | None:
        app = self.app
        if app is None:
            return None
        return app.client_id if name == "id" else app.client_secret if name == "secret" else app.facts.get(name)

    def derived(self, name: str, also: str = "") -> Any:
        """A value of `[person]`: always the same for a person, and for what else it depends on."""
        if self.person is None:
            return None
        if self.person.number > 2**53 and ONE_NUMBER.fullmatch(self.wire.spec.person[name]):
            return str(self.person.number)  # the cast's number that a double cannot hold
        known, key = self.wire.derived, (name, also, self.person.number)
        if key in known:
            return known[key]
        seed = f"{self.provider}:{name}:{also}{self.person.number}".encode()
        value = self.wire.person[name](partial(stretch, seed), self.values)
        if name in self.wire.by_person_alone:
            if len(known) >= DERIVED_LIMIT:
                known.clear()
            known[key] = value
        return value

    def fresh(self, form: str) -> str:
        """A new secret in the provider's own form."""
        return str(self.wire.forms[form](self.world.random, self.values))

    def lifetime(self, kind: str) -> int:
        return self.wire.lifetimes.get(kind, 0)

    # rules

    def check(self, rules: Iterable[Rule]) -> None:
        """Apply refusals in order. One that the contract waives is only remarked upon, unless the world is strict."""
        for rule in rules:
            refusal = rule(self)
            if refusal is not None:
                self.refuse(refusal)

    def refuse(self, refusal: Refusal) -> None:
        reason = self.wire.waived(refusal.name)
        if reason is None or self.world.strict:
            raise refusal
        self.remark(f"{refusal.why} ({self.wire.name} lets it pass: {reason})")

    def remark(self, text: str) -> None:
        """Accepted by this provider, but not best practice. A strict world refuses it."""
        if self.world.strict:
            raise Refusal("bad_request", text)
        self.entry.remarks.append(text)

    def faults(self, where: Where, *names: str, alone: bool = False) -> list[Fault]:
        """The faults asked for that strike here, of these names if any; each is written into the journal.

        Ask only where the fault can be acted out: what has been asked counts as having struck.
        """
        world = self.world
        if not world.faults.rules:
            return []
        login = self.login.id if self.login else ""
        found = world.faults.now(
            where,
            self.provider,
            self.step,
            self.group,
            self.person.id if self.person else "",
            self.app.client_id if self.app else "",
            names,
            login,
            alone,
        )
        if found:
            self.entry.fault = ", ".join(fault.name for fault in found)
        return found

    def misbehave(self) -> None:
        """Refuse where a fault was asked for this very login: which it is, a code or token may tell as late as now."""
        for fault in self.faults("refuse", alone=True):
            raise Refusal(fault.error, f"the fault {fault.name} was asked for this login")

    # state

    def join(self, login_id: str) -> None:
        """Tell this request as part of a login that is under way."""
        self.login = self.world.journal.get(login_id) or self.login

    def new_grant(self, ttl: int, **fields: Any) -> Grant:
        """A record for a code or token of this call's app, person and login; `ttl` in seconds, 0 for ever."""
        if self.grant is not None:
            fields = {"scope": self.grant.scope, "facts": dict(self.grant.facts), **fields}
        return Grant(
            world=self.world.name,
            provider=self.provider,
            client_id=self.app.client_id if self.app else "",
            person=self.person.id if self.person else "",
            login=self.login.id if self.login else "",
            issued=self.now,
            expires=self.now + ttl if ttl else 0.0,
            **fields,
        )

    def use(self, grant: Grant) -> None:
        """Go on as the app, person and scopes that a record stands for."""
        self.grant = grant
        self.granted = frozenset(grant.scope)
        self.person = self.world.people.get(grant.person) if grant.person else None
        if self.app is None:
            self.app = self.world.apps.find(self.provider, grant.client_id)
        self.join(grant.login)

    # answers

    def answer(self, answer: Answer) -> Response:
        """Turn the contract's answer into a response."""
        headers = (
            [
                (key, self.outward(str(value)))
                for key, build in answer.headers.items()
                if (value := build(self.values)) is not None
            ]
            if answer.headers
            else []
        )
        headers += self.headers
        if answer.redirect is not None:
            return self._redirect(answer, headers)
        if answer.page is not None:
            return self._page(answer.page, answer.status)
        body = b"" if answer.body is None else answer.body.render(self.values, self.granted, self.person)
        kind = answer.type
        if answer.otherwise and answer.type.split(";")[0] not in self.request.headers.get("accept", ""):
            kind, body = answer.otherwise, as_form(body)
        if self.request.base and not self.real_urls:
            body = self.outward_bytes(body)
        if kind:
            headers.append(("Content-Type", kind))
        return Response(answer.status, headers, body)

    def _redirect(self, answer: Answer, headers: list[tuple[str, str]]) -> Response:
        if self.redirect_to is None:
            return self._page("The provider does not send anybody back to this app.", 400)
        params = []
        for key, pattern in (answer.redirect or {}).items():
            value = pattern.build(self.values)
            if value is not None:
                params.append((key, value if pattern.plain else self.outward(value)))
        return self.family.send(self, params, headers, answer.status)

    def _page(self, title: str, status: int) -> Response:
        from mockidp.web import pages  # lazy: most calls show no page

        entry = self.entry
        where = f"{self.wire.name}, step {self.step}"
        return pages.error(
            card(self.wire),
            title,
            f"{entry.why}.",
            where,
            NEXT.get(entry.refused, "Compare the request with the contract."),
            status,
            expected=entry.expected,
            got=entry.got,
        )

    @property
    def real_urls(self) -> bool:
        """Whether a caller in path form puts the base in front by itself, so that answers need not."""
        return self.world.urls == "real" or self.request.headers.get("x-mockidp-urls") == "real"

    def outward(self, text: str) -> str:
        """A provider's URL as this caller writes it: in path form when the request came so."""
        if not self.request.base or self.real_urls or self.request.headers.get("x-mockidp-issuer") == "real":
            return text
        return self.family.hosts_regex(self.wire).sub(lambda found: f"{self.request.base}/{found[1]}", text)

    def outward_bytes(self, body: bytes) -> bytes:
        """A body as this caller is sent it; a URL that is the name of a JSON member is a name and stays as it is."""
        base = self.request.base
        text = body.decode("utf-8", "replace")
        hosts = self.family.hosts_regex(self.wire)

        def one(found: re.Match[str]) -> str:
            return found[0] if MEMBER.match(found.string, found.end()) else f"{base}/{found[1]}"

        text = hosts.sub(one, text)
        if QUOTED in text:  # a URL within a form
            within, front = re.compile(hosts.pattern.replace(r":\\?/\\?/", QUOTED)), quote(f"{base}/", safe="")
            text = within.sub(lambda found: front + found[1], text)
        return text.encode()


def finder(name: str, family: Family, wire: Wire) -> Value:
    """Where a value is found: with the person, the app, the family's list, the contract's own forms, or nowhere.

    Made once for each name that a contract or a family mentions; no request can bring others.
    """
    kind, dot, rest = name.partition(".")
    if dot and kind == "person":
        return lambda call: call.person_value(rest)
    if dot and kind == "app":
        return lambda call: call.app_value(rest)
    if name in family.values:
        return family.values[name]
    if name in wire.person:
        last: Value = lambda call: call.derived(name)  # noqa: E731
    elif name in wire.forms:
        last = lambda call: call.fresh(name)  # noqa: E731
    else:
        last = COMMON.get(name, nothing)
    return lambda call: call.grant.facts[name] if call.grant is not None and name in call.grant.facts else last(call)


def nothing(call: Call) -> None:
    """No such value."""


def two_names(call: Call) -> tuple[str, str]:
    """First and last name where both are always told; of somebody with one the second is empty."""
    if call.person is None:
        return "", ""
    return call.person.given_name or call.person.name, call.person.family_name or ""


DERIVED_LIMIT = 2000
QUOTED = quote("://", safe="")
COMMON: dict[str, Value] = {
    "server": lambda call: f"https://{call.request.host}",  # that was asked: one of many tenants, where there are
    "query": lambda call: call.request.query,  # as it was sent, for a redirect that keeps it
    "now": lambda call: int(call.now),
    "now.iso": lambda call: iso(call.now),
    "now.ms": lambda call: int(call.now * 1000),
    "ec_p256_key": lambda call: pem_ec_p256(call.provider),
    "verified_email": lambda call: call.person.email if call.person and call.person.email_verified else None,
    "email_verified": lambda call: call.person_value("email_verified") is True,  # false, not absent, without an address
}
MEMBER = re.compile(r'[^"\\\s]*"\s*:')  # the rest of a name in a JSON object
ONE_NUMBER = re.compile(r"\{\d+ digit\}")
NEXT = {
    "unknown_client": "Use the ready-made app (`mockidp apps`), register yours, or serve with `--apps learn`.",
    "redirect_unregistered": "Register this redirect URI with the app; the ready-made app takes loopback URIs only.",
}


def as_form(body: bytes) -> bytes:
    """A flat JSON object as a form; what is no flat object is left alone."""
    from mockidp.contract.body import FORMATS

    document = FORMATS["json"].parse(body) if body else {}
    return FORMATS["form"].dump(document) if isinstance(document, dict) else body


def card(wire: Wire) -> Any:
    """What a page says of the provider."""
    found = wire.__dict__.get("card")
    if found is None:
        from mockidp.web import pages  # lazy: most calls show no page

        found = wire.__dict__["card"] = pages.ProviderCard(
            wire.id, wire.name, wire.spec.colour, wire.family, wire.spec.status
        )
    return found


class Family:
    """The rules of one protocol. `rules` and `acts` are by step; `resource` stands for any other step."""

    rules: ClassVar[dict[str, tuple[Rule, ...]]] = {}
    acts: ClassVar[dict[str, Act]] = {}
    values: ClassVar[dict[str, Value]] = {}
    acted_out: ClassVar[frozenset[str]] = frozenset()  # the faults of a signed token that it can commit
    proofs: ClassVar[dict[str, Proof]] = {}  # parameters that a client computes, by name

    def handle(self, call: Call) -> Response:
        """Answer one call: refusals, act, and the contract's answer."""
        for fault in call.faults("refuse"):
            self.prepare_fault(call)
            raise Refusal(fault.error, f"the fault {fault.name} was asked for")
        call.check(self.rules_of(call))
        call.misbehave()
        act = self.acts.get(self.key(call))
        done = act(call) if act is not None else None
        return done if done is not None else self.respond(call)

    def key(self, call: Call) -> str:
        """The row of the tables that a step stands in."""
        return call.step if call.step in self.acts or call.step in self.rules else "resource"

    def rules_of(self, call: Call) -> Iterable[Rule]:
        """The refusals of a call, in order."""
        return self.rules.get(self.key(call), ())

    def login_of(self, call: Call) -> Login | None:
        """The login that a request begins, or None where a code or token will tell."""
        return call.world.journal.begin(call.provider, call.now) if call.step == "authorize" else None

    def prepare_fault(self, call: Call) -> None:
        """Learn as much of the call as a refusal needs in order to be told to the app."""

    def respond(self, call: Call) -> Response:
        """The answer of the exchange, or of the first variant of it whose conditions hold."""
        return call.answer(self.variant(call).answer)

    def variant(self, call: Call) -> Exchange:
        for item in call.wire.variants[call.step]:
            if self.holds(call, item.when):
                return item
        return call.exchange

    def holds(self, call: Call, when: dict[str, str]) -> bool:
        """Whether every condition of a variant is true: `present`, `absent`, or the value as text."""
        for name, want in when.items():
            value = call.values[name]
            got = "absent" if value in (None, "", ()) else "present"
            if want not in (got, str(value).lower() if isinstance(value, bool) else str(value)):
                return False
        return True

    def refused(self, call: Call, refusal: Refusal) -> Response:
        """The contract's answer to a refusal; the reason goes to the journal only."""
        entry = call.entry
        entry.refused, entry.why = refusal.name, refusal.why
        entry.expected, entry.got = refusal.expected, refusal.got
        error = call.wire.error(refusal.name, call.step)
        if error is None:
            return Response(400, [("Content-Type", "text/plain; charset=utf-8")], b"refused: see the journal\n")
        entry.exchange, entry.evidence = error.name, error.evidence
        return call.answer(error.answer(call.step))

    def send(self, call: Call, params: list[tuple[str, str]], headers: list[tuple[str, str]], status: int) -> Response:
        """Send the browser back to the app with parameters."""
        return Response(status, [*headers, ("Location", call.wire.redirect_url(call.redirect_to or "/", params))])

    def hosts_regex(self, wire: Wire) -> re.Pattern[str]:
        """Finds the scheme and host of every URL of this provider in a text."""
        found: re.Pattern[str] | None = wire.__dict__.get("hosts_regex")
        if found is None:
            names = sorted((re.escape(h).replace(r"\*", "[a-z0-9-]+") for h in wire.hosts), key=len, reverse=True)
            plain = any(url.startswith("http://") for item in wire.exchanges for url in item.urls)
            scheme = "https?" if plain else "https"  # where all is https, what begins with http is a name and no URL
            found = wire.__dict__["hosts_regex"] = re.compile(rf"{scheme}:\\?/\\?/({'|'.join(names)})(?![\w.-])")
        return found
