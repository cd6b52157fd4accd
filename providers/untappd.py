from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from .http import Flow, Response
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import text


class Untappd(OAuth2):
    """Untappd, where `authenticate` is the page and `authorize` the token step, a GET with the secret in the query.

    It asks for a User-Agent of the app's own, `USER_AGENT`. Everything is under `response`, errors are under `meta`,
    also of a bad token with status 500. Nobody says that the e-mail is verified.
    Source: untappd.com/api/docs.
    """

    id, name = "untappd", "Untappd"
    settings = {"USER_AGENT": text(None)}
    authorize_url = "https://untappd.com/oauth/authenticate/"
    token_url = "https://untappd.com/oauth/authorize/"
    profile_url = "https://api.untappd.com/v4/user/info/"
    param_names = {"redirect_uri": "redirect_url"}
    reserved = OAuth2.reserved | {"redirect_url"}
    pkce = can_refresh = False  # in no document
    token_request, token_omits = "query", ("grant_type",)
    token_scheme, token_query = "", "access_token"
    error_paths = ("meta.error_type",)
    token_errors = {"Param_error": "invalid_request", "invalid_auth": "invalid_client"}
    api_errors = {"invalid_auth": "invalid_token"}
    uid, email, username = "uid", "settings.email_address", "user_name"
    full_name, first_name, last_name, picture = "", "first_name", "last_name", "user_avatar"

    def configure(self) -> None:
        self.headers = {"User-Agent": self.values["USER_AGENT"]} if self.values["USER_AGENT"] else {}

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"response_type": "code"}

    def token_answer(self, step: str, response: Response) -> dict[str, Any]:
        body = super().token_answer(step, response).get("response")
        return body if isinstance(body, dict) else {}

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        told = isinstance(pick(body, "meta.error_type"), str)
        plain = replace(response, status=400) if told and response.status == 500 else response
        super().raise_if_refused(step, plain, body, for_token=for_token)

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        user = pick((yield from super().profile(grant)), "response.user")
        return user if isinstance(user, dict) else {}
