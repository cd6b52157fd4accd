from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from .callback import Callback
from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import host, url

_ACCOUNT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_PLANES = {"sharefile.com", "sharefile.eu", "securevdr.com", "sf-api.com", "sf-api.eu"}


class ShareFile(OAuth2):
    """ShareFile. The callback names the account (`subdomain`) and its control plane, where the secret then goes.

    Only ShareFile's own planes and that of the setting are believed. Without a word in the callback, `SUBDOMAIN` and
    `APICP` say where the token is; `DEFAULT_URL` is where users log in. The token step takes no redirect_uri.
    Source: api.sharefile.com/gettingstarted/oauth2; citrix/ShareFile-NET, Security/Authentication/OAuth2.
    """

    id, name = "sharefile", "ShareFile"
    settings = {"SUBDOMAIN": host("secure"), "APICP": host("sharefile.com")}
    settings |= {"DEFAULT_URL": url("https://secure.sharefile.com")}
    authorize_url = "{DEFAULT_URL}/oauth/authorize"
    token_url = "https://{subdomain}.{appcp}/oauth/token"
    profile_url = "https://{subdomain}.{apicp}/sf/v3/Users"
    pkce, token_omits = False, ("redirect_uri",)  # neither is documented
    refresh_parameters = ("subdomain",)
    uid, email, username, full_name = "Id", "Email", "Username", "FullName"
    first_name, last_name = "FirstName", "LastName"

    def variables(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        default = {"subdomain": self.values["SUBDOMAIN"], "appcp": self.values["APICP"], "apicp": "sf-api.com"}
        return {name: session.get(name) or value for name, value in default.items()}

    def refresh_params(self, parameters: dict[str, str]) -> dict[str, str]:
        super().refresh_params(parameters)
        self.believe(parameters, "refresh")
        return {}

    def check_callback(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        named = {name: callback.get(name) for name in ("subdomain", "appcp", "apicp")}
        self.believe(named, "callback")
        session.update({name: value for name, value in named.items() if value})

    def believe(self, named: Any, step: str) -> None:
        """Refuse a host that is not ShareFile's; what goes there are the secret and the token."""
        planes = {named.get("appcp"), named.get("apicp")} - {None, self.values["APICP"]}
        account = named.get("subdomain")
        if planes - _PLANES or not (account is None or (isinstance(account, str) and _ACCOUNT.fullmatch(account))):
            raise self.mismatch("wrong_host", f"the {step} names a host that is not ShareFile's")

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        named = {name: grant.body.get(name) for name in ("subdomain", "apicp")}
        self.believe(named, "token")
        grant.variables.update({name: value for name, value in named.items() if isinstance(value, str)})
        grant.raw["subdomain"] = grant.variables["subdomain"]
        return (yield from super().profile(grant))
