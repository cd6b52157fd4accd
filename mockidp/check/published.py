"""A contract beside its second entry, `contracts/_published/<id>.json` (its form: `second_entry.py`).

The simulator and the walk both read the contract, so both would follow a wrong fact. The second entry was gathered
from the provider's publications, not from the contract; a fact that is changed in one of the two stops fitting the
other. A difference in which the contract is right is waived there, with the better source:
`[waive] "published:token:/scope" = "…"`, or `"published:token"` for all of a step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from mockidp.check.second_entry import (
    AnswerEntry,
    Entry,
    ErrorEntry,
    Kind,
    Shape,
    StepEntry,
    entry_of,
    kind,
    like,
    nodes_of,
    url_fits,
)
from mockidp.contract.body import Body
from mockidp.contract.load import Loaded
from mockidp.contract.template import Pattern
from mockidp.contract.wire import Answer, Exchange, Fault, Wire

WAIVED = "published"
VALUE = re.compile(r"\$[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")

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
        if exchange.spec.gone:
            continue  # nobody publishes what is not served any more
        yield from _exchange_differences(entry, exchange)
    for name in table.get("error", {}):
        if name in wire.errors:
            yield from _error_differences(entry, wire, wire.errors[name])
    yield from _id_token_differences(entry, wire)


def _client_differences(entry: Entry, wire: Wire) -> Iterator[Difference]:
    said, client = entry.client, wire.client
    pairs: list[tuple[str, Any, Any]] = [
        ("auth", client.auth, said.auth),
        ("pkce", client.pkce, said.pkce),
        ("scope delimiter", client.scope.delimiter, said.delimiter),
        ("scope returned", client.scope.returned, said.returned),
    ]
    if client.pkce in ("optional", "required"):
        pairs.append(("pkce_methods", sorted(client.pkce_methods), sorted(said.pkce_methods)))
    for name, have, want in pairs:
        if want and have != want and not (name == "auth" and have in want.split("|")):
            key = name.split()[0]
            yield (
                f"client:{name.replace(' ', ':')}",
                f"client {name} is {have!r}, published is {want!r} ({entry.cite(said.source)})",
                ["client", key],
            )


def _lifetime_differences(entry: Entry, wire: Wire) -> Iterator[Difference]:
    for name, value in entry.lifetimes.items():
        if name == "source":
            continue
        want = value if isinstance(value, list) else [value]
        have = wire.lifetimes.get(name)
        if have not in want:
            yield (
                f"lifetimes:{name}",
                f"the lifetime of {name} is {have} s, published is "
                f"{' or '.join(map(str, want))} s ({entry.cite(entry.lifetimes['source'])})",
                ["lifetimes", name],
            )


def _exchange_differences(entry: Entry, exchange: Exchange) -> Iterator[Difference]:
    said = step_of(entry, exchange)
    path = ["exchange", exchange.step, exchange.name]
    if said is None:
        yield exchange.step, f"{exchange.label}: nothing is published of this step", path
        return
    cite = entry.cite(said.source)
    rows = chain(
        _request_differences(said, exchange),
        _param_differences(said, exchange),
        _header_differences(said, exchange),
        _callback_differences(said, exchange),
        _answer_differences(said, exchange),
    )
    for place, message in dict(rows).items():
        yield f"{exchange.label}:{place}", f"{exchange.label}: {message} ({cite})", [*path, place.rpartition("/")[2]]


def step_of(entry: Entry, exchange: Exchange | None) -> StepEntry | None:
    """The published step of that name, or of those at the same URL the one whose parameters fit best.

    The name goes first, unless another step alone has the URL: a later version of a step has an entry of its own.
    """
    if exchange is None:
        return None
    named = next((item for item in entry.steps if item.step == exchange.step), None)
    url = exchange.urls[0] if exchange.urls else ""
    at = [item for item in entry.steps if any(url_fits(row.partition(" ")[2], url) for row in item.request)]
    found = [(len(list(_param_differences(item, exchange))), item) for item in at if _same_fixed(item, exchange)]
    best = min(found, key=lambda pair: pair[0], default=(0, None))[1]
    return best if named is None or (best is not None and not any(item is named for item in at)) else named


def _same_fixed(said: StepEntry, exchange: Exchange) -> bool:
    """Whether the parameters whose one value tells steps of a URL apart are the published ones."""
    fixed = {key: exchange.params[place][key].text for place, key in exchange.literals}
    known = {key: kind(_named(said.params, key)).texts for key in fixed if _named(said.params, key)}
    return all(not texts or any(like(text, fixed[key]) for text in texts) for key, texts in known.items())


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


def _named(table: Mapping[str, str], name: str) -> str:
    """What is published of a parameter; `openid.ax.type.*` stands for many."""
    return table.get(name) or next((text for key, text in table.items() if "*" in key and like(key, name)), "")


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
        known = _named(said.params, name)
        if not known and not pattern.optional:
            yield name, f"the request must have {name}, which is not published"
        elif known:
            yield from _one_param(said, exchange, name, place, pattern, kind(known))


def _one_param(
    said: StepEntry, exchange: Exchange, name: str, place: str, pattern: Pattern, known: Kind
) -> Iterator[Row]:
    for option in pattern.text.removesuffix("?").split("|") if pattern.literal and known.texts else ():
        if not any(like(text, option) for text in known.texts):
            yield name, f"the parameter {name} is {option!r}, published is {' or '.join(map(repr, known.texts))}"
    ways = {"query"} if place == "query" else set(exchange.accepts) - {"oauth"}
    if said.places and ways - set(said.places):
        yield "places", f"parameters may travel as {' or '.join(sorted(ways))}, published is {' or '.join(said.places)}"


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
    out = {
        name: f"is missing, published is that it is {'sometimes' if kind(text).optional else 'always'} there"
        for name, text in want.items()
        if name not in have and (kind(text).own or not kind(text).optional)
    }
    for name, pattern in have.items():
        text = _named(want, name)
        value = pattern.text.removesuffix("?")
        if not text:
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
        found = [answer_problems(said, row, exchange, hidden) for row in said.answers]
        yield from min(found, key=lambda problems: len(problems.keys() - {"when"})).items()


def answer_problems(said: StepEntry, row: AnswerEntry, exchange: Exchange, hidden: tuple[str, ...]) -> dict[str, str]:
    """Place → how an answer, without the hidden places, departs from one published answer of the step."""
    answer, out = exchange.answer, {}
    if answer.status != row.status:
        out["status"] = f"the status is {answer.status}, published is {row.status}"
    for name in (answer.type, answer.otherwise):
        if row.type and name and not any(_same_type(known, name) for known in row.type):
            out["type"] = f"the type is {name!r}, published is {' or '.join(map(repr, row.type))}"
    asked = _asked(exchange)
    if row.when and asked != row.when:
        out["when"] = f"is answered when {asked or 'nothing'} was asked, published is {row.when}"
    base = next((item.fields for item in said.answers if row.like and item.about == row.like), {})
    return out | _body_problems({**base, **row.fields}, row.complete, answer.body, hidden)


def _asked(exchange: Exchange) -> dict[str, str]:
    """What must have been asked for this answer, by the names of the parameters."""
    steps = [item for item in exchange.wire.exchanges if not item.when]
    called = {pattern.names[0]: key for item in steps for key, (_, pattern) in _params(item).items() if pattern.names}
    return {called.get(name, name): value for name, value in exchange.when.items() if not name.startswith("person.")}


def _body_problems(
    fields: Mapping[str, str], complete: bool, body: Body | None, hidden: tuple[str, ...]
) -> dict[str, str]:
    if body is None:
        return {at: f"{at} is missing, there is no body" for at, text in fields.items() if not kind(text).optional}
    if "" in body.bind:  # the whole body is one value
        return {}
    nodes, typed = nodes_of(body, hidden)
    shape, bound = Shape(fields, complete), _bound(body)
    same = {
        at: "is always the same, published is that it is the person's or the login's own"
        for at in shape.own(nodes)
        if not any(at == place or at.startswith(f"{place}/") for place in bound)
    }
    found = same | shape.problems(nodes, typed, body.optional, body.nullable)
    return {at: f"{at} {problem}" for at, problem in found.items()}


def _bound(body: Body) -> list[str]:
    """The places that vary, as the second entry writes places."""
    if body.kind != "xml":
        return [place if place.startswith("/") else f"/{place}" for place in body.bind]
    root = str(body.document.tag).rpartition("}")[2]
    return [f"/{root}/{re.sub('{[^}]*}', '', place)}" for place in body.bind]


def _same_type(known: str, name: str) -> bool:
    """Whether a content type is the published one; a charset is compared when one was published."""
    left, right = (text.lower().replace(" ", "") for text in (known, name))
    return left == right or (";" not in left and right.partition(";")[0] == left)


# errors


def _error_differences(entry: Entry, wire: Wire, fault: Fault) -> Iterator[Difference]:
    """An error fits one of those published for its steps. One that is only reconstructed may be unknown there,
    but must not be told otherwise than the published ones of the same meaning."""
    steps = _steps(wire, fault)
    said = [step_of(entry, item) for step in steps for item in wire.steps.get(step, [])]
    rows = [row for item in said if item is not None for row in item.errors]
    evidence = wire.spec.evidence.get(fault.evidence)
    claimed = evidence is not None and evidence.kind != "reconstructed"
    if not any(said):
        return
    answer = fault.answer(steps[0])
    rows = [row for row in rows if way_of(answer) in row.way]
    found = [(error_problems(row, fault, answer), row) for row in rows]
    fits = [row for problems, row in found if not problems]
    same = [pair for pair in found if not pair[1].meanings.isdisjoint(fault.means.split("|"))]
    if fits and way_of(answer) != "page":  # a page means nothing to a client
        yield from _meaning(entry, fault, fits)
    elif fits:
        return
    elif same or (claimed and found):
        problems, row = min(same or found, key=lambda pair: len(pair[0]))
        yield (
            f"error:{fault.name}",
            f"error {fault.name}: {'; '.join(problems)} ({entry.cite(row.source)})",
            ["error", fault.name],
        )
    elif claimed and way_of(answer) == "body":
        yield (
            f"error:{fault.name}",
            f"error {fault.name}: no such error of {' or '.join(steps)} is published",
            ["error", fault.name],
        )


def _meaning(entry: Entry, fault: Fault, fits: list[ErrorEntry]) -> Iterator[Difference]:
    meanings = {name for row in fits for name in row.meanings}
    if meanings and meanings.isdisjoint(fault.means.split("|")):
        yield (
            f"error:{fault.name}",
            f"error {fault.name}: means {fault.means!r}, published is "
            f"{' or '.join(sorted(meanings))} ({entry.cite(fits[0].source)})",
            ["error", fault.name],
        )


def _steps(wire: Wire, fault: Fault) -> list[str]:
    """The steps of the contract at which an error answers, those of a group one by one."""
    own = [step for step in fault.steps if wire.step(step) is not None]
    groups = [step for step in wire.steps for group in fault.steps if step not in own and wire.group(step) == group]
    return [*own, *groups]


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
    elif row.text is not None and way_of(answer) == "text":
        text = answer.body.data.decode("utf-8", "replace") if answer.body is not None else ""
        if not any(like(known, text) for known in row.text.split("|")):
            out.append(f"the text is {text!r}, published is {row.text!r}")
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
        ("alg", spec.alg, said.alg),
        ("nonce", spec.nonce, [said.nonce] if said.nonce else []),
        ("lifetime", spec.lifetime, [said.lifetime] if said.lifetime else []),
    ]
    for name, have, want in pairs:
        if want and have not in want:
            yield (
                f"id_token:{name}",
                f"id_token: {name} is {have!r}, published is {' or '.join(map(str, want))} ({cite})",
                ["id_token", name],
            )
    for hidden in [(), tuple(claims.needs)] if claims.needs else [()]:
        for at, problem in _body_problems(said.claims, said.complete, claims, hidden).items():
            yield f"id_token:{at}", f"id_token: {problem} ({cite})", ["id_token", at]
