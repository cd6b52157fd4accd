"""Exist: what its contract cannot say as data.

Code, because a refresh ends the whole pair, because the old profile was asked for by the word `$self`, because scopes
that there are not are refused, and because the profile has the person's own time.
Source: hellocodeco/exist-api-docs (API v2), hellocodeco/old-exist-api-docs (API v1).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

SELF = "$self"


def no_such_user(call: Call) -> Refusal | None:
    """The path names whose profile it is: `$self`, or the name of the token's owner."""
    named = call.told("self")
    if named is None or call.person is None or named in (SELF, call.person.username):
        return None
    return Refusal("no_such_user", "the path names somebody else", expected=SELF, got=named)


def access_token(call: Call) -> str:
    """A new one; the one before it, which came of the same login, ends."""
    assert call.grant is not None
    old = call.store.get("newest", call.grant.family)
    grant = call.store.get("access", f"{call.provider}:{old.secret}") if old is not None else None
    if old is not None and grant is not None:
        grant.revoked = True
        call.store.put("access", f"{call.provider}:{old.secret}", grant)
    token = oauth2.issue_access(call)
    call.store.put("newest", call.grant.family, call.new_grant(call.lifetime("access_token"), secret=token))
    return token


def local_time(call: Call) -> str:
    assert call.person is not None
    moment = datetime.fromtimestamp(call.now, UTC).astimezone(ZoneInfo(call.person.zoneinfo))
    return moment.isoformat(timespec="microseconds")


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "resource": (*OAuth2.rules["resource"], no_such_user),
    }
    values = {**OAuth2.values, "access_token": access_token, "local_time": local_time}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="everything")),
        "no_such_user": Provocation("userinfo", provoke.put(self="somebody-else"), "url:self"),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "self": SELF}
