"""The simulator against a contract: does every exchange and every error come out as written.

Every person logs in; every refusal is provoked by doing the wrong thing; errors that nobody can provoke, and every
deviation of an answer, are asked for as faults.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mockidp import jose
from mockidp.check.finding import Finding
from mockidp.check.walk import Send, Walk, WalkError, same, walk_class
from mockidp.contract.body import differences, pick
from mockidp.contract.load import Loaded, find_line, load
from mockidp.contract.wire import Answer, Exchange, Fault, Wire
from mockidp.errors import MockidpError
from mockidp.people import Person
from mockidp.simulator import Simulator
from mockidp.store import Grant
from mockidp.wire import Response
from mockidp.world import World

Connect = Callable[[Simulator], Send]


def in_process(simulator: Simulator) -> Send:
    return simulator.handle


class Lab:
    """A fresh world with one provider under test. `connect` puts a network between, or none."""

    def __init__(
        self, provider: str, connect: Connect = in_process, loaded: Loaded | None = None, **world: Any
    ) -> None:
        if loaded is not None:
            world["loader"] = lambda name: loaded if name == provider else load(name)  # two may share a host
        self.world = World(**world)
        self.simulator = Simulator(self.world)
        self.wire: Wire = self.world.wire(provider)
        self.provider, self.send = provider, connect(self.simulator)

    def walk(self, person: str = "alice", **options: Any) -> Walk:
        kind = walk_class(self.provider, self.wire.family)
        return kind(self.wire, self.world.apps.ready(self.provider), self.send, person, **options)

    def until(self, walk: Walk, at: str) -> None:
        """All steps of a walk before one."""
        for step in walk.steps():
            if step == at:
                return
            getattr(walk, f"do_{step}", walk.do_step)(step)

    def revoke(self, walk: Walk) -> None:
        """End everything that came of this login, as a person would at the provider."""
        for kind in ("access", "refresh"):
            token = walk.values.get(f"{kind}_token")
            grant = self.simulator.records(self.world).get(kind, f"{self.provider}:{token}") if token else None
            if grant is not None:
                self._end(kind, str(token), grant)

    def _end(self, kind: str, token: str, grant: Grant) -> None:
        grant.revoked = True
        self.simulator.records(self.world).put(kind, f"{self.provider}:{token}", grant)

    def refresh_and_keep(self, walk: Walk) -> None:
        """Use the refresh token once, and go on with the old one."""
        old = walk.values["refresh_token"]
        walk.do_step("refresh")
        walk.values["refresh_token"] = old


def check_mock(provider: str, connect: Connect = in_process, loaded: Loaded | None = None) -> Iterator[Finding]:
    """Every person, refusal and declared error of one provider, and of the contracts that it had before."""
    yield from _checked(provider, partial(Lab, provider, connect, loaded))
    for day in eras(provider, loaded):
        yield from _checked(provider, partial(Lab, provider, connect, loaded, date=day), f"{day} ")


def eras(provider: str, loaded: Loaded | None = None) -> list[datetime.date]:
    """The last day of every contract that a provider had before it changed its protocol."""
    return [ended - datetime.timedelta(days=1) for ended in (loaded or load(provider)).former]


def _checked(provider: str, fresh: Callable[..., Lab], prefix: str = "") -> Iterator[Finding]:
    lab = fresh()
    for case, run in mock_cases(lab, fresh):
        message = _guarded(run)
        source = lab.wire.source
        yield Finding(
            provider,
            "mock",
            prefix + case,
            not message,
            message,
            source.file,
            find_line(source.text, ["error", case.partition("-")[2]]) if message else 0,
        )


def mock_cases(lab: Lab, fresh: Callable[..., Lab]) -> Iterator[tuple[str, Callable[[], str]]]:
    """The cases by name; each makes its own world when it is run."""
    for name, row in walk_class(lab.provider, lab.wire.family).provocations.items():
        if applies(lab.wire, name):
            yield f"refused-{name}", lambda name=name, row=row: refused(fresh(strict=row.strict), name)  # type: ignore[misc]
    for name in lab.wire.source.table.get("error", {}):
        yield f"error-{name}", lambda name=name: error(fresh(), name)  # type: ignore[misc]
    for person in lab.world.people.named():
        yield f"login-{person.id}", lambda who=person.id: login(fresh(), who)  # type: ignore[misc]
    yield "uids-distinct", lambda: uids(fresh())
    yield "personal", lambda: personal(fresh(), fresh())
    reached = set(fresh().walk().steps())
    for exchange in lab.wire.exchanges:
        if exchange.step not in reached and not exchange.when and exchange.urls:
            yield f"exchange-{exchange.label}", lambda item=exchange: alone(fresh(), item.label)  # type: ignore[misc]


def _guarded(run: Callable[[], str]) -> str:
    try:
        return run()
    except MockidpError as error:
        return f"{error.__class__.__name__}: {error}"


# logins


def login(lab: Lab, person: str) -> str:
    """One person logs in and every answer has the contract's shape; nothing when all is well."""
    who = lab.world.people[person]
    walk = lab.walk(person)
    if ending := refused_to(walk, who):
        return expect_refusal(lab, walk, ending)
    try:
        identity = walk.run()
    except WalkError as error:
        return f"{error}\n{lab.world.journal.text()}"
    wrong = [line for step, seen in walk.seen.items() for line in shape(lab.wire, step, seen.kind, seen.document)]
    wrong += [line for seen in walk.seen.values() if (line := sample_left(lab.wire, seen.response))]
    wrong += [line] if (line := token_wrong(lab, walk)) else []
    if identity["email"] not in (None, who.email, who.relay_email):
        wrong.append(f"the e-mail is {identity['email']}, not that of {person}")
    if identity["email_verified"] and not who.email_verified and not who.relay_email:
        wrong.append(f"the e-mail of {person} is verified and should not be")
    return "; ".join(wrong)


def refused_to(walk: Walk, who: Person) -> str:
    """The refusal that a login of somebody ends in, whatever the client does; nothing where all is well."""
    if who.denies:
        return "denied"
    return walk.barred(who) or ("person_deleted" if who.deleted and has_resource(walk.wire) else "")


def has_resource(wire: Wire) -> bool:
    return resource_step(wire) != ""


def shape(wire: Wire, step: str, kind: str, document: Any) -> list[str]:
    """How a seen answer departs from the shape of every exchange of its step; nothing when it fits one."""
    if kind != "json" or step == "callback":
        return []
    found: list[str] = []
    for exchange in wire.steps.get(step, []):
        body = exchange.answer.body
        if body is None or body.kind != "json" or "" in body.bind:
            return []
        free = body.free
        lines = differences(body.document, document, free)
        if not lines:
            return []
        found = found or [f"{step}: {line}" for line in lines]
    return found


def uids(lab: Lab) -> str:
    """No two people share a uid, unless it is the app's; then all do."""
    seen: dict[str, str] = {}
    shared = walk_class(lab.provider, lab.wire.family).uid_of == "app"
    for who in lab.world.people.named():
        if refused_to(lab.walk(who.id), who):
            continue
        uid = lab.walk(who.id).run()["uid"]
        if seen and (uid in seen) != shared:
            return f"{who.id} and {next(iter(seen.values()))} have {'another' if shared else 'the same'} uid"
        seen[uid] = who.id
    return ""


def personal(one: Lab, other: Lab) -> str:
    """What an identity is made of is the person's own: two people share none of it, and it is the cast's."""
    second = next(p.id for p in one.world.people.named() if p.id != "alice" and not refused_to(one.walk(p.id), p))
    alice, bob = one.walk("alice").run(), other.walk(second).run()
    who = one.world.people["alice"]
    free = {"email_verified"} | ({"uid"} if one.walk().uid_of == "app" else set())
    wrong = [
        f"{name} is {alice[name]!r} for two people"
        for name in alice
        if name not in free and alice[name] is not None and alice[name] == bob[name]
    ]
    wrong += [f"{name} of alice has no value" for name in one.wire.spec.identity if alice[name] is None]
    if alice["email"] not in (None, who.email):
        wrong.append(f"the e-mail of alice is {alice['email']!r}")
    if alice["name"] not in (None, who.nickname) and str(who.given_name) not in alice["name"]:
        wrong.append(f"the name of alice is {alice['name']!r}")
    return "; ".join(wrong)


def samples(wire: Wire) -> dict[str, str]:
    """The values in the body files at the places of the identity: the sample person's, and nobody's in the cast."""
    out: dict[str, str] = {}
    for name, where in wire.spec.identity.items():
        body = wire.claims if where.source == "id_token" else None
        exchange = wire.step(where.source)
        if body is None and exchange is not None:
            body = exchange.answer.body
        value = pick(body.kind, body.document, where.at, where.where) if body is not None else None
        if where.type in ("str", "html") and value is not None and len(str(value)) > 3:
            out[str(value)] = name
    return out


def sample_left(wire: Wire, response: Response) -> str:
    """A trace of the sample person in an answer, or nothing."""
    text = response.body.decode("utf-8", "replace")
    found = next((f"{name} {value!r}" for value, name in samples(wire).items() if value in text), "")
    return f"the answer still has the sample's {found}" if found else ""


def token_wrong(lab: Lab, walk: Walk) -> str:
    """What a careful client would object to in the identity token, but for the signature's key, which it fetches."""
    token = walk.values.get("id_token")
    if not token:
        return ""
    header, claims, _, _ = jose.split(str(token))
    spec, now = lab.wire.spec.id_token, lab.world.clock.now()
    assert spec is not None
    published = {jwk.get("kid"): jwk for jwk in lab.world.keys(lab.provider).published()}
    if spec.alg == "HS256":
        jose.verify(str(token), walk.app.client_secret.encode(), [spec.alg])
    else:
        jose.verify(str(token), jose.from_jwk(published[header.get("kid")]), [spec.alg])
    wrong = {
        "aud": walk.app.client_id not in (aud if isinstance(aud := claims.get("aud"), list) else [aud]),
        "nonce": "nonce" in claims and claims["nonce"] != walk.values["nonce"],
        "iat": abs(claims.get("iat", 0) - now) > 60,
        "exp": not now < claims.get("exp", 0) <= now + spec.lifetime,
    }
    return "; ".join(f"{name} of the identity token is wrong" for name, bad in wrong.items() if bad)


def alone(lab: Lab, label: str) -> str:
    """An exchange that a login does not need, after a login that gives what it needs."""
    exchange = next(item for item in lab.wire.exchanges if item.label == label)
    options = refresh_options(lab.wire, "refresh" if "refresh_token" in exchange.names else "")
    walk = lab.walk(**{"scope": opening(lab.wire, exchange), **options})
    walk.run()
    walk.values.setdefault("token", walk.values.get("access_token"))
    walk.prepare(exchange.step, lab.world.clock.advance)
    seen = walk.ask(exchange)
    left = sample_left(lab.wire, seen.response)
    return "; ".join([*shape(lab.wire, exchange.step, seen.kind, seen.document), *([left] if left else [])])


def opening(wire: Wire, exchange: Exchange) -> list[str]:
    """The scopes to ask for: the default ones, and one that opens an exchange where none of them does."""
    usual = wire.client.scope.default
    closed = exchange.scope and not exchange.scope & {*usual, *wire.client.scope.always}
    return [*usual, min(exchange.scope)] if closed else usual


# refusals


def applies(wire: Wire, name: str) -> bool:
    """Whether a refusal can happen at this provider at all."""
    row = walk_class(wire.id, wire.family).provocations[name]
    if row.step not in ("resource", "scoped") and row.step not in wire.steps:
        return False
    if row.step == "resource" and not has_resource(wire):
        return False
    feature, _, detail = row.needs.partition(":")
    return FEATURES[feature](wire, detail) if feature else True


def _token_exchange(wire: Wire) -> Exchange | None:
    return wire.step("token")


def _binds(exchange: Exchange | None, name: str) -> bool:
    return exchange is not None and exchange.answer.body is not None and name in exchange.answer.body.bind.values()


def _gives_refresh(wire: Wire) -> bool:
    return "refresh" in wire.steps and any(_binds(item, "$refresh_token") for item in wire.steps.get("token", []))


FEATURES: dict[str, Callable[[Wire, str], bool]] = {
    "redirect_uri": lambda wire, _: "redirect_uri" in told(wire, "authorize"),
    "literal": lambda wire, key: any(name == key for name in fixed(wire)),
    "error": lambda wire, name: name in wire.errors,
    "url": lambda wire, name: any(f"${name}" in url for item in wire.exchanges for url in item.urls),
    "gives": lambda wire, name: any(_binds(item, f"${name}") for item in wire.exchanges),
    "step": lambda wire, name: name in wire.steps,
    "silent": lambda wire, name: name in wire.errors and takes(wire, "authorize", "prompt", "none"),
    "auth": lambda wire, kind: wire.client.auth == kind,
    "pkce": lambda wire, kind: wire.client.pkce in ((kind,) if kind else ("optional", "required")),
    "secret": lambda wire, _: wire.client.auth not in ("none",),
    "lifetime": lambda wire, kind: bool(wire.lifetimes.get(kind)) and (kind != "refresh_token" or _gives_refresh(wire)),
    "scoped": lambda wire, _: scoped_step(wire) != "",
    "deleted": lambda wire, _: has_resource(wire),
    "refresh": lambda wire, _: _gives_refresh(wire),
    "rotation": lambda wire, _: _gives_refresh(wire) and _binds(wire.step("refresh"), "$refresh_token"),
}


def told(wire: Wire, step: str) -> set[str]:
    """The values that the requests of a step tell."""
    return {name for item in wire.steps.get(step, []) for name in item.names}


def takes(wire: Wire, step: str, key: str, value: str) -> bool:
    """Whether a step has a parameter of the query that may have that value."""
    listed = (item.params["query"].get(key) for item in wire.steps.get(step, []))
    return any(pattern is not None and pattern.tell(value, {}) for pattern in listed)


def fixed(wire: Wire) -> set[str]:
    """The parameters of authorize and token that have one value only."""
    return {key for step in ("authorize", "token") for item in wire.steps.get(step, []) for _, key in item.literals}


def resource_step(wire: Wire) -> str:
    """The first step that is opened by an access token."""
    for exchange in wire.exchanges:
        if wire.group(exchange.step) == "resource" and "access_token" in told(wire, exchange.step):
            return exchange.step
    return ""


def scoped_step(wire: Wire) -> str:
    return next((item.step for item in wire.exchanges if item.scope), "")


def refused(lab: Lab, name: str) -> str:
    """Do the wrong thing and look at the answer and the journal."""
    row = walk_class(lab.provider, lab.wire.family).provocations[name]
    options: dict[str, Any] = {"scope": least_scope(lab.wire)} if row.step == "scoped" else {}
    person = next(p.id for p in lab.world.people.named() if p.deleted or row.needs != "deleted")
    return expect_refusal(lab, lab.walk(person, **options, **refresh_options(lab.wire, row.step)), name)


def least_scope(wire: Wire) -> list[str]:
    """The scopes of a login that opens as little as can be: none or, where one is needed, one that does not help."""
    scoped, asked = wire.step(scoped_step(wire)), wire.step("authorize")
    pattern = asked.params["query"].get("scope") if asked is not None else None
    if scoped is None or (not wire.client.scope.unasked and (pattern is None or pattern.optional)):
        return []
    return [name for name in wire.client.scope.words if name not in scoped.scope][:1]


def refresh_options(wire: Wire, step: str) -> dict[str, Any]:
    """What a walk must ask for to be given a refresh token: a scope, or the conditions of the variant that has one."""
    token = wire.step("token")
    if step != "refresh":
        return {}
    if token is not None and token.answer.body is not None and _binds(token, "$refresh_token"):
        bound = next(place for place, text in token.answer.body.bind.items() if text == "$refresh_token")
        needed = token.answer.body.needs.get(bound, [])
        default = wire.client.scope.default
        return {"scope": [*default, needed[0]]} if needed and not {*default} & {*needed} else {}
    variant = next((item for item in wire.steps["token"] if _binds(item, "$refresh_token")), None)
    return {"extra": dict(variant.when)} if variant is not None else {}


def expect_refusal(lab: Lab, walk: Walk, name: str) -> str:
    """Spoil the walk as the row says; the answer must be the contract's, and the journal must tell why."""
    row = walk.provocations[name]
    step = {"resource": resource_step(lab.wire), "scoped": scoped_step(lab.wire)}.get(row.step, row.step)
    name = row.refusal or name
    waived = lab.wire.waived(name)
    before = len(lab.world.journal.refusals())
    try:
        lab.until(walk, step)
        row.spoil(walk, lab)
        getattr(walk, f"do_{step}", walk.do_step)(step)
    except WalkError as error:
        return "" if waived else unlike(lab, name, step, error)
    if waived is not None:
        return ""
    return f"{name} was not refused at {step}: {len(lab.world.journal.refusals()) - before} refusals in the journal"


def unlike(lab: Lab, name: str, step: str, error: WalkError) -> str:
    """How a refusal differs from what the contract says of it; nothing when it is as written."""
    want = lab.wire.error(name, step)
    if want is None:
        return f"the contract has no answer to {name} at {step}"
    entry = next(iter(reversed(lab.world.journal.refusals())), None)
    if entry is None or entry.refused != name:
        return f"the journal has {entry.refused if entry else 'nothing'} where {name} was provoked: {error}"
    if not entry.why:
        return f"the journal does not say why {name} was refused"
    return _unlike_answer(want, want.answer(step), error)


def _unlike_answer(want: Fault, answer: Answer, error: WalkError) -> str:
    if answer.redirect is not None:
        told = answer.redirect.get("error")
        if told is not None and error.error != told.text:
            return f"{want.name}: the app was told {error.error!r}, the contract has {told.text!r}"
        return ""
    response = error.response
    if response is None:
        return f"{want.name}: there was no answer but {error}"
    if response.status != answer.status:
        return f"{want.name}: status {response.status}, the contract has {answer.status}"
    if answer.body is not None and not same(answer, response):
        return f"{want.name}: the body is not that of the contract: {response.body[:120]!r}"
    return ""


def error(lab: Lab, name: str) -> str:
    """A declared error, asked for as a fault at its step, comes out as written."""
    plain = name.partition(":")[0]
    fault = lab.wire.errors[name]
    step = name.partition(":")[2] or fault_step(lab.wire, fault)
    if not step or step not in lab.wire.steps:
        return ""
    lab.world.faults.add(f"error:{plain}", provider=lab.provider, step=step)
    walk = lab.walk(**refresh_options(lab.wire, step))
    try:
        lab.until(walk, step)
        getattr(walk, f"do_{step}", walk.do_step)(step)
    except WalkError as found:
        return _unlike_answer(fault, fault.answer(step), found)
    return f"{name} was asked for at {step} and did not come"


def fault_steps(wire: Wire, fault: Fault) -> list[str]:
    """Every step at which an error can come: its own, and for `resource` each that an access token opens."""
    out = [step for step in fault.steps if step in wire.steps]
    if "resource" in fault.steps:
        opened = [step for step in wire.steps if wire.group(step) == "resource" and "access_token" in told(wire, step)]
        out += [step for step in opened or wire.steps if wire.group(step) == "resource" and step not in out]
    return out


def fault_step(wire: Wire, fault: Fault) -> str:
    """The step at which an error is looked at: its own, or the first of its group that a walk reaches."""
    for step in fault.steps:
        if step in wire.steps:
            return step
        if step == "resource":
            return resource_step(wire)
    return ""
