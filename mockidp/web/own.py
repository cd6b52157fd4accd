"""The server's own pages, for hosts that are no provider's: the list of providers, the stories of logins, health.

`/`, `/_mockidp/logins`, `/_mockidp/logins/ID` and `/_mockidp/health`; the stories also as JSON, with `.json` at the
end or `Accept: application/json`. Below `/~NAME` they are another world's. Nothing here changes anything.

They tell what logins did, so they are served to this machine's names only: a site that rebinds its own name to this
address (DNS rebinding) sends that name as Host, and is refused.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from mockidp import __version__
from mockidp.apps import LOOPBACK
from mockidp.contract.files import index
from mockidp.web import pages
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.world import World

ROOT = "/_mockidp"
NOSNIFF = ("X-Content-Type-Options", "nosniff")
WILDCARD = {"0.0.0.0", "::", ""}


def handle(simulator: Simulator, world: World, request: Request) -> Response:
    """Answer at one of the server's own paths; 421 at a host that is not this server's, 405 for all but GET."""
    if not is_own_host(request.host, simulator.own_hosts):
        return _text(
            421,
            f"mockidp knows no provider at {request.host[:100]!r}, and serves its own pages at this "
            "machine's names only.",
            "Open it at 127.0.0.1 or localhost; `mockidp list` names the providers.",
        )
    if request.method != "GET":
        return _text(405, f"{request.method} is nothing that mockidp's own pages answer.", headers=[("Allow", "GET")])
    prefix = f"/~{request.world}" if request.world else ""
    base = f"{request.scheme}://{request.host}{prefix}"
    path = request.path if request.path == "/" else request.path.rstrip("/")
    as_json = path.endswith(".json") or "application/json" in request.headers.get("accept", "")
    path = path.removesuffix(".json")
    if path == "/":
        return _home(world, base)
    if path == f"{ROOT}/health":
        return _json({"status": "ok", "version": __version__, "providers": len(index()), "world": world.name})
    if path == f"{ROOT}/logins":
        return _stories(world, dict(request.query_pairs), prefix, as_json)
    if path.startswith(f"{ROOT}/logins/"):
        return _story(world, unquote(path.removeprefix(f"{ROOT}/logins/")), prefix, as_json)
    return _nothing(request, as_json)


def is_own_host(host: str, bound: set[str]) -> bool:
    """Whether a Host header is a loopback name, or the host that this server was bound to.

    Bound to all addresses, any address will do, but no name: only names can be rebound.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    name = name.strip("[]").lower().rstrip(".")
    if name in LOOPBACK or name.endswith(".localhost") or (name in bound and name not in WILDCARD):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or bool(bound & WILDCARD)


def _home(world: World, base: str) -> Response:
    cards = [pages.ProviderCard(card.id, card.name, card.colour, card.family, card.status) for card in index().values()]
    examples = {card.id: _example(world, card.id, base) for card in cards}
    return pages.home(cards, base, examples, logins_url=f"{base}{ROOT}/logins")


def _example(world: World, provider: str, base: str) -> Pairs:
    """What to put into an application's settings: the ready-made app, and each step's URL in path form."""
    wire, rows = world.wire(provider), []
    for app in world.apps.of(provider)[:1]:
        rows = [
            ("Client id", app.client_id),
            ("Client secret", app.client_secret),
            *((name.replace("_", " ").capitalize(), value) for name, value in app.facts.items()),
        ]
    for step in wire.steps:
        exchange = wire.step(step)
        if exchange is not None and exchange.urls:
            label = step.replace("_", " ").capitalize()
            rows.append((f"{label} URL", f"{base}/{exchange.urls[0].partition('://')[2]}"))
    return rows


def _stories(world: World, query: dict[str, str], prefix: str, as_json: bool) -> Response:
    wanted = query.get("provider", "")
    logins = [login.as_dict() for login in reversed(list(world.journal)) if wanted in ("", login.provider)]
    if as_json:
        return _json(logins)
    return pages.stories(logins, logins_url=f"{prefix}{ROOT}/logins", home_url=f"{prefix}/")


def _story(world: World, login_id: str, prefix: str, as_json: bool) -> Response:
    login = world.journal.get(login_id)
    if login is None:
        why = f"no login {login_id[:80]!r} is remembered"
        next_ = f"{prefix}{ROOT}/logins lists those that are."
        if as_json:
            return _json({"error": "unknown_login", "message": f"{why}; {next_}"}, 404)
        return _text(404, f"{why}.", next_)
    if as_json:
        return _json(login.as_dict())
    return pages.story(login.as_dict(), logins_url=f"{prefix}{ROOT}/logins")


def _nothing(request: Request, as_json: bool) -> Response:
    hint = (
        f"Own pages are at /, {ROOT}/logins and {ROOT}/health. A provider's URL goes behind the base without its "
        "scheme, such as /github.com/login/oauth/authorize."
    )
    if as_json:
        return _json({"error": "not_found", "message": hint}, 404)
    return pages.not_found(request.host, request.path, hint)


def _json(document: Any, status: int = 200) -> Response:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), NOSNIFF]
    return Response(status, headers, msgspec.json.encode(document))


def _text(status: int, *lines: str, headers: Pairs | None = None) -> Response:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Response(status, [kind, NOSNIFF, *(headers or [])], ("\n".join(lines) + "\n").encode())
