from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .oauth2 import OAuth2


class Naver(OAuth2):
    """Naver. The token step wants the state again, and tells a bad code with HTTP 200. There are no scopes.

    The address is for contact and documented as not proven to be the user's own.
    Source: naver/naver-openapi-guide, ko/login/api/api.md, ko/login/profile/profile.md, ko/errorcode.md.
    """

    id, name = "naver", "Naver"
    parameters = ("auth_type",)
    authorize_url = "https://nid.naver.com/oauth2.0/authorize"
    token_url = "https://nid.naver.com/oauth2.0/token"
    profile_url = "https://openapi.naver.com/v1/nid/me"
    pkce = False  # not on these paths
    error_paths = ("error", "error_description", "resultcode")
    token_errors = {"no valid data in session": "invalid_grant"}
    api_errors = {"024": "invalid_token", "028": "invalid_token", "404": "not_found"}
    uid, email, username = "response.id", "response.email", "response.nickname"
    full_name, picture = "response.name|response.nickname", "response.profile_image"

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"state": self.stored(session, "state")}
