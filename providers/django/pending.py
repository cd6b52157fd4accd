"""Somebody who has proved who they are and is asked for something more: kept in the session, encrypted, for an hour."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace

from django.conf import settings
from django.http import HttpRequest

from providers import Email, Identity, Token

from .crypto import UNDER_WAY, UnreadableSecretError, decrypt, encrypt

KEY = "providers_signup"
LIFETIME = 3600  # seconds
LARGEST, LARGEST_COOKIE = 64 << 10, 1500  # characters of a document; a session may be a cookie


def put(request: HttpRequest, identity: Identity, app: str | int, onward: str) -> None:
    """Keep it. Where it would be too large, without what the provider told beside: the next login brings that."""
    if len(_document(identity, app, onward)) > _largest():
        identity = replace(identity, raw={})
    request.session[KEY] = encrypt(_document(identity, app, onward), UNDER_WAY)


def get(request: HttpRequest) -> tuple[Identity, str | int, str] | None:
    """Who is waited for, the mark of the app, where to go on; None where nobody is, or no longer."""
    try:
        at, told, app, onward = json.loads(decrypt(request.session.get(KEY, ""), UNDER_WAY) or "null")
        token = told.pop("token")
        emails = tuple(Email(**email) for email in told.pop("emails"))
        identity = Identity(**told, emails=emails, token=Token(**token) if token else None)
    except (UnreadableSecretError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return (identity, app, onward) if time.time() - at < LIFETIME else None


def drop(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def _document(identity: Identity, app: str | int, onward: str) -> str:
    return json.dumps([int(time.time()), asdict(identity), app, onward], separators=(",", ":"))


def _largest() -> int:
    return LARGEST_COOKIE if settings.SESSION_ENGINE.endswith("signed_cookies") else LARGEST
