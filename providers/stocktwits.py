from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2


class Stocktwits(OAuth2):
    """Stocktwits. Commas join scopes, the token is asked for in JSON and does not end. There is no e-mail.

    Errors are sentences in a list. Source: stocktwits/slate, source/index.html.md and includes/_errors.md.
    """

    id, name = "stocktwits", "Stocktwits"
    parameters = ("prompt",)
    authorize_url = "https://api.stocktwits.com/api/2/oauth/authorize"
    token_url = "https://api.stocktwits.com/api/2/oauth/token"
    profile_url = "https://api.stocktwits.com/api/2/account/verify.json"
    scope, scope_delimiter, token_request = ("read",), ",", "json"
    pkce = can_refresh = False  # neither is documented
    error_paths = ("errors",)
    uid, email, username, full_name = "user.id", "", "user.username", "user.name"
    picture = "user.avatar_url_ssl"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        if pick(body, self.uid) != grant.body.get("user_id"):
            raise self.unusable("sub_mismatch", "userinfo", "userinfo speaks of another user than the token; report it")
        return body
