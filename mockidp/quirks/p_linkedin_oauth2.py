"""LinkedIn: what its contract cannot say as data.

Code is needed because a code_verifier, not a code_challenge, is what an app without PKCE is refused for, because a
scope that is not the app's is refused, and because the older profile is chosen by a projection in parentheses.
Source: learn.microsoft.com/linkedin, authorization code flow and sign-in-with-linkedin; nextauthjs/next-auth#8831;
keycloak/keycloak#22383.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc


def projected(call: Call) -> str | None:
    """The fields of a projection such as (id,firstName), without the outer parentheses."""
    text: str | None = call.told("projection")
    return text[1:-1] if text and text.startswith("(") and text.endswith(")") else text


def with_streams(call: Call) -> str | None:
    """Whether the projection asks for the pictures themselves, and not their names alone."""
    return "true" if "displayImage~" in (call.told("projection") or "") else None


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "authorize": (
            *(rule for rule in Oidc.rules["authorize"] if rule is not refusals.pkce_forbidden),
            refusals.scope_unknown,
        ),
        "client": (*Oidc.rules["client"], refusals.pkce_forbidden),  # before the code is looked at
        "token": tuple(rule for rule in Oidc.rules["token"] if rule is not refusals.pkce_forbidden),
    }
    values: ClassVar = {
        **Oidc.values,
        "projected": projected,
        "with_streams": with_streams,
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "last_name": lambda call: call.values["person.family_name"] or "",
    }


class Walk(walk.Walk):
    """There is no login without a scope: the least that can be asked for opens no profile."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "pkce_forbidden": Provocation("token", provoke.put(code_verifier="v" * 43), "pkce:forbidden"),
        "bad_scope": Provocation("authorize", provoke.put(scope="r_fullprofile")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), **({"scope": "w_member_social"} if self.scope == [] else {})}
