from __future__ import annotations

from .oauth2 import OAuth2


class WindowsLive(OAuth2):
    """Windows Live, whose profile service ended on 2018-11-01; Microsoft is its successor.

    Space, not comma, joins scopes. A refresh repeats the redirect URI (`refresh(token, redirect_uri=…)`).
    Source: OneDrive/onedrive-api-docs, msa-oauth; learn.microsoft.com, previous versions, Live SDK REST reference.
    """

    id, name = "windowslive", "Windows Live"
    parameters = ("display", "locale", "theme")
    refresh_parameters = ("redirect_uri",)
    authorize_url = "https://login.live.com/oauth20_authorize.srf"
    token_url = "https://login.live.com/oauth20_token.srf"
    profile_url = "https://apis.live.net/v5.0/me"
    scope = ("wl.basic", "wl.emails")
    pkce = False  # in no document
    error_paths = ("error.code", "error")
    api_errors = {
        **dict.fromkeys(("request_token_expired", "request_token_invalid"), "invalid_token"),
        "request_parameter_missing": "invalid_token", "resource_not_found": "not_found",
    }  # fmt: skip
    email, first_name, last_name = "emails.preferred|emails.account", "first_name", "last_name"
