"""CILogon: scopes that it does not know are refused, and openid must be among them.

Code, because other providers of the family let them pass.
Source: cilogon/service 3e5b850, authorize/; ncsa/oa4mp 8b16b41d.
"""

from __future__ import annotations

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import oidc, refusals


class Rules(oidc.Oidc):
    rules = {**oidc.Oidc.rules, "authorize": (*oidc.Oidc.rules["authorize"], refusals.scope_unknown)}


class Walk(walk.Walk):
    provocations = {**provoke.OAUTH2, "bad_scope": Provocation("authorize", provoke.put(scope="openid Everything"))}
