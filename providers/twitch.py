from __future__ import annotations

from .identity import Token
from .oauth2 import OAuth2


class Twitch(OAuth2):
    """Twitch by its Helix API, which wants the client id in a header. Its token errors are sentences.

    Twitch documents the address as verified; without its scope there is none. PKCE is not supported.
    Source: dev.twitch.tv/docs/authentication, "Authorization code grant flow", and /docs/api/reference, "Get Users".
    """

    id, name = "twitch", "Twitch"
    parameters = ("force_verify",)
    authorize_url = "https://id.twitch.tv/oauth2/authorize"
    token_url = "https://id.twitch.tv/oauth2/token"
    profile_url = "https://api.twitch.tv/helix/users"
    scope = ("user:read:email",)
    pkce = False
    error_paths = ("message", "error")
    token_errors = {
        **dict.fromkeys(("Invalid authorization code", "Invalid refresh token", "Invalid grant"), "invalid_grant"),
        **dict.fromkeys(("invalid client", "invalid client secret", "missing client secret", "missing client id"),
                        "invalid_client"),
        "Parameter redirect_uri does not match registeredURI": "redirect_uri_mismatch",
        "Invalid grant type": "unsupported_grant_type", "http 400": "invalid_request", "http 403": "invalid_client",
    }  # fmt: skip
    uid, email, email_verified, username = "data.0.id", "data.0.email", "data.0.email", "data.0.login"
    full_name, picture = "data.0.display_name", "data.0.profile_image_url"

    def bearer(self, token: Token) -> dict[str, str]:
        return {**super().bearer(token), "Client-Id": self.client_id}

    def is_verified(self, value: object) -> bool:
        return isinstance(value, str)
