"""OAuth 2.0 authorization code grant with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 9207), as data with few hooks.

Order of the refusals in `finish_flow` matters: nothing is sent to the provider before the callback proved to belong
to the session. What a provider does differently is a class attribute; what data cannot say is a method to override.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar
from urllib.parse import quote_plus

from . import errors
from .base import Login
from .callback import Callback
from .http import Flow, Response, arun, request, run, with_query
from .identity import Identity, Token, encodable
from .oauth import Grant, OAuth

_RESERVED = ("client_id", "redirect_uri", "response_type", "state", "nonce", "code_challenge", "code_challenge_method")
_ACCESS_TOKEN = re.compile(r"[\x21-\x7e]+")  # RFC 6749 A.12 less the space, which no header could carry unharmed
_DENIALS = ("access_denied", "user_cancelled_authorize", "user_denied", "consent_denied")


class OAuth2(OAuth):
    """A provider that speaks OAuth 2.0. The attributes are the facts of its documentation."""

    foreign: ClassVar[tuple[str, ...]] = ("openid.", "oauth_token", "oauth_verifier")
    once: ClassVar[tuple[str, ...]] = ("code", "state", "error", "iss", "id_token")
    reserved = frozenset(_RESERVED)

    token_url: ClassVar[str]
    refresh_url: ClassVar[str] = ""  # the token URL unless said otherwise
    can_refresh: ClassVar[bool] = True

    param_names: ClassVar[Mapping[str, str]] = {}  # where the provider calls a standard parameter otherwise
    pkce: ClassVar[bool] = True
    authorize_errors: ClassVar[Mapping[str, str]] = {}  # own value of the callback's `error` to a code
    issuers: ClassVar[tuple[str, ...]] = ()  # templates; an `iss` on the callback must be one of them (RFC 9207)
    client_auth: ClassVar[str] = "post"  # post | basic
    token_request: ClassVar[str] = "form"  # form | json | query (a GET)
    token_omits: ClassVar[tuple[str, ...]] = ()  # standard parameters that this token endpoint does not document
    refresh_omits: ClassVar[tuple[str, ...]] = ()
    refresh_parameters: ClassVar[tuple[str, ...]] = ()  # of refresh() that this token endpoint asks for too
    token_scheme: ClassVar[str] = "Bearer"  # in the Authorization header of API calls; "" for none
    token_header: ClassVar[str] = ""  # a header of the provider's own that carries the bare token
    token_query: ClassVar[str] = ""  # a query parameter of API calls that carries the token
    api_headers: ClassVar[Mapping[str, str]] = {}

    # begin

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        return self.authorize(session, options)
        yield  # a flow like any other, though this one needs no request

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        """The Login for a new session; overridden where the redirect has a form of its own."""
        scope = self.wanted_scope(options)
        session["scope"] = list(scope)
        extra = self.auth_params(options)
        standard = {
            "client_id": self.client_id,
            "redirect_uri": session["redirect_uri"],
            "response_type": "code",
            "scope": self.scope_delimiter.join(scope),
            "state": session["state"],
            **self.proofs(session),
        }
        params = {self.param_names.get(name, name): value for name, value in standard.items() if value}
        url = self.expand(self.authorize_url, **self.variables(session))
        return Login(with_query(url, {**params, **self.authorize_params, **extra}.items()), session)

    def proofs(self, session: dict[str, Any]) -> dict[str, str]:
        """Put into the session what only we can show later, and return what the provider gets of it (RFC 7636)."""
        if not self.pkce:
            return {}
        session["verifier"] = secrets.token_urlsafe(48)
        return {"code_challenge": s256(session["verifier"]), "code_challenge_method": "S256"}

    def variables(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        """What a login adds to URL templates, such as the shop's name."""
        return {}

    # finish

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        self.check_state(session, callback)
        self.use(session)
        self.check_issuer(callback)
        self.check_callback(session, callback)
        code = self.code(callback)
        grant = yield from self.exchange(session, callback, code)
        return (yield from self.identified(grant))

    def check_state(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        state = callback.get("state")
        if state is None:
            raise self.mismatch("state_missing", "the callback has no state")
        if not self.same(state, self.stored(session, "state")):
            raise self.mismatch("state_mismatch", "the callback's state is not the one of this session")

    def check_issuer(self, callback: Callback) -> None:
        """RFC 9207: an issuer that is named must be the one the login went to; many providers name none."""
        iss = callback.get("iss")
        if iss is not None and self.issuers and iss not in self.issuer_values():
            raise self.mismatch("wrong_issuer", "the callback comes from another issuer")

    def issuer_values(self) -> tuple[str, ...]:
        return tuple(self.expand(template) for template in self.issuers)

    def check_callback(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        """Further proofs that a provider puts on the callback."""

    def code(self, callback: Callback) -> str:
        """The authorization code, or the error that the provider sent instead (RFC 6749 section 4.1.2.1)."""
        code, error = callback.get("code"), callback.get("error")
        if code and error:
            raise self.mismatch("code_and_error", "the callback carries both a code and an error")
        if error:
            raise self.declined(error)
        if not code:
            raise self.missing_code()
        return code

    def declined(self, error: str) -> errors.LoginError:
        if error in _DENIALS:
            return self.refused("access_denied", "authorize", error)
        code = self.authorize_errors.get(error, error)
        return self.refused(code if code in errors.MEANINGS else "token_refused", "authorize", error)

    def missing_code(self) -> errors.LoginError:
        return self.mismatch("code_missing", "the callback has no code")

    # the token

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        """The token step (RFC 6749 section 4.1.3)."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.stored(session, "redirect_uri"),
        }
        if self.pkce:
            fields["code_verifier"] = self.stored(session, "verifier")
        variables = self.variables(session)
        url = self.expand(self.token_url, **variables)
        fields = {name: value for name, value in fields.items() if name not in self.token_omits}
        body = yield from self.token_step("token", url, {**fields, **self.token_params(session)}, self.token_omits)
        grant = Grant(session, callback, self.token(body, "token"), body, variables=variables)
        hidden = ("access_token", "refresh_token", "id_token")
        grant.raw["token"] = {name: value for name, value in body.items() if name not in hidden}
        return grant

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        """Parameters that this provider's token step takes beside the standard ones."""
        return {}

    def secret(self) -> str:
        """The client secret as sent; computed by providers whose secret is a signed assertion."""
        return self.client_secret

    def token_step(
        self, step: str, url: str, fields: dict[str, str], omits: tuple[str, ...] = ()
    ) -> Flow[dict[str, Any]]:
        headers = dict(self.headers)
        if self.client_auth == "basic":
            headers["Authorization"] = basic(self.client_id, self.secret())
        else:
            own = {"client_id": self.client_id, "client_secret": self.secret()}
            fields = {**fields, **{name: value for name, value in own.items() if value and name not in omits}}
        fields = {self.param_names.get(name, name): value for name, value in fields.items()}
        if self.token_request == "query":
            response = yield request(step, "GET", url, query=fields.items(), headers=headers)
        elif self.token_request == "json":
            response = yield request(step, "POST", url, json_body=fields, headers=headers)
        else:
            response = yield request(step, "POST", url, form=fields.items(), headers=headers)
        return self.token_answer(step, response)

    def token_answer(self, step: str, response: Response) -> dict[str, Any]:
        """The token body: a JSON object, whatever its type says, or a form; never a page."""
        body = None if response.content_type == "text/html" else response.json()
        if body is None and response.content_type in ("application/x-www-form-urlencoded", "text/plain"):
            body = response.form() or None
        self.raise_if_refused(step, response, body, for_token=True)
        if not isinstance(body, dict):
            raise self.refused("bad_response", step)
        return body

    def token(self, body: dict[str, Any], step: str) -> Token:
        """The Token of a body (RFC 6749 section 5.1); one that no header can carry is a bad response."""
        access = body.get("access_token")
        if not isinstance(access, str) or not _ACCESS_TOKEN.fullmatch(access):
            raise self.refused("bad_response", step)
        lifetime = seconds(body.get("expires_in"))
        return Token(
            access=access,
            refresh=_string(body.get("refresh_token")),
            expires_at=None if lifetime is None else self.clock() + lifetime,
            scope=_string(body.get("scope")),
            type=_string(body.get("token_type")),
        )

    def refresh(self, token: Token | str, *, http: Any, **parameters: str) -> Token:
        """A new Token for a refresh token (RFC 6749 section 6); the old refresh token is kept if none comes."""
        return run(self._refresh(token, parameters), http, self.id, self._hidden())

    async def arefresh(self, token: Token | str, *, http: Any, **parameters: str) -> Token:
        return await arun(self._refresh(token, parameters), http, self.id, self._hidden())

    def _refresh(self, token: Token | str, parameters: dict[str, str]) -> Flow[Token]:
        if not self.can_refresh:
            raise self.misconfigured(
                "refresh_unsupported", "this provider has no refresh; start a new login", "refresh"
            )
        old = token.refresh if isinstance(token, Token) else token
        if not isinstance(old, str) or not old:
            raise errors.TokenRefused(
                "there is no refresh token; start a new login", provider=self.id, step="refresh", code="refresh_missing"
            )
        url = self.expand(self.refresh_url or self.token_url, **self.variables(parameters))
        fields = {"grant_type": "refresh_token", "refresh_token": old, **self.refresh_params(parameters)}
        fields = {name: value for name, value in fields.items() if name not in self.refresh_omits}
        body = yield from self.token_step("refresh", url, fields, self.refresh_omits)
        new = self.token(body, "refresh")
        return Token(new.access, new.refresh or old, new.expires_at, new.scope, new.type)

    def refresh_params(self, parameters: dict[str, str]) -> dict[str, str]:
        """Parameters that this provider's refresh takes beside the standard ones."""
        for name in self.refresh_parameters:
            if not parameters.get(name):
                raise self.misconfigured("parameter_missing", f"refresh() needs {name} here", "refresh")
        return {name: parameters[name] for name in self.refresh_parameters}

    # the API

    def api(
        self, grant: Grant, step: str, url: str, *, method: str = "GET", query: Mapping[str, str] | None = None
    ) -> Flow[Any]:
        headers = {**self.headers, **self.api_headers, **self.bearer(grant.token)}
        target = self.expand(url, **grant.variables)
        carried = {self.token_query: grant.token.access} if self.token_query else {}
        response = yield request(step, method, target, query={**(query or {}), **carried}.items(), headers=headers)
        grant.raw[step] = self.api_answer(step, response)
        return grant.raw[step]

    def bearer(self, token: Token) -> dict[str, str]:
        if self.token_header:
            return {self.token_header: token.access}
        return {"Authorization": f"{self.token_scheme} {token.access}"} if self.token_scheme else {}


def s256(verifier: str) -> str:
    """The S256 code challenge (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str, secret: str) -> str:
    """The Basic header value of a client (RFC 6749 section 2.3.1: both parts are form-encoded first)."""
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def seconds(value: object) -> int | None:
    """A lifetime in seconds; None for what is absent, zero (some say 0 for endless), or no number."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 11:
        value = int(value)
    if isinstance(value, float) and value == value and 0 < value < 10**10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**10:
        return None
    return value


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value and encodable(value) else None
