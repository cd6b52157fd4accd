"""QuickBooks: what its contract cannot say as data.

Code is needed because the callback names the company only where its books or payments were asked for.
Source: developer.intuit.com, OAuth 2.0 and OpenID Connect.
"""

from __future__ import annotations

from typing import Any

from mockidp.check import walk
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc

BOOKS = "com.intuit.quickbooks.accounting"
OF_A_COMPANY = {BOOKS, "com.intuit.quickbooks.payment"}


def realm_id_if_asked(call: Call) -> str | None:
    """The company that was chosen, where the scopes are about one."""
    return None if OF_A_COMPANY.isdisjoint(call.granted) else str(call.derived("realm_id"))


class Rules(Oidc):
    values = {**Oidc.values, "realm_id_if_asked": realm_id_if_asked}


class Walk(walk.Walk):
    """There is no login without a scope: the least that can be asked for says nothing of the person."""

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), **({"scope": BOOKS} if self.scope == [] else {})}
