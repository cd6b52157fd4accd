from __future__ import annotations

from typing import Any

from .http import Flow
from .identity import Email, Token, pick
from .oauth import Grant
from .oidc import OIDC
from .settings import mapping, words


class LinkedInOAuth2(OIDC):
    """LinkedIn. It drops the nonce, refuses PKCE, and its id_tokens give flags as the words "true" and "false".

    Apps made before August 2023 may still set SCOPE to r_liteprofile and r_emailaddress: then /v2/me is asked for the
    `PROFILE_FIELDS`, and `PROFILEPICTURE` (display_size_w_h, authorization_method) picks among the picture's sizes when
    these hold profilePicture(displayImage~:playableStreams). `HEADERS` are added to every API call.
    Source: learn.microsoft.com/linkedin, "Authorization code flow", "Sign in with LinkedIn using OpenID Connect".
    """

    id, name = "linkedin_oauth2", "LinkedIn"
    settings = {"PROFILE_FIELDS": words("id", "firstName", "lastName"), "HEADERS": mapping()}
    settings |= {"PROFILEPICTURE": mapping()}
    authorize_url = "https://www.linkedin.com/oauth/v2/authorization"
    token_url = "https://www.linkedin.com/oauth/v2/accessToken"
    jwks_url = "https://www.linkedin.com/oauth/openid/jwks"
    profile_url = "https://api.linkedin.com/v2/userinfo"
    issuers = ("https://www.linkedin.com/oauth",)
    pkce = nonce_required = False
    error_paths = ("error", "serviceErrorCode")
    authorize_errors = {
        **dict.fromkeys(("user_cancelled_login", "user_cancelled_authorize"), "access_denied"),
        "unauthorized_scope_error": "invalid_scope",
    }  # fmt: skip
    token_errors = {"invalid_request": "invalid_grant", "invalid_redirect_uri": "redirect_uri_mismatch"}
    uid, username = "sub|id", ""

    def configure(self) -> None:
        if not all(isinstance(value, str) for value in self.values["HEADERS"].values()):
            raise self.misconfigured("setting", "setting HEADERS must be a mapping of strings")

    def bearer(self, token: Token) -> dict[str, str]:
        return {**self.values["HEADERS"], **super().bearer(token)}

    def is_verified(self, value: object) -> bool:
        return value is True or value == "true"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        if grant.claims or "r_liteprofile" not in self.asked_scope(grant.session):
            return (yield from super().profile(grant))
        fields = {"projection": f"({','.join(self.values['PROFILE_FIELDS'])})"}
        body = yield from self.api(grant, "me", "https://api.linkedin.com/v2/me", query=fields)
        own = {name: _localized(pick(body, path)) for name, path in _NAMES.items()}
        full = " ".join(part for part in own.values() if part)
        return {**own, "id": pick(body, "id"), "name": full, "picture": self._picture(body)}

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        if "r_emailaddress" not in self.asked_scope(grant.session):
            return (yield from super().emails(grant, profile))
        query = {"q": "members", "projection": "(elements*(handle~))"}
        body = yield from self.api(grant, "emails", "https://api.linkedin.com/v2/emailAddress", query=query)
        return [Email(pick(body, "elements.0.handle~.emailAddress"), primary=True)]

    def _picture(self, body: Any) -> Any:
        """The picture of the wanted size and authorization, or None."""
        wanted = self.values["PROFILEPICTURE"]
        sizes = pick(body, "profilePicture.displayImage~.elements")
        for one in sizes if isinstance(sizes, list) else []:
            still = pick(one, "data")
            shown = still.get("com.linkedin.digitalmedia.mediaartifact.StillImage") if isinstance(still, dict) else None
            width, method = pick(shown, "displaySize.width"), pick(one, "authorizationMethod")
            if wanted.get("display_size_w_h", width) == width and wanted.get("authorization_method", method) == method:
                return pick(one, "identifiers.0.identifier")
        return None


_NAMES = {"given_name": "firstName", "family_name": "lastName"}


def _localized(value: Any) -> str | None:
    """The text in the preferred locale, else in the first one; older bodies have plain text."""
    if isinstance(value, str):
        return value
    texts = pick(value, "localized")
    if not isinstance(texts, dict):
        return None
    preferred = f"{pick(value, 'preferredLocale.language')}_{pick(value, 'preferredLocale.country')}"
    found = texts.get(preferred, next(iter(texts.values()), None))
    return found if isinstance(found, str) else None
