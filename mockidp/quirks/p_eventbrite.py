"""Eventbrite: what its contract cannot say as data.

Code is needed because a header that is no Bearer header is told apart from a token that is wrong.
Source: Eventbrite's API blueprint, errors INVALID_AUTH_HEADER and INVALID_AUTH.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def bad_header(call: Call) -> Refusal | None:
    if any(item.key == "authorization" and item.kind == "differs" for item in call.problems):
        return Refusal("bad_header", "the Authorization header is no Bearer header", expected="Bearer …")
    return None


class Rules(OAuth2):
    rules = {**OAuth2.rules, "any": (bad_header, *OAuth2.rules["any"])}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_header": Provocation("userinfo", provoke.send(Authorization="OAuth abc")),
    }
