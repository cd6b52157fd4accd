"""PayPal: what its contract cannot say as data.

Code is needed because a profile lists every address of the account, and because a scope that is not ticked for the app
is refused. Source: developer.paypal.com, Identity 1.0 schema and log-in/build.md; paypal/PayPal-Ruby-SDK#125.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def emails(call: Call) -> list[dict[str, Any]] | None:
    """Every address of the account, the primary one first; none for an account with a telephone number alone."""
    person = call.person
    if person is None or person.email is None:
        return None
    rows = [(person.email, person.email_verified), *person.other_emails]
    return [{"value": value, "primary": at == 0, "confirmed": good} for at, (value, good) in enumerate(rows)]


class Rules(OAuth2):
    rules: ClassVar = {**OAuth2.rules, "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown)}
    values: ClassVar = {**OAuth2.values, "emails": emails}


class Walk(walk.Walk):
    """There is no login without a scope: the least that can be asked for opens no profile."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="openid everything")),
        "wrong_schema": Provocation("userinfo", provoke.send(schema="openid"), "", "bad_request"),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), **({"scope": "email"} if self.scope == [] else {})}
