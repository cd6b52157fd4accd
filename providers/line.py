from __future__ import annotations

from . import errors
from .oidc import OIDC


class Line(OIDC):
    """LINE Login v2.1. The id_token of a web login is signed with the channel secret (HS256), others with a key.

    The address comes to channels that LINE approved for it; whether it is verified is not told. A SCOPE without
    `openid` reads the profile instead. Errors at the callback are in capitals.
    Source: developers.line.biz/en/reference/line-login, "Integrate LINE Login", "Verify ID token".
    """

    id, name = "line", "LINE"
    parameters = ("prompt", "max_age", "ui_locales", "bot_prompt", "initial_amr_display", "switch_amr",
                  "disable_auto_login", "disable_ios_auto_login")  # fmt: skip
    authorize_url = "https://access.line.me/oauth2/v2.1/authorize"
    token_url = "https://api.line.me/oauth2/v2.1/token"
    jwks_url = "https://api.line.me/oauth2/v2.1/certs"
    profile_url = "https://api.line.me/v2/profile"
    issuers = ("https://access.line.me",)
    scope = ("profile", "openid", "email")
    secret_algorithms = ("HS256",)
    uid, email_verified, username = "sub|userId", "", ""
    full_name, picture = "name|displayName", "picture|pictureUrl"

    def declined(self, error: str) -> errors.LoginError:
        return super().declined(error.lower())
