"""What can go wrong in a login: one short tree, a machine code and one sentence each.

This file may hold error classes and the meaning of each code, and nothing that talks to a provider.
Codes are the ones of RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1 and OIDC Core section 3.1.2.6 where these
have one; the provider's own value is kept in `detail` when it cannot be a secret.
"""

# ruff: noqa: N818 -- the names say what happened, which is what a caller's `except` should read like

from __future__ import annotations

import re

_SAFE_DETAIL = re.compile(r"-?[0-9]{1,6}|[a-z]+(?:[_.-][a-z]+)*|[A-Z]+(?:_[A-Z]+)*")
_MAX_DETAIL = 64


class LoginError(Exception):
    """A login that did not succeed. `str()` is one sentence without any secret, code or token.

    `provider` is the provider's id, `step` the step that failed (`authorize`, `token`, `userinfo`, …), `code` a stable
    machine code, `detail` the provider's own value or None, `retry_after` seconds to wait or None.
    """

    def __init__(
        self,
        sentence: str,
        *,
        provider: str,
        step: str,
        code: str,
        detail: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.provider = provider
        self.step = step
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    def __str__(self) -> str:
        own = f", {self.detail}" if self.detail and self.detail != self.code else ""
        return f"{self.provider}, {self.step}: {self.sentence} ({self.code}{own})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __reduce__(self) -> tuple[object, ...]:
        facts = (self.provider, self.step, self.code, self.detail, self.retry_after)
        return _rebuild, (type(self), self.sentence, *facts)


def _rebuild(
    kind: type[LoginError], sentence: str, provider: str, step: str, code: str, detail: str | None, wait: float | None
) -> LoginError:
    return kind(sentence, provider=provider, step=step, code=code, detail=detail, retry_after=wait)


class DeniedByUser(LoginError):
    """The user, or the provider on the user's behalf, said no. Nothing is broken."""


class StateMismatch(LoginError):
    """The callback does not belong to a login begun in this session, or was altered, duplicated or replayed."""


class TokenRefused(LoginError):
    """The provider refused the code, the token or the request."""


class IdentityUnusable(LoginError):
    """The provider answered, but what it says proves no identity: bad id_token, no uid, suspended account."""


class ProviderUnavailable(LoginError):
    """The provider is unreachable, limits the rate, fails, or answers something unreadable. Try again later."""


class Misconfigured(LoginError):
    """Our side is wrong: unknown provider or setting, missing credentials, an app the provider does not accept."""


MEANINGS: dict[str, tuple[type[LoginError], str]] = {
    "access_denied": (DeniedByUser, "the login was declined at the provider; offer to try again"),
    "login_required": (TokenRefused, "the user is not signed in there; begin again without prompt=none"),
    "interaction_required": (TokenRefused, "the provider must show a page first; begin again without prompt=none"),
    "consent_required": (TokenRefused, "the user has not agreed yet; begin again without prompt=none"),
    "account_selection_required": (TokenRefused, "the user must pick an account; begin again without prompt=none"),
    "invalid_grant": (TokenRefused, "the code or refresh token is wrong, expired or used before; start a new login"),
    "invalid_token": (TokenRefused, "the access token is wrong, expired or revoked; start a new login"),
    "insufficient_scope": (TokenRefused, "the token may not read this; ask for the scope or permission it needs"),
    "invalid_request": (TokenRefused, "the provider does not take this request; start a new login"),
    "token_refused": (TokenRefused, "the provider refused the request; start a new login"),
    "invalid_client": (
        Misconfigured,
        "the provider does not accept this app's credentials; check client id and secret",
    ),
    "unauthorized_client": (Misconfigured, "the app is not allowed to log users in this way; check its registration"),
    "redirect_uri_mismatch": (Misconfigured, "the redirect URI is not one registered for the app; register this one"),
    "invalid_scope": (Misconfigured, "a requested scope is unknown or not allowed for the app; check SCOPE"),
    "unsupported_response_type": (Misconfigured, "the provider does not offer this flow to the app; check the app"),
    "unsupported_grant_type": (Misconfigured, "the provider does not offer this grant to the app; check the app"),
    "account_suspended": (IdentityUnusable, "the account is suspended, locked or frozen; it has to be restored there"),
    "unverified_user_email": (IdentityUnusable, "the account's primary e-mail is unverified; verify it there first"),
    "not_found": (IdentityUnusable, "the provider knows no such user; start a new login"),
    "rate_limited": (ProviderUnavailable, "the provider limits the rate; wait and try again"),
    "temporarily_unavailable": (ProviderUnavailable, "the provider is busy; try again later"),
    "server_error": (ProviderUnavailable, "the provider failed; try again later"),
    "bad_response": (ProviderUnavailable, "the answer cannot be read; try again, then check the provider's changes"),
    "network": (ProviderUnavailable, "the provider cannot be reached; check the network and try again"),
}


def refusal(
    code: str, provider: str, step: str, *, detail: object = None, retry_after: float | None = None
) -> LoginError:
    """The error for a code of `MEANINGS`; an unknown code becomes TokenRefused with that code as it is."""
    kind, sentence = MEANINGS.get(code, MEANINGS["token_refused"])
    if kind is DeniedByUser and step != "authorize":
        kind, sentence = MEANINGS["token_refused"]
    return kind(sentence, provider=provider, step=step, code=code, detail=safe_detail(detail), retry_after=retry_after)


def safe_detail(value: object) -> str | None:
    """A provider's own error value if it looks like one: words in one case or a short number, never anything opaque."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**6:
        return str(value)
    if isinstance(value, str) and len(value) <= _MAX_DETAIL and _SAFE_DETAIL.fullmatch(value):
        return value
    return None
