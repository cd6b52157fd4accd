"""A captured exchange as it may be shown: what the contract lists of it, with fakes for all that is somebody's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from mockidp.check.record import shape
from mockidp.check.record.fakes import Fakes
from mockidp.check.record.match import Matched
from mockidp.check.record.redact import Redacted, dumped
from mockidp.contract.template import Pattern, url_regex
from mockidp.contract.wire import Exchange, Wire
from mockidp.wire import encoded

HERE = ("127.0.0.1", "localhost", "::1")


def shown(item: Matched, redacted: Redacted | None, fakes: Fakes, wire: Wire) -> dict[str, Any]:
    """Request and answer of one exchange, for a reader."""
    exchange, response = item.exchange, item.taken.response
    assert exchange is not None
    view = View(exchange, fakes)
    query, form = exchange.sent_pairs(item.taken.request)
    asked = view.pairs("query", query)
    request: dict[str, Any] = {
        "method": item.taken.request.method,
        "url": view.url(item) + (f"?{encoded(asked)}" if asked else ""),
        "headers": view.headers(item.taken.request.headers),
        "form": dict(view.pairs("form", form)),
    }
    answer: dict[str, Any] = {"status": response.status, "type": response.header("content-type").partition(";")[0]}
    if item.callback is not None:
        answer["callback"] = view.callback(wire, item)
    if redacted is not None:
        answer["body"] = dumped(item.kind, redacted.document, response.body).decode("utf-8", "replace")
    return {"step": item.step, "name": item.label, "request": request, "response": answer}


class View:
    """One exchange's own words for what a request holds."""

    def __init__(self, exchange: Exchange, fakes: Fakes) -> None:
        self.exchange, self.fakes = exchange, fakes

    def url(self, item: Matched) -> str:
        """The contract's URL, a fake for each part that is somebody's."""
        request = item.taken.request
        plain = f"{request.scheme}://{request.host}{request.path}"
        for template in self.exchange.urls:
            if template == plain:
                return plain
            if (found := url_regex(template).fullmatch(plain)) is not None:
                return self.fakes.filled(template, found.groupdict(), plain)
        return self.exchange.urls[0]

    def pairs(self, place: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        known = self.exchange.params[place]
        return [(key, self.value(known.get(key), text)) for key, text in pairs if key in known or shape.is_name(key)]

    def headers(self, headers: dict[str, str]) -> dict[str, str]:
        known = self.exchange.listed_headers
        return {key: self.value(known[key], text) for key, text in headers.items() if key in known}

    def value(self, pattern: Pattern | None, text: str) -> str:
        """One value: the contract's own, or its parts by their names, or what it looks like."""
        if pattern is None or (found := pattern.match(text)) is None:
            return self.part(text)
        if not found:
            return text if pattern.literal else self.part(text)
        out = text
        for value in found.values():
            out = out.replace(value, self.part(value), 1)
        return out if out != text or set(found.values()) <= self.fakes.public else self.part(text)

    def part(self, text: str) -> str:
        if text in self.fakes.public:
            return text
        if shape.kind(text) == "url":
            parts = urlsplit(text)
            return f"{parts.scheme}://{parts.hostname}/" if parts.hostname in HERE else shape.PLACEHOLDERS["url"]
        made = shape.placeholder(text) if shape.claims_of(text) is not None else self.fakes.of(text)
        return str(made)

    def callback(self, wire: Wire, item: Matched) -> dict[str, str]:
        """The parameters that the browser brought to the app."""
        answer = wire.errors[item.error].answer(item.step) if item.error else self.exchange.answer
        known = answer.redirect or {}
        told = item.callback or {}
        return {
            key: self.value(known.get(key), text) for key, text in told.items() if key in known or shape.is_name(key)
        }
