from __future__ import annotations

from .oauth2 import OAuth2
from .settings import url


class FirefoxAccounts(OAuth2):
    """Firefox Accounts, for Mozilla's own services. Errors are numbers, and a verifier beside a secret is refused.

    Refresh tokens, which need `begin(access_type="offline")`, are not rotated. Whether an address is verified is not
    told. Source: mozilla/fxa, fxa-auth-server oauth routes, accounts/errors, fxa-profile-server; its api-swagger.json.
    """

    id, name = "fxa", "Mozilla accounts"
    settings = {
        "OAUTH_ENDPOINT": url("https://oauth.accounts.firefox.com/v1"),
        "PROFILE_ENDPOINT": url("https://profile.accounts.firefox.com/v1"),
    }
    parameters = ("access_type", "action", "email", "prompt", "acr_values", "entrypoint")
    authorize_url = "{OAUTH_ENDPOINT}/authorization"
    token_url = "{OAUTH_ENDPOINT}/token"
    profile_url = "{PROFILE_ENDPOINT}/profile"
    scope = ("profile",)
    pkce = False  # error 116: only for clients without a secret
    error_paths = ("errno",)
    token_errors = {
        **dict.fromkeys(("105", "106", "107", "108", "115", "122"), "invalid_grant"),
        "101": "invalid_client", "102": "invalid_client", "103": "redirect_uri_mismatch", "109": "invalid_request",
        "114": "invalid_scope", "116": "invalid_request", "117": "invalid_grant", "118": "invalid_request",
        "121": "unsupported_grant_type",
    }  # fmt: skip
    uid, full_name, picture = "uid|sub", "displayName", "avatar"
