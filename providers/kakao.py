from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Kakao(OAuth2):
    """Kakao. What the user did not consent to is left out; an address that became another account's is told as invalid.

    The API's error codes are negative numbers. Source: developers.kakao.com/docs, "Kakao Login", "Troubleshooting";
    kakao/kakao-ios-sdk, KakaoSDKUser/model/User.swift.
    """

    id, name = "kakao", "Kakao"
    parameters = ("prompt", "login_hint", "service_terms", "channel_public_id")
    authorize_url = "https://kauth.kakao.com/oauth/authorize"
    token_url = "https://kauth.kakao.com/oauth/token"
    profile_url = "https://kapi.kakao.com/v2/user/me"
    error_paths = ("error", "error_code", "code")
    token_errors = {"KOE303": "redirect_uri_mismatch", "misconfigured": "unauthorized_client"}
    api_errors = {
        **dict.fromkeys(("-401", "-2", "-101"), "invalid_token"), **dict.fromkeys(("-402", "-5"), "insufficient_scope"),
        **dict.fromkeys(("-103", "-406"), "account_suspended"), "-10": "rate_limited",
        "-1": "server_error", "-9798": "temporarily_unavailable",
    }  # fmt: skip
    username = full_name = "kakao_account.profile.nickname|properties.nickname"
    picture = "kakao_account.profile.profile_image_url|properties.profile_image"

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        verified, valid = (pick(profile, f"kakao_account.is_email_{word}") for word in ("verified", "valid"))
        return [Email(pick(profile, "kakao_account.email"), verified is True and valid is not False, primary=True)]
        yield  # a flow like any other, though this one needs no request
