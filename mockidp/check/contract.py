"""A contract alone: sourced, complete, its own fixtures in their own shapes, and every name known."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mockidp.check.finding import Finding
from mockidp.check.published import published
from mockidp.contract import schema
from mockidp.contract.body import Body, pick
from mockidp.contract.files import contracts_folder
from mockidp.contract.load import SIGNED, Loaded, find_line, load_from
from mockidp.contract.template import names
from mockidp.contract.wire import Answer, Wire
from mockidp.errors import ContractError
from mockidp.families import family_of
from mockidp.families.base import COMMON, Family
from mockidp.people import Person

Complaint = tuple[str, list[str]]
Rule = Callable[[Loaded], Iterator[Complaint]]
PERSON = {f"person.{field.name}" for field in msgspec.structs.fields(Person)}


def check_contract(provider: str, loaded: Loaded | None = None) -> Iterator[Finding]:
    """Every rule of the format that types cannot say. One finding a rule that holds, one a place where it does not."""
    loaded = loaded or load_from(provider, contracts_folder() / provider)
    yield from _judged(provider, loaded, RULES)
    for former in loaded.former.values():  # what is published is published of today
        yield from _judged(provider, former, {name: rule for name, rule in RULES.items() if rule is not published})


def _judged(provider: str, loaded: Loaded, rules: Mapping[str, Rule]) -> Iterator[Finding]:
    for name, rule in rules.items():
        broken = False
        for message, path in rule(loaded):
            broken = True
            yield Finding(
                provider, "contract", name, False, message, loaded.source.file, find_line(loaded.source.text, path)
            )
        if not broken:
            yield Finding(provider, "contract", name)


def sourced(loaded: Loaded) -> Iterator[Complaint]:
    """Every exchange, error and identity token names evidence that there is, and none lies in the future."""
    spec = loaded.at().spec
    rows = [
        (f"exchange {item['step']}", item.get("evidence"), ["exchange", item["step"], item.get("name", "")])
        for item in loaded.table["exchange"]
    ]
    rows += [
        (f"error {name}", item.get("evidence"), ["error", name]) for name, item in loaded.table.get("error", {}).items()
    ]
    signed = [(name, loaded.table[name]) for name in SIGNED if name in loaded.table]
    rows += [(name, item.get("evidence"), [name]) for name, item in signed]
    rows += [
        (f"{row['step']} before {old['until']}", old.get("evidence"), ["exchange", row["step"], row.get("name", "")])
        for row in loaded.table["exchange"]
        for old in row.get("before", [])
    ]
    rows += [
        (f"{name} before {old['until']}", old.get("evidence"), ["error", name])
        for name, item in [*loaded.table.get("error", {}).items(), *signed]
        for old in item.get("before", [])
    ]
    for what, evidence, path in rows:
        if not evidence:
            yield f"{what} names no evidence", path
        elif evidence not in spec.evidence:
            yield f"{what} names evidence {evidence!r}, which is not in [evidence]", [*path, evidence]
    used = {row[1] for row in rows}
    for name, item in spec.evidence.items():
        if name not in used:
            yield f"evidence {name!r} is named nowhere", ["evidence", name]
        if item.date > datetime.date.today():
            yield f"evidence {name!r} has a date in the future", ["evidence", name]


def complete(loaded: Loaded) -> Iterator[Complaint]:
    """Every error that the family requires is there or waived with a reason; a retired provider says since when."""
    table, spec = loaded.table, loaded.at().spec
    have = {name.partition(":")[0] for name in table.get("error", {})}
    for name in loaded.family.get("required", []):
        if name not in have and name not in spec.waive:
            yield f"the error {name} of the family is neither here nor waived", ["error"]
        if name in have and name in spec.waive:
            yield f"the error {name} is here and waived", ["waive", name]
    for name, reason in spec.waive.items():
        if len(reason.split()) < 3:
            yield f"{name} is waived without a reason", ["waive", name]
    if spec.status == "retired" and not (spec.retired and spec.reason):
        yield "a retired provider needs the date `retired` and a `reason`", ["status"]
    if "uid" not in spec.identity:
        yield "[identity] does not say where the uid is", ["identity"]


def compiles(loaded: Loaded) -> Iterator[Complaint]:
    """Every answer compiles for every period, and every body file is used by one."""
    used: set[str] = set()
    for period in [None, *(day - datetime.timedelta(days=1) for day in loaded.boundaries)]:
        wire = loaded.at(None, period)
        for what, make in _answers(wire):
            try:
                make()
            except ContractError as error:
                yield str(error), what
        used |= _body_files(wire.spec)
    folder = loaded.source.folder / "bodies"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in used:
            yield f"bodies/{path.name} is used by nothing", ["exchange"]


def _answers(wire: Wire) -> Iterator[tuple[list[str], Any]]:
    for exchange in wire.exchanges:
        yield ["exchange", exchange.step, exchange.name], lambda exchange=exchange: exchange.answer
    for name, error in wire.errors.items():
        for step in error.steps or ["authorize"]:
            yield ["error", name], lambda error=error, step=step: error.answer(step)
    yield ["id_token"], lambda: wire.claims
    yield ["access_token"], lambda: wire.access_claims


def _body_files(spec: schema.Contract) -> set[str]:
    rows: list[Any] = [*(item.response for item in spec.exchange), *spec.error.values()]
    files = {row.body for row in rows if row.body}
    return files | {item.body for item in (spec.id_token, spec.access_token) if item is not None and item.body}


def names_known(loaded: Loaded) -> Iterator[Complaint]:
    """Every `$name` is one that the family, the cast, the contract or a request of it gives."""
    wire = loaded.at()
    known = known_names(wire, family_of(wire.id, wire.family))
    for exchange in wire.exchanges:
        for text in _texts(exchange.answer):
            yield from _unknown(text, known, ["exchange", exchange.step, exchange.name])
        for name in exchange.when:
            yield from _unknown(f"${name}", known, ["exchange", exchange.step, exchange.name])
    for name, error in wire.errors.items():
        for text in _texts(error.answer(next(iter(error.steps), "authorize"))):
            yield from _unknown(text, known, ["error", name])
    for name, body in (("id_token", wire.claims), ("access_token", wire.access_claims)):
        for text in body.bind.values() if body else ():
            yield from _unknown(text, known, [name])
    for table in ("person", "app", "forms"):
        for text in getattr(wire.spec, table).values():
            yield from _unknown(text, known, [table])


def known_names(wire: Wire, family: Family) -> set[str]:
    """The names that a template of this contract may use."""
    told = {
        name
        for exchange in wire.exchanges
        for place in exchange.params.values()
        for pattern in place.values()
        for name in pattern.names
    }
    urls = {name for exchange in wire.exchanges for url in exchange.urls for name in names(url)}
    own = {*wire.spec.person, *wire.spec.forms, *(f"app.{name}" for name in wire.spec.app)}
    return PERSON | told | urls | own | set(family.values) | set(COMMON) | {"app.id", "app.secret"}


def _texts(answer: Answer) -> list[str]:
    bound = list(answer.body.bind.values()) if answer.body is not None else []
    return [*bound, *(pattern.text for pattern in (answer.redirect or {}).values())]


def _unknown(text: str, known: set[str], path: list[str]) -> Iterator[Complaint]:
    for name in names(text):
        if name not in known:
            yield f"nothing gives the value ${name}", [*path, f"${name}"]


def identity_distinct(loaded: Loaded) -> Iterator[Complaint]:
    """The places of the identity are in the bodies, and no two hold the same value or none."""
    wire = loaded.at()
    seen: dict[str, str] = {}
    places: dict[str, tuple[str, str]] = {}  # one place may be two fields, as where the address is the id
    for name, where in wire.spec.identity.items():
        body = _body_of(wire, where.source)
        if body is None:
            continue
        value = pick(body.kind, body.document, where.at, where.where)
        if value in (None, ""):
            yield f"identity.{name}: {where.at} of {where.source} has no value in the body", ["identity", name]
        elif where.type not in ("str", "html"):
            continue
        elif places.setdefault(str(value), (where.source, where.at)) != (where.source, where.at):
            yield f"identity.{name} has the same value as identity.{seen[str(value)]}", ["identity", name]
        else:
            seen.setdefault(str(value), name)


def _body_of(wire: Wire, source: str) -> Body | None:
    if source == "id_token" or (source == "access_token" and wire.access_claims is not None):
        return wire.claims if source == "id_token" else wire.access_claims
    exchange = wire.step(source)
    return exchange.answer.body if exchange is not None else None


def routes_distinct(loaded: Loaded) -> Iterator[Complaint]:
    """No two exchanges answer the same request: same method, URL and fixed parameters."""
    seen: dict[tuple[Any, ...], str] = {}
    for exchange in loaded.at().exchanges:
        if exchange.when:
            continue
        fixed = tuple(sorted((place, key, exchange.params[place][key].text) for place, key in exchange.literals))
        every = tuple(
            sorted((place, key) for place, rows in exchange.params.items() for key, p in rows.items() if not p.optional)
        )
        for method, url in exchange.requests:
            key = (method, url, fixed, every)
            if key in seen:
                yield (
                    f"{exchange.label} and {seen[key]} answer the same request {method} {url}",
                    ["exchange", exchange.step, exchange.name],
                )
            seen.setdefault(key, exchange.label)


ENDPOINTS = {  # member of a discovery document: the step whose canonical URL it is
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "userinfo_endpoint": "userinfo",
    "revocation_endpoint": "revoke",
    "jwks_uri": "jwks",
}


def discovery_agrees(loaded: Loaded) -> Iterator[Complaint]:
    """The provider's own discovery document names the contract's URLs, issuer, algorithm and PKCE methods."""
    wire = loaded.at()
    exchange = wire.step("discovery")
    body = exchange.answer.body if exchange is not None else None
    if body is None or body.kind != "json":
        return
    where = {**{place.removeprefix("/"): text for place, text in body.bind.items()}}
    fixed = {key: value for key, value in body.document.items() if key not in where}
    said = {**fixed, **{key: text for key, text in where.items() if not text.startswith("$")}}
    for member, step in ENDPOINTS.items():
        item = wire.step(step)
        if item is not None and member in said and not any(said[member] in urls for urls in _like(wire, step)):
            yield f"discovery has {member} {said[member]}, the step {step} has {item.urls[0]}", ["exchange", step]
    if wire.claims is not None and wire.spec.id_token is not None:
        issuer = wire.claims.bind.get("/iss", wire.claims.document.get("iss"))
        if where.get("issuer", fixed.get("issuer")) != issuer:
            yield f"discovery has the issuer {said.get('issuer')}, the identity token {issuer}", ["id_token"]
        alg = wire.spec.id_token.keys or wire.spec.id_token.alg  # what is signed with a secret may not be listed
        if alg not in said.get("id_token_signing_alg_values_supported", [alg]):
            yield f"discovery does not list the algorithm {alg}", ["id_token", "alg"]
    methods = said.get("code_challenge_methods_supported")
    if methods and wire.client.pkce in ("optional", "required") and set(wire.client.pkce_methods) - set(methods):
        yield f"discovery lists the PKCE methods {methods}", ["client", "pkce_methods"]


def _like(wire: Wire, step: str) -> Iterator[list[str]]:
    """The URLs of a step, and of other steps that are opened by an access token where this one is."""
    for item in wire.exchanges:
        if item.step == step or (wire.group(step) == wire.group(item.step) == "resource" and item.scope):
            yield item.urls


def refresh_at_token(loaded: Loaded) -> Iterator[Complaint]:
    """A refresh goes to the token endpoint (RFC 6749 section 6), unless that is waived."""
    wire = loaded.at()
    token, refresh = wire.step("token"), wire.step("refresh")
    if token is None or refresh is None or "refresh_at_token" in wire.spec.waive:
        return
    if token.requests[0] != refresh.requests[0]:
        yield f"refresh is at {refresh.urls[0]}, token at {token.urls[0]}", ["exchange", "refresh"]


RULES = {
    "sourced": sourced,
    "complete": complete,
    "compiles": compiles,
    "names_known": names_known,
    "identity_distinct": identity_distinct,
    "routes_distinct": routes_distinct,
    "discovery_agrees": discovery_agrees,
    "refresh_at_token": refresh_at_token,
    "published": published,
}
