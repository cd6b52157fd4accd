from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

from .callback import Callback
from .http import Flow, arun, request, run
from .identity import Identity, Token, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import Setting, choice, flag, mapping, text, url, words

_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


def _locale_func(value: Any) -> Any:
    if callable(value) or (isinstance(value, str) and re.fullmatch(r"\w+(\.\w+)+", value)):
        return value
    raise ValueError("a callable that takes the request, or the dotted path of one")


class Facebook(OAuth2):
    """Facebook Login, by redirect or, with `METHOD` js_sdk, also by the token that the JavaScript SDK got.

    An SDK token is only taken when debug_token says that it was issued to this app: `login_with_token`, or finish()
    with a callback of `state` and `access_token`. `EXCHANGE_TOKEN` makes it long-lived. `sdk(request)` is for the page
    (`SDK_URL`, `LOCALE_FUNC`, `INIT_PARAMS`, `AUTH_PARAMS`). Addresses are unverified unless `VERIFIED_EMAIL`: no
    document says what Facebook checked. GRAPH_API_URL includes the version.
    Source: developers.facebook.com/docs/facebook-login, "Manually Build a Login Flow"; Graph API "Error handling".
    """

    id, name = "facebook", "Facebook"
    settings = {
        "METHOD": choice("oauth2", "js_sdk"),
        "SDK_URL": text("//connect.facebook.net/{locale}/sdk.js"),
        "INIT_PARAMS": mapping(),
        "FIELDS": words("id", "email", "name", "first_name", "last_name", "picture"),
        "EXCHANGE_TOKEN": flag(False),
        "LOCALE_FUNC": Setting(None, _locale_func),
        "VERSION": text("v24.0"),
        "AUTHORIZE_URL": url(None),
        "GRAPH_API_URL": url(None),
    }
    parameters = ("auth_type", "display")
    authorize_url = "{AUTHORIZE_URL}"
    token_url = "{GRAPH_API_URL}/oauth/access_token"
    profile_url = "{GRAPH_API_URL}/me"
    debug_url = "{GRAPH_API_URL}/debug_token"
    scope, scope_delimiter = ("email", "public_profile"), ","
    pkce = False  # documented only together with openid, where the verifier takes the place of the secret
    can_refresh = False
    token_request, token_omits = "query", ("grant_type",)
    once = (*OAuth2.once, "access_token")
    error_paths = ("error.error_subcode", "error.code", "error")
    token_errors = {
        **dict.fromkeys(("100", "36007", "36009"), "invalid_grant"),
        **dict.fromkeys(("191", "36008"), "redirect_uri_mismatch"),
        **dict.fromkeys(("1", "101"), "invalid_client"),
        **dict.fromkeys(("4", "17", "32", "341", "613"), "rate_limited"),
    }
    api_errors = {
        **dict.fromkeys(("102", "190", "2500"), "invalid_token"),
        **dict.fromkeys(("3", "10", *map(str, range(200, 300))), "insufficient_scope"),
        **dict.fromkeys(("4", "17", "32", "341", "613"), "rate_limited"),
        **dict.fromkeys(("1", "2"), "server_error"),
        "100": "invalid_request",
    }
    first_name, last_name, picture = "first_name", "last_name", "picture.data.url"

    def configure(self) -> None:
        version = self.values["VERSION"]
        if not re.fullmatch(r"v[0-9]+\.[0-9]+", version):
            raise self.misconfigured("setting", "setting VERSION must look like v24.0")
        self.values["AUTHORIZE_URL"] = (
            self.values["AUTHORIZE_URL"] or f"https://www.facebook.com/{version}/dialog/oauth"
        )
        self.values["GRAPH_API_URL"] = self.values["GRAPH_API_URL"] or f"https://graph.facebook.com/{version}"

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        proof = hmac.new(self.client_secret.encode(), grant.token.access.encode(), hashlib.sha256).hexdigest()
        query = {"fields": ",".join(self.values["FIELDS"]), "appsecret_proof": proof}
        body = yield from self.api(grant, "userinfo", self.profile_url, query=query)
        return body if isinstance(body, dict) else {}

    # the JavaScript SDK

    def sdk_url(self, request: Any = None) -> str:
        """The address of the SDK script in the locale that LOCALE_FUNC gives for the request, else en_US."""
        address: str = self.values["SDK_URL"]
        return address.replace("{locale}", self._locale(request)) if "{locale}" in address else address

    def sdk(self, request: Any = None) -> dict[str, Any]:
        """What the page needs: the script's `url`, the parameters of FB.init and those of FB.login."""
        scope = self.scope_delimiter.join(self.wanted_scope({}))
        return {
            "url": self.sdk_url(request),
            "init": {"appId": self.client_id, "version": self.values["VERSION"], **self.values["INIT_PARAMS"]},
            "login": {"scope": scope, **self.values["AUTH_PARAMS"]},
        }

    def _locale(self, request: Any) -> str:
        function = self.values["LOCALE_FUNC"]
        if isinstance(function, str):
            module, _, attribute = function.rpartition(".")
            try:
                function = getattr(import_module(module), attribute)
            except (ImportError, AttributeError):
                raise self.misconfigured("setting", "LOCALE_FUNC names nothing that can be imported") from None
        locale = "en_US" if function is None else function(request)
        if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
            raise self.misconfigured("setting", "LOCALE_FUNC must return a locale such as en_US")
        return locale

    def login_with_token(self, token: str, *, http: Any) -> Identity:
        """The identity behind an SDK's access token; the caller has checked that the post is no forgery."""
        return run(self._with_token(token), http, self.id, self._hidden())

    async def alogin_with_token(self, token: str, *, http: Any) -> Identity:
        return await arun(self._with_token(token), http, self.id, self._hidden())

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        token = callback.get("access_token")
        if self.values["METHOD"] != "js_sdk" or not token:
            return (yield from super().finish_flow(session, callback))
        self.check_state(session, callback)
        self.use(session)
        return (yield from self._with_token(token))

    def _with_token(self, access: str) -> Flow[Identity]:
        grant = Grant({}, Callback(()), self.token({"access_token": access}, "debug_token"), {})
        user_id = yield from self._debugged(grant)
        if self.values["EXCHANGE_TOKEN"]:
            grant.token = yield from self._long_lived(access)
        identity = yield from self.identified(grant)
        if identity.uid != user_id:
            raise self.unusable("sub_mismatch", "userinfo", "the profile is another user's than the token; report it")
        return identity

    def _debugged(self, grant: Grant) -> Flow[object]:
        """The user a token was issued for, once it is known to be for this app (docs: "Inspecting access tokens")."""
        app = yield from self._token_call("app_token", {"grant_type": "client_credentials"})
        query = {"input_token": grant.token.access, "access_token": app.access}
        response = yield request("debug_token", "GET", self.expand(self.debug_url), query=query.items())
        data = pick(self.json_object("debug_token", response), "data")
        if not isinstance(data, dict) or data.get("is_valid") is not True:
            raise self.refused("invalid_token", "debug_token")
        if data.get("app_id") != self.client_id:
            raise self.unusable("wrong_audience", "debug_token", "the token was issued to another app")
        return data.get("user_id")

    def _long_lived(self, access: str) -> Flow[Token]:
        fields = {"grant_type": "fb_exchange_token", "fb_exchange_token": access}
        return (yield from self._token_call("exchange_token", fields))

    def _token_call(self, step: str, fields: dict[str, str]) -> Flow[Token]:
        body = yield from self.token_step(step, self.expand(self.token_url), fields)
        return self.token(body, step)
