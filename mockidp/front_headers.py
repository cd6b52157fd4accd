"""Headers on their way through a front: what is about one connection only stays behind, and what a browser says of a
page of the simulator's is what it would say of the provider's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

import h11

from mockidp.front_urls import Urls
from mockidp.wire import Pairs

HOP = {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "transfer-encoding"}
OURS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "forwarded", "accept-encoding"}

log = logging.getLogger("mockidp.front")


class Raw(Protocol):
    """Headers as h11 has them: names in small letters, and as they were sent."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]: ...

    def raw_items(self) -> list[tuple[bytes, bytes]]: ...


def onward(request: h11.Request, urls: Urls, host: str, peer: str) -> list[tuple[str, str]]:
    """A request's headers for the application: whom it is for and by whom, no compression, one request a connection."""
    pairs = [pair for pair in kept(request.headers) if pair[0].lower() not in (*OURS, "expect", "upgrade")]
    if request.method == b"POST" and _from_a_provider(pairs, urls):
        pairs = _as_from_elsewhere(pairs, urls, request.target.decode("ascii"))
    elif urls.site.secure:
        pairs = [_as_by_https(name, text, urls) for name, text in pairs]
    return [
        *pairs,
        ("Accept-Encoding", "identity"),
        ("X-Forwarded-For", peer),
        ("X-Forwarded-Host", host),
        ("X-Forwarded-Proto", "https" if urls.site.secure else "http"),
        ("X-Forwarded-Port", str(urls.site.port)),
    ]


def _as_by_https(name: str, text: str, urls: Urls) -> tuple[str, str]:
    """Where a page of the front says that it is the page's own address, it says https too: both are compared."""
    own = name.lower() in ("origin", "referer") and (text == urls.front or text.startswith(f"{urls.front}/"))
    return (name, f"https{text.removeprefix('http')}") if own else (name, text)


def upgrade(headers: Raw) -> Pairs:
    """The header that asks for another protocol on this connection, if it is asked for."""
    asked = "upgrade" in value(headers, b"connection").lower()
    return [("Connection", "Upgrade"), ("Upgrade", value(headers, b"upgrade"))] if asked else [("Connection", "close")]


def _from_a_provider(pairs: Pairs, urls: Urls) -> bool:
    """Whether a form was posted by a page of the simulator's: its origin, or none where pages do not tell it."""
    told = {name.lower(): value for name, value in pairs}
    origin = told.get("origin", "")
    return origin == urls.origin or (origin == "null" and told.get("sec-fetch-site") in ("same-site", "cross-site"))


def _as_from_elsewhere(pairs: Pairs, urls: Urls, target: str) -> Pairs:
    """What the application would be sent if that page were at the provider's own host."""
    origin = urls.site.poster(target)
    out: Pairs = []
    for name, value in pairs:
        low = name.lower()
        if low == "cookie":
            value, lost = urls.site.cookies_of_post(value)
            for cookie in lost:
                log.warning(LAX, cookie, urls.site.same_site[cookie].capitalize())
        if low == "sec-fetch-site":
            value = "cross-site"
        elif low == "origin":
            value = origin or value
        elif low == "referer" and origin:
            value = f"{origin}/"
        if value:
            out.append((name, value))
    return out


LAX = "cookie %s was kept back: with SameSite=%s no browser sends it when a provider's page posts its answer"


def kept(headers: Raw) -> Pairs:
    """The headers that are not about one connection (RFC 9110 section 7.6.1)."""
    named = {name.strip().lower() for name in value(headers, b"connection").split(",")} - {""}
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw_items()]
    return [pair for pair in pairs if pair[0].lower() not in HOP | named]


def value(headers: Raw, name: bytes) -> str:
    return ", ".join(value.decode("latin-1") for key, value in headers if key == name)


def ends(pair: tuple[bytes, bytes]) -> bool:
    return pair[0].decode("latin-1").lower() not in HOP


def of_length(headers: Pairs, length: int) -> Pairs:
    """The headers of a body that is another one now."""
    gone = ("content-length", "etag", "content-md5", "digest", "content-digest", "repr-digest", "cache-control")
    kept = [pair for pair in headers if pair[0].lower() not in gone]
    return [*kept, ("Content-Length", str(length)), ("Cache-Control", "no-store")]
