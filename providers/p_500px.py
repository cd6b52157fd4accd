from __future__ import annotations

from typing import Any

from .http import Response
from .identity import pick
from .oauth1 import OAuth1


class FiveHundredPx(OAuth1):
    """500px, whose API answered until June 2018. Its e-mail is never said to be verified.

    Source: 500px/legacy-api-documentation, authentication and GET users.
    """

    id, name = "500px", "500px"
    request_token_url = "https://api.500px.com/v1/oauth/request_token"
    authorize_url = "https://api.500px.com/v1/oauth/authorize"
    access_token_url = "https://api.500px.com/v1/oauth/access_token"
    profile_url = "https://api.500px.com/v1/users"
    confirms_callback = False  # not in its documentation
    refusal_is_silent = True
    api_errors = {"http 404": "not_found"}
    uid, email, username = "user.id", "user.email", "user.username"
    full_name, first_name, last_name = "user.fullname", "user.firstname", "user.lastname"
    picture = "user.userpic_url"

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        if response.status == 403 and str(pick(body, "error")).startswith("Application is deactivated"):
            raise self.refused("unauthorized_client", step)
        super().raise_if_refused(step, response, body, for_token=for_token)
