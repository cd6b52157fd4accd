from __future__ import annotations

from .oidc import OIDC


class Yahoo(OIDC):
    """Yahoo. Error codes are in capitals, and a refresh repeats the redirect URI (`refresh(token, redirect_uri=…)`).

    id_tokens are signed with ES256. PKCE is for apps without a secret; others were refused with it.
    Source: developer.yahoo.com/oauth2/guide, "Authorization code flow", "Errors", "OpenID Connect".
    """

    id, name = "yahoo", "Yahoo"
    parameters = ("language", "prompt", "max_age")
    refresh_parameters = ("redirect_uri",)
    authorize_url = "https://api.login.yahoo.com/oauth2/request_auth"
    token_url = "https://api.login.yahoo.com/oauth2/get_token"
    jwks_url = "https://api.login.yahoo.com/openid/v1/certs"
    profile_url = "https://api.login.yahoo.com/openid/v1/userinfo"
    issuers = ("https://api.login.yahoo.com",)
    pkce = False
    client_auth, always_userinfo = "basic", True  # the picture is userinfo's alone
    token_errors = {
        **dict.fromkeys(("INVALID_GRANT", "INVALID_REFRESH_TOKEN", "TOKEN_EXPIRED"), "invalid_grant"),
        **dict.fromkeys(("INVALID_CLIENT", "INVALID_CLIENT_SECRET"), "invalid_client"),
        **dict.fromkeys(("INVALID_REDIRECT_URI", "UNSUPPORTED_REDIRECT_URI", "INVALID_CALLBACK"),
                        "redirect_uri_mismatch"),
        **dict.fromkeys(("PARAMETER_ABSENT", "PARAMETER_REJECTED", "INVALID_REQUEST", "INVALID_PARAM", "INVALID_INPUT"),
                        "invalid_request"),
        "UNSUPPORTED_GRANT_TYPE": "unsupported_grant_type", "ACCOUNT_NOT_AUTHORIZED": "account_suspended",
    }  # fmt: skip
