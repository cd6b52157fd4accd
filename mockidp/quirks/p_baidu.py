"""Baidu: what its contract cannot say as data.

Code, because a token is ended by itself, alone or with all that came of the login, because scopes that there are not
are refused, whichever way they are joined, and because an openid belongs to one app.
Source: openauth.baidu.com/doc/doc.html; Baidu's OAuth error codes.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import login, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

SEXES = {"male": "1", "female": "2"}


def expire(call: Call) -> None:
    """End this token, and leave what else came of the login alone."""
    assert call.grant is not None
    call.grant.revoked = True
    login.remember(call, "access", call.told("token"), call.grant)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "revoke": (refusals.unknown_token, refusals.token_revoked, refusals.token_expired),
        "expire": (refusals.unknown_token, refusals.token_revoked, refusals.token_expired),
    }
    acts = {**OAuth2.acts, "expire": expire}
    values = {
        **OAuth2.values,
        "openid": lambda call: call.derived("openid", call.app.client_id if call.app else ""),
        "asked_unionid": lambda call: call.derived("unionid") if call.told("get_unionid") == "1" else None,
        "sex": lambda call: SEXES.get(call.person.gender, "0") if call.person else None,
    }

    def handle(self, call: Call) -> Response:
        login.rejoin(call, ",")  # scopes come with spaces; with commas they are taken too
        return super().handle(call)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="basic everything")),
        "bad_token@revoke": Provocation("revoke", provoke.put(token="made-up-token"), "", "bad_token"),
        "token_revoked@revoke": Provocation("revoke", provoke.own_token(provoke.revoked), "", "token_revoked"),
        "token_expired@revoke": Provocation(
            "revoke", provoke.own_token(provoke.wait("access_token")), "", "token_expired"
        ),
        "bad_token@expire": Provocation("expire", provoke.put(token="made-up-token"), "", "bad_token"),
        "token_revoked@expire": Provocation("expire", provoke.own_token(provoke.revoked), "", "token_revoked"),
        "token_expired@expire": Provocation(
            "expire", provoke.own_token(provoke.wait("access_token")), "", "token_expired"
        ),
        "no_token@revoke": Provocation("revoke", provoke.drop("token"), "", "no_token"),
    }
