"""edX: what its contract cannot say as data.

Code, because an account is one person's: those of others are hidden; and because pictures are named
after their sizes.
Source: openedx/edx-platform, user_api/accounts/views.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockidp.check import walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call, Value
from mockidp.families.oauth2 import OAuth2

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def unknown_user(call: Call) -> Refusal | None:
    asked, own = call.told("handle"), call.person.username if call.person else None
    if asked is None or asked == own:
        return None
    return Refusal("unknown_user", "the account is not that of the token", expected=own, got=asked)


def picture(size: int) -> Value:
    """The file of somebody's picture, which is there in several sizes."""
    return lambda call: f"{call.derived('image')}_{size}.jpg"


def somebody_elses(given: walk.Walk, lab: Lab) -> None:
    given.values["handle"] = "bob-baumann"


class Rules(OAuth2):
    rules: ClassVar = {**OAuth2.rules, "resource": (*OAuth2.rules["resource"], unknown_user)}
    values: ClassVar = {**OAuth2.values, **{f"image_{size}": picture(size) for size in (30, 50, 120, 500)}}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "unknown_user": Provocation("account", somebody_elses),
    }
