"""Salesforce: what its contract cannot say as data.

Code is needed because a challenge is always SHA-256 whether a method is named or not, because the identity URL is one
person's, and because every user has a last name and an address, be it an empty one.
Source: help.salesforce.com remoteaccess_using_openid, developer.salesforce.com web server OAuth flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def wrong_user(call: Call) -> Refusal | None:
    """The identity URL is that of the person whom the token stands for."""
    asked = call.told("user_id")
    own = str(call.derived("uid"))
    if asked is not None and asked != own:
        return Refusal("wrong_user", "the identity URL is somebody else's", expected=own, got=asked)
    return None


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "resource": (*Oidc.rules["resource"], wrong_user),
    }
    values: ClassVar = {
        **Oidc.values,
        # the member is always there
        "login_email": lambda call: call.values["person.email"] or "",
        "login_email_verified": lambda call: bool(call.values["person.email_verified"]),
        "last_name": lambda call: call.values["person.family_name"] or call.values["person.name"],
    }

    def handle(self, call: Call) -> Response:
        """There is one method, and a request need not name it."""
        if call.told("code_challenge") is not None and call.told("code_challenge_method") is None:
            call.values["code_challenge_method"] = "S256"
        return super().handle(call)


def somebody_elses(given: walk.Walk, lab: Lab) -> None:
    given.values["user_id"] = "005" + "0" * 15


class Walk(walk.Walk):
    """Takes the identity URL from the token's answer."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "code_missing": Provocation("token", provoke.drop("code")),
        "wrong_user": Provocation("identity", somebody_elses),
    }

    def ask(self, exchange: Any) -> walk.Seen:
        seen = super().ask(exchange)
        if exchange.step == "token":
            self.values["org_id"], self.values["user_id"] = seen.document["id"].split("/")[-2:]
        return seen
