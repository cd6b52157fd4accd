"""Globus: the token answer repeats the state of the authorize request.

Code, because a state is forgotten once the browser has been sent back.
Source: docs.globus.org/api/auth/reference; globus/globus-sdk-python 0494dafb, testing/data/auth.
"""

from __future__ import annotations

from mockidp.families import login, oidc
from mockidp.families.base import Call
from mockidp.wire import Response


def authorize(call: Call) -> Response | None:
    call.values.told["asked_state"] = call.told("state") or "_default"
    return login.authorize(call)


def asked_state(call: Call) -> str:
    return str(call.grant.facts.get("asked_state", "_default")) if call.grant is not None else "_default"


class Rules(oidc.Oidc):
    acts = {**oidc.Oidc.acts, "authorize": authorize}
    values = {**oidc.Oidc.values, "asked_state": asked_state}
