"""Strava: what its contract cannot say as data.

Code, because an app registers a domain, because scopes that there are not are refused, because a refresh gives a token
that is good for more than an hour back as it is, and because the athlete comes in two sizes.
Source: developers.strava.com/docs/authentication, developers.strava.com/docs/reference (getLoggedInAthlete).
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.apps import host_of, is_loopback
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2, refusals
from mockidp.families.base import Call, two_names
from mockidp.families.oauth2 import OAuth2

KEPT = 3600  # seconds: a token that lives longer is not replaced
SEXES = {"male": "M", "female": "F"}


def domain_unregistered(call: Call) -> Refusal | None:
    """Any URI within the domain of the app goes, and any on this machine; also settles where to go back to."""
    assert call.app is not None
    uri = call.told("redirect_uri") or ""
    domains = {host for known in call.app.redirect_uris if (host := host_of(known))}
    host = host_of(uri)
    if is_loopback(uri) or (host and any(host == domain or host.endswith(f".{domain}") for domain in domains)):
        call.redirect_to = uri
        return None
    return refusals.redirect_unregistered(call)


def access_token(call: Call) -> str:
    """A new one; at a refresh the newest, while it is good for long enough."""
    assert call.grant is not None
    kept = call.store.get("newest", call.grant.family) if call.step == "refresh" else None
    if kept is not None and kept.expires - call.now > KEPT:
        return kept.secret
    token = oauth2.issue_access(call)
    grant = call.new_grant(call.lifetime("access_token"), secret=token)
    call.store.put("newest", call.grant.family, grant)
    return token


def expires_at(call: Call) -> int:
    """When the token of this answer ends."""
    token = call.values["access_token"]
    grant = call.store.get("access", f"{call.provider}:{token}")
    return int(grant.expires) if grant is not None else int(call.now)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (
            refusals.unknown_client,
            domain_unregistered,
            *OAuth2.rules["authorize"][2:],
            refusals.scope_unknown,
        ),
        "revoke": (refusals.unknown_token,),
    }
    values = {
        **OAuth2.values,
        "access_token": access_token,
        "expires_at": expires_at,
        "expires_in": lambda call: expires_at(call) - int(call.now),
        "firstname": lambda call: two_names(call)[0],
        "lastname": lambda call: two_names(call)[1],
        "sex": lambda call: SEXES.get(call.person.gender) if call.person else None,
        "resource_state": lambda call: 3 if "profile:read_all" in call.granted else 2,
        "state_or_nothing": lambda call: call.values["state"] or "",
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="read,everything")),
        "scope_missing": Provocation("authorize", provoke.drop("scope")),
        "bad_token@revoke": Provocation("revoke", provoke.put(token="made-up-token"), "", "bad_token"),
        "no_token@revoke": Provocation("revoke", provoke.drop("token"), "", "no_token"),
    }
