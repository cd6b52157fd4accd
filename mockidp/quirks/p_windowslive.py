"""Windows Live: what its contract cannot say as data.

Code is needed because locales, times and birthdays are written in a way of their own.
Source: Live SDK REST reference, hh243648.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families.base import Call, Value
from mockidp.families.oauth2 import OAuth2


def live_locale(call: Call) -> str:
    """en_US, where others have en-US."""
    return str(call.values["person.locale"] or "en-US").replace("-", "_")


def updated_time(call: Call) -> str:
    """ISO 8601 with +0000."""
    return str(call.values["person.updated"]).replace("Z", "+0000")


def birth(part: int) -> Value:
    """The year, the month or the day of birth, as a number."""
    return lambda call: int(str(call.values["person.birthdate"] or "1980-01-01").split("-")[part])


class Rules(OAuth2):
    values: ClassVar = {
        **OAuth2.values,
        "live_locale": live_locale,
        "updated_time": updated_time,
        "birth_year": birth(0),
        "birth_month": birth(1),
        "birth_day": birth(2),
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "last_name": lambda call: call.values["person.family_name"] or "",
    }


class Walk(walk.Walk):
    """There is no login without a scope: the least that can be asked for opens no profile."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "scope_missing": Provocation("authorize", provoke.drop("scope")),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), **({"scope": "wl.offline_access"} if self.scope == [] else {})}
