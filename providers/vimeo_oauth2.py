from __future__ import annotations

import re
from typing import Any

from .http import Flow
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2


class VimeoOAuth2(OAuth2):
    """Vimeo by OAuth 2.0. The uid is the number at the end of the user's `uri`; an e-mail comes with scope `email`.

    A bad code is an `invalid_request`, and nobody says that the address is verified.
    Source: vimeo/openapi, version 3.4; vimeo/vimeo.php, src/Vimeo/Vimeo.php.
    """

    id, name = "vimeo_oauth2", "Vimeo"
    authorize_url = "https://api.vimeo.com/oauth/authorize"
    token_url = "https://api.vimeo.com/oauth/access_token"
    profile_url = "https://api.vimeo.com/me"
    scope = ("public", "private", "email")
    pkce = can_refresh = False  # neither is documented
    client_auth = "basic"
    headers = {"Accept": "application/vnd.vimeo.*+json;version=3.4"}
    error_paths = ("error", "error_description")
    token_errors = {"Invalid authorization code": "invalid_grant"}
    picture = "image"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        place = re.fullmatch(r"/users/([0-9]+)", str(body.get("uri")))
        sizes = pick(body, "pictures.sizes")
        image = pick(sizes[-1], "link") if isinstance(sizes, list) and sizes else None
        return {**body, "id": place[1] if place else None, "image": image}
