from __future__ import annotations

from typing import Any

from .http import is_web_url
from .oidc import OIDC


class Salesforce(OIDC):
    """Salesforce. The app's `key` is the address to log in at: https://login.salesforce.com, test. or a My Domain.

    The identity is userinfo's, which refuses with a 403 and a line of text. Tokens come without a lifetime.
    Source: help.salesforce.com, remoteaccess_oauth_web_server_flow, _flow_errors, _using_userinfo_endpoint,
    _using_openid; the discovery document of login.salesforce.com.
    """

    id, name = "salesforce", "Salesforce"
    credentials = ("client_id", "client_secret", "key")
    parameters = ("display", "immediate", "login_hint", "prompt")
    authorize_url = "{BASE}/services/oauth2/authorize"
    token_url = "{BASE}/services/oauth2/token"
    jwks_url = "{BASE}/id/keys"
    profile_url = "{BASE}/services/oauth2/userinfo"
    issuers = ("{BASE}",)
    scope = ("id", "openid")
    always_userinfo = True
    authorize_errors = {"access-denied": "access_denied", "immediate_unsuccessful": "interaction_required"}
    token_errors = {
        "invalid_client_id": "invalid_client", "invalid_client_credentials": "invalid_client",
        "inactive_user": "account_suspended", "inactive_org": "account_suspended",
        "rate_limit_exceeded": "rate_limited",
    }  # fmt: skip
    api_errors = {"http 403": "invalid_token"}
    uid = "user_id"

    def configure(self) -> None:
        if not is_web_url(self.key):
            raise self.misconfigured(
                "credentials", "key must be the address to log in at, https://login.salesforce.com"
            )
        self.values["BASE"] = self.key.rstrip("/")

    def same_user(self, info: dict[str, Any], claims: dict[str, Any]) -> bool:
        return bool(info.get("sub") == claims["sub"])
