from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .http import Flow, Response, request
from .oauth import Grant
from .oauth1 import OAuth1


class Trello(OAuth1):
    """Trello, whose API takes the key (`key`, or else client_id) and the token as parameters instead of a signature.

    `begin(name=…, expiration="never")`: the app's name on the page, and a life other than the token's 30 days. The
    e-mail needs the scope `account`. Refusals are lines of text, at the token steps with status 500.
    Source: developer.atlassian.com/cloud/trello, "Authorizing with Trello's REST API".
    """

    id, name = "trello", "Trello"
    parameters = ("name", "expiration")
    request_token_url = "https://trello.com/1/OAuthGetRequestToken"
    authorize_url = "https://trello.com/1/OAuthAuthorizeToken"
    access_token_url = "https://trello.com/1/OAuthGetAccessToken"
    profile_url = "https://api.trello.com/1/members/me"
    scope, scope_delimiter, scope_on_authorize = ("read", "account"), ",", True
    refusal_is_silent = True
    api_errors = {"invalid key": "invalid_client", "unauthorized permission requested": "insufficient_scope"}
    username, full_name = "username", "fullName"

    def token_answer(self, step: str, response: Response) -> dict[str, str]:
        if response.status == 500 and (response.content_type == "text/plain" or response.json() == {}):
            bad_app = step == "request_token" or response.text.strip() in ("Invalid Signature", "App not found")
            raise self.refused("invalid_client" if bad_app else "invalid_grant", step)
        return super().token_answer(step, response)

    def api(
        self, grant: Grant, step: str, url: str, *, method: str = "GET", query: Mapping[str, str] | None = None
    ) -> Flow[Any]:
        proof = {"key": self.key or self.client_id, "token": grant.token.access}
        response = yield request(step, method, url, query={**(query or {}), **proof}.items(), headers=self.headers)
        grant.raw[step] = self.api_answer(step, response)
        return grant.raw[step]

    def api_answer(self, step: str, response: Response) -> Any:
        if response.content_type == "text/plain":
            self.raise_if_refused(step, response, {"error": response.text.strip()})
        return super().api_answer(step, response)
