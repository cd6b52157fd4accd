"""GitLab: what its contract cannot say as data.

Code, because the day on which an address was confirmed is empty until it is, and because a token that is another
app's cannot be revoked. Source: gitlabhq/gitlabhq lib/api/entities; doorkeeper-gem/doorkeeper, tokens_controller.rb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def confirmed_at(call: Call) -> str | None:
    return call.person.created if call.person and call.person.email and call.person.email_verified else None


def token_of_another_app(call: Call) -> Refusal | None:
    """An unknown token is no error, one of another app is."""
    for kind in ("access", "refresh"):
        grant = call.store.get(kind, f"{call.provider}:{call.told('token')}")
        if grant is not None and call.app is not None and grant.client_id != call.app.client_id:
            return Refusal(
                "token_of_another_app",
                "the token was issued to another app",
                expected=grant.client_id,
                got=call.app.client_id,
            )
    return None


def another_apps_token(given: walk.Walk, lab: Lab) -> None:
    given.values["token"] = given.values["access_token"]
    provoke.as_another_app(given, lab)


class Rules(Oidc):
    rules: ClassVar = {**Oidc.rules, "revoke": (token_of_another_app,)}
    values: ClassVar = {**Oidc.values, "confirmed_at": confirmed_at}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "code_missing": Provocation("token", provoke.drop("code")),
        "token_of_another_app": Provocation("revoke", another_apps_token),
    }
