"""Zoho: what its contract cannot say as data.

Code is needed because everybody is in one of several data centres: what was issued in one is unknown in the others, and
the callback names it. And because the letter case of a scope does not matter.
Source: zoho.com/accounts/protocol/oauth/web-apps, zoho.com/thrive/resources/api/identify-user-location.html.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families.base import Call, Rule
from mockidp.families.oidc import Oidc
from mockidp.wire import Request

CENTRES = {  # location: its accounts server, and the host of its APIs
    "us": ("accounts.zoho.com", "www.zohoapis.com"),
    "eu": ("accounts.zoho.eu", "www.zohoapis.eu"),
    "in": ("accounts.zoho.in", "www.zohoapis.in"),
    "au": ("accounts.zoho.com.au", "www.zohoapis.com.au"),
    "jp": ("accounts.zoho.jp", "www.zohoapis.jp"),
    "ca": ("accounts.zohocloud.ca", "www.zohoapis.ca"),
    "cn": ("accounts.zoho.com.cn", "www.zohoapis.com.cn"),
    "sa": ("accounts.zoho.sa", "www.zohoapis.sa"),
}
# By country. Where somebody's account is, is our invention: alice, bob and carol are in the first centre, so that a
# client that knows no other one can be tested with an address that is verified, one that is not, and none.
LOCATIONS = {
    "IN": "in",
    "AU": "au",
    "JP": "jp",
    "CA": "ca",
    "CN": "cn",
    "SA": "sa",
    **dict.fromkeys(("CZ", "DK", "EE", "FI", "GR", "IE", "SE"), "eu"),
}


def location(call: Call) -> str:
    return LOCATIONS.get(str(call.values["person.country"]), "us")


def elsewhere(name: str, what: str) -> Rule:
    """A refusal: a code or token is known in the data centre that issued it and in no other."""

    def refusal(call: Call) -> Refusal | None:
        own = CENTRES[location(call)]
        if call.request.host in own:
            return None
        return Refusal(name, f"the {what} is of another data centre", expected=" or ".join(own), got=call.request.host)

    refusal.__name__ = name
    return refusal


def missing_scope(call: Call) -> Refusal | None:
    """As the family's, but for letter case."""
    wanted = {name.lower() for name in call.exchange.scope}
    if wanted and wanted.isdisjoint(name.lower() for name in call.granted):
        return Refusal(
            "missing_scope",
            f"{call.step} needs a scope that was not granted",
            expected=" or ".join(sorted(call.exchange.scope)),
            got=" ".join(sorted(call.granted)) or "none",
        )
    return None


class Rules(Oidc):
    rules = {
        **Oidc.rules,
        "token": (*Oidc.rules["token"], elsewhere("code_of_another_centre", "code")),
        "refresh": (*Oidc.rules["refresh"], elsewhere("refresh_token_of_another_centre", "refresh token")),
        "resource": (
            *Oidc.rules["resource"][:-1],
            elsewhere("token_of_another_centre", "access token"),
            missing_scope,
        ),
    }
    values = {
        **Oidc.values,
        "location": location,
        "accounts_host": lambda call: CENTRES[location(call)][0],
        "api_host": lambda call: CENTRES[location(call)][1],
    }


class Walk(walk.Walk):
    """Goes on at the accounts server of the callback, and at the API of the same data centre."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "code_of_another_centre": Provocation("token", provoke.put(accounts_host="accounts.zoho.eu")),
        "refresh_token_of_another_centre": Provocation(
            "refresh", provoke.put(accounts_host="accounts.zoho.eu"), "refresh"
        ),
        "token_of_another_centre": Provocation("userinfo", provoke.put(accounts_host="accounts.zoho.eu")),
        "token_of_another_centre@crm": Provocation(
            "crm_user", provoke.put(accounts_host="accounts.zoho.eu"), "", "token_of_another_centre"
        ),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "accounts_host": CENTRES["us"][0]}

    def ask(self, exchange: Exchange) -> walk.Seen:
        """Look at the identity token as well, which comes to those only who ask for its scopes."""
        seen = super().ask(exchange)
        if (
            exchange.step == "token"
            and "id_token" in seen.document
            and self.claims().get("nonce") != self.values["nonce"]
        ):
            raise walk.WalkError("token", "the nonce of the identity token is not the one that was sent")
        return seen

    def build(self, exchange: Exchange) -> Request:
        request = super().build(exchange)
        if exchange.step == "authorize":
            return request
        at = exchange.step == "crm_user"
        host = next(both[at] for both in CENTRES.values() if both[0] == self.values["accounts_host"])
        return Request.of(request.method, request.url.replace(request.host, host, 1), request.headers, request.body)
