"""A login as an HTTP archive (HAR 1.2), for the browsers and tools that read one; masked like everything shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from mockidp import __version__
from mockidp.clock import iso
from mockidp.web.diagram import Step
from mockidp.wire import Pairs

Table = dict[str, Any]
TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "application/xml",
    "html": "text/html",
}


def archive(steps: list[Step]) -> Table:
    """The requests that reached the provider, in order. Those whose traffic is no longer remembered have no bodies."""
    creator = {"name": "mockidp", "version": __version__, "comment": "codes, tokens and secrets are masked"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(step) for step in steps if step.entry]}}


def _entry(step: Step) -> Table:
    entry = step.entry
    assert entry is not None
    comment = f"{step.lane} to provider; step {entry.step or 'unknown'}, matched {entry.exchange or 'nothing'}"
    if entry.refused:
        comment += f"; refused, {entry.refused}: {entry.why}"
    return {
        "startedDateTime": iso(entry.at).replace("Z", f".{int(entry.at % 1 * 1000):03d}Z"),
        "time": 0,
        "request": _request(step),
        "response": _response(step),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": comment,
    }


def _request(step: Step) -> Table:
    entry, shown = step.entry, step.shown
    assert entry is not None
    out: Table = {
        "method": shown.method if shown else entry.method,
        "url": shown.url if shown else entry.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(shown.request.headers if shown else []),
        "queryString": _named(shown.request.query if shown else []),
        "headersSize": -1,
        "bodySize": shown.request.size if shown else -1,
    }
    if shown and (shown.request.fields or shown.request.text):
        told = {"params": _named(shown.request.fields)} if shown.request.fields else {"text": shown.request.text}
        out["postData"] = {"mimeType": TYPES.get(shown.request.kind, "text/plain"), **told}  # never both: HAR 1.2
    return out


def _response(step: Step) -> Table:
    entry, shown = step.entry, step.shown
    assert entry is not None
    known = entry.status in HTTPStatus.__members__.values()
    content: Table = {"size": shown.answer.size if shown else -1, "mimeType": "x-unknown"}
    if shown:
        content["mimeType"] = TYPES.get(shown.answer.kind, "text/plain")
        content["text"] = shown.answer.text or "&".join(f"{name}={value}" for name, value in shown.answer.fields)
        content["comment"] = shown.answer.note
    return {
        "status": entry.status,
        "statusText": HTTPStatus(entry.status).phrase if known else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(shown.answer.headers if shown else []),
        "content": content,
        "redirectURL": shown.location if shown else "",
        "headersSize": -1,
        "bodySize": shown.answer.size if shown else -1,
    }


def _named(pairs: Pairs) -> list[Table]:
    return [{"name": name, "value": value} for name, value in pairs]
