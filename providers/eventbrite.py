from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email, email_rows, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Eventbrite(OAuth2):
    """Eventbrite. There are no scopes, tokens do not end, and a wrong token is a 400 with a word in capitals.

    Source: Eventbrite's API description (eventbriteapiv3public.apib); eventbrite.com/platform, "Authentication".
    """

    id, name = "eventbrite", "Eventbrite"
    authorize_url = "https://www.eventbrite.com/oauth/authorize"
    token_url = "https://www.eventbrite.com/oauth/token"
    profile_url = "https://www.eventbriteapi.com/v3/users/me/"
    pkce = can_refresh = False  # neither is documented
    api_errors = {
        **dict.fromkeys(("INVALID_AUTH", "INVALID_AUTH_HEADER"), "invalid_token"),
        "ACCESS_DENIED": "insufficient_scope", "NOT_FOUND": "not_found",
    }  # fmt: skip
    first_name, last_name = "first_name", "last_name"

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        return email_rows(pick(profile, "emails"))
        yield  # they are in the profile
