from __future__ import annotations

from typing import Any

from .oidc import OIDC
from .settings import url


class Authentiq(OIDC):
    """Authentiq. `openid` is always asked for beside SCOPE, in which `email~r` makes the address required.

    The id_token is signed with the client secret (HS256) or a published key; an app that is registered to get it
    unsigned must change that. Nothing is known of PKCE, and nothing was published after 2019.
    Source: AuthentiqID/authentiq-docs, provider.yaml and "Get started"; AuthentiqID/omniauth-authentiq.
    """

    id, name = "authentiq", "Authentiq"
    settings = {"PROVIDER_URL": url("https://connect.authentiq.io")}
    parameters = ("display", "prompt", "max_age", "ui_locales")
    authorize_url = "{PROVIDER_URL}/authorize"
    token_url = "{PROVIDER_URL}/token"
    jwks_url = "{PROVIDER_URL}/public-keys"
    profile_url = "{PROVIDER_URL}/userinfo"
    issuers = ("{PROVIDER_URL}/",)
    scope = ("aq:name", "email", "aq:push")
    secret_algorithms = ("HS256",)
    always_userinfo = True
    pkce = can_refresh = False  # the token endpoint documents one grant only

    def wanted_scope(self, options: dict[str, Any]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("openid", *super().wanted_scope(options))))
