from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email, Token, pick
from .oauth import Grant
from .oauth2 import OAuth2


class BitbucketOAuth2(OAuth2):
    """Bitbucket Cloud. Scopes are those of the OAuth consumer: set SCOPE when these lack `email`.

    The uid is the `uuid`: a user name, which sites stored in 2021, can be given up and taken by somebody else.
    Source: developer.atlassian.com/cloud/bitbucket, "OAuth 2.0", "Users"; Bitbucket's published API description.
    """

    id, name = "bitbucket_oauth2", "Bitbucket"
    authorize_url = "https://bitbucket.org/site/oauth2/authorize"
    token_url = "https://bitbucket.org/site/oauth2/access_token"
    profile_url = "https://api.bitbucket.org/2.0/user"
    pkce = False  # in no document
    client_auth = "basic"
    token_errors = {"unauthorized_client": "invalid_client", "invalid_request": "invalid_grant"}
    uid, username, full_name = "uuid", "username", "display_name"
    picture = "links.avatar.href"

    def token(self, body: dict[str, Any], step: str) -> Token:
        return super().token({**body, "scope": body.get("scopes")}, step)  # it calls them so

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        asked = self.asked_scope(grant.session)
        if asked and "email" not in asked:
            return []
        rows = pick((yield from self.api(grant, "emails", f"{self.profile_url}/emails")), "values")
        mine = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [
            Email(row.get("email", ""), row.get("is_confirmed") is True, row.get("is_primary") is True) for row in mine
        ]
