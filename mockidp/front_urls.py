"""What the front turns on its way from the application to the browser, and how: no sockets here.

Turned are redirects and forms to any provider's host, since both act by themselves; links and scripts where a contract
has something at their URL, so that a link to a page at a provider's site stays one; and of JSON only strings that are,
whole, the URL of a login. A host that no contract knows is left alone, and so is every byte around what is turned.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockidp.apps import LOOPBACK
from mockidp.contract.files import index
from mockidp.front_html import Html, is_html
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.contract.wire import Exchange
    from mockidp.simulator import Simulator
    from mockidp.world import World

ORIGINS = 16  # of the application's own that are learned; one is usual
COOKIES = 500  # whose SameSite is remembered
ABSOLUTE = re.compile(r"\s*(?:(https?):)?//([^/?#\\\s]+)", re.I)
REDIRECTS = {301, 302, 303, 307, 308}
USUAL = {"http": ":80", "https": ":443"}
DIGESTS = {"content-md5", "digest", "content-digest", "repr-digest"}  # of a body that is another one now
POLICIES = {"content-security-policy", "content-security-policy-report-only"}


class Site:
    """The application behind a front: at which ports both are, the simulator, and the origins that are its own."""

    def __init__(self, simulator: Simulator, base: str, *, port: int, app_port: int, world: str = "") -> None:
        self.simulator, self.base, self.port, self.app_port = simulator, base, port, app_port
        self.world_name = world
        self.secure = False  # whether the application is told that browsers come by HTTPS: see `Urls.forces_https`
        self.learned: dict[str, None] = {}
        self.same_site: dict[str, str] = {}
        self.posters: dict[str, str] = {}

    @property
    def world(self) -> World:
        return self.simulator.worlds.get(self.world_name, self.simulator.world)

    def learn(self, url: str) -> None:
        """Remember where the application believes to be: a provider is asked to send the browser back there."""
        found = ABSOLUTE.match(url)
        if found and found[1] and _name(found[2]) not in LOOPBACK and not self.world.at_host(_host(found)):
            self.learned[_origin(found)] = None
            if len(self.learned) > ORIGINS:
                del self.learned[next(iter(self.learned))]

    def is_own(self, found: re.Match[str]) -> bool:
        """Whether a URL is the application's by another name than the front's."""
        if _name(found[2]) in LOOPBACK:
            ours = ("", str(self.port)) if self.secure and (found[1] or "").lower() == "https" else ()
            return _port(found[2]) in (str(self.app_port), *ours)
        return _origin(found) in self.learned

    def cookies_of_post(self, value: str) -> tuple[str, list[str]]:
        """The cookies that a browser sends along when another site posts, as a provider's is in reality.

        Here both are one site. Returned are the Cookie header and the names that are not in it any more: those with
        SameSite=Lax or Strict (RFC 6265bis section 5.8.3).
        """
        pairs = [part.strip() for part in value.split(";")]
        lost = [p for p in pairs if self.same_site.get(p.partition("=")[0].strip()) in ("lax", "strict")]
        return "; ".join(p for p in pairs if p not in lost), [p.partition("=")[0] for p in lost]

    def poster(self, target: str) -> str:
        """The origin of the provider whose page posts to a path of the application; "" where none does."""
        return self.posters.get(target.partition("?")[0], "")

    def bring_back(self, request: Request, response: Response) -> None:
        """Let a provider's answer to a browser in path form lead to the front, not past it to the application."""
        urls = Urls(self, urlsplit(request.base).netloc)
        location = response.header("location")
        if location:
            self.learn(location)
        turned = urls.home(location) if location else None
        html = is_html(response.header("content-type"))
        if html:
            pages = Html(
                lambda tag, name, url: self._action_home(urls, url, request.host) if name == "action" else None
            )
            response.body = pages.feed(response.body) + pages.end()
        headers: Pairs = []
        for key, value in response.headers:
            if key.lower() == "location" and turned:
                value = turned
            elif key.lower() in POLICIES and html:
                value = urls.policy_home(value)
            headers.append((key, value))
        response.headers = headers

    def _action_home(self, urls: Urls, url: str, host: str) -> str | None:
        """Where a provider's page posts the answer to, and a note of which provider it is."""
        self.learn(url)
        home = urls.home(url) or (url if urls.front and url.startswith(f"{urls.front}/") else None)
        if home is not None:
            self.posters[urlsplit(home).path] = f"https://{host}"
            if len(self.posters) > ORIGINS:
                del self.posters[next(iter(self.posters))]
        return home


class Urls:
    """The URLs of one answer, for a browser that called the front by this Host."""

    def __init__(self, site: Site, host: str) -> None:
        self.site = site
        self.name = name = _name(host)
        self.front = f"http://{name if ':' not in name else f'[{name}]'}:{site.port}" if name else ""
        at = urlsplit(site.base)
        # One name for both: to a browser 127.0.0.1 and localhost are two sites, and each has cookies of its own.
        same = name in ("127.0.0.1", "localhost") and at.hostname in ("127.0.0.1", "localhost")
        self.origin = f"http://{name}:{at.port}" if same else site.base
        self.base = f"{self.origin}/~{site.world_name}" if site.world_name else self.origin

    def home(self, url: str) -> str | None:
        """The front's URL for one of the application's own; None where it is not."""
        found = ABSOLUTE.match(url)
        if found is None or not self.front or not self.site.is_own(found):
            return None
        rest = url[found.end() :].rstrip()
        return f"{self.front}{rest if rest[:1] == '/' else '/' + rest}"

    def redirect(self, url: str) -> str | None:
        """What a redirect or form that leads to a URL must lead to instead; None for as it is."""
        found = ABSOLUTE.match(url)
        if found is None:
            return None
        if (own := self.home(url)) is not None:
            return own
        host = _host(found)
        if not self.site.world.at_host(host):
            return None
        self._learn_from(url)
        return self._path_form(host, url, found)

    def link(self, url: str) -> str | None:
        """The same for what somebody may click or a page loads: where a contract has something at that URL."""
        found = ABSOLUTE.match(url)
        if found is None:
            return None
        if (own := self.home(url)) is not None:
            return own
        if not self._exchanges(found, url):
            return None
        self._learn_from(url)
        return self._path_form(_host(found), url, found)

    def login(self, url: str) -> str | None:
        """The same for a text that may be anything: where it is the URL of a login."""
        found = ABSOLUTE.match(url)
        if found is None or not found[1]:
            return None
        if not any(item.answer.redirect is not None for item in self._exchanges(found, url)):
            return None
        self._learn_from(url)
        return self._path_form(_host(found), url, found)

    def _path_form(self, host: str, url: str, found: re.Match[str]) -> str:
        rest = url[found.end() :].rstrip()
        return f"{self.base}/{host}{rest if rest[:1] == '/' else '/' + rest}"

    def _exchanges(self, found: re.Match[str], url: str) -> list[Exchange]:
        world = self.site.world
        host, parts = _host(found), urlsplit(url.strip())
        asked = Request("GET", host, parts.path or "/", parts.query)
        return [item for of in world.at_host(host) for item in world.wire(of).route(asked).exchanges]

    def _learn_from(self, url: str) -> None:
        """An authorize URL says where the application wants its answer."""
        found = ABSOLUTE.match(url)
        for item in self._exchanges(found, url) if found else ():
            parts = urlsplit(url.strip())
            told, _ = item.match(Request("GET", parts.netloc.lower(), parts.path, parts.query))
            for name in ("redirect_uri", "return_to"):
                self.site.learn(str(told.get(name) or ""))

    def forces_https(self, status: int, location: str, target: str) -> bool:
        """Whether a redirect only wants the same page by HTTPS, as an application's behind TLS does in production."""
        found = ABSOLUTE.match(location)
        if found is None or status not in REDIRECTS or (found[1] or "").lower() != "https":
            return False
        ours = _name(found[2]) == self.name or self.site.is_own(found)
        return ours and (location[found.end() :].partition("?")[0] or "/") == target.partition("?")[0]

    # headers

    def headers(self, pairs: Pairs, *, html: bool) -> Pairs:
        """An answer's headers as the browser needs them; `html` says that the body is going to be turned too."""
        out: Pairs = []
        fresh = html
        for name, value in pairs:
            low = name.lower()
            if low == "location" and (turned := self.redirect(value)):
                value, fresh = turned, True
            elif low == "refresh":
                value = self.refresh(value)
            elif low in POLICIES:
                value = self.policy(value)
            elif low == "set-cookie":
                value = self.cookie(value)
            elif html and low in DIGESTS:
                continue
            out.append((name, value))
        if fresh:  # a browser that kept it would go to where the simulator was, not to where it is next time
            out = [pair for pair in out if pair[0].lower() not in ("cache-control", "expires", "etag", "last-modified")]
            out.append(("Cache-Control", "no-store"))
        return out

    def refresh(self, value: str) -> str:
        """The header and the meta element: `5; url=https://…`, quoted or not."""
        found = re.match(r"(\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?)(['\"]?)(.*?)(\2\s*)$", value, re.I | re.S)
        turned = self.redirect(found[3]) if found else None
        return f"{found[1]}{found[2]}{turned}{found[4]}" if found and turned else value

    def policy(self, value: str) -> str:
        """A content security policy that allows the simulator wherever it allows a provider (CSP3 section 2.3.1), and
        plain HTTP, which is all that the front speaks."""
        parts = [part for part in value.split(";") if part.strip().lower() != "upgrade-insecure-requests"]
        return ";".join(self._directive(part) for part in parts)

    def _directive(self, text: str) -> str:
        _, *sources = text.split()
        return f"{text.rstrip()} {self.origin}" if any(self._allows(one) for one in sources) else text

    def _allows(self, source: str) -> bool:
        if source == "https:":
            return True
        host = re.sub(r"^https?://", "", source.lower()).partition("/")[0].removesuffix(":443").removesuffix(":*")
        if "." not in host:
            return False
        if self.site.world.at_host(host):
            return True
        return host.startswith("*.") and any(
            known.endswith(host[1:]) for card in index().values() for known in card.hosts
        )

    def policy_home(self, value: str) -> str:
        return " ".join(self._source_home(one) for one in value.split(" "))

    def _source_home(self, source: str) -> str:
        bare = source.rstrip(";")
        home = self.home(bare)
        return source.replace(bare, home.rstrip("/")) if home else source

    def cookie(self, value: str) -> str:
        """A cookie that a browser takes from plain HTTP on loopback: not all of them take a Secure one there."""
        pair, *attributes = [part.strip() for part in value.split(";")]
        name = pair.partition("=")[0].strip()
        kept = [one for one in attributes if one.partition("=")[0].strip().lower() != "domain"]
        told = {one.partition("=")[0].strip().lower(): one.partition("=")[2].strip().lower() for one in kept}
        self.site.same_site[name] = told.get("samesite", "")
        if len(self.site.same_site) > COOKIES:
            del self.site.same_site[next(iter(self.site.same_site))]
        if "secure" in told and not name.lower().startswith(("__host-", "__secure-")):
            kept = [one for one in kept if one.lower() not in ("secure", "samesite=none")]
        return "; ".join([pair, *kept])

    # bodies

    def html(self) -> Html:
        """A body of HTML, to be turned as it comes."""
        return Html(self._attribute)

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        if tag == "meta":
            turn = {"refresh": self.refresh, "content-security-policy": self.policy}.get(name)
            turned = turn(value) if turn else value
            return turned if turned != value else None
        return self.redirect(value) if name in ("action", "formaction") else self.link(value)

    def json(self, body: bytes) -> bytes:
        """A JSON body with the URLs of logins turned; the very same bytes where there is none."""

        def one(found: re.Match[bytes]) -> bytes:
            try:
                text = json.loads(found[1])
            except ValueError:
                return found[0]
            turned = self.login(text)
            return found[0] if turned is None else json.dumps(turned).encode() + found[2]

        return JSON_URL.sub(one, body)


JSON_URL = re.compile(
    rb'(?<!\\)("https?:(?:\\?/){2}(?:[^"\\]|\\.)*")(\s*(?:[,}\]]|$))'
)  # a value, and not a member's name


def _name(authority: str) -> str:
    """The host of a Host header or URL without its port, IPv6 without brackets."""
    authority = authority.rpartition("@")[2].lower()
    name, colon, port = authority.rpartition(":")
    return (name if colon and port.isdecimal() and not name.endswith(":") else authority).strip("[]")


def _port(authority: str) -> str:
    """The port of a Host header or URL; "" where there is none."""
    _, colon, port = authority.rpartition(":")
    return port if colon and port.isdecimal() else ""


def _host(found: re.Match[str]) -> str:
    """The host of a URL as contracts write it: with a port where that is not the usual one."""
    return found[2].rpartition("@")[2].lower().removesuffix(USUAL[(found[1] or "https").lower()])


def _origin(found: re.Match[str]) -> str:
    return f"{(found[1] or 'https').lower()}://{_host(found)}"


def is_json(content_type: str) -> bool:
    kind = content_type.lower().partition(";")[0].strip()
    return kind == "application/json" or kind.endswith("+json")
