"""Gitea: what its contract cannot say as data.

Code, because the redirect URI at token need only be one that is registered, because a refusal brings a state back even
where none was sent, and because a refresh token is good for more than one use.
Source: Gitea, routers/web/auth/oauth2_provider.go and services/oauth2_provider.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc


def redirect_mismatch(call: Call) -> Refusal | None:
    """Another URI than at authorize will do, if the app has it registered."""
    assert call.app is not None
    given = call.told("redirect_uri")
    if not given or call.app.allows(given):
        return None
    allowed = ", ".join(call.app.redirect_uris) or "any http(s) URI on loopback"
    return Refusal("redirect_mismatch", "redirect_uri at token is not registered", expected=allowed, got=given)


def refresh(call: Call) -> None:
    """A new refresh token is given, and the old one stays."""
    del call.values["refresh_token"]


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "token": tuple(
            redirect_mismatch if rule is refusals.redirect_mismatch else rule
            for rule in Oidc.rules["token"]
            if rule is not refusals.code_expired
        ),
        "refresh": tuple(rule for rule in Oidc.rules["refresh"] if rule is not refusals.refresh_token_used),
    }
    acts: ClassVar = {**Oidc.acts, "refresh": refresh}
    values: ClassVar = {
        **Oidc.values,
        "state_or_nothing": lambda call: call.values["state"] or "",
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "redirect_mismatch": Provocation("token", provoke.put(redirect_uri="https://evil.example/cb"), "redirect_uri"),
    }
