from __future__ import annotations

from typing import Any

from .identity import Email, Identity, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Exist(OAuth2):
    """Exist by version 2 of its API, whose profile has no number any more: the uid is the user name. No e-mail.

    Source: hellocodeco/exist-api-docs.
    """

    id, name = "exist", "Exist"
    authorize_url = "https://exist.io/oauth2/authorize"
    token_url = "https://exist.io/oauth2/access_token"
    profile_url = "https://exist.io/api/2/accounts/profile/"
    scope = ("mood_read", "health_read", "productivity_read")
    pkce = False  # in no document
    uid, email, username, picture = "username", "", "username", "avatar"
    first_name, last_name = "first_name", "last_name"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        names = [pick(profile, path) for path in ("first_name", "last_name")]
        full = " ".join(name for name in names if isinstance(name, str) and name)
        return super().mapped(grant, {**profile, "name": full}, emails)
