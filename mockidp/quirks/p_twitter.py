"""X (Twitter): what data cannot say.

- verify_credentials leaves out the e-mail address, the entities and the last post by three parameters of its own, and
  the address also by a permission of the app (GET account/verify_credentials).
- a callback is compared without its query (developer.x.com, Callback URLs), and refused as XML unless JSON is asked for
  (omniauth-twitter#144, twitteroauth#658).
- screen names have no hyphen and 15 characters at most, names 50; dates have a form of their own (data dictionary).
- since 2023 an app of the free tier is refused (tweepy#2137).
"""

from __future__ import annotations

import re
from datetime import datetime

from mockidp.check import walk, walk_oauth1
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth1, oauth2
from mockidp.families.base import Call

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WINDOW = 900  # seconds of a rate limit


def callback_refused(call: Call) -> Refusal | None:
    """The query of a callback is the app's own; the refusal is JSON only where it is asked for."""
    whole = call.told("redirect_uri")
    call.values["redirect_uri"] = whole.partition("?")[0]
    refusal = oauth1.callback_on_localhost(call) or oauth1.callback_unregistered(call)
    call.values["redirect_uri"] = whole
    if refusal is not None and "application/json" not in call.request.headers.get("accept", ""):
        refusal.name = "callback_refused_as_xml"
    return refusal


def access_level(call: Call) -> Refusal | None:
    older = "/1.1/" in call.request.path  # of version 2 the contract says it itself
    if older and call.app is not None and call.app.facts.get("access") == "free":
        return Refusal("access_level", "an app of the free tier reads no profile", expected="full", got="free")
    return None


def show(call: Call) -> None:
    """The parts of the profile that this request asks for."""
    oauth2.resource(call)
    parts = set()
    if call.told("include_email") == "true" and call.values["app.email"] == "allowed":
        parts.add("include_email")
    if call.told("include_entities") not in ("false", "f", "0"):
        parts.add("include_entities")
    if call.told("skip_status") not in ("true", "t", "1"):
        parts.add("status")
    call.granted = frozenset(parts)


def screen_name(call: Call) -> str | None:
    return re.sub(r"\W", "_", call.person.username)[:15] if call.person else None


def created_at(call: Call) -> str | None:
    """Like `Sat Jan 29 08:14:52 +0000 2022`, whatever the machine's language."""
    if call.person is None:
        return None
    at = datetime.fromisoformat(call.person.created)
    return f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at:%d %H:%M:%S} +0000 {at:%Y}"


class Rules(oauth1.OAuth1):
    """The family, with the callback's comparison, the free tier and the parts of a profile."""

    rules = {
        **oauth1.OAuth1.rules,
        "request_token": (*oauth1.OAuth1.rules["request_token"][:-2], callback_refused),
        "resource": (*oauth1.OAuth1.rules["resource"], access_level),
    }
    acts = {**oauth1.OAuth1.acts, "resource": show}
    values = {
        **oauth1.OAuth1.values,
        "screen_name": screen_name,
        "created_at": created_at,
        "display_name": lambda call: call.person.name[:50] if call.person else None,
        "rate_limit_reset": lambda call: int(call.now) + WINDOW,
    }


def free_tier(login: walk.Walk, lab: object) -> None:
    login.app.facts["access"] = "free"


class Walk(walk_oauth1.Walk):
    """Asks for the e-mail address."""

    provocations = {
        **walk_oauth1.OAUTH1,
        "access_level": Provocation("userinfo", free_tier),
    }

    def initial(self) -> dict[str, object]:
        return {**super().initial(), "include_email": "true"}
