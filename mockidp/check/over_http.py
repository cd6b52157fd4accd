"""Labs behind a real server: the same checks, with a network between. One server serves all labs of a run."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

from mockidp.check.walk import Send
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response

PREFIX = "/~lab"
LABS = 64  # labs that are kept: a case uses one or two, and is over before as many have come after it


class _Labs:
    """What the server serves: the simulator of the lab that a path begins with."""

    def __init__(self) -> None:
        self.open: dict[str, Simulator] = {}

    def knows(self, host: str) -> bool:
        return True

    def handle(self, request: Request) -> Response:
        name, slash, rest = request.path[len(PREFIX) :].partition("/")
        if not request.path.startswith(PREFIX) or name not in self.open:
            return Response(404, [("Content-Type", "text/plain")], b"no such lab\n")
        request.path, request.scheme = slash + rest or "/", "https"  # what clients sign is the provider's own URL
        return self.open[name].handle(request)


@contextmanager
def over_http() -> Iterator[Callable[[Simulator], Send]]:
    """A `connect` for labs. Requests are sent to loopback with the provider's own name as their Host."""
    from mockidp.mounts.server import Server  # lazy: only the check over HTTP needs a server

    labs, numbers = _Labs(), count(1)
    with Server(labs, port=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 80, timeout=30)

        def connect(simulator: Simulator) -> Send:
            name = str(next(numbers))
            labs.open[name] = simulator
            labs.open.pop(str(int(name) - LABS), None)
            return lambda request: exchange(connection, f"{PREFIX}{name}", request)

        try:
            yield connect
        finally:
            connection.close()


def exchange(connection: http.client.HTTPConnection, prefix: str, request: Request) -> Response:
    """Send one request over a kept connection and read the answer whole."""
    target = f"{prefix}{request.path}{'?' + request.query if request.query else ''}"
    headers = {name: value for name, value in request.headers.items() if name != "host"}
    connection.request(request.method, target, request.body or None, {**headers, "Host": request.host})
    answered = connection.getresponse()
    return Response(answered.status, answered.getheaders(), answered.read())
