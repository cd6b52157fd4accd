"""Logins under way, in the browser's own session: begun here, finished here, once.

Several may be under way at a time, in several tabs; each is found by the `state` that it was begun with, or for
protocols without one by the provider. A callback that names a login which there is not leaves the others alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

KEY = "providers_logins"
MOST = 10
LARGEST = 3000  # characters of all of them: a session may be a cookie
LIFETIME = 3600  # seconds, as the clients have it
NAMES = ("state", "oauth_token")  # of the parameters that tell a login


def keep(request: HttpRequest, session: dict[str, Any], **facts: Any) -> None:
    """Remember a login that has begun. `facts` are ours: process, next, the app. Old ones make room."""
    now = time.time()
    rows = [row for row in request.session.get(KEY, ()) if now - row["session"].get("created", 0) < LIFETIME]
    rows = [*rows, {"session": session, **facts}][-MOST:]
    while len(rows) > 1 and len(json.dumps(rows)) > LARGEST:
        del rows[0]
    request.session[KEY] = rows


def take(request: HttpRequest, provider: str, params: Mapping[str, str]) -> dict[str, Any] | None:
    """The login that a callback belongs to, which is forgotten with that; None where none was begun here."""
    rows = list(request.session.get(KEY, ()))
    mine = [row for row in rows if row["session"].get("provider") == provider]
    told = {params[name] for name in (*NAMES, "denied") if params.get(name)}
    found = next((row for row in reversed(mine) if told & _states(row["session"])), None)
    if found is None and mine and not any(params.get(name) for name in NAMES):
        found = mine[-1]  # a callback that names no login: the client itself checks that it fits
    if found is not None:
        rows.remove(found)
        request.session[KEY] = rows
    return found


def _states(session: Mapping[str, Any]) -> set[str]:
    return {str(session[name]) for name in ("state", "request_token") if session.get(name)}
