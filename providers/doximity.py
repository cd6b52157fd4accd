from __future__ import annotations

from .oidc import OIDC


class Doximity(OIDC):
    """Doximity, by OpenID Connect since 2023. The id_token, for an audience of two, holds all, so SCOPE needs `openid`.

    There is no refresh token without PKCE. Nobody says that the address is verified.
    Source: auth.doximity.com's discovery document; doximity/omniauth-doximity-oauth2 1.5.
    """

    id, name = "doximity", "Doximity"
    parameters = ("prompt", "display", "theme", "login_hint", "acr_values")
    authorize_url = "https://auth.doximity.com/oauth/authorize"
    token_url = "https://auth.doximity.com/oauth/token"
    jwks_url = "https://auth.doximity.com/.well-known/jwks.json"
    issuers = ("https://auth.doximity.com",)
    scope, client_auth = ("openid", "profile:read:basic", "profile:read:email"), "basic"
    email, email_verified, username, picture = "primary_email", "", "", "profile_photo_url"
