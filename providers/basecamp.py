from __future__ import annotations

from typing import Any

from .http import Response
from .identity import Email, Identity, pick
from .oauth import Grant
from .oauth2 import OAuth2


class Basecamp(OAuth2):
    """Basecamp, by 37signals' Launchpad. It says itself that addresses are unverified; the accounts are in `raw`.

    A spent refresh token may be a 401 of plain text. Source: basecamp/bc3-api, sections/authentication.md;
    basecamp/basecamp-sdk, SPEC.md.
    """

    id, name = "basecamp", "Basecamp"
    authorize_url = "https://launchpad.37signals.com/authorization/new"
    token_url = "https://launchpad.37signals.com/authorization/token"
    profile_url = "https://launchpad.37signals.com/authorization.json"
    pkce = False  # in no document
    token_errors = {"authorization_expired": "invalid_grant"}
    uid, email = "identity.id", "identity.email_address"
    first_name, last_name = "identity.first_name", "identity.last_name"

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        if for_token and response.status == 401 and response.json() is None:
            raise self.refused("invalid_grant", step)
        super().raise_if_refused(step, response, body, for_token=for_token)

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        names = [pick(profile, path) for path in (self.first_name, self.last_name)]
        full = " ".join(name for name in names if isinstance(name, str) and name)
        return super().mapped(grant, {**profile, "name": full}, emails)
