"""Battle.net: what its contract cannot say as data.

Code, because a BattleTag is made of few characters and not everybody has one, because codes and tokens begin with the
region that they are of, and because a token tells when it ends.
Source: develop.battle.net, Using OAuth; us.forums.blizzard.com, threads 2756 and 5603.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

REGIONS = ("us", "eu", "kr", "tw")
CHINA = ".com.cn"


def region(call: Call) -> str:
    """The two letters of a region: that of the host, else that of the setting."""
    if call.request.host.endswith(CHINA):
        return "CN"
    first = call.request.host.partition(".")[0]
    return (first if first in REGIONS else call.wire.settings["REGION"])[:2].upper()


def battletag(call: Call) -> str | None:
    """Name#1234, the name of 3 (Chinese: 2) to 12 letters and digits and no digit first; or nothing."""
    given = call.person.given_name if call.person else None
    name = "".join(letter for letter in given or "" if letter.isalnum())[:12]
    least = 3 if name.isascii() else 2
    return f"{name}#{call.derived('number')}" if len(name) >= least and not name[0].isdigit() else None


def token_ends(call: Call) -> int:
    assert call.grant is not None
    return int(call.grant.expires)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,  # no state, no login
        "authorize": tuple(rule for rule in OAuth2.rules["authorize"] if rule is not refusals.best_practice),
    }
    values = {**OAuth2.values, "region": region, "battletag": battletag, "token_ends": token_ends}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "state_missing": Provocation("authorize", provoke.drop("state"), "", "bad_request"),
    }
