from __future__ import annotations

import re
from typing import Any

from .http import Flow
from .identity import email_text, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Dataporten(OAuth2):
    """Dataporten (Feide). Userinfo names the app that the token is for, and a token for another app proves nothing.

    Who declines stays there. There is no refresh. The address is documented as never verified.
    Source: docs.feide.no, reference/oauth_oidc; feideconnect/feideconnect-authengine.
    """

    id, name = "dataporten", "Dataporten"
    parameters = ("prompt", "max_age", "login_hint", "acr_values")
    authorize_url = "https://auth.dataporten.no/oauth/authorization"
    token_url = "https://auth.dataporten.no/oauth/token"
    profile_url = "https://auth.dataporten.no/userinfo"
    can_refresh = False
    uid, email, full_name, username, picture = "user.userid", "user.email", "user.name", "username", "picture"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        if body.get("audience") != self.client_id:
            raise self.unusable("wrong_audience", "userinfo", "the token was issued to another app; start a new login")
        listed, photo = pick(body, "user.userid_sec"), pick(body, "user.profilephoto")
        known = dict(one.split(":") for one in listed if _is_pair(one)) if isinstance(listed, list) else {}
        login = known.get("feide") or email_text(pick(body, "user.email")) or ""
        shown = isinstance(photo, str) and re.fullmatch(r"p:[0-9a-fA-F-]+", photo)
        media = f"https://api.dataporten.no/userinfo/v1/user/media/{photo}"
        return {**body, "username": login.split("@")[0], "picture": media if shown else None}


def _is_pair(value: object) -> bool:
    return isinstance(value, str) and value.count(":") == 1
