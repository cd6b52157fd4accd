"""TrainingPeaks: what its contract cannot say as data.

Code, because the profile has a month of birth, and a letter for male or female.
Source: TrainingPeaks/PartnersAPI wiki, Get Athlete Profile.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def birth_month(call: Call) -> str | None:
    """Like `1980-10`."""
    day = call.values["person.birthdate"]
    return str(day)[:7] if day else None


def sex(call: Call) -> str | None:
    return {"male": "m", "female": "f"}.get(call.values["person.gender"])


class Rules(OAuth2):
    values: ClassVar = {
        **OAuth2.values,
        "birth_month": birth_month,
        "sex": sex,
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
    }
