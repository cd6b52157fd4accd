from __future__ import annotations

import re
from typing import Any

from .http import Flow, request
from .oauth import Grant
from .oauth2 import OAuth2


class Edmodo(OAuth2):
    """Edmodo, closed on 22 September 2022. `/users/me` redirected to the user's own address, where the token went too.

    Only teachers showed an e-mail, by scope read_user_email; nobody said that it was verified.
    Source: partnerships.edmodo.com, "Connecting your application", "Get users" (archived copies).
    """

    id, name = "edmodo", "Edmodo"
    authorize_url = "https://api.edmodo.com/oauth/authorize"
    token_url = "https://api.edmodo.com/oauth/token"
    profile_url = "https://api.edmodo.com/users/me"
    scope, pkce = ("basic", "read_user_email"), False  # PKCE is in no document
    username, first_name, last_name, picture = "username", "first_name", "last_name", "avatars.large"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        headers = self.bearer(grant.token)
        response = yield request("userinfo", "GET", self.profile_url, headers=headers)
        place = response.headers.get("location", "")
        if response.status == 302 and re.fullmatch(r"https://api\.edmodo\.com/users/[0-9]+", place):
            response = yield request("userinfo", "GET", place, headers=headers)
        body = grant.raw["userinfo"] = self.json_object("userinfo", response)
        names = [body.get(name) for name in (self.first_name, self.last_name)]
        return {**body, "name": " ".join(name for name in names if isinstance(name, str) and name)}
