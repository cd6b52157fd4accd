"""Discord: what its contract cannot say as data.

Code, because a scope that Discord does not have is refused. Source: discord/discord-api-docs, topics/oauth2.mdx.
"""

from __future__ import annotations

from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families import refusals
from mockidp.families.oauth2 import OAuth2


class Rules(OAuth2):
    rules = {**OAuth2.rules, "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown)}


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="identify everything")),
    }
