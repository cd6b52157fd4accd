from __future__ import annotations

import re
from typing import Any

from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2


class Stripe(OAuth2):
    """Stripe Connect. The secret is the platform's API key, and the token step takes nothing else but the code.

    The token opens one account, which the answer names. Nobody says that its e-mail is verified.
    Source: docs.stripe.com/connect/oauth-reference; stripe/stripe-node, src/resources/OAuth.ts; stripe/openapi.
    """

    id, name = "stripe", "Stripe"
    parameters = ("stripe_landing", "always_prompt")
    authorize_url = "https://connect.stripe.com/oauth/authorize"
    token_url = "https://connect.stripe.com/oauth/token"
    profile_url = "https://api.stripe.com/v1/accounts/{account}"
    scope, pkce = ("read_only",), False
    token_omits, refresh_omits = ("client_id", "redirect_uri"), ("client_id",)
    error_paths = ("error.code", "error.type", "error")
    authorize_errors = {"invalid_redirect_uri": "redirect_uri_mismatch"}
    full_name = "settings.dashboard.display_name|display_name|business_profile.name"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        account = grant.body.get("stripe_user_id")
        if not isinstance(account, str) or not re.fullmatch(r"acct_[A-Za-z0-9]+", account):
            raise self.refused("bad_response", "token")
        grant.variables["account"] = account
        body = yield from super().profile(grant)
        if body.get("id") != account:
            raise self.unusable("sub_mismatch", "userinfo", "userinfo speaks of another account than the token")
        return body
