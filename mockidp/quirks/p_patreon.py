"""Patreon: what its contract cannot say as data.

Code, because who asks for no scope gets those of version 1, because a date has an offset, because no text of
a profile is null, and because a membership is read by its own id.
Source: Patreon/platform-documentation, _oauth.md, _endpoints_v2.md, _resources_v2.md.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.check.walk import Seen
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

V1 = "users pledges-to-me my-campaign"
FIELDS = (
    "about,can_see_nsfw,created,email,first_name,full_name,hide_pledges,image_url,is_creator,is_email_verified,last_name,"
    "like_count,social_connections,thumb_url,url,vanity"
)


def no_such_member(call: Call) -> Refusal | None:
    asked, own = call.told("member_id"), call.derived("member")
    if "member_id" in call.values.told and asked != own:
        return Refusal("no_such_member", "this is nobody's membership, or not this person's", expected=own, got=asked)
    return None


def created(call: Call) -> str | None:
    return call.person.created.removesuffix("Z") + ".000+00:00" if call.person else None


class Rules(OAuth2):
    rules = {**OAuth2.rules, "resource": (*OAuth2.rules["resource"], no_such_member)}
    values = {
        **OAuth2.values,
        "created": created,
        "email": lambda call: call.values["person.email"] or "",
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "last_name": lambda call: call.values["person.family_name"] or "",
    }

    def handle(self, call: Call) -> Response:
        if call.step == "authorize" and not call.told("scope"):
            call.values["scope"] = V1
        return super().handle(call)


class Walk(walk.Walk):
    """Asks for all attributes and for the membership."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "no_such_member": Provocation("member", provoke.put(member_id="00000000-0000-4000-8000-000000000000")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "user_fields": FIELDS, "include": "memberships"}

    def learn(self, answer: Any, seen: Seen) -> None:
        super().learn(answer, seen)
        if "member" in self.values:
            self.values.setdefault("member_id", self.values["member"])
