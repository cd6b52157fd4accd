"""Box: what its contract cannot say as data.

Code is needed because a refresh ends the access token of the old pair too, and because times have an offset.
Source: box/developer.box.com, guides/authentication/tokens/refresh; box/box-openapi, User.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, ClassVar

from mockidp.check import walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2
from mockidp.families.base import Call, Value
from mockidp.families.oauth2 import OAuth2

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

PACIFIC = timezone(timedelta(hours=-8))


def access_token(call: Call) -> str:
    token = oauth2.issue_access(call)
    assert call.grant is not None
    call.store.put("newest", call.grant.family, call.new_grant(0, secret=token))
    return token


def token_replaced(call: Call) -> Refusal | None:
    assert call.grant is not None
    newest = call.store.get("newest", call.grant.family)
    if newest is not None and newest.secret != call.told("access_token"):
        return Refusal("token_revoked", "a refresh has ended this access token and given another")
    return None


def time(field: str) -> Value:
    """A time of the person as Box writes it."""

    def value(call: Call) -> str:
        return datetime.fromisoformat(call.values[f"person.{field}"]).astimezone(PACIFIC).isoformat()

    return value


class Rules(OAuth2):
    rules = {**OAuth2.rules, "resource": (*OAuth2.rules["resource"], token_replaced)}
    values = {**OAuth2.values, "access_token": access_token, "created": time("created"), "modified": time("updated")}


def keep_the_old_one(given: walk.Walk, lab: Lab) -> None:
    old = given.values["access_token"]
    given.do_step("refresh")
    given.values["access_token"] = old


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "token_replaced": Provocation("userinfo", keep_the_old_one, "", "token_revoked"),
    }
