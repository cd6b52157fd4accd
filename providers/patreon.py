from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import choice

_FIELDS = "email,first_name,full_name,image_url,is_email_verified,last_name,url,vanity"
_TIERS = {"include": "currently_entitled_tiers", "fields[tier]": "title"}


class Patreon(OAuth2):
    """Patreon by version 1 of its API, deprecated, or with `VERSION` "v2" by version 2. Bodies are JSON:API.

    Version 2 also asks for the user's own membership: its body is in `raw`, as `member`. Refusals are all 401, and
    wrong credentials and a wrong redirect URI are both `access_denied`.
    Source: docs.patreon.com, "OAuth", "APIv2", "APIv1".
    """

    id, name = "patreon", "Patreon"
    settings = {"VERSION": choice("v1", "v2")}
    authorize_url = "https://www.patreon.com/oauth2/authorize"
    token_url = "https://www.patreon.com/api/oauth2/token"
    profile_url = "https://www.patreon.com/api/oauth2/api/current_user"
    scope = ("pledges-to-me", "users", "my-campaign")
    pkce = False  # in no document
    uid, email, email_verified = "data.id", "data.attributes.email", "data.attributes.is_email_verified"
    username, full_name, picture = "data.attributes.vanity", "data.attributes.full_name", "data.attributes.image_url"
    first_name, last_name = "data.attributes.first_name", "data.attributes.last_name"

    def configure(self) -> None:
        if self.values["VERSION"] == "v2" and self.values["SCOPE"] is None:
            self.values["SCOPE"] = ("identity", "identity[email]", "campaigns", "campaigns.members")

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        if self.values["VERSION"] == "v1":
            return (yield from super().profile(grant))
        base = "https://www.patreon.com/api/oauth2/v2"
        query = {"include": "memberships", "fields[user]": _FIELDS}
        body = yield from self.api(grant, "userinfo", f"{base}/identity", query=query)
        member = pick(body, "data.relationships.memberships.data.0.id")
        if isinstance(member, str) and member.replace("-", "").isalnum():
            yield from self.api(grant, "member", f"{base}/members/{member}", query=_TIERS)
        return body if isinstance(body, dict) else {}
