from __future__ import annotations

from typing import Any

from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2


class TwentyThreeAndMe(OAuth2):
    """23andMe's API, open until September 2018. The e-mail needs its scope and `email=true` in the request.

    The challenge of PKCE has one method, which is not named. Nobody says that the address is verified.
    Source: api.23andme.com/docs, "Authentication" and "v1 reference".
    """

    id, name = "twentythreeandme", "23andMe"
    parameters = ("select_profile",)
    authorize_url = "https://api.23andme.com/authorize/"
    token_url = "https://api.23andme.com/token/"
    profile_url = "https://api.23andme.com/1/user/"
    scope = ("basic", "email")
    api_errors = {"invalid_scope": "insufficient_scope"}
    full_name = ""

    def proofs(self, session: dict[str, Any]) -> dict[str, str]:
        return {"code_challenge": super().proofs(session)["code_challenge"]}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        query = {"email": "true"} if "email" in self.asked_scope(grant.session) else {}
        body = yield from self.api(grant, "userinfo", self.profile_url, query=query)
        if not isinstance(body, dict):
            raise self.refused("bad_response", "userinfo")
        return body
