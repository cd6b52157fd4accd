"""Weibo: what its contract cannot say as data.

Code, because the profile must be asked for by the user's id, because a token is ended and looked up by itself, and
because times and genders have forms of their own.
Source: open.weibo.com/wiki, OAuth2/access_token, 2/users/show, Error_code.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

PEKING = timezone(timedelta(hours=8))
GENDERS = {"male": "m", "female": "f"}


def uid_missing(call: Call) -> Refusal | None:
    if call.step == "userinfo" and call.told("uid") is None and call.told("screen_name") is None:
        return Refusal(
            "uid_missing", "neither uid nor screen_name says whose profile is wanted", expected="uid", got=""
        )
    return None


def no_such_user(call: Call) -> Refusal | None:
    """Other people's profiles are not simulated."""
    if call.step != "userinfo" or call.person is None:
        return None
    wanted = [(call.told("uid"), str(call.derived("uid"))), (call.told("screen_name"), call.person.nickname)]
    for got, own in wanted:
        if got not in (None, own):
            return Refusal("no_such_user", "uid or screen_name is not that of the token", expected=own, got=got)
    return None


def created_at(call: Call) -> str:
    """Mon Mar 05 17:41:17 +0800 2012."""
    assert call.person is not None
    moment = datetime.fromisoformat(call.person.created).astimezone(PEKING)
    return moment.strftime("%a %b %d %H:%M:%S %z %Y")


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "resource": (*OAuth2.rules["resource"], uid_missing, no_such_user),
        "revoke": (refusals.unknown_token, refusals.token_revoked, refusals.token_expired),
    }
    values = {
        **OAuth2.values,
        "path": lambda call: call.request.path,
        "created_at": created_at,
        "gender": lambda call: GENDERS.get(call.person.gender, "n") if call.person else None,
        "issued": lambda call: int(call.grant.issued) if call.grant else None,
        "left": lambda call: int(call.grant.expires - call.now) if call.grant else None,
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "uid_missing": Provocation("userinfo", provoke.drop("uid")),
        "no_such_user": Provocation("userinfo", provoke.put(uid="5999999999")),
        "bad_token@revoke": Provocation("revoke", provoke.put(token="made-up-token"), "", "bad_token"),
        "token_revoked@revoke": Provocation("revoke", provoke.own_token(provoke.revoked), "", "token_revoked"),
        "token_expired@revoke": Provocation(
            "revoke", provoke.own_token(provoke.wait("access_token")), "", "token_expired"
        ),
        "no_token@revoke": Provocation("revoke", provoke.drop("token"), "", "no_token"),
    }
