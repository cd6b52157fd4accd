"""Vimeo's Advanced API: what its contract cannot say as data.

Code is needed because the API is one URL for all methods and formats, and a profile may be asked for by its owner's
id or name. Source: developer.vimeo.com/apis/advanced (archived); vimeo/vimeo-php-lib @38cc067.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.quirks.rest_methods import RestRules, RestWalk


def user_not_found(call: Call) -> Refusal | None:
    """Nobody is named where the person of the token is meant."""
    assert call.person is not None
    own, asked = str(call.values["uid"]), call.told("user_id")
    if asked in (None, "", own, call.person.username):
        return None
    return Refusal("user_not_found", "user_id is not that of the person", expected=own, got=asked)


class Rules(RestRules):
    known: ClassVar[tuple[str, ...]] = ("json", "xml")
    plain: ClassVar[str] = "xml"
    rules = {
        **RestRules.rules,
        "authorize": (*RestRules.rules["authorize"], refusals.scope_unknown),
        "resource": (*RestRules.rules["resource"], user_not_found),
    }
    values = {
        **RestRules.values,
        "form_of_answer": lambda call: "json",
        "created_on": lambda call: call.person.created.replace("T", " ").rstrip("Z") if call.person else None,
    }


class Walk(RestWalk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **RestWalk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="everything")),
        "user_not_found": Provocation("userinfo", provoke.put(user_id="10000000")),
    }
