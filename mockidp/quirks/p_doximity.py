"""Doximity: what its contract cannot say as data.

Code, because the profile comes as a signed token, because there is no refresh token for a login without PKCE, and
because the profiles have lists and letters that are made of the person.
Source: doximity/omniauth-doximity-oauth2 1.5.0, README and strategy.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp import jose
from mockidp.families import oauth2, oidc
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc

OF_A_LOGIN = ("nonce", "at_hash", "sid", "auth_time", "acr", "azp")


def signed_userinfo(call: Call) -> str:
    """The claims about the person, without those about a login."""
    body = call.wire.claims
    assert body is not None
    call.values.update(
        dict.fromkeys(OF_A_LOGIN, "") | {"auth_time": 0}
    )  # there is no login here that they could be told of
    claims = {name: value for name, value in oidc.filled(call, body).items() if name not in OF_A_LOGIN}
    return jose.sign(claims, oidc.ring(call).signing("RS256"))


def refresh_token(call: Call) -> str | None:
    """For a code that a verifier belongs to, and for a refresh."""
    if call.step == "token" and call.grant is not None and call.grant.challenge is None:
        return None
    return oauth2.issue_refresh(call)


def emails(call: Call) -> list[str] | None:
    return [call.person.email] if call.person and call.person.email else None


class Rules(Oidc):
    values: ClassVar = {
        **Oidc.values,
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "gender": lambda call: (call.values["person.gender"] or "")[:1].upper() or None,
        "signed_userinfo": signed_userinfo,
        "refresh_token": refresh_token,
        "emails": emails,
        "reset": lambda call: int(call.now) + 3600,
    }
