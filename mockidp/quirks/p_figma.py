"""Figma: what its contract cannot say as data.

Code, because a scope that an app cannot have is refused on the spot, which is how two renamings reached people,
because scopes may be joined by commas as well as by spaces, and because a person has one live token an app.
Source: developers.figma.com/docs/rest-api/authentication; supabase/auth#1827, supabase/supabase#39328.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response


def access_token(call: Call) -> str:
    """A new one; the one that this person had at this app ends."""
    assert call.grant is not None
    owner = f"{call.provider}:{call.grant.client_id}:{call.grant.person}"
    old = call.store.get("newest", owner)
    grant = call.store.get("access", f"{call.provider}:{old.secret}") if old is not None else None
    if old is not None and grant is not None:
        grant.revoked = True
        login.remember(call, "access", old.secret, grant)
    token = oauth2.issue_access(call)
    call.store.put("newest", owner, call.new_grant(call.lifetime("access_token"), secret=token))
    return token


class Rules(OAuth2):
    rules = {**OAuth2.rules, "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown)}
    values = {**OAuth2.values, "access_token": access_token}

    def handle(self, call: Call) -> Response:
        login.rejoin(call, ",")
        return super().handle(call)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="file_everything")),
        "state_missing": Provocation("authorize", provoke.drop("state")),
    }
