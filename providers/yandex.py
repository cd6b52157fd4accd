from __future__ import annotations

import re
from typing import Any

from .http import Flow
from .identity import Email, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Yandex(OAuth2):
    """Yandex ID. The profile names the app that the token is for; the picture is an id, sent with scope login:avatar.

    The address is the user's default one for contact, and no document says that it is verified.
    Source: yandex.ru/dev/id/doc, "Requesting a confirmation code by URL", "Exchanging the token for information".
    """

    id, name = "yandex", "Yandex"
    parameters = ("login_hint", "force_confirm", "optional_scope", "device_id", "device_name")
    authorize_url = "https://oauth.yandex.com/authorize"
    token_url = "https://oauth.yandex.ru/token"
    profile_url, profile_query = "https://login.yandex.ru/info", {"format": "json"}
    scope, token_scheme = ("login:info", "login:email"), "OAuth"
    token_omits = ("redirect_uri",)
    token_errors = {
        "bad_verification_code": "invalid_grant", "Malformed Authorization header": "invalid_client",
        "Basic auth required": "invalid_client",
    }  # fmt: skip
    username, full_name, picture = "login", "real_name|display_name", "picture"
    first_name, last_name = "first_name", "last_name"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        if body.get("client_id") not in (None, self.client_id):
            raise self.unusable("wrong_audience", "userinfo", "the token was issued to another app; start a new login")
        avatar = body.get("default_avatar_id")
        shown = isinstance(avatar, str) and re.fullmatch(r"[\w/-]+", avatar) and body.get("is_avatar_empty") is False
        link = f"https://avatars.yandex.net/get-yapic/{avatar}/islands-200"
        return {**body, "picture": link if shown else None}

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        return [Email(pick(profile, "default_email|emails.0"), primary=True)]
        yield  # a flow like any other, though this one needs no request
