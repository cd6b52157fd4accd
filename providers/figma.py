from __future__ import annotations

from .oauth2 import OAuth2


class Figma(OAuth2):
    """Figma. A bad token is a 403 with these words; a code lives for 30 seconds; a refresh has an address of its own.

    The address is never said to be verified. Source: figma/rest-api-spec, openapi.yaml 0.43; developers.figma.com,
    "OAuth apps".
    """

    id, name = "figma", "Figma"
    authorize_url = "https://www.figma.com/oauth"
    token_url = "https://api.figma.com/v1/oauth/token"
    refresh_url = "https://api.figma.com/v1/oauth/refresh"
    profile_url = "https://api.figma.com/v1/me"
    scope, client_auth = ("current_user:read",), "basic"
    refresh_omits = ("grant_type",)
    error_paths = ("err", "error")
    api_errors = {"Invalid token": "invalid_token", "Token expired": "invalid_token"}
    full_name, picture = "handle", "img_url"
