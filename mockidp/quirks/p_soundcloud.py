"""SoundCloud: what its contract cannot say as data.

Code, because times are written in a form of their own, because the part of a URL that is somebody's is made of few
characters, and because only a good token can end its session.
Source: soundcloud/api, openapi/api.yaml.
"""

from __future__ import annotations

import re
from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

FOREIGN = re.compile(r"[^a-z0-9_-]+")


def permalink(call: Call) -> str | None:
    if call.person is None:
        return None
    return FOREIGN.sub("-", call.person.username.lower()).strip("-") or f"user-{call.derived('number')}"


def slashed(time: str | None) -> str | None:
    """2012-03-05T09:41:17Z as 2012/03/05 09:41:17 +0000."""
    return time.replace("-", "/").replace("T", " ").replace("Z", " +0000") if time else None


class Rules(OAuth2):
    rules = {**OAuth2.rules, "revoke": (refusals.unknown_token,)}
    values = {
        **OAuth2.values,
        "permalink": permalink,
        "created": lambda call: slashed(call.values["person.created"]),
        "modified": lambda call: slashed(call.values["person.updated"]),
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_token@revoke": Provocation("revoke", provoke.put(token="made-up-token"), "", "bad_token"),
    }
