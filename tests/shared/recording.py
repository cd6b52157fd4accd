"""A real service for the recorder's tests: the simulator behind a socket, at the providers' own host names."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from mockidp import authority
from mockidp.browser import browse
from mockidp.check.live.courier import Courier, Manners
from mockidp.check.record.capture import Taken
from mockidp.check.record.recorder import Recorder
from mockidp.contract.load import load
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

CALLBACK = "http://127.0.0.1:8765/callback"


@dataclass
class Service:
    """What stands in for the real one: its world, and how to reach it over loopback."""

    world: World
    server: Server
    home: Path

    def transport(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(proxy=self.server.url, verify=self.trust())

    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        found = authority.stored(self.home)
        assert found is not None
        context.load_verify_locations(cadata=found.pem.decode())
        return context

    def client(self) -> httpx.Client:
        return httpx.Client(proxy=self.server.url, verify=self.trust(), follow_redirects=False)

    def person(self, name: str) -> Callable[[str], str]:
        """The browser of a person: an authorize URL in, a callback out."""

        def wait(url: str) -> str:
            with self.client() as client:

                def send(request: Request) -> Response:
                    answer = client.request(request.method, request.url, headers=request.headers, content=request.body)
                    return Response(answer.status_code, list(answer.headers.multi_items()), answer.content)

                back = browse(send, url, person=name)
            joint = "&" if urlsplit(back.url).query else "?"
            return f"{back.url}{joint}{urlencode(back.form)}" if back.form else back.url

        return wait


@contextmanager
def service(home: Path, **world: Any) -> Iterator[Service]:
    """A simulator at a free port of this machine, with an authority of its own."""
    made = World(**world)
    found = authority.ensure(made.hosts(), home)
    with Server(Simulator(made), port=0, authority=lambda: found) as server:
        yield Service(made, server, home)


def record(of: Service, provider: str, person: str = "alice", *, errors: bool = False) -> tuple[Recorder, list[Taken]]:
    """A login at it, as our recorder walks it."""
    import msgspec

    app = msgspec.structs.replace(of.world.apps.ready(provider), redirect_uris=[CALLBACK])
    wire = load(provider).at()
    with Courier(of.transport(), manners=Manners(apart=0.0)) as courier:
        recorder = Recorder(wire, app, courier, of.person(person), told=lambda step, status: None)
        return recorder, recorder.run(errors=errors)
