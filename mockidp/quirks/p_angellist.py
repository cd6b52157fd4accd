"""AngelList: what its contract cannot say as data.

Code, because a person's name is the end of the address of the profile, and nowhere else.
Source: social-core angel and django-allauth angellist, which read it so.
"""

from __future__ import annotations

from typing import Any

from mockidp.check import walk
from mockidp.families.oauth2 import OAuth2


class Rules(OAuth2):
    """The family's, as they are."""


class Walk(walk.Walk):
    def identity(self) -> dict[str, Any]:
        address = str(self.seen["userinfo"].document["angellist_url"])
        return {**super().identity(), "username": address.rpartition("/")[2]}
