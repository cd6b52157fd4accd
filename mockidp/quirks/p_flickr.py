"""Flickr: what its contract cannot say as data.

Code is needed because the API is one URL for all methods and formats, a wrong signature is answered with the base
string that was expected, a login page wants to know the permission, and a profile is asked for by its owner's id.
Source: flickr-api-swagger; auth.oauth.html; python-flickr-api#32 for the base string.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth1 import absent, base_string
from mockidp.quirks.rest_methods import RestRules, RestWalk


def unknown_user(call: Call) -> Refusal | None:
    own, asked = str(call.values["uid"]), call.told("user_id")
    if asked in (None, own):
        return None
    return Refusal("unknown_user", "user_id is not that of the person", expected=own, got=asked)


class Rules(RestRules):
    known: ClassVar[tuple[str, ...]] = ("json", "rest")
    wrapper: ClassVar[str] = "jsonFlickrApi"
    unwrapped_by: ClassVar[str] = "nojsoncallback"
    rules = {
        **RestRules.rules,
        "authorize": (*RestRules.rules["authorize"], refusals.scope_unknown),
        "resource": (*RestRules.rules["resource"], unknown_user),
    }
    values = {**RestRules.values, "base_string": base_string, "absent": absent, "form_of_answer": lambda call: "json"}


class Walk(RestWalk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **RestWalk.provocations,
        "perms_missing": Provocation("authorize", provoke.drop("scope")),
        "bad_scope": Provocation("authorize", provoke.put(scope="everything")),
        "unknown_user": Provocation("userinfo", provoke.put(user_id="10000000@N00")),
    }
