from __future__ import annotations

from typing import Any

from .http import Flow
from .oauth import Grant
from .oidc import OIDC
from .settings import flag, words


class QuickBooks(OIDC):
    """QuickBooks by Intuit. `SANDBOX` moves userinfo alone. The company's `realmId` of the callback is kept in `raw`.

    The id_token, whose nonce is not documented, names only the user; userinfo has names of its own for the claims.
    `PROFILE_FIELDS` keeps no others of them than those (and `sub`).
    Source: developer.api.intuit.com/.well-known/openid_configuration; intuit/oauth-jsclient; QuickBooks-V3-Java-SDK.
    """

    id, name = "quickbooks", "QuickBooks"
    settings = {"SANDBOX": flag(False), "PROFILE_FIELDS": words()}
    authorize_url = "https://appcenter.intuit.com/connect/oauth2"
    token_url = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
    jwks_url = "https://oauth.platform.intuit.com/op/v1/jwks"
    profile_url = "https://{ACCOUNTS}.platform.intuit.com/v1/openid_connect/userinfo"
    issuers = ("https://oauth.platform.intuit.com/op/v1",)
    scope = ("openid", "com.intuit.quickbooks.accounting", "profile", "phone", "email")
    pkce = nonce_required = False  # neither is documented
    client_auth, always_userinfo = "basic", True
    email_verified, first_name, last_name, username = "emailVerified", "givenName", "familyName", ""

    def configure(self) -> None:
        self.values["ACCOUNTS"] = "sandbox-accounts" if self.values["SANDBOX"] else "accounts"

    def wanted_scope(self, options: dict[str, Any]) -> tuple[str, ...]:
        """One entry of SCOPE may hold several scopes."""
        return tuple(dict.fromkeys(one for entry in super().wanted_scope(options) for one in entry.split()))

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        company = grant.callback.get("realmId")
        if company:
            if grant.claims.get("realmid", company) != company:
                raise self.mismatch("realm_mismatch", "the callback's realmId is not the id_token's")
            grant.raw["realmId"] = company
        body = yield from super().profile(grant)
        kept = self.values["PROFILE_FIELDS"]
        return body if kept is None else {name: value for name, value in body.items() if name in (*kept, "sub")}
