"""Request in, response out: finds the world, the provider, the exchange and the family, and writes the journal.

No sockets and no sleeping. Clock and randomness belong to the world. A mount calls `handle` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from mockidp.apps import IN_WORLD
from mockidp.contract.body import FORMATS, read
from mockidp.contract.files import index
from mockidp.contract.wire import Exchange, Route, Wire
from mockidp.errors import ContractError, Refusal
from mockidp.families import family_of
from mockidp.families.base import Call
from mockidp.journal import Entry, Login, Traffic, cut
from mockidp.store import TRACED, MemoryStore, Shelf, Store
from mockidp.wire import DECISION, Request, Response, encoded, split_path_form
from mockidp.world import World

if TYPE_CHECKING:
    from mockidp.front_urls import Site

WORLD_PREFIX = "/~"
WORLDS = 1000
SLOW = 30.0  # seconds that the fault `slow` takes


class Simulator:
    """All providers, in one or several worlds. `world` is the one that requests belong to unless they say otherwise."""

    def __init__(self, world: World | None = None, *, store: Store | None = None) -> None:
        self.world = world or World()
        self.worlds: dict[str, World] = {self.world.name: self.world}
        self.store: Store = MemoryStore() if store is None else store
        self.own_hosts: set[str] = set()  # where the server's own pages are served beside loopback
        self.token = ""  # what they and the control interface ask for; nothing where it is empty
        self.front: Site | None = None  # where browsers in path form go back to: `mockidp run --front`

    def add(self, world: World) -> World:
        """Serve one more world, under its name. The oldest goes when there are too many."""
        self.worlds[world.name] = world
        if len(self.worlds) > WORLDS:
            oldest = next(name for name in self.worlds if name != self.world.name)
            del self.worlds[oldest]
        return world

    def records(self, world: World) -> Store:
        """What is remembered of one world."""
        return Shelf(self.store, world.shelf, traced=world is not self.world)

    def drop(self, name: str) -> None:
        self.worlds.pop(name, None)

    def knows(self, host: str) -> bool:
        """Whether a provider answers at this host."""
        return bool(self.world.at_host(host.lower()))

    def hosts(self) -> list[str]:
        """The hosts of all providers in any world; `*` stands for any one label."""
        return sorted({host for world in self.worlds.values() for host in world.hosts()})

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for anything that a request can hold."""
        world = self._world(request)
        providers = world.at_host(request.host)
        if not providers and (split := split_path_form(request.path)) is not None:
            request = _unfolded(request, *split)
            providers = world.at_host(request.host)
            if not providers:
                return self._unknown_host(request)
        if not providers:
            return self._own(world, request)
        try:
            response = self._at_provider(world, providers, request, take_decision(request))
            if request.base and self.front is not None:
                self.front.bring_back(request, response)
            return response
        except ContractError as error:
            text = f"broken contract: {error}\n"
            return Response(500, [("Content-Type", "text/plain; charset=utf-8")], text.encode())

    def _told_world(self, provider: str, told: dict[str, str]) -> World | None:
        """The world that a request names by its client id (`mockidp~NAME`), or whose code or token it brings."""
        _, tilde, name = told.get("app.id", "").rpartition(IN_WORLD)
        if tilde and name in self.worlds:
            return self.worlds[name]
        shelf = Shelf(self.store, "")
        found = [shelf.world_of(kind, f"{provider}:{told[value]}") for kind, value in TRACED.items() if value in told]
        return next((self.worlds[name] for name in found if name in self.worlds), None)

    def _world(self, request: Request) -> World:
        """The world of a request: named by the mount, or by a path prefix `/~name`."""
        if request.path.startswith(WORLD_PREFIX):
            name, slash, rest = request.path[len(WORLD_PREFIX) :].partition("/")
            if name in self.worlds:
                request.path, request.world = slash + rest or "/", name
                return self.worlds[name]
        return self.worlds.get(request.world, self.world)

    def _at_provider(self, world: World, providers: list[str], request: Request, decision: dict[str, str]) -> Response:
        best: tuple[str, Route] | None = None
        for provider in providers:
            route = world.wire(provider).route(request)
            if route.exchanges:
                return self._exchange(world, provider, route.exchanges[0], route, request, decision)
            if route.methods:
                best = best or (provider, route)
        return self._no_exchange(world, best[0] if best else providers[0], best[1] if best else Route(), request)

    def _exchange(
        self, world: World, provider: str, exchange: Exchange, route: Route, request: Request, decision: dict[str, str]
    ) -> Response:
        wire = exchange.wire
        told, problems = exchange.match(request)
        told.update(route.values)
        if len(self.worlds) > 1 and world is self.world and (other := self._told_world(provider, told)) is not None:
            return self._at_provider(other, [provider], request, decision)
        url, secret = request.url, told.get("app.secret")
        if secret and ("?" in url or secret in url):  # whatever a provider calls it there
            url = url.replace(secret, cut(secret)).replace(quote(secret, safe=""), cut(secret))
        entry = Entry(
            world.clock.now(),
            exchange.step,
            request.method,
            url,
            exchange=exchange.label,
            evidence=exchange.evidence,
        )
        family = family_of(provider, wire.family)
        call = Call(family, world, self.records(world), wire, exchange, request, told, problems, entry, decision)
        call.login = (world.journal.opened(provider, entry.url) if decision else None) or family.login_of(call)
        try:
            response = family.handle(call)
        except Refusal as refusal:
            response = family.refused(call, refusal)
            call.login = call.login or _traced(call)
            if call.login is not None and call.login.outcome in ("open", "code"):
                call.login.outcome = "denied" if refusal.name == "denied" else "refused"
        response = self._deviate(call, response)
        if call.cookie:
            response.headers.append(("Set-Cookie", call.cookie))
        self._write(world, call, response)
        call.close()
        return response

    def _write(self, world: World, call: Call, response: Response) -> None:
        login = call.login or world.journal.last(call.provider) or world.journal.begin(call.provider, call.now)
        if call.app is not None and not login.app:
            login.app = call.app.client_id
        call.entry.status = response.status
        call.entry.traffic = Traffic(call.request, response, call.decision)
        world.journal.add(login, call.entry)

    def _deviate(self, call: Call, response: Response) -> Response:
        for fault in call.faults("answer"):
            ANSWER_FAULTS[fault.name](response)
        return response

    def _no_exchange(self, world: World, provider: str, route: Route, request: Request) -> Response:
        """The host is known and nothing of the contract is at this path, or not for this method."""
        wire = world.wire(provider)
        known = sorted({f"{item.method} {item.urls[0]}" for item in wire.exchanges if item.urls})
        why = (
            f"{request.method} is not what the contract has here"
            if route.methods
            else "no step of the contract is at this path"
        )
        entry = Entry(
            world.clock.now(),
            "",
            request.method,
            request.url,
            status=405 if route.methods else 404,
            refused="method" if route.methods else "path",
            why=why,
            expected=", ".join(route.methods or known),
            got=f"{request.method} {request.path}",
        )
        response = self._lost(wire, request, entry, why, known)
        if route.methods:
            response.headers.append(("Allow", ", ".join(route.methods)))
        entry.traffic = Traffic(request, response)
        world.journal.add(world.journal.last(provider) or world.journal.begin(provider, entry.at), entry)
        return response

    def _lost(self, wire: Wire, request: Request, entry: Entry, why: str, known: list[str]) -> Response:
        """What is at this host instead: a page for a browser, lines for a program."""
        if "application/xhtml+xml" in request.headers.get("accept", ""):  # as browsers say; programs say text/html too
            from mockidp.web import pages  # lazy: only somebody who is lost sees it

            return pages.not_found(
                request.host, request.path, status=entry.status, name=wire.name, why=why, known=known
            )
        lines = [f"mockidp: {why}.", f"{request.method} {request.path}", "", f"{wire.name} answers at:", *known, ""]
        return Response(entry.status, [("Content-Type", "text/plain; charset=utf-8")], "\n".join(lines).encode())

    def _unknown_host(self, request: Request) -> Response:
        from mockidp.web import pages  # lazy: only somebody who is lost sees it

        near = ", ".join(known_hosts(request.host)[:3])
        return pages.not_found(request.host, request.path, f"Hosts like it: {near}.")

    def _own(self, world: World, request: Request) -> Response:
        from mockidp.web import own  # lazy: tests never look at it

        return own.handle(self, world, request)


def _traced(call: Call) -> Login | None:
    """The login whose code or token a request brings, where it was refused before anybody looked at that.

    A request for a token that brings none or a wrong one is told with the last login; it is that one's too if it waits.
    """
    for kind, value in TRACED.items():
        grant = call.store.get(kind, f"{call.provider}:{call.told(value)}") if call.told(value) else None
        if grant is not None:
            return call.world.journal.get(grant.login)
    last = call.world.journal.last(call.provider) if call.group == "token" else None
    return last if last is not None and last.outcome == "code" else None


def known_hosts(host: str) -> list[str]:
    """Hosts of the contracts, those like the given one first."""
    import difflib  # lazy: only an error needs it

    hosts = sorted({host for card in index().values() for host in card.hosts})
    close = difflib.get_close_matches(host, hosts, n=3, cutoff=0.5)
    return [*close, *(item for item in hosts if item not in close)]


def _unfolded(request: Request, host: str, path: str) -> Request:
    """A path-form request as the provider sees it, with the base that its answers must carry."""
    prefix = f"{WORLD_PREFIX}{request.world}" if request.world else ""
    scheme = request.headers.get("x-forwarded-proto", "") or request.scheme
    base = f"{scheme if scheme in ('http', 'https') else 'http'}://{request.host}{prefix}"
    return Request(
        request.method, host, path, request.query, request.headers, request.body, "https", base, request.world
    )


def take_decision(request: Request) -> dict[str, str]:
    """What the login page posted. The request goes on as the authorize request that the page was shown for."""
    searched = _take_search(request) if DECISION in request.query else {}
    if request.method != "POST" or b"mockidp." not in request.body:
        return searched
    decision = {key[len(DECISION) :]: value for key, value in request.form_pairs if key.startswith(DECISION)}
    if decision:
        rest = [pair for pair in request.form_pairs if not pair[0].startswith(DECISION)]
        request.method, request.form_pairs = ("POST" if rest else "GET"), rest
    return decision


def _take_search(request: Request) -> dict[str, str]:
    """What is searched for by the URL alone. The request goes on without it."""
    own = [pair for pair in request.query_pairs if pair[0].startswith(DECISION)]
    if not own:
        return {}
    request.query_pairs = [pair for pair in request.query_pairs if not pair[0].startswith(DECISION)]
    request.query = encoded(request.query_pairs)
    searched = dict(own).get(f"{DECISION}search")
    return {} if searched is None else {"search": searched}


def _slow(response: Response) -> None:
    response.delay = SLOW


def _html(response: Response) -> None:
    response.status = 502
    _typed(response, "text/html")
    response.body = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


def _empty(response: Response) -> None:
    response.body = b""


def _wrong_type(response: Response) -> None:
    _typed(response, "text/html; charset=utf-8")


def _typed(response: Response, kind: str) -> None:
    response.headers = [pair for pair in response.headers if pair[0].lower() not in ("content-type", "location")]
    response.headers.append(("Content-Type", kind))


def _truncated(response: Response) -> None:
    response.body = response.body[: len(response.body) // 2]


def _under_200(response: Response) -> None:
    _typed(response, "application/json")
    response.status, response.body = 200, b'{"error":"server_error","error_description":"Something went wrong."}'


def _without_id_token(response: Response) -> None:
    kind, document = read(response.body, response.header("content-type"))
    if kind == "json" and isinstance(document, dict):
        document.pop("id_token", None)
        response.body = FORMATS["json"].dump(document)


ANSWER_FAULTS: dict[str, Callable[[Response], None]] = {
    "slow": _slow,
    "html_error": _html,
    "empty_body": _empty,
    "wrong_type": _wrong_type,
    "truncated": _truncated,
    "error_under_200": _under_200,
    "missing_id_token": _without_id_token,
}

__all__ = ["Simulator", "take_decision"]
