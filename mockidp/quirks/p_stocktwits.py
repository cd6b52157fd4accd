"""Stocktwits: what its contract cannot say as data.

Code, because a stream is for everybody to read and names its owner in the path, by id or by name.
Source: stocktwits/slate 07af97af, source/index.html.md.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def unknown_user(call: Call) -> Refusal | None:
    """Also goes on as whom the path names: somebody who has logged in, or one of the named."""
    named = str(call.told("whose"))
    grant = call.store.get("owner", f"{call.provider}:{named}")
    people = [call.world.people[grant.person]] if grant is not None else call.world.people.named()
    for call.person in people:
        if not call.person.deleted and named in (call.person.username, call.derived("uid")):
            return None
    call.person = None
    return Refusal("unknown_user", "nobody has this id or name", got=named)


def whose(call: Call) -> str:
    """The id, and from now on it is known whose it is."""
    uid = str(call.derived("uid"))
    call.store.put("owner", f"{call.provider}:{uid}", call.new_grant(0))
    return uid


class Rules(OAuth2):
    rules = {**OAuth2.rules, "user_stream": (unknown_user,)}
    values = {
        **OAuth2.values,
        "whose": whose,
        "join_date": lambda call: str(call.values["person.created"])[:10],
        "reset": lambda call: int(call.now) + 3600,
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "unknown_user": Provocation("user_stream", provoke.put(whose="0")),
    }
