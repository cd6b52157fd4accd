from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import choice


class PayPal(OAuth2):
    """Log In with PayPal. `MODE` "live" is the real service, "test" (or "sandbox") its sandbox.

    A wrong code is called `access_denied`. Addresses come as a list in which `confirmed` is PayPal's word on each. An
    id_token is not documented. Source: developer.paypal.com/api/identity/v1 and /docs/log-in-with-paypal/integrate.
    """

    id, name = "paypal", "PayPal"
    settings = {"MODE": choice("test", "sandbox", "live")}
    parameters = ("flowEntry",)
    authorize_url = "https://www.{HOST}/signin/authorize"
    token_url = "https://api-m.{HOST}/v1/oauth2/token"
    profile_url = "https://api-m.{HOST}/v1/identity/oauth2/userinfo"
    profile_query = {"schema": "paypalv1.1"}
    api_headers = {"Content-Type": "application/json"}  # asked for, although there is no body
    scope = ("openid", "email")
    pkce = False  # in no document
    client_auth, token_omits = "basic", ("redirect_uri",)
    token_errors = {"access_denied": "invalid_grant", "invalid_refresh_token": "invalid_grant"}
    uid, first_name, last_name = "user_id", "given_name", "family_name"

    def configure(self) -> None:
        self.values["HOST"] = "paypal.com" if self.values["MODE"] == "live" else "sandbox.paypal.com"

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        listed = profile.get("emails")
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        return [Email(row.get("value", ""), row.get("confirmed") is True, row.get("primary") is True) for row in rows]
        yield  # a flow like any other, though this one needs no request
