"""OAuth 1.0a (RFC 5849): a request token before the redirect, an access token after it, every request signed.

The session is bound to its callback by the request token (section 2.2); a `state` of our own would change the
callback URL, which providers compare with the registered one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

from . import errors
from . import oauth1_signature as signature
from .base import Login
from .callback import Callback
from .http import Flow, Pairs, Request, Response, request, with_query
from .identity import Identity, Token
from .oauth import Grant, OAuth


class OAuth1(OAuth):
    """A provider that speaks OAuth 1.0a. `client_id` is the consumer key, `client_secret` the consumer secret."""

    foreign = ("openid.", "code")
    once: ClassVar[tuple[str, ...]] = ("oauth_token", "oauth_verifier", "denied")
    reserved = frozenset(("oauth_token", "oauth_callback"))

    request_token_url: ClassVar[str]
    access_token_url: ClassVar[str]
    signature_method: ClassVar[str] = "HMAC-SHA1"  # or PLAINTEXT
    token_method: ClassVar[str] = "POST"  # of both token steps
    verifier_in_form: ClassVar[bool] = False  # True where the provider documents it outside the header
    scope_on_authorize: ClassVar[bool] = False  # True where the scope is asked for on the page, not before it
    refusal_is_silent: ClassVar[bool] = False  # True where a user who declined comes back with the token alone
    confirms_callback: ClassVar[bool] = True  # False where no oauth_callback_confirmed is documented
    empty_secret: ClassVar[bool] = False  # True where a token's secret may be the empty string
    text_refusals: ClassVar[tuple[int, ...]] = (401,)  # statuses at which a token step refuses with a line of text

    # The OAuth Problem Reporting extension, which several providers speak at their token steps.
    error_paths: ClassVar[tuple[str, ...]] = ("oauth_problem", "error")
    token_errors: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("signature_invalid", "consumer_key_unknown", "consumer_key_rejected"), "invalid_client"),
        **dict.fromkeys(("token_rejected", "token_used", "token_expired", "verifier_invalid"), "invalid_grant"),
        **dict.fromkeys(("parameter_absent", "timestamp_refused", "nonce_used"), "invalid_request"),
        "permission_denied": "unauthorized_client", "user_refused": "access_denied",
        "http 400": "invalid_request",  # RFC 5849 section 3.2
    }  # fmt: skip

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        extra = {**self.authorize_params, **self.auth_params(options)}
        scope = self.scope_delimiter.join(self.wanted_scope(options))
        callback = {"oauth_callback": session["redirect_uri"]}
        asked = {"scope": scope} if scope else {}
        before, on_page = ({}, asked) if self.scope_on_authorize else (asked, {})
        url = with_query(self.expand(self.request_token_url), before.items())
        response = yield self.signed("request_token", self.token_method, url, protocol=callback)
        body = self.token_answer("request_token", response)
        if body.get("oauth_callback_confirmed", "" if self.confirms_callback else "true") != "true":
            raise self.refused("bad_response", "request_token")
        session["request_token"], session["request_secret"] = body["oauth_token"], body["oauth_token_secret"]
        params = {"oauth_token": body["oauth_token"], **on_page, **extra}
        return Login(with_query(self.authorize_page(options), params.items()), session)

    def authorize_page(self, options: dict[str, Any]) -> str:
        return self.expand(self.authorize_url)

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        self.check_request_token(session, callback)
        self.use(session)
        if callback.get("denied"):
            raise self.refused("access_denied", "authorize")
        grant = yield from self.exchange(session, callback)
        return (yield from self.identified(grant))

    def check_request_token(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        """The request token is what ties the callback to the session, also when the user declined."""
        denied, token = callback.get("denied"), callback.get("oauth_token")
        if denied and (token or callback.get("oauth_verifier")):
            raise self.mismatch("code_and_error", "the callback carries both a token and a denial")
        if not (denied or token):
            raise self.mismatch("state_missing", "the callback has no oauth_token")
        if not self.same(denied or token or "", self.stored(session, "request_token")):
            raise self.mismatch("state_mismatch", "the callback's oauth_token is not the one of this session")

    def exchange(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Grant]:
        """The access token for the verified request token (section 2.3)."""
        verifier = callback.get("oauth_verifier")
        if not verifier:
            raise self.missing_verifier()
        pair = {"oauth_verifier": verifier}
        blank = self.empty_secret and session.get("request_secret") == ""
        response = yield self.signed(
            "token",
            self.token_method,
            self.expand(self.access_token_url),
            token=self.stored(session, "request_token"),
            secret="" if blank else self.stored(session, "request_secret"),
            protocol={} if self.verifier_in_form else pair,
            form=pair.items() if self.verifier_in_form else None,
        )
        body = self.token_answer("token", response)
        grant = Grant(session, callback, Token(body["oauth_token"], secret=body["oauth_token_secret"]), dict(body))
        grant.raw["token"] = {name: value for name, value in body.items() if not name.startswith("oauth_")}
        return grant

    def missing_verifier(self) -> errors.LoginError:
        if self.refusal_is_silent:
            return self.refused("access_denied", "authorize")
        return self.mismatch("code_missing", "the callback has no oauth_verifier")

    def token_answer(self, step: str, response: Response) -> dict[str, str]:
        """The form-encoded answer of both token steps; its declared type means nothing."""
        body = response.form() if response.status in (200, 201) else {}
        secret = body.get("oauth_token_secret")
        if body.get("oauth_token") and (secret or (self.empty_secret and secret is not None)):
            return body
        error = self.error_body(response)
        if error is None and response.status in self.text_refusals:
            # A line of text. The app was accepted before the page, so afterwards it is the token or the verifier.
            raise self.refused("invalid_grant" if step == "token" else "invalid_client", step)
        self.raise_if_refused(step, response, error, for_token=True)
        raise self.refused("bad_response", step)

    def error_body(self, response: Response) -> Any:
        """What an answer says of its error: the form of the Problem Reporting extension, or JSON."""
        form = response.form()
        return form if "oauth_problem" in form else response.json()

    def api(
        self, grant: Grant, step: str, url: str, *, method: str = "GET", query: Mapping[str, str] | None = None
    ) -> Flow[Any]:
        target = with_query(self.expand(url), (query or {}).items())
        response = yield self.signed(step, method, target, token=grant.token.access, secret=grant.token.secret or "")
        grant.raw[step] = self.api_answer(step, response)
        return grant.raw[step]

    def signed(
        self,
        step: str,
        method: str,
        url: str,
        *,
        token: str = "",
        secret: str = "",
        protocol: Mapping[str, str] | None = None,
        form: Pairs | None = None,
    ) -> Request:
        """A request with its Authorization header (section 3.1)."""
        params = {
            "oauth_consumer_key": self.client_id,
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": self.signature_method,
            "oauth_timestamp": str(int(self.clock())),
            "oauth_version": "1.0",
            **({"oauth_token": token} if token else {}),
            **(protocol or {}),
        }
        fields = list(form or ())
        params["oauth_signature"] = self._signature(method, url, [*params.items(), *fields], secret)
        headers = {**self.headers, "Authorization": signature.authorization(params)}
        return request(step, method, url, form=fields or None, headers=headers)

    def _signature(self, method: str, url: str, params: list[tuple[str, str]], secret: str) -> str:
        if self.signature_method == "PLAINTEXT":
            return signature.plaintext(self.client_secret, secret)
        return signature.hmac_sha1(signature.base_string(method, url, params), self.client_secret, secret)
