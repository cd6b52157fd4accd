from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from . import id_token
from .callback import Callback
from .http import Flow
from .oauth import Grant
from .oauth2 import OAuth2
from .oidc import OIDC


class EveOnline(OIDC):
    """EVE Online. The access token is itself a JWT that names the character; there is no other profile.

    The uid is `owner`, which changes when the character goes to another account; its number is in `raw`. The scope
    `publicData` opens nothing but brings a refresh token. There is no e-mail.
    Source: developers.eveonline.com/docs/services/sso and login.eveonline.com/.well-known/oauth-authorization-server.
    """

    id, name = "eveonline", "EVE Online"
    authorize_url = "https://login.eveonline.com/v2/oauth/authorize"
    token_url = "https://login.eveonline.com/v2/oauth/token"
    jwks_url = "https://login.eveonline.com/oauth/jwks"
    issuers = ("https://login.eveonline.com", "login.eveonline.com")
    scope = ("publicData",)
    client_auth, token_omits = "basic", ("redirect_uri",)
    uid, email, email_verified, username = "owner", "", "", ""

    def proofs(self, session: dict[str, Any]) -> dict[str, str]:
        return OAuth2.proofs(self, session)  # the token holds no nonce

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        grant = yield from OAuth2.exchange(self, session, callback, code)
        try:
            _, claims = yield from self.signed_claims(grant.token.access, session)
        except id_token.UnusableError as reason:
            sentence = str(reason).replace("id_token", "access token")
            raise self.unusable(reason.code, "token", f"{sentence}; start a new login") from None
        named = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if "EVE Online" not in named or not str(claims["sub"]).startswith("CHARACTER:EVE:"):
            raise self.unusable("id_token_audience", "token", "the access token is no character's; start a new login")
        grant.claims = grant.raw["access_token"] = claims
        return grant
