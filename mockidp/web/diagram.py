"""A login as a sequence of messages between browser, application and provider, ready to be shown.

The simulator sees what reaches the provider. Two messages it can only conclude, and they are marked so: the application
sends the browser to the provider, and the browser brings the provider's answer back to the application.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockidp.contract.exchange import BODIES, Exchange
from mockidp.contract.wire import Wire
from mockidp.errors import MockidpError
from mockidp.journal import Entry, Login, cut
from mockidp.web.curl import curl
from mockidp.web.traffic import Exchanged, Masks, exchanged, header, headers_of, in_body, is_secret
from mockidp.wire import DECISION, Request

if TYPE_CHECKING:
    from mockidp.world import World

LONG = 46  # characters of a path on an arrow
ADDRESS_OF_FORM = re.compile(rb"""<form[^>]*action=["']([^"']+)["']""")


@dataclass
class Param:
    """One parameter as the contract has it and as it was sent.

    `fits` is a word for it: fits, differs, missing, absent, unlisted or refused.
    """

    place: str
    name: str
    wanted: str
    sent: str | None
    fits: str


@dataclass
class Proof:
    """The evidence behind an answer."""

    kind: str
    source: str
    date: str
    note: str


@dataclass
class Step:
    """One message and its answer. `lane` is who asks: browser or application; `concluded` is not seen but follows."""

    number: int
    lane: str
    title: str
    path: str
    entry: Entry | None = None
    answer: str = ""
    good: bool = True
    offset: float = 0.0
    to: str = "provider"
    concluded: str = ""
    left: bool = False
    shown: Exchanged | None = None
    params: list[Param] = field(default_factory=list)
    contract: str = ""
    proof: Proof | None = None
    curl: str = ""
    why: str = ""
    expected: str | None = None
    got: str | None = None
    remarks: list[str] = field(default_factory=list)


def steps(world: World, login: Login, base: str) -> list[Step]:
    """The messages of a login in order; `base` is this server's, for what may be copied."""
    wire = _wire(world, login.provider)
    masks = Masks(login, world.apps.of(login.provider) if wire else ())
    out: list[Step] = []
    for number, entry in enumerate(login.entries, 1):
        step = _step(number, entry, login, wire, masks, base)
        if step.lane == "browser" and not any(item.lane == "browser" for item in out):
            why = "not seen by the provider: the application sends the browser on"
            title = f"goes to {urlsplit(entry.url).netloc}"
            out.append(Step(0, "browser", title, "", to="application", concluded=why, left=True))
        out.append(step)
        out += _back(step, masks)
    return out


def _wire(world: World, provider: str) -> Wire | None:
    try:
        return world.wire(provider)
    except MockidpError:
        return None


def _step(number: int, entry: Entry, login: Login, wire: Wire | None, masks: Masks, base: str) -> Step:
    shown = exchanged(entry, masks, base)
    parts = urlsplit(shown.url if shown else entry.url)
    exchange = _exchange(wire, entry, login)
    step = Step(
        number,
        lane_of(entry, wire),
        f"{entry.method} {entry.step or 'nothing of the contract'}",
        _clipped(f"{parts.netloc}{parts.path}"),
        entry,
        _answer(entry, shown),
        not entry.refused and entry.status < 400,
        round((entry.at - login.started) * 1000),
        shown=shown,
        proof=_proof(wire, entry),
        curl=curl(shown, entry) if shown else "",
        why=masks.text(entry.why),
        expected=None if entry.expected is None else masks.text(entry.expected),
        got=None if entry.got is None else masks.text(entry.got),
        remarks=[masks.text(remark) for remark in entry.remarks],
    )
    if exchange is not None:
        step.contract = " or ".join(f"{method} {url}" for method, url in exchange.requests)
        step.params = list(_params(exchange, entry, masks))
    return step


def lane_of(entry: Entry, wire: Wire | None) -> str:
    """Who sent a request: a browser says so itself, and only a browser is shown pages and sent on."""
    traffic = entry.traffic
    if traffic is not None:
        headers = headers_of(traffic.headers)
        if header(headers, "sec-fetch-mode") == "navigate" or traffic.decision:
            return "browser"
        target = urlsplit(header(headers_of(traffic.answer_headers), "location")).netloc.lower()
        if target and target not in (urlsplit(traffic.url).netloc.lower(), _host(traffic.base)):
            return "browser"
    at_page = wire is not None and wire.group(entry.step) == "authorize"
    return "browser" if at_page or entry.step == "authorize" else "application"


def _answer(entry: Entry, shown: Exchanged | None) -> str:
    if not entry.status:
        return "no answer"
    if entry.refused:
        return f"{entry.status} refused: {entry.refused}"
    if shown is not None and shown.location:
        return f"{entry.status} go to {_clipped(urlsplit(shown.location).netloc or shown.location)}"
    if shown is not None and shown.answer.kind == "html" and entry.step == "authorize":
        return f"{entry.status} a page"
    return f"{entry.status} {shown.answer.kind}".strip() if shown is not None else str(entry.status)


def _clipped(text: str) -> str:
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def _back(step: Step, masks: Masks) -> Iterator[Step]:
    """The way back to the application, in a redirect or in a form that posts itself."""
    if step.entry is None or step.lane != "browser" or step.entry.traffic is None:
        return
    traffic = step.entry.traffic
    location = header(headers_of(traffic.answer_headers), "location")
    target, method, params = location, "GET", step.shown.params if step.shown else []
    if not location:
        found = ADDRESS_OF_FORM.search(traffic.answer_body)
        if found is None or (traffic.method == "GET" and b"mockidp.decision" in traffic.answer_body):
            return
        target, method = found[1].decode("utf-8", "replace"), "POST"
        kind = header(headers_of(traffic.answer_headers), "content-type")
        params = masks.pairs([(name, value) for name, value in in_body(traffic.answer_body, kind) if name])
    parts = urlsplit(target)
    if not parts.netloc or parts.netloc.lower() in (urlsplit(traffic.url).netloc.lower(), _host(traffic.base)):
        return
    told = ", ".join(dict.fromkeys(name for name, _ in params)) or "nothing"
    why = f"not seen by the provider: the browser brings {told} back to the application"
    title = f"{method} callback"
    yield Step(0, "browser", title, _clipped(f"{parts.netloc}{parts.path}"), to="application", concluded=why)


def _host(base: str) -> str:
    return urlsplit(base).netloc.lower()


def _exchange(wire: Wire | None, entry: Entry, login: Login) -> Exchange | None:
    """What a request was compared with: the exchange that matched or, where an error is told, that of the step."""
    if wire is None or not entry.step:
        return None
    named = (item for item in wire.exchanges if item.label == entry.exchange and item.requests)
    return next(named, None) or wire.step(entry.step)


def _params(exchange: Exchange, entry: Entry, masks: Masks) -> Iterator[Param]:
    traffic = entry.traffic
    if traffic is None:
        return
    headers = {name.lower(): value for name, value in headers_of(traffic.headers)}
    request = Request.of(traffic.method, traffic.url, headers, traffic.body)
    for key, pattern in exchange.params["headers"].items():
        sent = headers.get(key.lower())
        shown = None if sent is None else masks.header(key, sent)
        yield Param("header", key, pattern.text, shown, _fits(pattern, sent))
    for place, pairs in zip(BODIES, exchange.sent_pairs(request), strict=True):
        seen, listed = dict(pairs), exchange.params[place]
        for key, pattern in listed.items():
            sent = seen.get(key)
            refused = sent is not None and entry.refused and sent == entry.got
            yield Param(
                place, key, pattern.text, _shown(key, sent, masks), "refused" if refused else _fits(pattern, sent)
            )
        for key, value in seen.items():
            if key not in listed and not key.startswith(DECISION):  # what the page asked is no parameter
                yield Param(place, key, "", _shown(key, value, masks), "unlisted")


def _shown(key: str, sent: str | None, masks: Masks) -> str | None:
    if sent is None:
        return None
    return cut(sent) if sent and is_secret(key) else masks.text(sent)


def _fits(pattern: Any, sent: str | None) -> str:
    if sent is None:
        return "absent" if pattern.optional else "missing"
    return "fits" if pattern.tell(sent, {}) else "differs"


def _proof(wire: Wire | None, entry: Entry) -> Proof | None:
    known = wire.spec.evidence.get(entry.evidence) if wire is not None else None
    return Proof(known.kind, known.source, known.date.isoformat(), known.note) if known is not None else None
