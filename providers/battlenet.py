from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from .base import Login
from .http import Flow
from .identity import uid_text
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import choice

_REGIONS = ("us", "apac", "cn", "eu", "kr", "sea", "tw")


class BattleNet(OAuth2):
    """Battle.net. One host serves all the world but China, whose users get a uid that ends in `-cn`.

    `REGION` is the default, `begin(region="cn")` chooses for one login, and a refresh is told it too. There is no
    e-mail. Source: oauth.battle.net/.well-known/openid-configuration; develop.battle.net, "Using OAuth";
    Blizzard/passport-bnet.
    """

    id, name = "battlenet", "Battle.net"
    settings = {"REGION": choice(*_REGIONS)}
    parameters = own_use = ("region",)
    authorize_url = "{base}/authorize"
    token_url = "{base}/token"
    profile_url = "{base}/userinfo"
    pkce = False  # not advertised
    client_auth = "basic"
    error_paths = ("error", "type")
    api_errors = {"http 403": "account_suspended"}
    uid, email, username, full_name = "id", "", "battletag", ""

    def variables(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        china = self._region(session.get("region")) == "cn"
        return {"base": "https://www.battlenet.com.cn/oauth" if china else "https://oauth.battle.net"}

    def _region(self, value: object) -> str:
        region = value or self.values["REGION"]
        if region not in _REGIONS:
            raise self.misconfigured("region", f"region must be one of {', '.join(_REGIONS)}", "begin")
        return str(region)

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        session["region"] = self._region(options.get("region"))
        return super().authorize(session, options)

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        body = yield from super().profile(grant)
        number = uid_text(body.get("id"))
        return {**body, "id": f"{number}-cn"} if number and grant.session.get("region") == "cn" else body
