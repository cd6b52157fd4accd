from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import url


class GitHub(OAuth2):
    """GitHub.com and GitHub Enterprise Server (`GITHUB_URL`, its API below /api/v3 unless `API_URL` says otherwise).

    The e-mail addresses are asked for by default; `SCOPE` without `user` and `user:email` leaves them out. A token that
    lacks a scope it was granted is TokenRefused `insufficient_scope`, which GitHub says with a 404.
    Source: docs.github.com, "Authorizing OAuth apps", "Troubleshooting OAuth app access token request errors", REST API
    "Get the authenticated user", "Authentication discovery endpoints" (the issuer; 2026).
    """

    id, name = "github", "GitHub"
    settings = {"GITHUB_URL": url("https://github.com"), "API_URL": url(None)}
    parameters = ("login", "allow_signup", "prompt")
    authorize_url = "{GITHUB_URL}/login/oauth/authorize"
    token_url = "{GITHUB_URL}/login/oauth/access_token"
    profile_url = "{API_URL}/user"
    # An Enterprise server is documented to name the issuer of github.com by mistake.
    issuers = ("{GITHUB_URL}/login/oauth", "https://github.com/login/oauth")
    scope = ("user:email",)
    token_omits = ("grant_type",)
    api_headers = {"Accept": "application/vnd.github+json"}
    token_errors = {
        "bad_verification_code": "invalid_grant",
        "bad_refresh_token": "invalid_grant",
        "incorrect_client_credentials": "invalid_client",
        "application_suspended": "unauthorized_client",
    }
    api_errors = {"http 404": "insufficient_scope"}
    username, picture = "login", "avatar_url"

    def configure(self) -> None:
        own = self.values["GITHUB_URL"]
        default = "https://api.github.com" if own == "https://github.com" else f"{own}/api/v3"
        self.values["API_URL"] = self.values["API_URL"] or default

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        """The profile shows only a public address and never says whether it is verified."""
        if not {"user", "user:email"} & self.asked_scope(grant.session):
            return [Email(profile.get("email") or "", primary=True)]
        rows = yield from self.api(grant, "emails", "{API_URL}/user/emails", query={"per_page": "100"})
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [Email(row.get("email", ""), row.get("verified") is True, row.get("primary") is True) for row in rows]
