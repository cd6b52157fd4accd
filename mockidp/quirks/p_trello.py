"""Trello: what its contract cannot say as data.

Code is needed because the login page is asked for how long a token is to live, `fields=all` is no name of a field,
and the profile opens with key and token alone as well as with a signature.
Source: developer.atlassian.com, authorization; node-trello and trelloR for the values of `expiration`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mockidp.check import provoke, walk, walk_oauth1
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import oauth1, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

SECONDS = {"1hour": 3600, "1day": 86400, "30days": 2592000, "never": 0}


def expiration_unknown(call: Call) -> Refusal | None:
    asked = call.told("expiration")
    if asked is None or asked in SECONDS:
        return None
    return Refusal("expiration_unknown", "no such expiration", expected=", ".join(SECONDS), got=asked)


def authorize(call: Call) -> Response | None:
    """Keeps with the request token what was asked of the login page."""
    assert call.grant is not None
    call.grant.facts = {**call.grant.facts, "expiration": call.told("expiration") or ""}
    return oauth1.authorize(call)


def access_token(call: Call) -> str:
    """Lives as long as was asked for."""
    token = oauth1.issue_access_token(call)
    assert call.grant is not None
    seconds = SECONDS.get(call.grant.facts["expiration"])
    grant = call.store.get("access", f"{call.provider}:{token}")
    if seconds is not None and grant is not None:
        grant.expires = call.now + seconds if seconds else 0.0
        call.store.put("access", f"{call.provider}:{token}", grant)
    return token


def show(call: Call) -> None:
    oauth2.resource(call)
    if call.told("fields") == "all":
        call.values["fields"] = None


def as_date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def expires(call: Call) -> str | None:
    return as_date(call.grant.expires) if call.grant and call.grant.expires else None


def initials(call: Call) -> str | None:
    return "".join(word[0] for word in call.person.name.split())[:4].upper() if call.person else None


class Rules(OAuth1):
    rules = {
        **OAuth1.rules,
        "authorize": (*OAuth1.rules["authorize"], refusals.scope_unknown, expiration_unknown),
    }
    acts = {**OAuth1.acts, "authorize": authorize, "resource": show}
    values = {
        **OAuth1.values,
        "access_token": access_token,
        "initials": initials,
        "user_name": lambda call: re.sub(r"[^a-z0-9_]", "", call.person.username) if call.person else None,
        "issued_iso": lambda call: as_date(call.grant.issued) if call.grant else None,
        "expires_iso": expires,
        "may_write": lambda call: "write" in call.granted,
    }


def signed(spoil: provoke.Spoil, **values: Any) -> provoke.Spoil:
    """The same with the signed profile."""

    def both(login: walk.Walk, lab: Lab) -> None:
        login.values.update(signed=True, **values)
        spoil(login, lab)

    return both


class Walk(walk_oauth1.Walk):
    """Reads the profile with key and token, and with a signature where `signed` is set."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk_oauth1.OAUTH1,
        "malformed_header@resource": Provocation(
            "userinfo", signed(provoke.nothing, malformed=True), "", "bad_request"
        ),
        "bad_signature@resource": Provocation(
            "userinfo", signed(provoke.nothing, access_secret="not-it"), "", "bad_signature"
        ),
        "timestamp_refused@resource": Provocation(
            "userinfo", signed(provoke.nothing, skew=-100_000), "", "timestamp_refused"
        ),
        "nonce_used@resource": Provocation("userinfo", signed(walk_oauth1.same_nonce("userinfo")), "", "nonce_used"),
        "bad_scope": Provocation("authorize", provoke.put(scope="read,everything")),
        "expiration_unknown": Provocation("authorize", provoke.put(expiration="1year")),
    }

    def exchange(self, step: str) -> Exchange:
        if step == "userinfo" and self.values.get("signed"):
            return next(item for item in self.wire.steps[step] if item.name == "signed")
        return super().exchange(step)
