"""23andMe: what its contract cannot say as data.

Code, because a code_challenge came without a method and was S256, because parts of the account come only where the
request asks for them, and because names are read by the id of a profile.
Source: api.23andme.com/docs/authentication and docs/v1_reference.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

SERVICES = [{"id": 1, "label": "pgs_ancestry", "description": "Ancestry Service"}]


def no_such_profile(call: Call) -> Refusal | None:
    """The path names a profile, which must be one of the account's."""
    named, own = call.told("profile"), str(call.derived("own_profile"))
    if named is None or named == own:
        return None
    return Refusal("no_such_profile", "the account has no such profile", expected=own, got=named)


def asked_email(call: Call) -> str | None:
    return call.person.email if call.person and call.told("with_email") == "true" else None


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": tuple(rule for rule in OAuth2.rules["authorize"] if rule is not refusals.challenge_method_refused),
        "resource": (*OAuth2.rules["resource"], no_such_profile),
    }
    values = {
        **OAuth2.values,
        "asked_email": asked_email,
        "asked_services": lambda call: SERVICES if call.told("with_services") == "true" else None,
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
    }

    def handle(self, call: Call) -> Response:
        if call.told("code_challenge"):
            call.values["code_challenge_method"] = "S256"  # the only one, and never named
        return super().handle(call)


class Walk(walk.Walk):
    """Asks for the address, and for the names of the first profile."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **{name: row for name, row in walk.Walk.provocations.items() if name != "challenge_method_refused"},
        "grant_type_missing": Provocation("token", provoke.send(grant_type=None)),
        "no_such_profile": Provocation("names", provoke.put(profile="0" * 16)),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "with_email": "true"}

    def do_userinfo(self, step: str) -> None:
        self.values["profile"] = self.ask(self.exchange(step)).document["profiles"][0]["id"]
