from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import Setting


def _environment(value: Any) -> str:
    if value not in ("production", "sandbox"):
        raise ValueError("production or sandbox")
    return str(value)


class Dwolla(OAuth2):
    """Dwolla, which let users log in until 2019. `ENVIRONMENT` (also `ENVIROMENT`, as some have it) may be sandbox.

    Scopes are joined by a pipe and must not be empty, though the account needs none. The token answer links to the
    profile, which must be at Dwolla. There is no e-mail.
    Source: Dwolla's API documentation of 2018 and 2021, "OAuth", "Accounts", "Errors"; Dwolla/dwolla-v2-ruby.
    """

    id, name = "dwolla", "Dwolla"
    settings = {"ENVIRONMENT": Setting(None, _environment), "ENVIROMENT": Setting("production", _environment)}
    parameters = ("verified_account", "dwolla_landing")
    authorize_url = "https://{HOST}.dwolla.com/oauth/v2/authenticate"
    token_url = "https://{HOST}.dwolla.com/oauth/v2/token"
    scope, scope_delimiter = ("Transactions",), "|"
    pkce = False  # in no document
    error_paths = ("error", "code")
    api_headers = {"Accept": "application/vnd.dwolla.v1.hal+json"}
    token_errors = {"access_denied": "invalid_grant"}
    api_errors = {
        "InvalidScopes": "insufficient_scope", "NotFound": "not_found",
        "InvalidAccountStatus": "account_suspended", "InvalidApplicationStatus": "unauthorized_client",
        "InvalidCredentials": "invalid_client", "InvalidVersion": "invalid_request",
    }  # fmt: skip

    def configure(self) -> None:
        production = (self.values["ENVIRONMENT"] or self.values["ENVIROMENT"]) == "production"
        self.values |= {"HOST": "www", "API": "api"} if production else {"HOST": "sandbox", "API": "api-sandbox"}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        link = pick(grant.body, "_links.account.href")
        if not isinstance(link, str) or not link.startswith(f"https://{self.values['API']}.dwolla.com/"):
            raise self.unusable("profile_link", "token", "the token answer links to no account at Dwolla; report it")
        grant.variables["account"] = link
        body = yield from self.api(grant, "userinfo", "{account}")
        if not isinstance(body, dict):
            raise self.refused("bad_response", "userinfo")
        return body
