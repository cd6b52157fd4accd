from __future__ import annotations

import re
from typing import Any

from .http import Response
from .oauth1 import OAuth1

_XML_CODE = re.compile(r'<error\b[^>]*\bcode="([0-9]{1,4})"')


class Twitter(OAuth1):
    """X, formerly Twitter, by OAuth 1.0a. Its API answers no `localhost` callback; register 127.0.0.1 for development.

    X gives an e-mail only to apps with that permission and documents it as null unless verified, so one that comes is
    verified. `begin(force_login="true")` shows the consent page even to a user who agreed before.
    Source: docs.x.com, "OAuth 1.0a", "Log in with X"; developer.x.com, GET account/verify_credentials.
    """

    id, name = "twitter", "X"
    parameters = ("force_login", "screen_name")
    request_token_url = "https://api.x.com/oauth/request_token"
    authorize_url = "https://api.x.com/oauth/authenticate"
    access_token_url = "https://api.x.com/oauth/access_token"
    profile_url = "https://api.x.com/1.1/account/verify_credentials.json"
    profile_query = {"include_email": "true", "skip_status": "true"}
    verifier_in_form = True
    error_paths = ("errors.0.code", "errors")
    token_errors = {"32": "invalid_client", "415": "redirect_uri_mismatch", "88": "rate_limited"}
    api_errors = {
        **dict.fromkeys(("32", "89", "215"), "invalid_token"),
        **dict.fromkeys(("64", "326"), "account_suspended"),
        "88": "rate_limited", "453": "insufficient_scope", "130": "server_error", "131": "server_error",
    }  # fmt: skip
    uid, username, picture = "id_str|id", "screen_name", "profile_image_url_https"
    email_verified = "email"

    def is_verified(self, value: object) -> bool:
        return isinstance(value, str)

    def error_body(self, response: Response) -> Any:
        """Errors of the token steps are JSON, XML or one line of text."""
        match = _XML_CODE.search(response.text[:4096])
        return {"errors": [{"code": int(match[1])}]} if match else response.json()
