"""A provider for live checks: the simulator at the real host names, with changes planted in its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from mockidp.check.finding import Severity
from mockidp.check.live.courier import Courier, Manners
from mockidp.check.live.run import Run, Target, check_live
from mockidp.check.walk import walk_class
from mockidp.mounts.transport import Transport
from mockidp.simulator import Simulator
from mockidp.world import World

Change = Callable[[httpx.Response], httpx.Response]
JSON = "application/json"
CANARY = "canary-9f8e7d6c5b4a"
PAGE = b"<!doctype html><title>Sign in</title><h1>Welcome</h1>"


class Provider(httpx.AsyncBaseTransport):
    """The simulator at the real host names, with changes made to answers by a part of their URL."""

    def __init__(self, **changes: Change) -> None:
        self.inner, self.changes = Transport(Simulator(World())), changes
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = await self.inner.handle_async_request(request)
        for part, change in self.changes.items():
            if part in str(request.url):
                await answer.aread()
                return change(answer)
        return answer


def quick(**more: Any) -> Manners:
    return Manners(apart=0.0, limit=5.0, **more)


def ask(transport: httpx.AsyncBaseTransport, *providers: str, manners: Manners | None = None, **target: Any) -> Run:
    with Courier(transport, manners=manners or quick()) as courier:
        return check_live([Target(name, **target) for name in providers], courier, second_look=0.0)


def graver(run: Run) -> dict[str, Severity]:
    """What a run reports beside old evidence and what is fine."""
    quiet = (Severity.FINE, Severity.STALE)
    return {item.id: item.severity for item in run.findings if item.severity not in quiet}


def replaced(**parts: Any) -> Change:
    """Another status, type or body; the rest as it was."""

    def change(answer: httpx.Response) -> httpx.Response:
        headers = {k: v for k, v in answer.headers.items() if k not in ("content-length", "content-encoding")}
        headers |= {"content-type": parts["type"]} if "type" in parts else {}
        headers |= parts.get("headers", {})
        body = parts.get("body", answer.content)
        return httpx.Response(parts.get("status", answer.status_code), headers=headers, content=body)

    return change


def edited(edit: Callable[[dict[str, Any]], object]) -> Change:
    """The JSON document with a change made to it."""

    def change(answer: httpx.Response) -> httpx.Response:
        document = json.loads(answer.content)
        edit(document)
        return replaced(body=json.dumps(document).encode())(answer)

    return change


def page(body: bytes = PAGE, **more: Any) -> Change:
    return replaced(type="text/html", body=body, **more)


def sandbox(provider: str, **world: Any) -> tuple[Provider, dict[str, Any]]:
    """A provider at which somebody has registered an app and logged in with it once."""
    transport = Provider()
    simulator = transport.inner.simulator
    assert isinstance(simulator, Simulator)
    back = "https://app.example/callback"
    app = simulator.world.apps.register(
        provider, client_id="sandbox", client_secret=f"{CANARY}-secret", redirect_uris=[back]
    )
    wire = simulator.world.wire(provider)
    walk = walk_class(provider, wire.family)(wire, app, simulator.handle, redirect_uri=back, **world)
    walk.run()
    tokens = {name: str(walk.values[name]) for name in ("access_token", "refresh_token") if name in walk.values}
    return transport, {"app": app, "tokens": tokens, "level": 1}
