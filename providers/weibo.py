from __future__ import annotations

from typing import Any

from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2


class Weibo(OAuth2):
    """Weibo. Tokens come as JSON that calls itself text, and name the user whose profile is then asked for.

    Commas join scopes. There is no e-mail and no refresh for websites.
    Source: copies of open.weibo.com/wiki, "OAuth2/access_token", "2/users/show" and "Error_code".
    """

    id, name = "weibo", "Weibo"
    parameters = ("display", "forcelogin", "language")
    authorize_url = "https://api.weibo.com/oauth2/authorize"
    token_url = "https://api.weibo.com/oauth2/access_token"
    profile_url = "https://api.weibo.com/2/users/show.json"
    scope_delimiter = ","
    pkce = can_refresh = False  # neither is in a document
    token_scheme, token_query = "", "access_token"
    error_paths = ("error", "error_code")
    api_errors = {
        **dict.fromkeys(("10006", "21314", "21315", "21316", "21317", "21327", "21332"), "invalid_token"),
        "21330": "insufficient_scope", "20003": "not_found",
        **dict.fromkeys(("10022", "10023", "10024"), "rate_limited"),
    }  # fmt: skip
    uid, email, username, picture = "idstr", "", "screen_name", "avatar_large"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        uid = grant.body.get("uid")
        if not isinstance(uid, str) or not uid.isdecimal():
            raise self.refused("bad_response", "token")
        body = yield from self.api(grant, "userinfo", self.profile_url, query={"uid": uid})
        if not isinstance(body, dict) or body.get("idstr") != uid:
            raise self.unusable("sub_mismatch", "userinfo", "userinfo speaks of another user than the token; report it")
        return body
