from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .base import Login
from .callback import Callback
from .http import Flow, is_web_url, request
from .identity import Token
from .oauth import Grant
from .oidc import OIDC
from .settings import choice, flag, text, url

_WELL_KNOWN = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_METADATA_LIFETIME = 600  # seconds a discovery document is trusted before it is fetched again


class OpenIDConnect(OIDC):
    """Any OpenID Connect server: `server_url` is its issuer, and everything else is in its discovery document.

    `begin` reads that document, so it needs `http`. How the client proves who it is follows the document unless
    `token_auth_method` says it; `fetch_userinfo`, `oauth_pkce_enabled` and `uid_field` are choices of the app.
    Source: OpenID Connect Core 1.0 and Discovery 1.0, RFC 9207; the settings are named as django-allauth names them.
    """

    id, name = "openid_connect", "OpenID Connect"
    settings = {
        "server_url": url(None),
        "token_auth_method": choice("", "client_secret_basic", "client_secret_post"),
        "fetch_userinfo": flag(True),
        "oauth_pkce_enabled": flag(True),
        "uid_field": text("sub"),
    }
    parameters = ("prompt", "login_hint", "max_age", "ui_locales", "acr_values", "display")
    issuers = ("{server_url}", "{server_url}/")  # one of them, which of them the document says
    authorize_url, token_url = "{authorization_endpoint}", "{token_endpoint}"
    jwks_url, profile_url = "{jwks_uri}", "{userinfo_endpoint}"

    def configure(self) -> None:
        if not self.values["server_url"]:
            raise self.misconfigured("setting", "server_url is needed, the issuer of the server")
        self.values["server_url"] = self.values["server_url"].removesuffix(_WELL_KNOWN).rstrip("/")
        self.pkce = self.values["oauth_pkce_enabled"]  # type: ignore[misc]
        self.uid = self.values["uid_field"]  # type: ignore[misc]
        self._read_at: float | None = None

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        yield from self._discover()
        session["issuer"], session["names_issuer"] = self.values["issuer"], self.values["names_issuer"]
        return self.authorize(session, options)

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        yield from self._discover()
        return (yield from super().exchange(session, callback, code))

    def _refresh(self, token: Token | str, parameters: dict[str, str]) -> Flow[Token]:
        yield from self._discover()
        return (yield from super()._refresh(token, parameters))

    def check_callback(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        """RFC 9207 section 2.4: a server that says it names itself must, and be the one that begin read of."""
        iss = callback.get("iss")
        if iss != self.stored(session, "issuer") if iss is not None else session.get("names_issuer"):
            raise self.mismatch("wrong_issuer", "the callback does not come from the issuer that was asked")

    def issuers_for(self, claims: dict[str, Any], session: MutableMapping[str, Any]) -> tuple[str, ...]:
        return (self.stored(session, "issuer"),)

    def asks_userinfo(self, grant: Grant) -> bool:
        has = bool(self.values["userinfo_endpoint"])
        return has and (self.values["fetch_userinfo"] or super().asks_userinfo(grant))

    def same_user(self, info: dict[str, Any], claims: dict[str, Any]) -> bool:
        return bool(info.get("sub") == claims["sub"])

    def _discover(self) -> Flow[None]:
        """Read the server's own description (Discovery 1.0 section 4), and refuse one that is not of this server."""
        if self._read_at is not None and 0 <= self.clock() - self._read_at < _METADATA_LIFETIME:
            return
        server = self.values["server_url"]
        response = yield request("discovery", "GET", server + _WELL_KNOWN, headers=self.headers)
        document = self.json_object("discovery", response)
        issuer, userinfo = document.get("issuer"), document.get("userinfo_endpoint") or ""
        if issuer not in self.issuer_values():
            raise self.unusable("wrong_issuer", "discovery", "the document is of another issuer than server_url")
        urls = {
            **{name: document.get(name) for name in _ENDPOINTS},
            **({"userinfo_endpoint": userinfo} if userinfo else {}),
        }
        if not all(self._may_be_asked(one) for one in urls.values()):
            raise self.refused("bad_response", "discovery")
        self.values |= {"userinfo_endpoint": "", **urls, "issuer": issuer}
        self.values["names_issuer"] = document.get("authorization_response_iss_parameter_supported") is True
        self.client_auth = self._auth_method(document)  # type: ignore[misc]
        self._read_at = self.clock()

    def _may_be_asked(self, address: object) -> bool:
        """A web address, and none in the clear where the server itself is reached over TLS."""
        secure = self.values["server_url"].startswith("https:")
        return isinstance(address, str) and is_web_url(address) and (address.startswith("https:") or not secure)

    def _auth_method(self, document: dict[str, Any]) -> str:
        """`basic` or `post`; a server that names no method takes Basic (Discovery 1.0 section 3)."""
        named = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        chosen = [self.values["token_auth_method"]] if self.values["token_auth_method"] else named
        for method in ("client_secret_basic", "client_secret_post"):
            if isinstance(chosen, list) and method in chosen:
                return method.removeprefix("client_secret_")
        raise self.misconfigured("token_auth_method", "the server takes no client secret", "discovery")
