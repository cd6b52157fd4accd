"""Bitbucket with OAuth 1.0a: what its contract cannot say as data.

Code is needed because a profile is asked for by name or by e-mail address, other people's too, and because somebody
may have several addresses. Source: Atlassian's pages on the users and emails resources of API 1.0.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import unquote

from mockidp.check import provoke, walk_oauth1
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1
from mockidp.people import Person


def unknown_account(call: Call) -> Refusal | None:
    """Also goes on as whoever has the account that the URL names."""
    if call.told("account") is None:
        return None
    asked = unquote(call.told("account"))
    assert call.person is not None
    found = next((person for person in [call.person, *call.world.people.named()] if is_of(person, asked)), None)
    if found is None:
        return Refusal("unknown_account", "there is no such account", expected=call.person.username, got=asked)
    call.person = found
    return None


def is_of(person: Person, asked: str) -> bool:
    return asked.lower() in (person.username, str(person.email).lower())


def other(call: Call, at: int) -> str | bool | None:
    others = call.person.other_emails if call.person else ()
    return others[0][at] if others else None


class Rules(OAuth1):
    rules = {**OAuth1.rules, "resource": (*OAuth1.rules["resource"], unknown_account)}
    values = {
        **OAuth1.values,
        "other_email": lambda call: other(call, 0),
        "other_active": lambda call: other(call, 1),
        "first_name": lambda call: call.person.given_name or "" if call.person else None,
        "last_name": lambda call: call.person.family_name or "" if call.person else None,
    }


class Walk(walk_oauth1.Walk):
    """Asks for the person's own profile, which there is with or without an address, unless `account` is given."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk_oauth1.OAUTH1,
        "unknown_account": Provocation("userinfo", provoke.put(account="nobody-here")),
    }

    def exchange(self, step: str) -> Exchange:
        if step == "userinfo" and "account" in self.values:
            return next(item for item in self.wire.steps[step] if item.name == "by_account")
        return super().exchange(step)
