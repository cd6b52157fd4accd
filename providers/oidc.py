"""OpenID Connect on top of OAuth 2.0: a nonce at begin, a verified id_token at finish (OIDC Core sections 3.1 and 3.3).

The id_token of the token answer is what the identity comes from; one on the callback must agree with it. Userinfo is
asked for only where a provider's class says so, and must speak of the same `sub`.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any, ClassVar

from . import id_token
from .callback import Callback
from .http import Flow, request
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2

KEYS_LIFETIME = 600  # seconds a JWKS is trusted before it is fetched again


class OIDC(OAuth2):
    """A provider that issues id_tokens. `issuers` are the templates of their `iss`."""

    scope: ClassVar[tuple[str, ...]] = ("openid", "profile", "email")
    jwks_url: ClassVar[str]
    always_userinfo: ClassVar[bool] = False  # ask userinfo also after an id_token
    nonce_required: ClassVar[bool] = True  # False where the provider is known to drop it
    secret_algorithms: ClassVar[tuple[str, ...]] = ()  # HS* where it signs with the client secret (OIDC Core 10.1)

    uid = "sub"
    email_verified = "email_verified"
    username = "preferred_username"
    first_name, last_name, picture = "given_name", "family_name", "picture"

    def __init__(self, **given: Any) -> None:
        self._keys: tuple[float, Any] | None = None  # when fetched, and the JWKS; shared by all logins
        super().__init__(**given)

    def proofs(self, session: dict[str, Any]) -> dict[str, str]:
        session["nonce"] = secrets.token_urlsafe(32)
        return {**super().proofs(session), "nonce": session["nonce"]}

    def audiences(self) -> tuple[str, ...]:
        return (self.client_id,)

    def asks_userinfo(self, grant: Grant) -> bool:
        """Whether the profile call is made; without an id_token it is the only source."""
        return self.always_userinfo or not grant.claims

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        front = callback.get("id_token")
        if front:
            seen = yield from self.verified(front, session, c_hash=code)
        grant = yield from super().exchange(session, callback, code)
        yield from self._take_id_token(grant)
        if front and grant.claims and seen["sub"] != grant.claims["sub"]:
            raise self.unusable("sub_mismatch", "id_token", "the two id_tokens speak of two users; report it")
        return grant

    def _take_id_token(self, grant: Grant) -> Flow[None]:
        given = grant.body.get("id_token")
        if isinstance(given, str) and given:
            grant.claims = yield from self.verified(given, grant.session, at_hash=grant.token.access)
            grant.raw["id_token"] = grant.claims
            grant.token = replace(grant.token, id_token=given)
        elif not self.profile_url or given is not None or "openid" in self.asked_scope(grant.session):
            raise self.unusable(
                "id_token_missing", "token", "the token answer has no id_token; check the app and SCOPE"
            )

    def verified(self, token: str, session: MutableMapping[str, Any], **hashes: str) -> Flow[dict[str, Any]]:
        """The claims of an id_token that passed every check; `hashes` are at_hash or c_hash with what they hash."""
        try:
            header, claims = yield from self.signed_claims(token, session)
            id_token.check_nonce(claims, self.stored(session, "nonce"), required=self.nonce_required)
            for name, value in hashes.items():
                id_token.check_hash(claims, name, value, header["alg"])
        except id_token.UnusableError as reason:
            raise self.unusable(reason.code, "id_token", f"{reason}; start a new login") from None
        return claims

    def signed_claims(
        self, token: str, session: MutableMapping[str, Any]
    ) -> Flow[tuple[dict[str, Any], dict[str, Any]]]:
        """Header and claims of a JWT that this issuer signed for this app and that is valid now."""
        header = id_token.read_header(token, self.secret_algorithms)
        # The algorithm chooses the kind of key, never the other way round: a published key is no secret.
        if header["alg"] in self.secret_algorithms:
            claims = id_token.claims_by_secret(token, self.client_secret, header["alg"])
        else:
            claims = id_token.verified_claims(token, (yield from self._key(header)), header["alg"])
        issuers = self.issuers_for(claims, session)
        id_token.check_claims(claims, issuers=issuers, audiences=self.audiences(), now=self.clock())
        return header, claims

    def issuers_for(self, claims: dict[str, Any], session: MutableMapping[str, Any]) -> tuple[str, ...]:
        """The issuers accepted for these signed claims; overridden where each tenant has its own."""
        return self.issuer_values()

    def _key(self, header: dict[str, Any]) -> Flow[Any]:
        """The signing key. A kid that the kept keys do not have is looked for once more in a fresh JWKS."""
        kept = self._keys
        if kept is not None and 0 <= self.clock() - kept[0] < KEYS_LIFETIME:
            key = id_token.find_key(kept[1], header)
            if key is not None:
                return key
        key = id_token.find_key((yield from self._fetch_keys()), header)
        if key is None:
            raise id_token.UnusableError("key", "the id_token is signed with a key the provider does not publish")
        return key

    def _fetch_keys(self) -> Flow[Any]:
        response = yield request("jwks", "GET", self.expand(self.jwks_url), headers=self.headers)
        keys = response.json()
        if response.status != 200 or not isinstance(keys, dict):
            raise self.refused("server_error" if response.status >= 500 else "bad_response", "jwks")
        self._keys = (self.clock(), keys)
        return keys

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        if not self.asks_userinfo(grant):
            return grant.claims
        info = yield from super().profile(grant)
        if not grant.claims:
            return info
        if not self.same_user(info, grant.claims):
            raise self.unusable(
                "sub_mismatch", "userinfo", "userinfo speaks of another user than the id_token; report it"
            )
        # An address and the word on it stay together: userinfo's e-mail is not verified by the id_token's claim.
        kept = {name: value for name, value in grant.claims.items() if not ("email" in info and "email" in name)}
        return {**kept, **info}

    def same_user(self, info: dict[str, Any], claims: dict[str, Any]) -> bool:
        """Whether userinfo speaks of the id_token's user; overridden where it does not name the `sub` as its uid."""
        return bool(pick(info, self.uid) == claims["sub"])
