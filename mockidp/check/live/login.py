"""Level 2: a whole login, compared with the contract answer by answer.

`walk` drives the contract's own walk at any `send`. `judged` compares requests and answers that somebody else has got
(a browser, a recorder, a HAR file): what the app was told, every body, and the claims of a signed token.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mockidp import jose
from mockidp.apps import App
from mockidp.browser import form_on
from mockidp.check.finding import Severity
from mockidp.check.live.courier import Reply
from mockidp.check.live.difference import Difference, made
from mockidp.check.live.expect import Expected, evidence, of_exchange
from mockidp.check.live.judge import GONE, judge, places, softened
from mockidp.check.live.plan import BROWSER, Probe
from mockidp.check.walk import Send, Walk, walk_class
from mockidp.contract.body import FORMATS, Body, pick, read
from mockidp.contract.load import find_line
from mockidp.contract.template import builder, names
from mockidp.contract.wire import Exchange, Wire
from mockidp.errors import MockidpError
from mockidp.families.base import as_form
from mockidp.wire import Request, Response

Traffic = Iterable[tuple[Request, Response]]
BREAK, WARN, NOTE = Severity.BREAK, Severity.WARN, Severity.NOTE
REDIRECT_URI = Walk.redirect_uri
MEANT = frozenset(
    {"iss", "error"}
)  # callback parameters that libraries look at wherever they come (RFC 9207, RFC 6749)
ORDER = {BREAK: 2, WARN: 1}


@dataclass(frozen=True)
class Judged:
    """One answer of a login: the case by its name, what the contract has there, and every difference."""

    case: str
    expected: Expected
    request: Request
    differences: list[Difference]


@dataclass
class Login:
    """What came of a walk: everything that was sent, and the identity or the step at which it ended."""

    traffic: list[tuple[Request, Response]] = field(default_factory=list)
    callback: dict[str, str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] | None = None
    stopped: str = ""  # the step that did not go on
    error: str = ""  # the contract's name for the refusal there, if it has one


def walk(
    wire: Wire,
    app: App,
    send: Send,
    *,
    person: str = "alice",
    redirect_uri: str = REDIRECT_URI,
    take: Mapping[str, str] | None = None,
) -> Login:
    """Log in as the contract says, at whoever `send` reaches. Never raises for what the other side answers.

    `take` names the exchange that is used for a step where the contract has several (`userinfo` = `userinfo.query`).
    """
    done = Login()

    def kept(request: Request) -> Response:
        response = send(copy.deepcopy(request))
        done.traffic.append((request, response))
        return response

    kind = _choosing(walk_class(wire.id, wire.family), take or {})
    walked = kind(wire, app, kept, person, redirect_uri)
    step = ""
    try:
        for step in walked.steps():
            getattr(walked, f"do_{step}", walked.do_step)(step)
        step = "identity"
        done.identity = walked.identity()
    except MockidpError as error:  # a refusal, or what no client can read
        done.stopped = getattr(error, "step", "") or step
        done.error = getattr(error, "error", "")
    seen = walked.seen.get("callback")
    done.callback, done.values = (seen.document if seen is not None else None), walked.values
    return done


def _choosing(kind: type[Walk], take: Mapping[str, str]) -> type[Walk]:
    """A walk that takes the named exchanges."""
    if not take:
        return kind

    class Choosing(kind):  # type: ignore[valid-type,misc]
        def exchange(self, step: str) -> Exchange:
            label = take.get(step, "")
            found = next((item for item in self.wire.exchanges if item.label == label), None)
            return found if found is not None else super().exchange(step)  # type: ignore[no-any-return]

    return Choosing


def of_walk(wire: Wire, login: Login) -> Iterator[Judged]:
    """Every answer of a walk that was driven by `walk`; where it ended without a difference, that is one."""
    rows = list(judged(wire, login.traffic, login.callback, login.values))
    yield from rows
    grave = any(item.severity is BREAK for row in rows for item in row.differences)
    if login.stopped and not grave:
        exchange = wire.step(login.stopped) or wire.exchanges[0]
        request = login.traffic[-1][0] if login.traffic else Request.of("GET", exchange.urls[0])
        message = f"the login ends here{f' with {login.error}' if login.error else ''}; by the contract it goes on"
        yield Judged(f"login-{login.stopped}", of_exchange(exchange), request, [made("refused", BREAK, message)])


def judged(
    wire: Wire, traffic: Traffic, callback: Mapping[str, str] | None = None, values: Mapping[str, Any] | None = None
) -> Iterator[Judged]:
    """Compare a login's requests and answers with the contract, each endpoint's once.

    `callback` is what the app was told, found in the traffic where it is not given; `values` what is known of the
    login: `state` and `redirect_uri`. Requests to anywhere else are left out.
    """
    known, done, nonce, asked = dict(values or {}), set(), None, frozenset[str]()
    rows = [(request, response) for request, response in traffic if not _decides(request)]
    for request, response in rows:
        found = wire.route(copy.deepcopy(request)).exchanges
        if not found or found[0].label in done:
            continue
        exchange = found[0]
        done.add(exchange.label)
        if exchange.step == BROWSER:
            nonce = dict(request.query_pairs).get("nonce")
            scope = dict(request.query_pairs).get("scope") or ""
            asked = frozenset(scope.split(wire.client.scope.delimiter))
            told = callback if callback is not None else _callback_in(traffic, known.get("redirect_uri") or "", request)
            yield _at_authorize(exchange, request, response, told, known)
        else:
            yield _answer(exchange, request, response, asked)
        if exchange.step != BROWSER and (token := _issued(exchange, response, "$id_token")):
            first = exchange.step == "token"  # that of a refresh need not have the nonce again (Core section 12.2)
            wanted = of_token(wire)
            seen = [softened(item, wanted) for item in claims(wire, token, nonce if first else None)]
            yield Judged("login-id_token" if first else f"login-{exchange.label}-id_token", wanted, request, seen)


def _decides(request: Request) -> bool:
    """Whether somebody chose on the simulator's own page: it is the authorize request once more."""
    return b"mockidp." in request.body or "mockidp." in request.query


# the browser's part


def _at_authorize(
    exchange: Exchange, request: Request, response: Response, told: Mapping[str, str] | None, known: Mapping[str, Any]
) -> Judged:
    wanted = of_exchange(exchange)
    if told is not None:
        seen = [softened(item, wanted) for item in called_back(wanted, told, known)]
        return Judged(f"login-{exchange.label}", wanted, request, seen)
    found = judge(Probe(f"login-{exchange.label}", exchange, 2), wanted, Reply(request, response))
    return Judged(f"login-{exchange.label}", wanted, request, found)


def called_back(wanted: Expected, told: Mapping[str, str], known: Mapping[str, Any]) -> Iterator[Difference]:
    """What the app is told when the browser comes back, by names alone but for the issuer's."""
    patterns = wanted.answer.redirect if wanted.answer is not None else None
    if patterns is None:
        return
    if "error" in told and "error" not in patterns:
        yield made("refused", BREAK, "the app is told an error, the contract has a login here")
        return
    for key, pattern in patterns.items():
        if key not in told:
            if not pattern.optional or (key == "state" and key in known):
                yield made(f"missing:/{key}", BREAK, f"the app is not told {key} any more")
        elif (pattern.literal and pattern.match(told[key]) is None) or _other(key, told, known):
            yield made(f"differs:/{key}", BREAK, f"{key} is not what the contract has")
    asked = "openid." if wanted.wire.family == "openid2" else "\0"  # what extensions answer was asked for (section 12)
    for key in sorted(key for key in told.keys() - patterns.keys() if not key.startswith(asked)):
        severity = WARN if key in MEANT else NOTE
        more = ": a library that knows RFC 9207 compares it" if key == "iss" else ""
        yield made(f"added:/{key}", severity, f"the app is told {key}, which is new{more}")


def _other(key: str, told: Mapping[str, str], known: Mapping[str, Any]) -> bool:
    return key == "state" and "state" in known and told["state"] != known["state"]


def _callback_in(traffic: Traffic, redirect_uri: str, request: Request) -> dict[str, str] | None:
    """What the app was told, where an answer sends the browser back or a page posts itself there."""
    back = redirect_uri or dict(request.query_pairs).get("redirect_uri", "")
    for _, response in traffic if back else ():
        location = response.header("location")
        if location.startswith(back):
            parts = urlsplit(location)
            return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
        form = form_on(response) if response.status == 200 and back.encode() in response.body else None
        if form is not None and form.action.startswith(back):
            return dict(form.fields)
    return None


# the app's part


def _answer(exchange: Exchange, request: Request, response: Response, asked: frozenset[str]) -> Judged:
    """An answer against the exchange of its step that it is most like: which one it is depends on the person."""
    step = exchange.wire.steps[exchange.step]
    tried = [exchange, *(item for item in step if item.when and item is not exchange)]
    return min((_against(item, exchange.label, request, response, asked) for item in tried), key=_weight)


def _weight(row: Judged) -> int:
    return sum(ORDER.get(item.severity, 0) * 100 + 1 for item in row.differences)


def _against(exchange: Exchange, label: str, request: Request, response: Response, asked: frozenset[str]) -> Judged:
    wanted = replace(of_exchange(exchange, _sample(exchange, request)), sampled=True, asked=asked)
    return Judged(f"login-{label}", wanted, request, judge(Probe(label, exchange, 2), wanted, Reply(request, response)))


def _sample(exchange: Exchange, request: Request) -> Response:
    """The contract's answer as it is written, in the form that this request asks for."""
    answer = exchange.answer
    body, kind = _settled(answer.body) if answer.body is not None else b"", answer.type
    if answer.otherwise and answer.type.split(";")[0] not in request.headers.get("accept", ""):
        kind, body = answer.otherwise, as_form(body)
    return Response(answer.status, [("Content-Type", kind)] if kind else [], body)


def _settled(body: Body) -> bytes:
    """A body as it is written, with what follows from the settings alone in its place: addresses, an issuer."""
    settled = {place: text for place, text in body.bind.items() if place and not names(text)}
    if not settled or body.kind == "text":
        return body.data
    form = FORMATS[body.kind]
    document = form.parse(body.data)
    for place, text in settled.items():
        form.set(document, place, text)
    return bytes(form.dump(document))


def _issued(exchange: Exchange, response: Response, name: str) -> str:
    """A value that an answer gives out, where the contract says that it stands there."""
    body = exchange.answer.body
    at = next((place for place, text in body.bind.items() if text == name), "") if body is not None else ""
    if not at or response.status in GONE:
        return ""
    try:
        kind, document = read(response.body, response.header("content-type"))
    except Exception:  # any bad body: the step's own comparison says so
        return ""
    return str(pick(kind, document, at) or "")


# the identity token


def of_token(wire: Wire) -> Expected:
    """The identity token as the contract has it; `mapped` are the claims that clients read."""
    spec = wire.spec.id_token
    line = find_line(wire.source.text, ["id_token"])
    mapped = {where.at: name for name, where in wire.spec.identity.items() if where.source == "id_token"}
    told = evidence(wire, (spec.evidence if spec is not None else None) or "")
    return Expected(
        wire, "id_token", "id_token", Response(), None, False, wire.source.file, line, told, {**mapped, "/sub": "uid"}
    )


def claims(wire: Wire, token: str, nonce: str | None = None) -> Iterator[Difference]:
    """A token's algorithm and claims (OpenID Connect Core section 3.1.3.7): what strict clients compare is grave."""
    spec, body = wire.spec.id_token, wire.claims
    if spec is None or body is None:
        return
    try:
        header, payload = jose.split(token)[:2]
    except Exception:  # whatever stands there is no token
        yield made("format", BREAK, "what stands where the identity token was is none")
        return
    if header.get("alg") != spec.alg:
        yield made("alg", BREAK, f"signed with {_algorithm(header.get('alg'))}, the contract has {spec.alg}")
    issuer = _issuer(body.document, body.bind)
    if issuer and payload.get("iss") != issuer:
        yield made("differs:/iss", BREAK, f"the issuer is another one than {issuer}, and strict clients compare")
    if nonce and spec.nonce == "echoed" and payload.get("nonce") != nonce:
        yield made("missing:/nonce", BREAK, "the nonce that was sent does not come back, and clients compare it")
    yield from places(body.document, payload, body.free | {"/nonce"}, of_token(wire).mapped)


def _issuer(document: Any, bind: Mapping[str, str]) -> str:
    """The issuer where it is one and the same for everybody; a tenant's own is compared by its login alone."""
    if "/iss" not in bind:
        return str(document.get("iss", ""))
    make: Callable[[Any], Any] = builder(bind["/iss"])
    try:
        return str(make({}) or "")
    except KeyError:
        return ""


def _algorithm(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 10 and value.isalnum() else "no known algorithm"
