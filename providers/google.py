from __future__ import annotations

from .oauth import Grant
from .oidc import OIDC
from .settings import flag, text, url


class Google(OIDC):
    """Google. The identity is the id_token's; `FETCH_USERINFO` also asks userinfo, as does a SCOPE without `openid`.

    `AUTH_PARAMS` {"access_type": "offline"} gives a refresh token. The settings named after endpoints replace these.
    Source: developers.google.com/identity/openid-connect and its discovery document.
    """

    id, name = "google", "Google"
    settings = {
        "AUTHORIZE_URL": url("https://accounts.google.com/o/oauth2/v2/auth"),
        "ACCESS_TOKEN_URL": url("https://oauth2.googleapis.com/token"),
        "CERTS_URL": url("https://www.googleapis.com/oauth2/v3/certs"),
        "IDENTITY_URL": url("https://openidconnect.googleapis.com/v1/userinfo"),
        "ID_TOKEN_ISSUER": text("https://accounts.google.com"),
        "FETCH_USERINFO": flag(False),
    }
    parameters = ("prompt", "login_hint", "hd", "access_type", "include_granted_scopes", "display")
    authorize_url, token_url = "{AUTHORIZE_URL}", "{ACCESS_TOKEN_URL}"
    jwks_url, profile_url = "{CERTS_URL}", "{IDENTITY_URL}"
    issuers = ("{ID_TOKEN_ISSUER}", "accounts.google.com")  # Google's older tokens have no scheme
    uid, email_verified = "sub|id", "email_verified|verified_email"  # IDENTITY_URL may be of version 1 or 2
    username = ""

    def asks_userinfo(self, grant: Grant) -> bool:
        return bool(self.values["FETCH_USERINFO"]) or super().asks_userinfo(grant)
