"""Slack: what its contract cannot say as data.

Code is needed because scopes may be asked for with blanks or commas, because an unknown scope is refused on a page, and
because an identity is the team and the person together.
Source: docs.slack.dev openid.connect.token, openid.connect.userInfo, users.identity; slackapi/python-slack-sdk.
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc
from mockidp.wire import Response


def date_email_verified(call: Call) -> int | None:
    person = call.person
    if person is None or person.email is None or not person.email_verified:
        return None
    return int(datetime.datetime.fromisoformat(str(person.created)).timestamp())


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "authorize": (*Oidc.rules["authorize"], refusals.scope_unknown),
        "revoke": (refusals.unknown_token,),
    }
    values: ClassVar = {
        **Oidc.values,
        "date_email_verified": date_email_verified,
        "scope_needed": lambda call: ",".join(sorted(call.exchange.scope)),
        "scope_provided": lambda call: ",".join(sorted(call.granted)),
    }

    def handle(self, call: Call) -> Response:
        """Blanks and commas part scopes alike."""
        scope = call.told("scope")
        if scope is not None:
            call.values["scope"] = call.wire.client.scope.delimiter.join(scope.replace(",", " ").split())
        return super().handle(call)


class Walk(walk.Walk):
    """Glues team and person, and asks for a scope that opens nothing where none is wanted."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="everything")),
        "bad_token@revoke": Provocation("revoke", provoke.put(token="xoxp-made-up"), "", "bad_token"),
        "no_token@revoke": Provocation("revoke", provoke.drop("token"), "", "no_token"),
    }

    def initial(self) -> dict[str, Any]:
        least = "identify" if self.wire.family == "oauth2" else "email"
        return {**super().initial(), **({"scope": least} if self.scope == [] else {})}

    def identity(self) -> dict[str, Any]:
        found = super().identity()
        document = self.seen["userinfo"].document
        team = document["team"]["id"] if "team" in document else document["https://slack.com/team_id"]
        return {**found, "uid": f"{team}_{found['uid']}"}
