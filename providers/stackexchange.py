from __future__ import annotations

from html import unescape
from typing import Any

from .http import Flow
from .identity import Token, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import text


class StackExchange(OAuth2):
    """Stack Exchange, seen from one of its sites (`SITE`). `key` is the app's request key. There is no e-mail.

    The uid is the account's number, which all sites share; 0 is no account. Every error of the API is HTTP 400.
    Source: api.stackexchange.com/docs/authentication, /docs/error-handling, /docs/me.
    """

    id, name = "stackexchange", "Stack Exchange"
    settings = {"SITE": text("stackoverflow")}
    credentials = ("client_id", "client_secret", "key")
    authorize_url = "https://stackoverflow.com/oauth"
    token_url = "https://stackoverflow.com/oauth/access_token"
    profile_url = "https://api.stackexchange.com/2.3/me"
    can_refresh = False
    token_omits = ("grant_type",)
    token_scheme, token_query = "", "access_token"
    error_paths = ("error_id", "error.type", "error")
    api_errors = {
        **dict.fromkeys(("401", "402", "406"), "invalid_token"), "403": "insufficient_scope", "405": "invalid_client",
        "500": "server_error", "502": "rate_limited", "503": "temporarily_unavailable", "400": "invalid_request",
    }  # fmt: skip
    uid, email, username, full_name, picture = "account_id", "", "display_name", "display_name", "profile_image"

    def token(self, body: dict[str, Any], step: str) -> Token:
        return super().token({**body, "expires_in": body.get("expires")}, step)

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        query = {"key": self.key, "site": self.values["SITE"]}
        body = yield from self.api(grant, "userinfo", self.profile_url, query=query)
        user = pick(body, "items.0")
        if not isinstance(user, dict) or not user.get("account_id"):
            raise self.unusable("not_found", "userinfo", "the account has no user on this site; check SITE")
        name = user.get("display_name")
        return {**user, "display_name": unescape(name) if isinstance(name, str) else None}
