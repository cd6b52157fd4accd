from __future__ import annotations

from .oidc import OIDC
from .settings import url


class NetIQ(OIDC):
    """NetIQ Access Manager at `NETIQ_URL`. Which claims there are beside `sub` is the site's choice: userinfo has them.

    The uid is `sub`, the one that is always there and does not change; `preferred_username` is the username.
    Source: microfocus.com/documentation/access-manager/5.0, "OAuth and OpenID Connect".
    """

    id, name = "netiq", "NetIQ"
    settings = {"NETIQ_URL": url(None)}
    parameters = ("acr_values", "prompt", "resourceServer")
    authorize_url = "{NETIQ_URL}/nidp/oauth/nam/authz"
    token_url = "{NETIQ_URL}/nidp/oauth/nam/token"
    jwks_url = "{NETIQ_URL}/nidp/oauth/nam/keys"
    profile_url = "{NETIQ_URL}/nidp/oauth/nam/userinfo"
    issuers = ("{NETIQ_URL}/nidp/oauth/nam",)
    always_userinfo = True
    email_verified = ""

    def configure(self) -> None:
        if not self.values["NETIQ_URL"]:
            raise self.misconfigured("setting", "NETIQ_URL is needed, such as https://login.example.org")
