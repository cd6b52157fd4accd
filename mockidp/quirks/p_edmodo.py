"""Edmodo: what its contract cannot say as data.

Code, because `me` sends on to the person's own address, in which a token of the query travels along, and because that
address opens nobody else's profile here.
Source: partnerships.edmodo.com, Edmodo Connect API, get users.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def no_such_user(call: Call) -> Refusal | None:
    """The path has an id, and only that of the token's owner is served."""
    named, own = call.told("user"), str(call.derived("uid"))
    if named is None or named == own:
        return None
    return Refusal("no_such_user", "the path names somebody else", expected=own, got=named)


def profile_url(call: Call) -> str:
    token = dict(call.request.query_pairs).get("access_token")
    return f"https://api.edmodo.com/users/{call.derived('uid')}{f'?access_token={token}' if token else ''}"


class Rules(OAuth2):
    rules = {**OAuth2.rules, "resource": (*OAuth2.rules["resource"], no_such_user)}
    values = {
        **OAuth2.values,
        "profile_url": profile_url,
        "avatar_small": lambda call: f"{call.derived('avatar')}_t.jpg",
        "avatar_large": lambda call: f"{call.derived('avatar')}.jpg",
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
    }


class Walk(walk.Walk):
    """Asks for `me`, and goes where it is sent."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "no_such_user": Provocation("userinfo", provoke.put(user="1")),
    }

    def steps(self) -> list[str]:
        return ["authorize", "token", "me", "userinfo"]

    def do_me(self, step: str) -> None:
        exchange = self.exchange(step)
        response = self.send(self.build(exchange))
        self.insist(exchange, response)
        self.values["user"] = urlsplit(response.header("location") or "").path.rpartition("/")[2]
