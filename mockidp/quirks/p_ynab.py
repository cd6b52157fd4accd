"""YNAB: what its contract cannot say as data.

Code, because a token that is another app's cannot be revoked.
Source: doorkeeper-gem/doorkeeper, app/controllers/doorkeeper/tokens_controller.rb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def not_yours(call: Call) -> Refusal | None:
    """An unknown token is no error, one of another app is."""
    for kind in ("access", "refresh"):
        if login.found(call, kind, call.told("token") or "", "not_yours", "token") is None:
            return login.of_another_app(call, "not_yours", "token")
    return None


def another_apps_token(given: walk.Walk, lab: Lab) -> None:
    given.values["token"] = given.values["access_token"]
    provoke.as_another_app(given, lab)


class Rules(OAuth2):
    rules: ClassVar = {**OAuth2.rules, "revoke": (not_yours,)}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "code_missing": Provocation("token", provoke.drop("code")),
        "not_yours": Provocation("revoke", another_apps_token),
    }
