"""OAuth 1.0a (RFC 5849): a request token before the redirect, an access token after it, every request signed.

The session is bound to its callback by the request token (section 2.2); a `state` of our own would change the
callback URL, which providers compare with the registered one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

from . import oauth1_signature as signature
from .base import Login
from .callback import Callback
from .http import Flow, Pairs, Request, Response, request, with_query
from .identity import Identity, Token
from .oauth import Grant, OAuth


class OAuth1(OAuth):
    """A provider that speaks OAuth 1.0a. `client_id` is the consumer key, `client_secret` the consumer secret."""

    foreign = ("openid.", "code")
    once = ("oauth_token", "oauth_verifier", "denied")
    reserved = frozenset(("oauth_token", "oauth_callback"))

    request_token_url: ClassVar[str]
    access_token_url: ClassVar[str]
    signature_method: ClassVar[str] = "HMAC-SHA1"  # or PLAINTEXT
    verifier_in_form: ClassVar[bool] = False  # True where the provider documents it outside the header

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        extra = {**self.authorize_params, **self.auth_params(options)}
        scope = self.scope_delimiter.join(self.wanted_scope(options))
        callback = {"oauth_callback": session["redirect_uri"]}
        url = with_query(self.request_token_url, [("scope", scope)] if scope else ())
        response = yield self.signed("request_token", "POST", url, protocol=callback)
        body = self.token_answer("request_token", response)
        if body.get("oauth_callback_confirmed") != "true":
            raise self.refused("bad_response", "request_token")
        session["request_token"], session["request_secret"] = body["oauth_token"], body["oauth_token_secret"]
        params = {"oauth_token": body["oauth_token"], **extra}
        return Login(with_query(self.authorize_page(options), params.items()), session)

    def authorize_page(self, options: dict[str, Any]) -> str:
        return self.authorize_url

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
            raise self.mismatch("code_missing", "the callback has no oauth_verifier")
        pair = {"oauth_verifier": verifier}
        response = yield self.signed(
            "token",
            "POST",
            self.access_token_url,
            token=self.stored(session, "request_token"),
            secret=self.stored(session, "request_secret"),
            protocol={} if self.verifier_in_form else pair,
            form=pair.items() if self.verifier_in_form else None,
        )
        body = self.token_answer("token", response)
        grant = Grant(session, callback, Token(body["oauth_token"], secret=body["oauth_token_secret"]), dict(body))
        grant.raw["token"] = {name: value for name, value in body.items() if not name.startswith("oauth_")}
        return grant

    def token_answer(self, step: str, response: Response) -> dict[str, str]:
        """The form-encoded answer of both token steps; its declared type means nothing."""
        body = response.form() if response.status in (200, 201) else {}
        if body.get("oauth_token") and body.get("oauth_token_secret"):
            return body
        error = self.error_body(response)
        if step == "token" and response.status == 401 and error is None:
            raise self.refused("invalid_grant", step)  # a line of text: the request token or verifier is no good
        self.raise_if_refused(step, response, error, for_token=True)
        raise self.refused("bad_response", step)

    def error_body(self, response: Response) -> Any:
        return response.json()

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
