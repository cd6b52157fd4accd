"""Agave: what data cannot say.

- create_time, by which clients know an account, is the moment of creation without any punctuation
  (agave-documentation, Profiles).
"""

from __future__ import annotations

import re

from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2


def create_time(call: Call) -> str | None:
    """Like `20140515180254Z`."""
    return re.sub(r"[-:T]", "", call.person.created) if call.person else None


def first_name(call: Call) -> str | None:
    return (call.person.given_name or call.person.name) if call.person else None


class Rules(OAuth2):
    """The family, with the values of a profile."""

    values = {
        **OAuth2.values,
        "create_time": create_time,
        "first_name": first_name,
    }
