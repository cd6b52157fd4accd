"""Twitch: what its contract cannot say as data.

Code, because the client id in the header must be that of the token; because a login name is made of few
characters; because scopes are an array that is missing when it is empty; and because a bad token is not revoked.
Source: dev.twitch.tv/docs/authentication, dev.twitch.tv/docs/api/reference#get-users.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login as logins
from mockidp.families import oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

FOREIGN = re.compile(r"[^a-z0-9_]")


def client_id_differs(call: Call) -> Refusal | None:
    sent = call.told("client_id_sent")
    assert call.grant is not None
    if sent is not None and sent != call.grant.client_id:
        return Refusal("client_id_differs", "the token is another app's", expected=call.grant.client_id, got=sent)
    return None


def bad_revoked_token(call: Call) -> Refusal | None:
    """Only an access token that this app has can be revoked."""
    refusal = logins.found(call, "access", call.told("token") or "", "bad_revoked_token", "access token")
    return refusal or logins.of_another_app(call, "bad_revoked_token", "access token")


def login(call: Call) -> str | None:
    """A login name: lower-case letters, digits and underscores."""
    if call.person is None:
        return None
    return FOREIGN.sub("_", call.person.username.lower())


def display_name(call: Call) -> str | None:
    """The login name in other capitals, or a name in a script of its own; with no blanks."""
    return None if call.person is None else call.person.name.replace(" ", "_")


def seconds_left(call: Call) -> int:
    assert call.grant is not None
    return int(call.grant.expires - call.now)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "client": tuple(rule for rule in OAuth2.rules["client"] if rule is not refusals.credentials_missing),
        "revoke": (bad_revoked_token,),
        "resource": (*OAuth2.rules["resource"], client_id_differs),
    }
    values = {
        **OAuth2.values,
        "login": login,
        "display_name": display_name,
        "scopes": lambda call: oauth2.granted_list(call) or None,
        "seconds_left": seconds_left,
    }

    def rules_of(self, call: Call) -> Any:
        """A token is revoked without the secret."""
        return (rule for rule in super().rules_of(call) if call.step != "revoke" or rule is not refusals.wrong_secret)


class Walk(walk.Walk):
    """Sends the client id with the token."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "client-id_missing": Provocation("userinfo", provoke.drop("client_id_sent")),
        "client_id_differs": Provocation("userinfo", provoke.put(client_id_sent="someone-else")),
        "client_secret_missing": Provocation("token", provoke.drop("app.secret")),
        "refresh_token_missing": Provocation("refresh", provoke.drop("refresh_token")),
        "bad_revoked_token": Provocation("revoke", provoke.put(token="made-up-token")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "client_id_sent": self.app.client_id}
