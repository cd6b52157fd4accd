from __future__ import annotations

from typing import Any

from .http import Response
from .oauth2 import OAuth2


class OpenStreetMap(OAuth2):
    """OpenStreetMap. Its tokens never expire; the e-mail needs `read_email`, which only few apps are given.

    Refusals of the API are lines of text: 403 for a scope that is missing and for an account that is blocked.
    Source: openstreetmap/openstreetmap-website, doorkeeper's configuration and the users controller of the API, 2026.
    """

    id, name = "openstreetmap", "OpenStreetMap"
    parameters = ("prompt", "allow_signup")
    authorize_url = "https://www.openstreetmap.org/oauth2/authorize"
    token_url = "https://www.openstreetmap.org/oauth2/token"
    profile_url = "https://api.openstreetmap.org/api/0.6/user/details.json"
    scope = ("read_prefs",)
    can_refresh = False
    authorize_errors = {"invalid_code_challenge_method": "invalid_request"}
    api_errors = {"http 403": "insufficient_scope"}
    uid, email, username, full_name = "user.id", "user.email", "user.display_name", ""
    picture = "user.img.href"

    def api_answer(self, step: str, response: Response) -> Any:
        if response.status == 403 and any(word in response.text for word in ("blocked", "suspended")):
            raise self.refused("account_suspended", step)
        return super().api_answer(step, response)
