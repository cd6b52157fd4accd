from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .callback import Callback
from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2


class AngelList(OAuth2):
    """AngelList's public API, switched off about 2020. The e-mail needs scope `email`; nobody says that it is verified.

    The user name is the end of the profile's address. Source: clients that outlived it, omniauth-angellist and
    python-social-auth/social-core; no page of AngelList itself is left.
    """

    id, name = "angellist", "AngelList"
    authorize_url = "https://angel.co/api/oauth/authorize"
    token_url = "https://angel.co/api/oauth/token"
    profile_url = "https://api.angel.co/1/me"
    pkce = can_refresh = False  # neither was known
    token_scheme, token_query = "", "access_token"
    token_omits = ("redirect_uri",)
    scope, username, picture = ("email",), "slug", "image"

    def check_state(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        """It did not bring the state back, so only a wrong one can be told."""
        if callback.get("state") is not None:
            super().check_state(session, callback)

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        page = body.get("angellist_url")
        return {**body, "slug": _last_part(page) if isinstance(page, str) else None}


def _last_part(page: str) -> str | None:
    try:
        return urlsplit(page).path.rstrip("/").rpartition("/")[2] or None
    except ValueError:
        return None
