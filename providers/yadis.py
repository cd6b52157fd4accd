"""Discovery of an OpenID 2.0 endpoint (OpenID Authentication 2.0 section 7.3): XRDS by Yadis, else HTML links.

Only what a login needs: http(s) identifiers, the services of types server and signon. XRI is refused; nothing on the
public internet resolves it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from .http import Flow, Response, is_web_url, request
from .xml import root

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SERVER = "http://specs.openid.net/auth/2.0/server"
SIGNON = "http://specs.openid.net/auth/2.0/signon"
_ACCEPT = "application/xrds+xml, application/xhtml+xml;q=0.5, text/html;q=0.3"
_XRD = "{xri://$xrd*($v*2.0)}"
_MAX_REDIRECTS = 5


class Service(NamedTuple):
    """An endpoint. Without a claimed id it is that of a provider, which lets the user choose the identifier."""

    endpoint: str
    claimed_id: str = ""
    local_id: str = ""


def normalize(identifier: str) -> str | None:
    """Section 7.2: an absolute http(s) URL without fragment, or None."""
    text = identifier.strip().removeprefix("xri://")
    if not text or text[0] in "=@+$!(":
        return None
    if "://" not in text:
        text = f"http://{text}"
    text = text.partition("#")[0]
    return normal_url(text) if is_web_url(text) else None


def normal_url(url: str) -> str:
    """RFC 3986 section 6: lower case scheme and host, no default port, a path."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if parts.port is not None and (parts.scheme, parts.port) not in (("http", 80), ("https", 443)):
        host = f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, parts.fragment))


def discover(url: str, headers: Mapping[str, str], busy: Callable[[Response], None]) -> Flow[list[Service]]:
    """The services of a normalized identifier, best first; an endpoint of a provider goes before one of a person.

    `busy` is told of a server that cannot answer now (429, 5xx), to raise the error that it stands for.
    """
    response, final = yield from _fetch(url, headers, busy)
    if response is None:
        return []
    if response.content_type == "application/xrds+xml":
        return xrds_services(response, final)
    page = _Page(response.text)
    location = response.headers.get("x-xrds-location") or page.xrds_location
    if location and is_web_url(location):
        pointed, _ = yield from _fetch(location, headers, busy)
        services = xrds_services(pointed, final) if pointed is not None else []
        if services:
            return services
    return page.services(final)


def _fetch(url: str, headers: Mapping[str, str], busy: Callable[[Response], None]) -> Flow[tuple[Response | None, str]]:
    """The document and the URL it was found at, which is the claimed identifier (section 7.2, point 4)."""
    for _ in range(_MAX_REDIRECTS):
        response = yield request("discovery", "GET", url, headers={**headers, "Accept": _ACCEPT})
        target = urljoin(url, response.headers.get("location", "")).partition("#")[0]
        if response.status == 429 or response.status >= 500:
            busy(response)
        if response.status not in (301, 302, 303, 307, 308):
            return (response if response.status == 200 else None), normal_url(url)
        if not is_web_url(target) or (url.startswith("https:") and not target.startswith("https:")):
            break
        url = target
    return None, url


def xrds_services(response: Response, claimed_id: str) -> list[Service]:
    """The services of the last XRD of an XRDS document, in the order of their priority."""
    top = root(response)
    xrds = [] if top is None else top.findall(f"{_XRD}XRD")
    elements = sorted(xrds[-1].findall(f"{_XRD}Service"), key=_priority) if xrds else []
    return sorted(
        (service for element in elements for service in _services(element, claimed_id)),
        key=lambda service: bool(service.claimed_id),
    )


def _services(element: Element, claimed_id: str) -> list[Service]:
    types = {(one.text or "").strip() for one in element.findall(f"{_XRD}Type")}
    uris = [(one.text or "").strip() for one in sorted(element.findall(f"{_XRD}URI"), key=_priority)]
    uris = [uri for uri in uris if is_web_url(uri)]
    if SERVER in types:
        return [Service(uri) for uri in uris]
    if SIGNON in types:
        local_id = (element.findtext(f"{_XRD}LocalID") or "").strip() or claimed_id
        return [Service(uri, claimed_id, local_id) for uri in uris]
    return []


def _priority(element: Element) -> int:
    value = element.get("priority", "")
    return int(value) if value.isdecimal() and len(value) < 10 else 10**9


class _Page(HTMLParser):
    """The links and the Yadis pointer in the head of a page (section 7.3.3)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.xrds_location = ""
        self._in_head = True
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_head = self._in_head and tag != "body"
        given = {name: value or "" for name, value in attrs}
        if not self._in_head:
            return
        if tag == "link":
            for rel in given.get("rel", "").lower().split():
                self.links.setdefault(rel, given.get("href", "").strip())
        elif tag == "meta" and given.get("http-equiv", "").lower() == "x-xrds-location":
            self.xrds_location = self.xrds_location or given.get("content", "").strip()

    def services(self, claimed_id: str) -> list[Service]:
        endpoint = self.links.get("openid2.provider", "")
        local_id = self.links.get("openid2.local_id") or claimed_id
        return [Service(endpoint, claimed_id, local_id)] if is_web_url(endpoint) else []
