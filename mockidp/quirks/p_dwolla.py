"""Dwolla: what data cannot say.

- the profile is where the token's answer links to; the address of another account is refused (Dwolla API, Errors).
- the query of a redirect URI is the app's own, and not compared (Dwolla's OAuth pages, 2016 and 2018).
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def redirect_unregistered(call: Call) -> Refusal | None:
    """As the family's, but for the query; the browser goes back with all of it."""
    whole = call.told("redirect_uri")
    call.values["redirect_uri"] = whole.partition("?")[0] if whole else None
    refusal = refusals.redirect_unregistered(call)
    call.values["redirect_uri"] = whole
    if refusal is None and whole:
        call.redirect_to = whole
    return refusal


def other_account(call: Call) -> Refusal | None:
    own = call.derived("account")
    if call.told("account_id") not in (None, own):
        return Refusal(
            "other_account", "the access token is for another account", expected=own, got=call.told("account_id")
        )
    return None


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (refusals.unknown_client, redirect_unregistered, *OAuth2.rules["authorize"][2:]),
        "resource": (*OAuth2.rules["resource"], other_account),
    }


class Walk(walk.Walk):
    """Follows the link of the token's answer."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **provoke.OAUTH2,
        "other_account": Provocation("userinfo", lambda login, lab: _move(login)),
        "no_version": Provocation("userinfo", provoke.send(Accept="application/json"), "", "bad_request"),
    }

    def do_userinfo(self, step: str) -> None:
        link = self.seen["token"].document["_links"]["account"]["href"]
        self.values.setdefault("account_id", link.rpartition("/")[2])
        self.do_step(step)


def _move(login: walk.Walk) -> None:
    login.values["account_id"] = "00000000-0000-4000-a000-000000000000"
