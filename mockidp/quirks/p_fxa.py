"""Mozilla accounts: what its contract cannot say as data.

Code is needed because PKCE is for public clients alone and ours is none, because a secret may come one way only,
because openid is no scope of a refresh token, and because an unknown token cannot be destroyed.
Source: mozilla/fxa, fxa-auth-server lib/routes/oauth/token.js (0070b1ca), destroy.js, lib/oauth/client.js.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2, oidc, refusals
from mockidp.families.base import Call

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def verifier_with_secret(call: Call) -> Refusal | None:
    """In the body the two exclude each other; beside one in the header, the client is said not to be public."""
    if call.told("code_verifier") and call.told("basic") is None:
        return Refusal("verifier_with_secret", "a code_verifier came beside the client secret")
    return None


def unknown_token(call: Call) -> Refusal | None:
    token = f"{call.provider}:{call.told('token')}"
    if call.store.get("access", token) is None and call.store.get("refresh", token) is None:
        return Refusal("unknown_token", "no such token was issued here")
    return None


def granted(call: Call) -> str:
    names: list[str] = oauth2.granted_list(call)
    return " ".join(name for name in names if call.step != "refresh" or name != "openid")


CODE = tuple(rule for rule in oidc.Oidc.rules["token"] if rule is not refusals.pkce_forbidden)


class Rules(oidc.Oidc):
    rules = {
        **oidc.Oidc.rules,
        "authorize": (*oidc.Oidc.rules["authorize"], refusals.scope_unknown),
        "token": (verifier_with_secret, refusals.pkce_forbidden, *CODE),
        "revoke": (unknown_token,),
    }
    values = {**oidc.Oidc.values, "granted": granted}


# the other side


def _with_basic(walk: walk.Walk, lab: Lab) -> None:
    """A verifier beside a secret in the header."""
    provoke.in_header_too(walk, lab)
    walk.values["code_verifier"] = "v" * 43
    walk.override |= {"client_secret": None, "client_id": None}


class Walk(walk.Walk):
    provocations = {
        **provoke.OAUTH2,
        "bad_scope": Provocation("authorize", provoke.put(scope="profile everything")),
        "code_missing": Provocation("token", provoke.drop("code")),
        "verifier_with_secret": Provocation("token", provoke.put(code_verifier="v" * 43)),
        "pkce_forbidden@token": Provocation("token", _with_basic, "", "pkce_forbidden"),
        "credentials_twice": Provocation("token", provoke.in_header_too),
        "unknown_token": Provocation("revoke", provoke.put(token="made-up-token")),
    }
