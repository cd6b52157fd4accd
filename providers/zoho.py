from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .callback import Callback
from .http import Flow, Response
from .oauth import Grant
from .oauth2 import OAuth2

_SERVERS = {
    f"https://accounts.zoho{end}" for end in (".com", ".eu", ".in", ".com.au", ".jp", ".com.cn", ".sa", "cloud.ca")
}


class Zoho(OAuth2):
    """Zoho. The callback names the data centre of the user, where the code is good; only Zoho's own eight are believed.

    A refresh goes there too: `refresh(token, accounts_server=identity.raw["accounts_server"])`. Token errors come with
    HTTP 200. Nobody says that the address is verified.
    Source: zoho.com/accounts/protocol/oauth, "Web-based apps"; accounts.zoho.com's discovery document; Zoho's SDKs.
    """

    id, name = "zoho", "Zoho"
    parameters = ("access_type", "prompt")
    refresh_parameters = ("accounts_server",)
    authorize_url = "https://accounts.zoho.com/oauth/v2/auth"
    token_url = "{server}/oauth/v2/token"
    profile_url = "{server}/oauth/user/info"
    scope, scope_delimiter = ("AaaServer.profile.READ",), ","
    once = (*OAuth2.once, "accounts-server")
    token_errors = {
        "invalid_code": "invalid_grant", "invalid_client_secret": "invalid_client",
        "invalid_redirect_uri": "redirect_uri_mismatch", "Access Denied": "rate_limited",
    }  # fmt: skip
    uid, email, username, full_name = "ZUID", "Email", "Display_Name", "Full_Name|Display_Name"
    first_name, last_name = "First_Name", "Last_Name"

    def check_callback(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        session["accounts_server"] = callback.get("accounts-server") or "https://accounts.zoho.com"
        self.variables(session)

    def variables(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        server = session.get("accounts_server", "https://accounts.zoho.com")
        if server not in _SERVERS:
            raise self.mismatch("wrong_host", "the callback names a server that is not Zoho's")
        return {"server": server}

    def refresh_params(self, parameters: dict[str, str]) -> dict[str, str]:
        super().refresh_params(parameters)
        return {}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        grant.raw["accounts_server"] = grant.variables["server"]
        return (yield from super().profile(grant))

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        if not for_token and "INVALID_OAUTHSCOPE" in response.text:  # in a member that no page names
            raise self.refused("insufficient_scope", step)
        super().raise_if_refused(step, response, body, for_token=for_token)
