"""The simulator behind `respx`: every request of an httpx client, sync or async, to a known host is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mockidp.mounts import Simulator, missing

try:
    import httpx
    import respx
    from respx.types import RouteResultTypes
except ImportError as error:
    raise missing("respx", "respx") from error

from mockidp.mounts.transport import host_of, respond

NAME = "mockidp"  # of the route: `router["mockidp"].calls` are the requests that the simulator answered


class ProviderRoute(respx.Route):
    """One route for all known hosts and methods. Any other route of the same router that matches comes first."""

    def __init__(self, simulator: Simulator, router: respx.Router) -> None:
        super().__init__(host__regex=re.compile("(?#mockidp)"))  # a pattern of its own, or the router would merge them
        self.simulator, self.router = simulator, router

    def match(self, request: httpx.Request) -> RouteResultTypes:
        if not self.simulator.knows(host_of(request)) or self._others(request):
            return None
        return self.resolve(request)

    def _others(self, request: httpx.Request) -> bool:
        others = (route.pattern for route in self.router.routes if not isinstance(route, ProviderRoute))
        return any(pattern.match(request) for pattern in others if pattern)

    @property
    def called(self) -> bool:
        """Always true: the route is no expectation, so a router that asserts that all were called must not miss it."""
        return True


def install(simulator: Simulator, router: respx.Router | None = None) -> respx.Router:
    """Let `router` (the module's own `respx.mock` unless given) answer for every host that the simulator knows.

    Requests to other hosts keep the router's own rules. The router must be active, as by `@respx.mock` or the
    fixture `respx_mock`; a second installation replaces the first.
    """
    router = respx.mock if router is None else router
    route = ProviderRoute(simulator, router)
    route.side_effect = lambda request: respond(simulator, request)
    router.pop(NAME, None)
    router.routes.add(route, name=NAME)  # not `router.add`, which would tie it to the router's base URL
    return router


@contextmanager
def mocked(simulator: Simulator) -> Iterator[respx.Router]:
    """`with mocked(simulator) as router:` an active router of its own. Routes that are added to it have to be used."""
    with respx.mock() as router:
        yield install(simulator, router)
