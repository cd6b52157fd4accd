"""Loaded into every Python process by PYTHONPATH: the hosts in MOCKIDP_HOSTS are found at MOCKIDP_URL instead.

For what looks at no proxy variable: `http.client`, bare `urllib3`, sessions without `trust_env`, and aiohttp, which may
resolve names past Python. It runs in the user's programs, so it imports little, and nothing that is not Python's own.
The name that TLS asks for and checks stays the provider's.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

USUAL = {"443": "", "80": "", "https": "", "http": "", "None": ""}
URL, HOSTS = os.environ.get("MOCKIDP_URL", ""), os.environ.get("MOCKIDP_HOSTS", "")
KNOWN = re.compile("|".join(re.escape(host).replace(r"\*", "[^.:]+") for host in HOSTS.split(",")), re.IGNORECASE)


def known(host: object, port: object) -> bool:
    """Whether a provider is played at this host and port."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    end = USUAL.get(str(port), ":" + str(port))
    return bool(name) and KNOWN.fullmatch(name.rstrip(".") + end) is not None


def redirect(where: str, port: int) -> None:
    """Let names of providers resolve to the simulator, port and all."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, service: Any, *rest: Any, **named: Any) -> Any:
        return resolve(where, port, *rest, **named) if known(host, service) else resolve(host, service, *rest, **named)

    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]  # its own type is a union of six


class Aiohttp:
    """Finds aiohttp's client when it is imported, and gives its requests to providers the proxy that it ignores."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "aiohttp.client":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                proxied(module.ClientSession)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def proxied(session: Any) -> None:
    """Name the proxy where a session's caller named none."""
    request = session._request

    async def _request(self: Any, method: str, url: Any, **options: Any) -> Any:
        full = self._build_url(url)
        if options.get("proxy") is None and known(full.host, full.port):
            options["proxy"] = os.environ.get("HTTPS_PROXY", URL)  # which may name a world
        return await request(self, method, url, **options)

    session._request = _request


def next_one() -> None:
    """Run the `sitecustomize` that this one stands before, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if os.path.abspath(path) != here])
    if spec is not None and spec.loader is not None:
        sys.modules["sitecustomize"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


if URL and HOSTS:
    _host, _, _port = URL.rpartition("://")[2].rpartition("@")[2].rstrip("/").rpartition(":")
    redirect(_host.strip("[]"), int(_port))
    sys.meta_path.insert(0, Aiohttp())
next_one()
