"""EVE Online: what its contract cannot say as data.

Code, because the former endpoints give opaque tokens beside the signed ones of today, because one scope is text where
several are an array, and because nobody gets a refresh token without a scope.
Source: esi/esi-docs, docs/services/sso; esi/esi-issues#274.
"""

from __future__ import annotations

import datetime
from typing import Any

from mockidp.families import oauth2, oidc
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

FORMER = "/oauth/"


def access_token(call: Call) -> str:
    """Signed claims; of the former endpoint an opaque one."""
    return oauth2.issue_access(call) if call.request.path.startswith(FORMER) else oidc.issue_access(call)


def refresh_token(call: Call) -> str | None:
    """Only with a scope, if only publicData."""
    return oauth2.issue_refresh(call) if call.granted else None


def scp(call: Call) -> Any:
    names = oauth2.granted_list(call)
    return names[0] if len(names) == 1 else names or None


def expires_on(call: Call) -> str:
    """When the token ends, without a zone."""
    assert call.grant is not None
    end = datetime.datetime.fromtimestamp(int(call.grant.expires), datetime.UTC)
    return end.replace(tzinfo=None).isoformat()


def token_kind(call: Call) -> str:
    return "JWT" if (call.told("access_token") or "").count(".") == 2 else "Character"


class Rules(oidc.Oidc):
    rules = OAuth2.rules
    values = {
        **oidc.Oidc.values,
        "access_token": access_token,
        "refresh_token": refresh_token,
        "scp": scp,
        "expires_on": expires_on,
        "token_kind": token_kind,
    }
