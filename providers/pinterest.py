from __future__ import annotations

from .identity import Token
from .oauth2 import OAuth2
from .settings import choice, host


class Pinterest(OAuth2):
    """Pinterest by version 5 of its API. Errors are numbers, commas join scopes, and there is no e-mail.

    `PINTEREST_URL` is the host of the API. `PINTEREST_VERSION` "v1" speaks as before 2022: secret in the form, token in
    the query, scope read_public. Source: pinterest/api-description, v5/openapi.json; pinterest/api-quickstart.
    """

    id, name = "pinterest", "Pinterest"
    settings = {"PINTEREST_URL": host("api.pinterest.com"), "PINTEREST_VERSION": choice("v5", "v1")}
    authorize_url = "{AUTHORIZE}"
    token_url = "https://{PINTEREST_URL}/{PINTEREST_VERSION}/oauth/token"
    profile_url = "https://{PINTEREST_URL}/{PINTEREST_VERSION}/{ME}"
    scope_delimiter, pkce = ",", False  # PKCE is in no document
    error_paths = ("error", "code")
    token_errors = {"283": "invalid_grant", "1": "invalid_request"}
    api_errors = {"8": "rate_limited"}
    uid, email, username, full_name = "id|data.id", "", "username", "business_name"
    first_name, last_name, picture = "data.first_name", "data.last_name", "profile_image"

    def configure(self) -> None:
        self.old = self.values["PINTEREST_VERSION"] == "v1"
        self.client_auth = "post" if self.old else "basic"  # type: ignore[misc]
        page = f"https://{self.values['PINTEREST_URL']}/oauth/" if self.old else "https://www.pinterest.com/oauth/"
        self.values |= {"AUTHORIZE": page, "ME": "me" if self.old else "user_account"}
        if self.values["SCOPE"] is None:
            self.values["SCOPE"] = ("read_public",) if self.old else ("user_accounts:read",)
        self.token_query = "access_token" if self.old else ""  # type: ignore[misc]

    def bearer(self, token: Token) -> dict[str, str]:
        return {} if self.old else super().bearer(token)
