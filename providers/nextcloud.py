from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .http import Flow, Response
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import url
from .xml import tree


class Nextcloud(OAuth2):
    """A Nextcloud server at `SERVER`. There is no scope and no denial: the token opens the whole account.

    The profile is asked for as JSON; XML, which a server may send all the same, is read too. Addresses are unverified.
    PKCE is checked by servers of 2026 and later and ignored by older ones.
    Source: nextcloud/server, apps/oauth2 and apps/provisioning_api, 2026.
    """

    id, name = "nextcloud", "Nextcloud"
    settings = {"SERVER": url("https://nextcloud.example.org")}
    authorize_url = "{SERVER}/apps/oauth2/authorize"
    token_url = "{SERVER}/apps/oauth2/api/v1/token"
    profile_url = "{SERVER}/ocs/v1.php/cloud/users/{user_id}"
    token_omits = ("redirect_uri",)
    headers = {"OCS-APIRequest": "true"}
    token_errors = {"invalid_request": "invalid_grant"}  # an unknown, used or expired code or refresh token
    error_paths = ("error", "ocs.meta.statuscode")
    api_errors = {"997": "invalid_token", "998": "insufficient_scope", "404": "not_found", "429": "rate_limited"}
    username, full_name = "id", "displayname"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        user_id = grant.body.get("user_id")
        if not isinstance(user_id, str) or not user_id:
            raise self.refused("bad_response", "token")
        grant.variables["user_id"] = quote(user_id.encode("utf-8", "replace"), safe="")
        body = yield from self.api(grant, "userinfo", self.profile_url, query={"format": "json"})
        data = pick(body, "ocs.data")
        return data if isinstance(data, dict) else {}

    def api_answer(self, step: str, response: Response) -> Any:
        """OCS wraps a status of its own, 100 for success, in a body that is JSON or XML."""
        body = tree(response) if response.content_type in ("application/xml", "text/xml") else response.json()
        status = pick(body, "ocs.meta.statuscode")
        plain = body if str(status) not in ("100", "200") else None
        self.raise_if_refused(step, response, plain)
        if status is None or response.content_type == "text/html":
            raise self.refused("bad_response", step)
        return body
