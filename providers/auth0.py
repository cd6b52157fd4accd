from __future__ import annotations

from .oidc import OIDC
from .settings import url


class Auth0(OIDC):
    """An Auth0 tenant at `AUTH0_URL`. A wrong code is a 403; an action of the tenant may refuse a user at the callback.

    The id_token holds every claim of the scopes, so userinfo is asked only when SCOPE lacks `openid`. The issuer ends
    with a slash. Source: auth0.com/docs/api/authentication and "OpenID Connect scopes".
    """

    id, name = "auth0", "Auth0"
    settings = {"AUTH0_URL": url(None)}
    parameters = ("audience", "connection", "organization", "invitation", "prompt", "login_hint", "screen_hint",
                  "acr_values", "max_age", "ui_locales")  # fmt: skip
    authorize_url = "{AUTH0_URL}/authorize"
    token_url = "{AUTH0_URL}/oauth/token"
    jwks_url = "{AUTH0_URL}/.well-known/jwks.json"
    profile_url = "{AUTH0_URL}/userinfo"
    issuers = ("{AUTH0_URL}/",)
    authorize_errors = {"unauthorized": "access_denied"}  # by an action of the tenant
    token_errors = {"mfa_required": "interaction_required"}
    username = "preferred_username|nickname"

    def configure(self) -> None:
        if not self.values["AUTH0_URL"]:
            raise self.misconfigured("setting", "AUTH0_URL is needed, such as https://tenant.auth0.com")
