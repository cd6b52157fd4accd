"""Naver: what its contract cannot say as data.

Code, because an id belongs to one app, because age, birthday and gender have forms of their own, and because a token
can also be ended at the token endpoint, with `grant_type=delete`.
Source: naver/naver-openapi-guide, ko/login/profile/profile.md; naver/naveridlogin-sdk-android.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import oauth2
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

GENDERS = {"male": "M", "female": "F"}


def uid(call: Call) -> str | None:
    """Of this person at this app: at another app the same person has another."""
    value = call.derived("uid", call.app.client_id if call.app else "")
    return None if value is None else str(value)


def age(call: Call) -> str:
    """A decade, as in 30-39; all from sixty on are one."""
    assert call.person is not None
    born, today = date.fromisoformat(call.person.birthdate), datetime.fromtimestamp(call.now, UTC).date()
    decade = (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) // 10 * 10
    return "60-" if decade >= 60 else f"{decade}-{decade + 9}"


class Rules(OAuth2):
    rules = {**OAuth2.rules, "delete": ()}
    acts = {**OAuth2.acts, "delete": oauth2.revoke}
    values = {
        **OAuth2.values,
        "uid": uid,
        "age": age,
        "gender": lambda call: GENDERS.get(call.person.gender, "U") if call.person else None,
        "birthday": lambda call: call.person.birthdate[5:] if call.person else None,
        "birthyear": lambda call: call.person.birthdate[:4] if call.person else None,
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "state_missing": Provocation("authorize", provoke.drop("state")),
        "wrong_secret@revoke": Provocation("revoke", provoke.own_token(provoke.other_secret), "", "wrong_secret"),
        "wrong_secret@delete": Provocation("delete", provoke.own_token(provoke.other_secret), "", "wrong_secret"),
        "token_missing@revoke": Provocation("revoke", provoke.drop("token"), "", "bad_request"),
        "token_missing@delete": Provocation("delete", provoke.drop("token"), "", "access_token_missing"),
    }
