from __future__ import annotations

from .http import USER_AGENT
from .oauth2 import OAuth2
from .settings import text


class Reddit(OAuth2):
    """Reddit. It blocks generic user agents, so `USER_AGENT` should name the app as Reddit asks.

    `AUTH_PARAMS` {"duration": "permanent"} gives a refresh token. Wrong codes are HTTP 200. There is no e-mail, and the
    uid is the account's name. Source: reddit-archive/reddit, wiki "OAuth2" and r2/controllers/oauth2.py.
    """

    id, name = "reddit", "Reddit"
    settings = {"USER_AGENT": text(USER_AGENT)}
    parameters = ("duration",)
    authorize_url = "https://www.reddit.com/api/v1/authorize"
    token_url = "https://www.reddit.com/api/v1/access_token"
    profile_url = "https://oauth.reddit.com/api/v1/me"
    profile_query = {"raw_json": "1"}  # else its URLs are escaped for HTML
    scope = ("identity",)
    pkce = False  # ignored
    client_auth, token_scheme = "basic", "bearer"
    token_errors = {"400": "invalid_grant"}  # a refresh token
    uid, email, username, full_name, picture = "name", "", "name", "", "icon_img"

    def configure(self) -> None:
        self.headers = {**self.headers, "User-Agent": self.values["USER_AGENT"]}
