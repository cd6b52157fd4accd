"""The server's own paths, for hosts that are no provider's: the inspector's pages, the control interface, health.

Logins and providers are also told as JSON, with `.json` at the end or `Accept: application/json`. Below `/~NAME` they
are another world's. What changes something is a form of `changes`, or the control interface, `/_mockidp/api`, which is
`mockidp.control`. Who may ask is `guard`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockidp import __version__
from mockidp.contract.files import index
from mockidp.web import guard, inspector, pages
from mockidp.web.guard import is_own_host
from mockidp.web.site import ROOT, Site, as_document, missing, text
from mockidp.wire import Request, Response

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.world import World

API, HEALTH = f"{ROOT}/api", f"{ROOT}/health"
FORMS = {f"{ROOT}/{page}" for page in ("people", "apps", "faults", "clock", "keys", "logins")}  # what can be posted to


def handle(simulator: Simulator, world: World, request: Request) -> Response:
    """Answer at one of the server's own paths; 421 at a host that is not this server's, 405 for all but GET."""
    no_way = guard.refused(request, simulator.own_hosts, "" if request.path == HEALTH else simulator.token)
    prefix = f"/~{request.world}" if request.world else ""
    if request.path.startswith(f"{API}/") or request.path == API:
        from mockidp.control import routes  # lazy: few runs are controlled from outside

        return routes.refused(no_way) if no_way else routes.handle(simulator, world, request)
    if (no_way is None or no_way.status == 401) and (welcome := guard.entered(request, simulator.token, prefix)):
        return welcome
    if no_way is not None:
        return _refused(no_way, request)
    base = f"{request.scheme}://{request.host}{prefix}"
    path = request.path if request.path == "/" else request.path.rstrip("/")
    site = Site(simulator, world, request, prefix, base)
    if request.method == "POST" and path in FORMS:
        from mockidp.web import changes  # lazy: few pages are sent a form

        return changes.handle(site, path)
    if request.method != "GET":
        allowed = "GET, POST" if path in FORMS else "GET"
        return text(
            405, f"{request.method} is nothing that mockidp's own pages answer here.", headers=[("Allow", allowed)]
        )
    as_json = path.endswith(".json") or "application/json" in request.headers.get("accept", "")
    path = path.removesuffix(".json")
    if path == HEALTH:
        document = {"status": "ok", "version": __version__, "providers": len(index()), "world": world.name}
        return as_document(document)
    return inspector.handle(site, path, as_json) or _nothing(site, as_json)


def _refused(no_way: guard.Refused, request: Request) -> Response:
    """In words for a program, as a page for a browser; where a token is asked for, a field for it."""
    if "text/html" not in request.headers.get("accept", ""):
        return text(no_way.status, f"{no_way.why}.", no_way.then, headers=no_way.headers)
    asks = no_way.status == 401 and request.method == "GET"
    answer = pages.page(
        "refused.html",
        no_way.status,
        form_action="'self'" if asks else "'none'",
        why=no_way.why,
        then=no_way.then,
        asks=asks,
    )
    answer.headers.extend(no_way.headers)
    return answer


def _nothing(site: Site, as_json: bool) -> Response:
    hint = (
        "mockidp's own pages are named above; a provider's URL goes behind this server's address without its scheme, "
        "such as `/github.com/login/oauth/authorize`."
    )
    ways = [("Providers", f"{site.prefix}/"), ("Logins", f"{site.prefix}{ROOT}/logins"), ("Health", HEALTH)]
    return missing(site, as_json, "Nothing is at this address", hint, ways)


__all__ = ["handle", "is_own_host"]
