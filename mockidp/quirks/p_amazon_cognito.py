"""Amazon Cognito: the issuer is a user pool at another host, and openid alone opens everything.

Code is needed because the host that is asked names the pool's region and not the pool, because the scopes take away
and do not add, and because only refresh tokens can be revoked.
Source: awsdocs/amazon-cognito-developer-guide 324d35e (userinfo, authorization and revocation endpoints).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, oidc
from mockidp.families.base import Call

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

DOMAIN = re.compile(r"([^.]+)\.auth\.([a-z0-9-]+)\.amazoncognito\.com")
PERSONAL = {"profile", "email", "phone"}


def issuer(call: Call) -> str:
    """The user pool: that of the settings, the one whose keys are asked for, or one made up for a prefix."""
    settings, host = call.wire.settings, call.request.host
    region, pool = settings["REGION"], settings["USER_POOL_ID"]
    if call.told("pool"):
        region, pool = call.told("region"), call.told("pool")
    elif (found := DOMAIN.fullmatch(host)) and (host != urlsplit(settings["DOMAIN"]).netloc or found[2] != region):
        region, pool = found[2], f"{found[2]}_{hashlib.sha256(found[1].encode()).hexdigest()[:9]}"
    return f"https://cognito-idp.{region}.amazonaws.com/{pool}"


def unsupported_token_type(call: Call) -> Refusal | None:
    if call.store.get("access", f"{call.provider}:{call.told('token')}") is not None:
        return Refusal("unsupported_token_type", "only a refresh token can be revoked, and this is an access token")
    return None


def all_of_it(call: Call) -> None:
    """Without profile, email and phone every attribute is shown; with one of them, only what it names."""
    if not PERSONAL & call.granted:
        call.granted |= PERSONAL
    oauth2.resource(call)


def id_token(call: Call) -> str | None:
    """The same holds for the identity token."""
    if call.granted and not PERSONAL & call.granted:
        call.granted |= PERSONAL
    return oidc.issue_id_token(call)


def unknown_scope(call: Call) -> Refusal | None:
    """Scopes of the user's own resource servers have a slash in them; any other is known or refused."""
    asked = [name for name in login.scopes(call) if "/" not in name]
    unknown = [name for name in asked if name not in call.wire.client.scope.words]
    if unknown:
        known = ", ".join(call.wire.client.scope.words)
        return Refusal("bad_scope", "the pool has no such scope", expected=known, got=" ".join(unknown))
    return None


class Rules(oidc.Oidc):
    rules = {
        **oidc.Oidc.rules,
        "authorize": (*oidc.Oidc.rules["authorize"], unknown_scope),
        "revoke": (unsupported_token_type,),
    }
    acts = {**oidc.Oidc.acts, "resource": all_of_it}
    values = {**oidc.Oidc.values, "issuer": issuer, "id_token": id_token}


def _revoke_access(walk: walk.Walk, lab: Lab) -> None:
    walk.values["token"] = walk.values["access_token"]


class Walk(walk.Walk):
    """Revokes its refresh token, for an access token it may not."""

    provocations = {
        **provoke.OAUTH2,
        "bad_scope": Provocation("authorize", provoke.put(scope="openid everything")),
        "unsupported_token_type": Provocation("revoke", _revoke_access),
    }

    def run(self) -> dict[str, Any]:
        identity = super().run()
        self.values["token"] = self.values["refresh_token"]
        return identity
