from __future__ import annotations

import re
from typing import Any

from .http import Response
from .identity import pick
from .oauth2 import OAuth2


class Instagram(OAuth2):
    """Instagram's Basic Display API, closed on 4 December 2024 without a successor for personal accounts. No e-mail.

    The token endpoint has one error type for everything and says in words what is wrong: the code, or the app.
    Source: developers.facebook.com/docs/instagram-basic-display-api (retired).
    """

    id, name = "instagram", "Instagram"
    authorize_url = "https://api.instagram.com/oauth/authorize"
    token_url = "https://api.instagram.com/oauth/access_token"
    profile_url, profile_query = "https://graph.instagram.com/me", {"fields": "id,username"}
    scope, scope_delimiter = ("user_profile",), ","
    pkce = can_refresh = False  # no PKCE in any document; a refresh is of long-lived tokens
    error_paths = ("error_type", "error.code")
    api_errors = {"190": "invalid_token", "104": "invalid_token", "10": "insufficient_scope", "4": "rate_limited"}
    email, username, full_name = "", "username", ""

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        words = str(pick(body, "error_message") or "")
        if for_token and re.search(r"platform app|client", words, re.IGNORECASE):
            raise self.refused("invalid_client", step)
        if for_token and re.search(r"\bcode\b", words) and not words.startswith("Missing"):
            raise self.refused("invalid_grant", step)
        super().raise_if_refused(step, response, body, for_token=for_token)
