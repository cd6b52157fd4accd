from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .callback import Callback
from .http import Response
from .identity import pick
from .oauth1 import OAuth1
from .settings import mapping, words
from .xml import tree

_FIELDS = ("id", "first-name", "last-name", "email-address", "picture-url", "picture-urls::(original)")


class LinkedIn(OAuth1):
    """LinkedIn by OAuth 1.0a and its XML API of version 1, both gone since 2019; linkedin_oauth2 is the living one.

    `PROFILE_FIELDS` is the selector of the profile, `HEADERS` are sent at every step. A refusal comes as
    `oauth_problem` without a token, so that nothing ties it to the session, which stays open.
    Source: developer.linkedin.com, "Authentication", "Common issues with OAuth", "Profile fields" (2012 to 2015).
    """

    id, name = "linkedin", "LinkedIn (OAuth 1.0a)"
    settings = {"PROFILE_FIELDS": words(*_FIELDS, "public-profile-url"), "HEADERS": mapping()}
    request_token_url = "https://api.linkedin.com/uas/oauth/requestToken"
    authorize_url = "https://www.linkedin.com/uas/oauth/authenticate"
    access_token_url = "https://api.linkedin.com/uas/oauth/accessToken"
    profile_url = "https://api.linkedin.com/v1/people/~:({fields})"
    scope = ("r_basicprofile", "r_emailaddress")
    once = (*OAuth1.once, "oauth_problem")
    api_errors = {"http 403": "insufficient_scope"}
    email, full_name, picture = "email-address", "formatted-name", "picture-url|picture-urls.picture-url"
    first_name, last_name = "first-name", "last-name"

    def configure(self) -> None:
        own = self.values["HEADERS"]
        if not all(isinstance(value, str) for value in own.values()):
            raise self.misconfigured("setting", "setting HEADERS must be a mapping of strings")
        self.headers = {"Accept": "text/xml, */*", **own}
        self.values["fields"] = ",".join(self.values["PROFILE_FIELDS"])

    def check_request_token(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        problem = callback.get("oauth_problem")
        if problem and not callback.get("oauth_token"):
            raise self.refused("access_denied" if problem == "user_refused" else "token_refused", "authorize", problem)
        super().check_request_token(session, callback)

    def api_answer(self, step: str, response: Response) -> Any:
        body = tree(response)
        if "throttle" in str(pick(body, "error.message")).lower():
            raise self.refused("rate_limited", step)
        self.raise_if_refused(step, response, body)
        return pick(body, "person")
