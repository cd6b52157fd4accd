"""An application with a login, for a browser to use: its own calls go to the real host names, through the proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

import providers
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator

# How a provider calls its credentials, and under which name its client takes them.
CREDENTIALS = {"certificate_key": "certificate_key", "team_id": "key", "key_id": "client_secret"}


class Site(ThreadingHTTPServer):
    """`/login/ID` sends the browser away, `/callback/ID` shows who came back.

    `/path/login/ID` sends it to the simulator's address in front of the provider's, as for a browser without a proxy.
    """

    daemon_threads = True

    def __init__(self, simulator: Server, certificate: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.simulator, self.certificate = simulator, certificate
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.begun: dict[str, dict[str, Any]] = {}

    def client(self, provider: str) -> Any:
        assert isinstance(self.simulator.simulator, Simulator)
        app = self.simulator.simulator.world.apps.ready(provider)
        keys = {"client_id": app.client_id, "client_secret": app.client_secret}
        keys |= {CREDENTIALS[name]: value for name, value in app.facts.items() if name in CREDENTIALS}
        return providers.get(provider, **keys)

    def http(self) -> requests.Session:
        session = requests.Session()
        session.trust_env, session.verify = False, self.certificate
        session.proxies = {"https": self.simulator.url}
        return session


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        match path.strip("/").split("/"):
            case ["login", provider]:
                self.send_away(provider, "https://")
            case ["path", "login", provider]:
                self.send_away(provider, f"{self.server.simulator.url}/")
            case ["callback", provider]:
                self.come_back(provider, query)
            case _:
                self.say(404, "nothing here")

    def do_POST(self) -> None:
        provider = self.path.rpartition("/")[2]
        self.come_back(provider, self.rfile.read(int(self.headers["Content-Length"])).decode())

    def send_away(self, provider: str, base: str) -> None:
        with self.server.http() as http:
            login = self.server.client(provider).begin(
                redirect_uri=f"{self.server.origin}/callback/{provider}", http=http
            )
        self.server.begun[provider] = login.session
        self.send_response(302)
        self.send_header("Location", base + login.url.removeprefix("https://"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def come_back(self, provider: str, answer: str) -> None:
        try:
            with self.server.http() as http:
                found = self.server.client(provider).finish(self.server.begun.pop(provider, {}), answer, http=http)
        except providers.LoginError as error:
            self.say(403, f"{self.command} {error.code}")
        else:
            self.say(200, f"{self.command} {found.uid} {found.email} {found.name}")

    def say(self, status: int, text: str) -> None:
        body = f"<!doctype html><html lang='en'><title>Site</title><h1>{escape(text)}</h1></html>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def serve(simulator: Server, certificate: str) -> Iterator[Site]:
    with Site(simulator, certificate) as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
