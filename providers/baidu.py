from __future__ import annotations

from typing import Any

from .identity import Email, Identity
from .oauth import Grant
from .oauth2 import OAuth2


class Baidu(OAuth2):
    """Baidu. The API takes the token in the query, answers errors with HTTP 200, and has no e-mail to give.

    Source: openauth.baidu.com/doc, and copies of developer.baidu.com/wiki, "docs/oauth".
    """

    id, name = "baidu", "Baidu"
    parameters = ("display", "force_login", "confirm_login", "login_type")
    authorize_url = "https://openapi.baidu.com/oauth/2.0/authorize"
    token_url = "https://openapi.baidu.com/oauth/2.0/token"
    profile_url = "https://openapi.baidu.com/rest/2.0/passport/users/getLoggedInUser"
    pkce = False  # in no document
    token_scheme, token_query = "", "access_token"
    error_paths = ("error", "error_code")
    token_errors = {"expired_token": "invalid_grant"}
    api_errors = {
        **dict.fromkeys(("102", "110", "111", "112"), "invalid_token"), "6": "insufficient_scope",
        "100": "invalid_request", "4": "rate_limited", "2": "temporarily_unavailable", "900": "invalid_client",
    }  # fmt: skip
    uid, email, username, full_name = "uid", "", "uname", "uname"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        key = profile.get("portrait")
        shown = isinstance(key, str) and key.isascii() and key.isalnum()
        image = f"http://tb.himg.baidu.com/sys/portrait/item/{key}" if shown else None
        return super().mapped(grant, {**profile, "image": image}, emails)

    picture = "image"
