from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .base import Login
from .http import Flow, request, with_query
from .oauth2 import OAuth2
from .settings import url


class Feishu(OAuth2):
    """Feishu, and Lark with its own `AUTHORIZE_URL` at accounts.larksuite.com.

    The page of version 1 (`AUTHORIZE_URL` …/authen/v1/index) has a token step of its own: an app token first, then the
    code with that token, no redirect_uri, the answer under `data`. Success is code 0. Nobody vouches for the e-mail.
    Source: open.feishu.cn/document, "Obtain OAuth code", "Get user_access_token", "Get user info"; larksuite SDKs.
    """

    id, name = "feishu", "Feishu"
    settings = {"AUTHORIZE_URL": url("https://accounts.feishu.cn/open-apis/authen/v1/authorize")}
    parameters = ("prompt",)
    authorize_url = "{AUTHORIZE_URL}"
    token_url = "{API}/authen/v2/oauth/token"
    profile_url = "{API}/authen/v1/user_info"
    token_request = "json"
    reserved = OAuth2.reserved | {"app_id"}
    error_paths = ("code", "error")
    token_errors = {
        **dict.fromkeys(("20003", "20004", "20007", "20010", "20026", "20037", "20064", "20073"), "invalid_grant"),
        **dict.fromkeys(("20002", "10014", "10003", "99991663", "99991664", "99991661"), "invalid_client"),
        "20049": "invalid_grant", "20050": "server_error", "10012": "invalid_client",
    }  # fmt: skip
    api_errors = {
        **dict.fromkeys(("99991661", "99991668", "99991671", "99991677"), "invalid_token"),
        **dict.fromkeys(("99991672", "99991676", "99991679"), "insufficient_scope"), "99991400": "rate_limited",
    }  # fmt: skip
    uid, email, username, full_name = "data.open_id", "data.email", "data.name", "data.name"
    picture = "data.avatar_url"

    def configure(self) -> None:
        page = urlsplit(self.values["AUTHORIZE_URL"])
        lark = (page.hostname or "").endswith(".larksuite.com")
        self.values["API"] = f"https://open.{'larksuite.com' if lark else 'feishu.cn'}/open-apis"
        self.version_1 = page.path.endswith("/authen/v1/index")

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        login = super().authorize(session, options)
        if not self.version_1:
            return login
        mine = {"app_id": self.client_id, "redirect_uri": session["redirect_uri"], "state": session["state"]}
        return Login(with_query(self.values["AUTHORIZE_URL"], {**mine, **self.auth_params(options)}.items()), session)

    def token_step(
        self, step: str, url: str, fields: dict[str, str], omits: tuple[str, ...] = ()
    ) -> Flow[dict[str, Any]]:
        if not self.version_1:
            return (yield from super().token_step(step, url, fields, omits))
        own = {"app_id": self.client_id, "app_secret": self.secret()}
        app_url = self.expand("{API}/auth/v3/app_access_token/internal")
        answer = self.token_answer("app_token", (yield request("app_token", "POST", app_url, json_body=own)))
        app = self.token({"access_token": answer.get("app_access_token")}, "app_token")
        url = self.expand("{API}/authen/v1/" + ("refresh_access_token" if step == "refresh" else "access_token"))
        kept = {name: fields[name] for name in ("grant_type", "code", "refresh_token") if name in fields}
        response = yield request(step, "POST", url, json_body=kept, headers=self.bearer(app))
        data = self.token_answer(step, response).get("data")
        if not isinstance(data, dict):
            raise self.refused("bad_response", step)
        return data
