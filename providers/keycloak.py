from __future__ import annotations

from urllib.parse import quote

from .oidc import OIDC
from .settings import text, url


class Keycloak(OIDC):
    """Keycloak at `KEYCLOAK_URL` (with /auth on old servers), realm `KEYCLOAK_REALM`.

    `KEYCLOAK_URL_ALT` is where this machine reaches the server when browsers use another address; the issuer stays that
    of KEYCLOAK_URL. Source: keycloak/keycloak, package org.keycloak.protocol.oidc, and its upgrading guide.
    """

    id, name = "keycloak", "Keycloak"
    settings = {"KEYCLOAK_URL": url(None), "KEYCLOAK_URL_ALT": url(None), "KEYCLOAK_REALM": text(None)}
    settings |= {"KEYCLOAK_REAML": text(None)}  # so misspelt in the documentation that gave these settings their names
    parameters = ("prompt", "login_hint", "max_age", "ui_locales", "acr_values", "kc_idp_hint")
    issuers = ("{KEYCLOAK_URL}/realms/{REALM}",)
    authorize_url = "{KEYCLOAK_URL}/realms/{REALM}/protocol/openid-connect/auth"
    token_url = "{KEYCLOAK_URL_ALT}/realms/{REALM}/protocol/openid-connect/token"
    jwks_url = "{KEYCLOAK_URL_ALT}/realms/{REALM}/protocol/openid-connect/certs"
    profile_url = "{KEYCLOAK_URL_ALT}/realms/{REALM}/protocol/openid-connect/userinfo"
    profile_method, always_userinfo = "POST", True
    token_errors = {"unauthorized_client": "invalid_client"}  # what it calls a wrong secret

    def configure(self) -> None:
        realm = self.values["KEYCLOAK_REALM"] or self.values["KEYCLOAK_REAML"]
        if not self.values["KEYCLOAK_URL"] or not realm:
            raise self.misconfigured("setting", "KEYCLOAK_URL and KEYCLOAK_REALM are needed")
        alternative = self.values["KEYCLOAK_URL_ALT"] or self.values["KEYCLOAK_URL"]
        self.values |= {"KEYCLOAK_URL_ALT": alternative, "REALM": quote(realm, safe="")}
