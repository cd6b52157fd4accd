from __future__ import annotations

from .oauth2 import OAuth2


class Zoom(OAuth2):
    """Zoom. Scopes are those of the app unless SCOPE narrows them; `verified` is the number 1. Errors have numbers.

    Source: zoom/skills, skills/oauth; developers.zoom.us, "OAuth error messages"; Zoom's published API description.
    """

    id, name = "zoom", "Zoom"
    parameters = ("optional_scope",)
    authorize_url = "https://zoom.us/oauth/authorize"
    token_url = "https://zoom.us/oauth/token"
    profile_url = "https://api.zoom.us/v2/users/me"
    client_auth = "basic"
    error_paths = ("error", "code")
    api_errors = {"4711": "insufficient_scope", "1001": "not_found"}
    email_verified, full_name, picture = "verified", "display_name", "pic_url"
    first_name, last_name = "first_name", "last_name"

    def is_verified(self, value: object) -> bool:
        return isinstance(value, int) and value == 1
