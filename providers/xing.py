from __future__ import annotations

from .oauth1 import OAuth1

_REQUEST = ("TIMESTAMP_EXPIRED", "INVALID_TIMESTAMP", "NONCE_ALREADY_USED", "NONCE_MISSING", "INVALID_OAUTH_VERSION")


class Xing(OAuth1):
    """XING, whose keys are for partners only since 2017. Its e-mail is the active one and never said to be verified.

    Source: xing/xing_api and xing/xing-android-sdk; dev.xing.com/docs, "Authentication", "Error responses".
    """

    id, name = "xing", "XING"
    request_token_url = "https://api.xing.com/v1/request_token"
    authorize_url = "https://api.xing.com/v1/authorize"
    access_token_url = "https://api.xing.com/v1/access_token"
    profile_url = "https://api.xing.com/v1/users/me"
    refusal_is_silent = True
    error_paths = ("error_name",)
    api_errors = {
        **dict.fromkeys(("INVALID_OAUTH_SIGNATURE", "INVALID_OAUTH_CONSUMER", "CONSUMER_MISMATCH"), "invalid_client"),
        **dict.fromkeys((*_REQUEST, "INVALID_PARAMETERS"), "invalid_request"),
        "RATE_LIMIT_EXCEEDED": "rate_limited",
    }  # fmt: skip
    token_errors = api_errors | {
        **dict.fromkeys(("INVALID_OAUTH_SIGNATURE_METHOD", "REQUIRED_PARAMETER_MISSING"), "invalid_request"),
        "INVALID_OAUTH_TOKEN": "invalid_grant", "CALLBACK_URL_NOT_ALLOWED": "redirect_uri_mismatch",
    }  # fmt: skip
    uid, email, username = "users.0.id", "users.0.active_email", "users.0.page_name"
    full_name, first_name, last_name = "users.0.display_name", "users.0.first_name", "users.0.last_name"
    picture = "users.0.photo_urls.large"
