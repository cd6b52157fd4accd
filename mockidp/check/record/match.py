"""Which step of the contract each captured exchange is, and whether its answer is one that the contract has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mockidp.browser import form_on
from mockidp.check.record.capture import Taken
from mockidp.check.walk import recognise, told_error
from mockidp.contract.body import departures, kind_of, read
from mockidp.contract.wire import Answer, Exchange, Wire
from mockidp.wire import Request, Response

BROWSER = "authorize"


@dataclass(repr=False)
class Matched:
    """One captured exchange, seen with the contract's eyes. `problem` says why it is no evidence, and holds no value.

    `exchange` is None for what the contract does not have; `error` is the contract's name of a refusal; `values` are
    those that the request told; `callback` what the browser brought back; `document` the parsed answer.
    """

    taken: Taken
    exchange: Exchange | None = None
    error: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    callback: dict[str, str] | None = None
    kind: str = ""
    document: Any = None
    notes: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.error or (self.exchange.label if self.exchange is not None else "")

    @property
    def step(self) -> str:
        return self.exchange.step if self.exchange is not None else ""


def match(wire: Wire, taken: list[Taken]) -> list[Matched]:
    """Every captured exchange, in order."""
    return [_one(wire, item, taken[number + 1 :]) for number, item in enumerate(taken)]


def _one(wire: Wire, item: Taken, later: list[Taken]) -> Matched:
    route = wire.route(item.request)
    if not route.exchanges:
        out = Matched(item)
        _parse(out)
        return out
    exchange = route.exchanges[0]
    values, problems = exchange.match(item.request)
    out = Matched(item, exchange, values={**route.values, **values})
    _parse(out)
    wrong = [str(problem) for problem in problems if problem.kind != "unlisted" or exchange.unlisted_refused]
    if exchange.answer.redirect is not None:
        _come_back(wire, out, later)
    else:
        _answered(wire, out)
    if wrong and not out.error and not out.problem:  # what is refused may be wrong
        out.problem = f"the request is not the contract's: {', '.join(wrong)}"
    return out


def _parse(out: Matched) -> None:
    response = out.taken.response
    try:
        out.kind, out.document = read(response.body, response.header("content-type"))
    except Exception:  # any parser, any bad body
        out.kind, out.document = "", None


def _come_back(wire: Wire, out: Matched, later: list[Taken]) -> None:
    """The answer of a page in the browser is what reaches the app in the end, whatever pages came between."""
    assert out.exchange is not None
    target = str(out.values.get("redirect_uri") or "")
    params = next(
        (found for item in [out.taken, *later] if (found := callback_in(item, target, item is out.taken)) is not None),
        None,
    )
    if params is None:
        out.problem = "nobody came back to the app"
        return
    out.callback = params
    redirect = out.exchange.answer.redirect or {}
    unfit = [key for key, p in redirect.items() if (p.match(params[key]) is None if key in params else not p.optional)]
    if unfit:
        out.error = told_error(wire, params)
        out.problem = "" if out.error else f"{unfit[0]} of the callback is missing or does not fit"
    elif not params.keys() <= redirect.keys():
        out.notes.append("brings more to the app than the contract has")


def callback_in(item: Taken, target: str, first: bool = False) -> dict[str, str] | None:
    """The parameters that an exchange brings to the app at `target`, or None when it brings none."""
    location = item.response.header("location")
    if location and _leads(location, target, item.request, first):
        parts = urlsplit(location)
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
    form = form_on(item.response) if item.response.status == 200 else None
    if form is not None and form.fields and target and _same_place(form.action, target):
        return dict(form.fields)
    if not first and target and _same_place(item.request.url, target):
        params = dict([*item.request.query_pairs, *item.request.form_pairs])
        return params or None
    return None


def _leads(location: str, target: str, request: Request, first: bool) -> bool:
    if target:
        return _same_place(location, target)
    host = urlsplit(location).netloc  # OAuth 1.0a names the app's address at another step
    return first and bool(host) and host.lower() != request.host


def _same_place(url: str, target: str) -> bool:
    one, other = urlsplit(url), urlsplit(target)
    return (one.scheme, one.netloc.lower(), one.path) == (other.scheme, other.netloc.lower(), other.path)


def _answered(wire: Wire, out: Matched) -> None:
    exchange, response = out.exchange, out.taken.response
    assert exchange is not None
    out.error = recognise(wire, exchange.step, response)
    if out.error:
        out.problem = _without(wire.errors[out.error].answer(exchange.step), response)
        return
    if response.status >= 400:
        out.problem = f"it was refused with {response.status}, and the contract has no such error"
        return
    out.exchange = exchange = min(_variants(wire, exchange), key=lambda item: _distance(item, out))
    answer = exchange.answer
    if response.status != answer.status:
        out.problem = f"the status is {response.status}, the contract has {answer.status}"
    elif answer.body is not None and (answer.body.data or response.body) and out.kind != answer.body.kind:
        out.problem = f"the body is {out.kind or 'not readable'}, the contract has {answer.body.kind}"
    else:
        out.problem = _without(answer, response)


def _without(answer: Answer, response: Response) -> str:
    """Which headers of the contract an answer lacks. What they say is the person's as often as not."""
    there = {name.lower() for name, _ in response.headers}
    lacking = [name for name in answer.headers if name.lower() not in there]
    return f"it comes without {', '.join(lacking)}" if lacking else ""


def _variants(wire: Wire, exchange: Exchange) -> Iterator[Exchange]:
    """An exchange and those that differ from it in the answer alone."""
    yield exchange
    if not exchange.name:
        yield from (item for item in wire.variants[exchange.step] if item.requests == exchange.requests)


def _distance(exchange: Exchange, out: Matched) -> int:
    """How far the answer's shape is from that of an exchange."""
    body = exchange.answer.body
    if body is None or out.document is None or kind_of(exchange.answer.type, body.data) != out.kind:
        return 1 << 20
    if out.kind == "xml":
        return 0 if exchange.name == "" else 1
    return sum(1 for _ in departures(body.document, out.document, body.free))


def answer_of(callback: str) -> Response:
    """What a provider answers when it sends the browser back."""
    return Response(302, [("Location", callback)])
