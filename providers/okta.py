from __future__ import annotations

from .oidc import OIDC
from .settings import host


class Okta(OIDC):
    """An Okta org at the host `OKTA_BASE_URL` (without https://). Its id_tokens are thin, so userinfo is asked.

    The uid is `sub`, which Okta calls the user's unique identifier; the login name can change.
    Source: okta/okta-management-openapi-spec, oauth.yaml 2026.06; developer.okta.com, "OpenID Connect & OAuth 2.0".
    """

    id, name = "okta", "Okta"
    settings = {"OKTA_BASE_URL": host(None)}
    parameters = ("acr_values", "display", "idp", "idp_scope", "login_hint", "max_age", "prompt", "sessionToken")
    authorize_url = "https://{OKTA_BASE_URL}/oauth2/v1/authorize"
    token_url = "https://{OKTA_BASE_URL}/oauth2/v1/token"
    jwks_url = "https://{OKTA_BASE_URL}/oauth2/v1/keys"
    profile_url = "https://{OKTA_BASE_URL}/oauth2/v1/userinfo"
    issuers = ("https://{OKTA_BASE_URL}",)
    scope = ("openid", "profile", "email", "offline_access")
    always_userinfo = True

    def configure(self) -> None:
        if not self.values["OKTA_BASE_URL"]:
            raise self.misconfigured("setting", "OKTA_BASE_URL is needed, such as example.okta.com")
