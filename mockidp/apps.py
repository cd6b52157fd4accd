"""Registered clients: one ready-made app a provider, those of the user, and those learned at first sight."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from mockidp.errors import UsageError, nearest

Mode = Literal["ready", "learn", "registered"]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
READY_ID, READY_SECRET = "mockidp", "mockidp-secret"
LEARNED_LIMIT = 1000
AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")  # what browsers drop, or take for a slash
IN_WORLD = "~"  # between a client id and the name of the world that it chooses


class App(msgspec.Struct, kw_only=True):
    """A client as the provider knows it. `facts` are what this provider adds: a key id, a shop, a team.

    `redirect_uris` are exact, but for `loopback`, which allows any http(s) URI on this machine.
    """

    provider: str
    client_id: str
    client_secret: str = ""
    redirect_uris: list[str] = []
    loopback: bool = False
    learned: bool = False
    name: str = ""
    facts: dict[str, str] = {}

    def allows(self, uri: str) -> bool:
        """Whether a redirect URI is registered: exactly, or on loopback where the app allows all of it."""
        return uri in self.redirect_uris or (self.loopback and is_loopback(uri))


def host_of(uri: str) -> str | None:
    """The host of an http(s) URI; None where a browser might read another one: `http://evil.example\\@localhost/`."""
    try:
        parts = urlsplit(uri)
        plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and not AMBIGUOUS.search(uri)
        return parts.hostname if plain else None
    except ValueError:
        return None


@lru_cache(maxsize=16)
def is_loopback(uri: str) -> bool:
    return host_of(uri) in LOOPBACK and "#" not in uri


class Apps:
    """The apps of one world. `facts` gives what a provider's ready-made app has beside id and secret."""

    def __init__(self, facts: Callable[[str], dict[str, str]], mode: Mode = "ready", world: str = "") -> None:
        self._facts, self.mode, self._world = facts, mode, world
        self._apps: dict[tuple[str, str], App] = {}
        self._ready: dict[str, App] = {}

    def ready(self, provider: str) -> App:
        """The ready-made app of a provider, fixed and public."""
        if provider not in self._ready:
            facts = dict(self._facts(provider))
            self._ready[provider] = App(
                provider=provider,
                client_id=facts.pop("id", READY_ID),
                client_secret=facts.pop("secret", READY_SECRET),
                loopback=True,
                name="Example app",
                facts=facts,
            )
        return self._ready[provider]

    def register(self, provider: str, **fields: Any) -> App:
        """Add an app; its ready-made facts are filled in. UsageError for a field that there is not."""
        known = [item.name for item in msgspec.structs.fields(App)]
        for name in fields:
            if name not in known:
                raise UsageError(f'an app has no field "{name}".{nearest(name, known)}')
        ready = self.ready(provider)
        fields.setdefault("client_id", ready.client_id)
        fields.setdefault("client_secret", ready.client_secret)
        fields["facts"] = {**ready.facts, **fields.get("facts", {})}
        try:
            app = msgspec.convert({"provider": provider, **fields}, App)
        except msgspec.ValidationError as error:
            raise UsageError(f"app of {provider}: {error}") from None
        self._apps[provider, app.client_id] = app
        return app

    def find(self, provider: str, client_id: str) -> App | None:
        app = self._apps.get((provider, client_id))
        if app is None and self.mode != "registered":
            ready = self.ready(provider)
            if client_id == ready.client_id:
                return ready
            if client_id == f"{ready.client_id}{IN_WORLD}{self._world}":  # by a client id that names the world
                return msgspec.structs.replace(ready, client_id=client_id)
        return app

    def remove(self, provider: str, client_id: str) -> bool:
        """Forget a registered or learned app; False where there is none."""
        return self._apps.pop((provider, client_id), None) is not None

    def learn(self, provider: str, client_id: str, redirect_uri: str | None) -> App | None:
        """Register an unknown app as it introduces itself, when the mode is to learn."""
        if self.mode != "learn" or len(self._apps) >= LEARNED_LIMIT:
            return None
        uris = [redirect_uri] if redirect_uri else []
        app = self.register(provider, client_id=client_id, client_secret="", redirect_uris=uris)
        app.learned = True
        return app

    def of(self, provider: str) -> list[App]:
        ready = [] if self.mode == "registered" else [self.ready(provider)]
        return ready + [app for (owner, _), app in self._apps.items() if owner == provider]

    def __iter__(self) -> Iterator[App]:
        return iter(self._apps.values())
