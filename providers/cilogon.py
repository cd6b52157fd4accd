from __future__ import annotations

from .oidc import OIDC


class CILogon(OIDC):
    """CILogon, which passes on the logins of universities. No claim says whether an e-mail address is verified.

    The id_token holds all that userinfo does. A wrong secret and a wrong verifier are both `unauthorized_client`.
    Source: cilogon/service and ncsa/oa4mp, 2026: the discovery document and the OA4MP token and userinfo servlets.
    """

    id, name = "cilogon", "CILogon"
    parameters = ("prompt", "selected_idp", "idphint", "skin", "initialidp")
    authorize_url = "https://cilogon.org/authorize"
    token_url = "https://cilogon.org/oauth2/token"
    jwks_url = "https://cilogon.org/oauth2/certs"
    profile_url = "https://cilogon.org/oauth2/userinfo"
    issuers = ("https://cilogon.org",)
    scope = ("openid", "email", "profile", "org.cilogon.userinfo")
    token_errors = {"request_not_supported": "unsupported_grant_type"}
    api_errors = {"http 302": "invalid_token"}  # an expired token is sent away instead of refused
    email_verified, username = "", "eppn|preferred_username"
