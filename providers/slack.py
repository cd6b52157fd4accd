from __future__ import annotations

from typing import Any

from .http import Flow
from .oauth import Grant
from .oidc import OIDC

_FAILURES = ("fatal_error", "internal_error", "service_unavailable", "request_timeout")


class Slack(OIDC):
    """Sign in with Slack. A user belongs to a workspace, and the uid is both ids, as `T0123_U0456`.

    The API answers errors with HTTP 200 and `ok` false. `begin(team=…)` preselects a workspace.
    Source: docs.slack.dev, "Sign in with Slack", openid.connect.token, openid.connect.userInfo; its discovery document.
    """

    id, name = "slack", "Slack"
    parameters = ("team",)
    authorize_url = "https://slack.com/openid/connect/authorize"
    token_url = "https://slack.com/api/openid.connect.token"
    jwks_url = "https://slack.com/openid/connect/keys"
    profile_url, profile_method = "https://slack.com/api/openid.connect.userInfo", "POST"
    issuers = ("https://slack.com",)
    token_errors = {
        **dict.fromkeys(("invalid_code", "code_already_used", "invalid_refresh_token"), "invalid_grant"),
        **dict.fromkeys(("invalid_client_id", "bad_client_secret"), "invalid_client"),
        **dict.fromkeys(_FAILURES, "server_error"),
        "bad_redirect_uri": "redirect_uri_mismatch", "oauth_authorization_url_mismatch": "invalid_grant",
        "invalid_grant_type": "unsupported_grant_type", "ratelimited": "rate_limited",
    }  # fmt: skip
    api_errors = {
        **dict.fromkeys(("not_authed", "invalid_auth", "token_revoked", "token_expired", "not_allowed_token_type"),
                        "invalid_token"),
        **dict.fromkeys(_FAILURES, "server_error"),
        "missing_scope": "insufficient_scope", "account_inactive": "account_suspended", "ratelimited": "rate_limited",
    }  # fmt: skip
    uid, username = "team_user", ""

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        team, user = (body.get(f"https://slack.com/{name}") for name in ("team_id", "user_id"))
        if not (isinstance(team, str) and team and isinstance(user, str) and user):
            raise self.unusable("uid_missing", "id_token", "the answer names no workspace and user; report it")
        return {**body, "team_user": f"{team}_{user}"}
