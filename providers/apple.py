from __future__ import annotations

import json
from typing import Any

from .identity import Email, Identity, pick
from .oauth import Grant
from .oidc import OIDC

_SECRET_LIFETIME = 300  # seconds; Apple allows up to six months


class Apple(OIDC):
    """Sign in with Apple. `client_id` may be a comma list: the first asks, all are accepted audiences.

    `client_secret` is the Key ID, `key` the Team ID, `certificate_key` the PEM of the private key; what Apple calls the
    client secret is a JWT signed with it. The callback is a cross-site POST, to which browsers add no SameSite=Lax
    cookie. The user's name comes once, unsigned, in its `user` field; every other fact is the id_token's.
    Source: developer.apple.com, Sign in with Apple REST API: "Request an authorization", "Generate and validate
    tokens", "Creating a client secret", "Authenticating users".
    """

    id, name = "apple", "Apple"
    credentials = ("client_id", "client_secret", "key", "certificate_key")
    authorize_url = "https://appleid.apple.com/auth/authorize"
    token_url = "https://appleid.apple.com/auth/token"
    jwks_url = "https://appleid.apple.com/auth/keys"
    issuers = ("https://appleid.apple.com",)
    scope = ("name", "email")
    authorize_params = {"response_type": "code id_token", "response_mode": "form_post"}
    pkce = False  # neither documented nor in the discovery document
    once = (*OIDC.once, "user")
    username = ""

    def configure(self) -> None:
        self.client_ids = tuple(part.strip() for part in self.client_id.split(",") if part.strip())
        if not self.client_ids:
            raise self.misconfigured("credentials", "client_id is missing; take it from the app's registration")
        self.client_id = self.client_ids[0]

    def audiences(self) -> tuple[str, ...]:
        return self.client_ids

    def secret(self) -> str:
        """The client secret: a JWT, ES256, kid the Key ID, iss the Team ID."""
        import jwt

        now = int(self.clock())
        claims = {"iss": self.key, "iat": now, "exp": now + _SECRET_LIFETIME, "aud": self.issuers[0],
                  "sub": self.client_id}  # fmt: skip
        try:
            return jwt.encode(claims, self.certificate_key, "ES256", headers={"kid": self.client_secret})
        except (jwt.PyJWTError, ValueError, TypeError):
            unreadable = "certificate_key is no PEM of an EC P-256 private key; copy the downloaded .p8 file"
        raise self.misconfigured("credentials", unreadable, "token")

    def is_verified(self, value: object) -> bool:
        return value is True or value == "true"

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        try:
            user = json.loads(grant.callback.get("user") or "null")
        except (ValueError, RecursionError):
            user = None
        if isinstance(user, dict):
            grant.raw["user"] = user
        first, last = pick(user, "name.firstName"), pick(user, "name.lastName")
        full = " ".join(part for part in (first, last) if isinstance(part, str) and part)
        return super().mapped(grant, {**profile, "given_name": first, "family_name": last, "name": full}, emails)
