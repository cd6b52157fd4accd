from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from .http import Flow, request
from .identity import Identity, pick
from .openid2 import OpenID2
from .yadis import Service

_CLAIMED_ID = re.compile(r"https://steamcommunity\.com/openid/id/([0-9]{17})")


class Steam(OpenID2):
    """Steam: OpenID 2.0, stateless, at one fixed endpoint; the profile by the Web API. There is no e-mail.

    `client_secret` is the Web API key (`client_id` may be the same). `REALM` defaults to the root of the redirect URI.
    Source: partner.steamgames.com/doc/features/auth, ISteamUser/GetPlayerSummaries; xPaw/SteamOpenID.php (headers).
    """

    id, name = "steam", "Steam"
    credentials = ("client_secret",)
    stateless = True
    headers = {"Origin": "https://steamcommunity.com", "Referer": "https://steamcommunity.com/"}
    endpoint = "https://steamcommunity.com/openid/login"
    profile_url = "https://api.steampowered.com/ISteamUser/GetPlayerSummaries/v0002/"
    api_errors = {"http 401": "invalid_client", "http 403": "invalid_client"}  # both are about the API key

    def service(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Service]:
        return Service(self.endpoint)
        yield  # a flow like any other, though this one needs no request

    def identified(self, session: MutableMapping[str, Any], signed: dict[str, str]) -> Flow[Identity]:
        match = _CLAIMED_ID.fullmatch(signed["claimed_id"])
        if match is None or signed["identity"] != signed["claimed_id"]:
            raise self.unusable("claimed_id", "authorize", "the claimed identifier is not one of Steam's")
        query = {"key": self.client_secret, "steamids": match[1]}
        response = yield request("userinfo", "GET", self.profile_url, query=query.items())
        body = self.json_object("userinfo", response)
        player = pick(body, "response.players.0") or {}
        if player and pick(player, "steamid") != match[1]:
            raise self.unusable("sub_mismatch", "userinfo", "the profile is another user's; report it")
        return self.identity(
            uid=match[1],
            emails=[],
            token=None,
            raw={"userinfo": body},
            username=pick(player, "personaname") or match[1],
            name=pick(player, "realname"),
            picture=pick(player, "avatarfull"),
        )
