from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email, email_rows
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import url


class GitHub(OAuth2):
    """GitHub and GitHub Enterprise Server. A token that lacks a scope is told with a 404.

    Source: docs.github.com, "Authorizing OAuth apps", "Troubleshooting OAuth app access token request errors".
    """

    id, name = "github", "GitHub"
    settings = {"GITHUB_URL": url("https://github.com"), "API_URL": url("https://api.github.com")}
    derived = {"API_URL": ("GITHUB_URL", "{GITHUB_URL}/api/v3")}
    parameters = ("login", "allow_signup", "prompt")
    authorize_url = "{GITHUB_URL}/login/oauth/authorize"
    token_url = "{GITHUB_URL}/login/oauth/access_token"
    profile_url = "{API_URL}/user"
    issuers = ("{GITHUB_URL}/login/oauth", "https://github.com/login/oauth")  # the second by mistake, on Enterprise too
    scope, token_omits = ("user:email",), ("grant_type",)
    api_headers = {"Accept": "application/vnd.github+json"}
    token_errors = {"bad_verification_code": "invalid_grant", "bad_refresh_token": "invalid_grant"}
    token_errors |= {"incorrect_client_credentials": "invalid_client", "application_suspended": "unauthorized_client"}
    api_errors = {"http 404": "insufficient_scope"}
    username, picture = "login", "avatar_url"

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        """The profile shows only a public address and never says whether it is verified; the list needs a scope."""
        if not {"user", "user:email"} & self.asked_scope(grant.session):
            return [Email(profile.get("email") or "", primary=True)]
        return email_rows((yield from self.api(grant, "emails", "{API_URL}/user/emails", query={"per_page": "100"})))
