from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import pick
from .oauth import Grant
from .oauth1 import OAuth1
from .settings import words


class Flickr(OAuth1):
    """Flickr. `AUTH_PARAMS` {"perms": "write"} asks for more than reading; a user who refuses never comes back.

    Errors of the API are HTTP 200 with a code. There is no e-mail. `PROFILE_FIELDS` is taken because configurations
    have it, and changes nothing: flickr.people.getInfo has no such choice.
    Source: flickr.com/services/api, "User Authentication", flickr.people.getInfo, and its OpenAPI description.
    """

    id, name = "flickr", "Flickr"
    settings = {"PROFILE_FIELDS": words()}
    parameters = ("perms",)
    request_token_url = "https://www.flickr.com/services/oauth/request_token"
    authorize_url = "https://www.flickr.com/services/oauth/authorize"
    access_token_url = "https://www.flickr.com/services/oauth/access_token"
    profile_url = "https://api.flickr.com/services/rest"
    authorize_params = {"perms": "read"}
    error_paths = ("oauth_problem", "code", "stat")
    api_errors = {
        **dict.fromkeys(("96", "100", "signature_invalid"), "invalid_client"),
        **dict.fromkeys(("98", "token_rejected"), "invalid_token"), **dict.fromkeys(("1", "5"), "not_found"),
        **dict.fromkeys(("95", "97", "111", "112", "116"), "invalid_request"),
        "99": "insufficient_scope", "105": "temporarily_unavailable", "106": "temporarily_unavailable",
    }  # fmt: skip
    uid, email = "person.nsid", ""
    username, full_name = "person.username._content", "person.realname._content"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        """test.login says whose token it is, getInfo who that is."""
        known = yield from self._rest(grant, "test_login", "flickr.test.login", {})
        nsid = pick(known, "user.id")
        if not isinstance(nsid, str) or not nsid:
            raise self.refused("bad_response", "test_login")
        body = yield from self._rest(grant, "userinfo", "flickr.people.getInfo", {"user_id": nsid})
        if pick(body, self.uid) != nsid:
            raise self.unusable("sub_mismatch", "userinfo", "the profile is another user's than the token; report it")
        return body

    def _rest(self, grant: Grant, step: str, method: str, query: dict[str, str]) -> Flow[dict[str, Any]]:
        query = {"method": method, **query, "format": "json", "nojsoncallback": "1"}
        body = yield from self.api(grant, step, self.profile_url, query=query)
        if not isinstance(body, dict):
            raise self.refused("bad_response", step)
        return body
