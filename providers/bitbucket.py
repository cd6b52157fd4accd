from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .http import Flow
from .identity import Email, pick
from .oauth import Grant
from .oauth1 import OAuth1


class Bitbucket(OAuth1):
    """Bitbucket by OAuth 1.0a and API 1.0, gone since 2019: first the addresses, then the user who has the primary one.

    An `active` address is a confirmed one. Source: Atlassian's pages "OAuth on Bitbucket", "users endpoint 1.0" and
    "emails resource".
    """

    id, name = "bitbucket", "Bitbucket (OAuth 1.0a)"
    request_token_url = "https://bitbucket.org/api/1.0/oauth/request_token"
    authorize_url = "https://bitbucket.org/api/1.0/oauth/authenticate"
    access_token_url = "https://bitbucket.org/api/1.0/oauth/access_token"
    profile_url = "https://bitbucket.org/api/1.0/"
    text_refusals, refusal_is_silent = (400, 401), True
    api_errors = {"http 404": "not_found", "http 403": "insufficient_scope"}
    uid, username, full_name = "user.username", "user.username", "user.display_name"
    first_name, last_name, picture = "user.first_name", "user.last_name", "user.avatar"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        rows = yield from self.api(grant, "emails", "https://bitbucket.org/api/1.0/emails/")
        mine = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        emails = [Email(row.get("email", ""), row.get("active") is True, row.get("primary") is True) for row in mine]
        primary = next((one.address for one in emails if one.primary and one.verified), None)
        # An address that nobody confirmed may be somebody else's, whose profile it would fetch.
        who = f"users/{quote(primary, safe='@+')}" if isinstance(primary, str) and primary else "user"
        body = yield from self.api(grant, "userinfo", self.profile_url + who)
        return {"user": pick(body, "user"), "emails": emails}

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        listed: list[Email] = profile["emails"]
        return listed
        yield  # they are here already
