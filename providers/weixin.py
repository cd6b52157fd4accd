from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

from . import errors
from .base import Login
from .http import Flow
from .identity import encodable
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import url


class Weixin(OAuth2):
    """WeChat: websites by QR code, or official accounts with `AUTHORIZE_URL` …/connect/oauth2/authorize.

    A `SCOPE` of only `snsapi_base` proves the openid and nothing else, so the profile is not asked for. There is no
    e-mail. A refusal does not come back; state without a code, which it was, still counts as one.
    Source: developers.weixin.qq.com/doc/oplatform, "Website login" and "UnionID"; /doc/service, api_snsuserinfo.
    """

    id, name = "weixin", "Weixin"
    settings = {"AUTHORIZE_URL": url("https://open.weixin.qq.com/connect/qrconnect")}
    parameters = ("lang",)
    authorize_url = "{AUTHORIZE_URL}"
    token_url = "https://api.weixin.qq.com/sns/oauth2/access_token"
    refresh_url = "https://api.weixin.qq.com/sns/oauth2/refresh_token"
    profile_url = "https://api.weixin.qq.com/sns/userinfo"
    scope, scope_delimiter = ("snsapi_login",), ","
    param_names = {"client_id": "appid", "client_secret": "secret"}
    reserved = OAuth2.reserved | {"appid"}
    pkce = False  # in no document
    token_request, token_scheme = "query", ""
    token_omits, refresh_omits = ("redirect_uri",), ("client_secret",)
    error_paths = ("errcode",)
    token_errors = {
        **dict.fromkeys(("40029", "40163", "41008", "40030", "42002", "42003", "41003"), "invalid_grant"),
        **dict.fromkeys(("40013", "40125", "40001", "41002", "41004"), "invalid_client"),
        "40002": "unsupported_grant_type", "-1": "server_error", "45009": "rate_limited", "45011": "rate_limited",
    }  # fmt: skip
    api_errors = {
        **dict.fromkeys(("40001", "40014", "42001", "42007", "41001", "40003", "41009"), "invalid_token"),
        "48001": "insufficient_scope", "-1": "server_error", "45009": "rate_limited", "45011": "rate_limited",
    }  # fmt: skip
    uid, email, username, full_name, picture = "openid", "", "nickname", "nickname", "headimgurl"

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        login = super().authorize(session, options)
        return replace(login, url=f"{login.url}#wechat_redirect")  # without it WeChat's own browser shows an error

    def missing_code(self) -> errors.LoginError:
        return self.refused("access_denied", "authorize")

    def token_openid(self, grant: Grant) -> str:
        openid = grant.body.get("openid")
        if not isinstance(openid, str) or not openid or not encodable(openid):
            raise self.refused("bad_response", "token")
        return openid

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        openid = self.token_openid(grant)
        if self.base_only(grant.session):
            return {"openid": openid, "unionid": grant.body.get("unionid")}
        query = {"access_token": grant.token.access, "openid": openid}
        body = yield from self.api(grant, "userinfo", self.profile_url, query=query)
        if not isinstance(body, dict) or body.get("openid") != openid:
            raise self.unusable("sub_mismatch", "userinfo", "userinfo speaks of another user than the token; report it")
        return body

    def base_only(self, session: MutableMapping[str, Any]) -> bool:
        return self.asked_scope(session) == {"snsapi_base"}
