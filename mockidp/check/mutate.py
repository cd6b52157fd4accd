"""The suite grades itself: every rule of a provider is taken out and every fact of its contract changed, in memory.

A mutant that no check notices is a survivor. What is not meant to be noticed is on one list, with reasons: `EXEMPT`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from mockidp.check.client import Adapter, declared_error, drive, person
from mockidp.check.contract import check_contract
from mockidp.check.mock import Lab, applies, fault_steps, in_process, mock_cases, resource_step
from mockidp.check.walk import walk_class
from mockidp.contract.files import contracts_folder
from mockidp.contract.load import Loaded, Source, load_from
from mockidp.contract.wire import Wire
from mockidp.errors import ContractError
from mockidp.families import family_of

Table = dict[str, Any]
FEW = 5

EQUIVALENT_RULES = {
    "misfit": "where all that a step needs has a refusal of its own, a missing parameter is refused there",
    "code_used": "the store refuses a second use too, for two processes at once",
    "refresh_token_used": "the store refuses a second use too, for two processes at once",
    "challenge_missing": "where the contract requires code_challenge, its absence is a misfit first",
    "redirect_missing": "where the contract requires redirect_uri, its absence is a misfit first",
}
EQUIVALENT_FACTS = {
    "sample": "a place that no identity is read from: what stands there is the sample of the body file",
    "extra": "a parameter of the callback that no client reads",
    "told-by-status": "an error with a status of its own is understood without its body; the mock check holds the body",
    "spare": "a login can do without the step, and does when it fails",
    "page": "a page is for people: no client reads what it means",
    "unread": "no login of our clients takes this step; the discovery document, what the provider publishes, or an "
    "outside client is the judge",
}


@dataclass(frozen=True)
class Mutant:
    """One change: `kind` groups for the exemptions, `what` says it in words, `make` gives the changed table."""

    provider: str
    kind: str
    what: str
    make: Callable[[], Table]
    label: str = ""
    place: str = ""


# rules


def rule_mutants(provider: str) -> Iterator[tuple[str, str, int]]:
    """Every refusal of every step that this provider has: step, name and place in the list."""
    lab = Lab(provider)
    rules = family_of(provider, lab.wire.family).rules
    for step, listed in rules.items():
        if step in lab.wire.steps or step in ("any", "client") or (step == "resource" and resource_step(lab.wire)):
            for at, rule in enumerate(listed):
                name = getattr(rule, "__name__", str(rule))
                if possible(lab.wire, name):
                    yield step, name, at


def possible(wire: Wire, name: str) -> bool:
    """Whether this provider can refuse so at all: it has the feature, and does not waive the refusal."""
    rows = walk_class(wire.id, wire.family).provocations
    if name == "best_practice" and not advised(wire):
        return False
    return wire.waived(name) is None and (name not in rows or applies(wire, name))


def advised(wire: Wire) -> bool:
    """Whether a login can leave out what best practice asks for: a state that is not required, or PKCE."""
    state = [item.params["query"].get("state") for item in wire.steps.get("authorize", [])]
    return wire.client.pkce == "optional" or any(pattern is None or pattern.optional for pattern in state)


@contextmanager
def without_rule(provider: str, step: str, at: int) -> Iterator[None]:
    """The provider's family with one refusal taken out."""
    family = family_of(provider, Lab(provider).wire.family)
    kept = family.rules
    listed = kept[step]
    family.rules = {**kept, step: (*listed[:at], *listed[at + 1 :])}  # type: ignore[misc]
    try:
        yield
    finally:
        del family.rules


def rule_survives(provider: str, step: str, at: int) -> bool:
    """Whether no check notices that a refusal is gone."""
    with without_rule(provider, step, at):
        lab = Lab(provider)
        return not any(_noticed(run) for _, run in mock_cases(lab, partial(Lab, provider)))


def _noticed(run: Callable[[], str]) -> bool:
    try:
        return bool(run())
    except Exception:  # a crash is noticed too
        return True


# facts


def fact_mutants(provider: str) -> Iterator[Mutant]:
    """Every fact of a contract that a client or a check could notice, changed one at a time."""
    table = load_from(provider, contracts_folder() / provider).table
    for at, row in enumerate(table["exchange"]):
        if _of_today(row, table):
            yield from _exchange_mutants(provider, table, at, row)
    for name in table.get("error", {}):
        yield from _error_mutants(provider, table, name)
    for name in [name for name, row in table.get("identity", {}).items() if _of_today(row, table)]:
        yield _change(
            provider,
            table,
            "identity",
            f"identity.{name} is read elsewhere",
            ["identity", name, "at"],
            lambda old: "/no/such/place",
        )
    yield from _client_mutants(provider, table)


def _exchange_mutants(provider: str, table: Table, at: int, row: Table) -> Iterator[Mutant]:
    label = f"{row['step']}{'.' + row['name'] if row.get('name') else ''}"
    change = partial(_change, provider, table)
    if row.get("request") is not None:
        yield change("url", f"{label}: the URL", ["exchange", at, "request"], _other_url)
        yield change("method", f"{label}: the method", ["exchange", at, "request"], _other_method)
    for place in ("query", "form", "headers"):
        for key, value in row.get(place, {}).items():
            if value is False or str(value).endswith("?"):
                continue
            yield change(
                "parameter",
                f"{label}: {place} {key} renamed",
                ["exchange", at, place],
                _renamed(key),
            )
    for place in row.get("bind", {}):
        yield change(
            "bind",
            f"{label}: {place} is not bound",
            ["exchange", at, "bind"],
            _without(place),
            place,
        )
    for key, text in (row.get("response", {}).get("redirect") or {}).items():
        if text is False:  # it is missing already
            continue
        yield change(
            "redirect",
            f"{label}: {key} missing from the callback",
            ["exchange", at, "response", "redirect"],
            _taken_away(key),
            key,
        )
    if "scope" in row:
        yield change("scope", f"{label}: another scope opens it", ["exchange", at, "scope"], lambda old: ["other"])
    if "when" in row:
        yield change("when", f"{label}: never", ["exchange", at, "when"], lambda old: dict.fromkeys(old, "never"))


def _error_mutants(provider: str, table: Table, name: str) -> Iterator[Mutant]:
    row = table["error"][name]
    change = partial(_change, provider, table)
    if "raw" in row:
        yield change("error-body", f"error {name}: an empty object", ["error", name, "raw"], lambda old: "{}")
    if "redirect" in row:
        yield change(
            "error-body",
            f"error {name}: says nothing",
            ["error", name, "redirect"],
            lambda old: dict.fromkeys([*old, "error"], False),
        )
    yield change(
        "error-meaning",
        f"error {name}: means something else",
        ["error", name],
        lambda old: {**old, "means": _another_meaning(str(old.get("means", "")))},
    )


def _another_meaning(means: str) -> str:
    return "access_denied" if "temporarily_unavailable" in means.split("|") else "temporarily_unavailable"


def _of_today(row: Table, table: Table) -> bool:
    """Whether a row is of the wire that is served without a date: neither ended, nor what came after the end."""
    ended = table.get("retired")
    return not row.get("until") and not (ended is not None and row.get("since") and row["since"] >= ended)


def _client_mutants(provider: str, table: Table) -> Iterator[Mutant]:
    client = table.get("client", {})
    change = partial(_change, provider, table)
    other = {"post": "basic", "basic": "post", "either": "jwt", "jwt": "basic", "query": "basic"}
    auth = client.get("auth", "post")
    if auth in other:
        yield change(
            "client", f"client auth is {other[auth]}", ["client"], lambda old: {**(old or {}), "auth": other[auth]}
        )
    pkce = client.get("pkce", "ignored")
    if pkce in ("optional", "required"):
        yield change("client", "PKCE is forbidden", ["client"], lambda old: {**old, "pkce": "forbidden"})
    if table.get("id_token"):
        for place in table["id_token"].get("bind", {}):
            yield change(
                "claim",
                f"claim {place} is not bound",
                ["id_token", "bind"],
                _without(place),
                place,
            )
        yield change(
            "claim",
            "signed with another algorithm",
            ["id_token", "alg"],
            lambda old: "ES256" if old != "ES256" else "ES384",  # RS256 is often published beside ES256
        )


Change = Callable[[Any], Any]


def _renamed(key: str) -> Change:
    return lambda old: {f"{name}_x" if name == key else name: value for name, value in old.items()}


def _without(key: str) -> Change:
    return lambda old: {name: value for name, value in old.items() if name != key}


def _taken_away(key: str) -> Change:
    return lambda old: {**old, key: False}


def _other_url(old: Any) -> Any:
    if isinstance(old, list):
        return [_other_url(item) for item in old]
    url, hash_, fragment = old.partition("#")
    return f"{url}/moved{hash_}{fragment}"


def _other_method(old: Any) -> Any:
    if isinstance(old, list):
        return [_other_method(item) for item in old]
    method, _, url = old.partition(" ")
    return f"{'PUT' if method != 'PUT' else 'GET'} {url}"


def _change(
    provider: str, table: Table, kind: str, what: str, path: list[Any], how: Callable[[Any], Any], place: str = ""
) -> Mutant:
    def make() -> Table:
        changed = copy.deepcopy(table)
        here: Any = changed
        for key in path[:-1]:
            here = here[key] if not isinstance(here, dict) else here.setdefault(key, {})
        here[path[-1]] = how(here.get(path[-1]) if isinstance(here, dict) else here[path[-1]])
        return changed

    label = str(path[1]) if len(path) > 1 else ""
    if path[0] == "exchange":
        row = table["exchange"][path[1]]
        label = ".".join(filter(None, (row["step"], row.get("name", ""))))
    return Mutant(provider, kind, what, make, label, place)


def excuse(mutant: Mutant, adapter: Adapter) -> str:
    """The row of EQUIVALENT_FACTS that a mutant falls under, or nothing: then it must be noticed."""
    wire = Lab(mutant.provider).wire
    taken = frozenset().union(*people_for(mutant.provider, adapter).values())
    if mutant.kind.startswith("error-"):
        return _excuse_error(wire, mutant, {label.partition(".")[0] for label in taken})
    exchange = next((item for item in wire.exchanges if item.label == mutant.label), None)
    if mutant.kind == "claim" and mutant.place:
        told = {where.at for where in wire.spec.identity.values() if where.source == "id_token"}
        return "" if mutant.place.split("/")[1] in CHECKED or mutant.place in told else "sample"
    if exchange is None:
        return ""
    if mutant.kind == "redirect" and mutant.place not in READ_BACK:
        return "extra"
    if exchange.label not in taken:
        return "unread"
    if exchange.spec.spare:
        return "spare"
    read = {where.at for where in wire.spec.identity.values() if where.source == exchange.step}
    return "sample" if mutant.kind == "bind" and mutant.place not in read else ""


def _excuse_error(wire: Wire, mutant: Mutant, steps: set[str]) -> str:
    error = wire.errors[mutant.label]
    own = mutant.label.partition(":")[2]
    at = [
        step
        for step in ([own] if own else fault_steps(wire, error))
        if step in steps and wire.error(error.name, step) is error and (step != "authorize" or error.spec.redirect)
    ]
    if error.spec.page:
        return "page"
    if not at:
        return "unread"
    if all((exchange := wire.step(step)) is not None and exchange.spec.spare for step in at):
        return "spare"
    return "told-by-status" if mutant.kind == "error-body" and (error.answer(at[0]).status or 0) >= 400 else ""


CHECKED = {"iss", "sub", "aud", "azp", "exp", "iat", "nonce", "at_hash", "email_verified"}  # whatever is read
READ_BACK = {"code", "state", "id_token", "error"}


@cache
def people_for(provider: str, adapter: Any) -> dict[str, frozenset[str]]:
    """The first few people, and those who take an exchange that none before them took: who, and what they took."""
    taken: set[str] = set()
    out: dict[str, frozenset[str]] = {}
    for number, who in enumerate(Lab(provider).world.people.named()):
        lab = Lab(provider)
        drive(lab, adapter, who.id)
        labels = {entry.exchange for login in lab.world.journal for entry in login.entries}
        if number < FEW or labels - taken:
            out[who.id] = frozenset(labels)
        taken |= labels
    return out


def fact_survives(mutant: Mutant, adapter: Adapter) -> bool:
    """Whether neither the contract's own check, nor a client, nor the mock check notices a changed fact."""
    provider = mutant.provider
    folder = contracts_folder() / provider
    try:
        loaded = Loaded(Source(provider, folder, (folder / "contract.toml").read_text(encoding="utf-8"), mutant.make()))
        if any(not finding.ok for finding in check_contract(provider, loaded)):
            return False
        lab = Lab(provider, in_process, loaded)
    except ContractError:
        return False
    fresh = partial(Lab, provider, in_process, loaded)
    for who in people_for(provider, adapter):
        if _noticed(lambda who=who: person(fresh(), adapter, who)):  # type: ignore[misc]
            return False
    for name in lab.wire.source.table.get("error", {}):
        if _noticed(lambda name=name: declared_error(fresh(), adapter, name)):  # type: ignore[misc]
            return False
    return not any(
        _noticed(run) for case, run in mock_cases(lab, fresh) if not case.startswith("login-") or case == "login-alice"
    )
