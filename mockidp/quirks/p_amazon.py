"""Amazon: what its contract cannot say as data.

Code is needed because the token information tells how many seconds a token has left, and because an unknown scope is
refused. Source: Login with Amazon, authorization code grant; Amazon Pay, obtain profile information.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def seconds_left(call: Call) -> int:
    assert call.grant is not None
    return int(call.grant.expires - call.now)


class Rules(OAuth2):
    rules = {**OAuth2.rules, "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown)}
    values = {**OAuth2.values, "seconds_left": seconds_left}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "scope_unknown": Provocation("authorize", provoke.put(scope="profile email"), "", "bad_scope"),
    }
