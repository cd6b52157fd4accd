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
from mockidp.web.inspector import ROOT
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
        return inspector.text(no_way.status, f"{no_way.why}.", no_way.then, headers=no_way.headers)
    base = f"{request.scheme}://{request.host}{prefix}"
    path = request.path if request.path == "/" else request.path.rstrip("/")
    site = inspector.Site(simulator, world, request, prefix, base)
    if request.method == "POST" and path in FORMS:
        from mockidp.web import changes  # lazy: few pages are sent a form

        return changes.handle(site, path)
    if request.method != "GET":
        allowed = "GET, POST" if path in FORMS else "GET"
        return inspector.text(
            405, f"{request.method} is nothing that mockidp's own pages answer here.", headers=[("Allow", allowed)]
        )
    as_json = path.endswith(".json") or "application/json" in request.headers.get("accept", "")
    path = path.removesuffix(".json")
    if path == HEALTH:
        document = {"status": "ok", "version": __version__, "providers": len(index()), "world": world.name}
        return inspector.as_document(document)
    return inspector.handle(site, path, as_json) or _nothing(request, as_json)


def _nothing(request: Request, as_json: bool) -> Response:
    hint = (
        f"Own pages are at /, {ROOT}/logins and {ROOT}/health. A provider's URL goes behind the base without its "
        "scheme, such as /github.com/login/oauth/authorize."
    )
    if as_json:
        return inspector.as_document({"error": "not_found", "message": hint}, 404)
    return pages.not_found(request.host, request.path, hint)


__all__ = ["handle", "is_own_host"]
