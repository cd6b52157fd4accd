from __future__ import annotations

from typing import Any

from .http import is_web_url
from .identity import Email, Identity, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Strava(OAuth2):
    """Strava. Commas join scopes, users may take some away (the callback tells), and there is no e-mail since 2019.

    Errors name a resource, a field and what is wrong with it. Source: developers.strava.com/docs/authentication,
    /docs/reference ("Get Authenticated Athlete") and its swagger.
    """

    id, name = "strava", "Strava"
    parameters = ("approval_prompt",)
    authorize_url = "https://www.strava.com/oauth/authorize"
    token_url = "https://www.strava.com/oauth/token"
    profile_url = "https://www.strava.com/api/v3/athlete"
    scope, scope_delimiter = ("read", "activity:read"), ","
    pkce, token_omits = False, ("redirect_uri",)  # neither is documented
    error_paths = ("errors.0.code", "errors.0.field", "errors.0.resource")
    token_errors = {
        **dict.fromkeys(("AuthorizationCode", "RequestToken", "RefreshToken"), "invalid_grant"),
        "Application": "invalid_client", "missing": "invalid_request", "grant_type": "unsupported_grant_type",
    }  # fmt: skip
    api_errors = {"missing": "insufficient_scope", "exceeded": "rate_limited"}
    email, username, first_name, last_name, picture = "", "username", "firstname", "lastname", "profile"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        names = [pick(profile, path) for path in ("firstname", "lastname")]
        full = " ".join(name for name in names if isinstance(name, str) and name)
        picture = profile.get("profile")  # `avatar/athlete/large.png` when there is none
        shown = picture if isinstance(picture, str) and is_web_url(picture) else None
        return super().mapped(grant, {**profile, "name": full, "profile": shown}, emails)
