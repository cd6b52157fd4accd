from __future__ import annotations

from typing import Any

from .http import Response
from .oauth2 import OAuth2
from .settings import url


class Gitea(OAuth2):
    """Gitea at `GITEA_URL`. Nearly every refusal of a token is `unauthorized_client`, so the sentence beside it counts.

    A server may let anybody in unconfirmed, so no address is verified.
    Source: go-gitea/gitea, routers/web/auth/oauth2_provider.go, services/oauth2_provider, modules/structs/user.go.
    """

    id, name = "gitea", "Gitea"
    settings = {"GITEA_URL": url("https://gitea.com")}
    authorize_url = "{GITEA_URL}/login/oauth/authorize"
    token_url = "{GITEA_URL}/login/oauth/access_token"
    profile_url = "{GITEA_URL}/api/v1/user"
    error_paths = ("error", "error_description")
    token_errors = {
        **dict.fromkeys(("client is not authorized", "failed PKCE code challenge", "unable to parse refresh token",
                         "token was already used"), "invalid_grant"),
        **dict.fromkeys(("invalid client secret", "invalid empty client secret"), "invalid_client"),
        "unexpected redirect URI": "redirect_uri_mismatch",
    }  # fmt: skip
    username, full_name, picture = "login", "full_name", "avatar_url"

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        if response.status == 403 and isinstance(body, dict) and "message" in body and "url" not in body:
            raise self.refused("account_suspended", step)  # inactive or barred; other errors link to the API's pages
        super().raise_if_refused(step, response, body, for_token=for_token)
