"""Serve the simulator and the example application together: `make run`, or `python examples/signin`."""

from __future__ import annotations

import argparse
import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from signin import SignIn

import providers
from mockidp.contract import index
from mockidp.errors import MockidpError
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.world import World
from providers.registry import kind_of

# What a provider calls a credential, and under which name its client takes it.
CREDENTIALS = {"certificate_key": "certificate_key", "key": "key", "team_id": "key", "key_id": "client_secret"}
# What a login is told by the person and not by the app's registration, and where its usual value is found.
ASKED = {"shop": "shop", "OPENID_URL": "openid_url"}


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the library's
        """Says nothing: the simulator's journal tells what happens."""


def clients(world: World, origin: str) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """A client for every provider, with the credentials of its ready-made app, and what its button asks for."""
    made: dict[str, Any] = {}
    asks: dict[str, dict[str, str]] = {}
    for provider in providers.ids():
        if provider not in index():
            continue
        app, wire = world.apps.ready(provider), world.wire(provider)
        keys = {"client_id": app.client_id, "client_secret": app.client_secret}
        keys |= {CREDENTIALS[name]: value for name, value in app.facts.items() if name in CREDENTIALS}
        made[provider] = client(provider, keys, {**wire.settings, "AUDIENCE": origin})
        usual = {**wire.settings, **app.facts}
        asks[provider] = {asked: usual[name] for name, asked in ASKED.items() if name in usual}
    return made, asks


def client(provider: str, keys: dict[str, str], settings: dict[str, str]) -> Any:
    """A client as it comes; a self-hosted service has no address of its own, so it is told where it is simulated."""
    try:
        return providers.get(provider, **keys)
    except providers.Misconfigured:
        declared = kind_of(provider).settings
        own = {name: value for name, value in settings.items() if name in declared and declared[name].default is None}
        return providers.get(provider, settings=own, **keys)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8401, help="of the example application (8401); 0 picks a free one")
    parser.add_argument("--simulator-port", type=int, default=8400, help="of the simulator (8400); 0 picks a free one")
    given = parser.parse_args()
    world = World(urls="real")  # the application puts the simulator's address in front of providers' URLs by itself
    try:
        with Server(Simulator(world), port=given.simulator_port) as simulator, make_server(
                "127.0.0.1", given.port, None, Threaded, Quiet) as server:  # fmt: skip
            origin = f"http://127.0.0.1:{server.server_port}"
            server.set_app(SignIn(*clients(world, origin), origin, simulator.url))
            print(f"example application   {origin}/   (a button for each of {len(index())} providers)")
            print(f"simulator             {simulator.url}/   (logins as they happen: {simulator.url}/_mockidp/logins)")
            print("Ctrl-C stops both.", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        print("stopped")
    except (MockidpError, OSError) as error:
        sys.exit(f"examples/signin: {error}; try --port 0 --simulator-port 0")


if __name__ == "__main__":
    main()
