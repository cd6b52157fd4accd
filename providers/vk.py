from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any

from .callback import Callback
from .http import Flow, request
from .identity import pick
from .oauth import Grant
from .oauth2 import OAuth2


class VK(OAuth2):
    """VK ID, which is told the client id alone: PKCE stands for the secret, and the callback's `device_id` goes along.

    A refresh needs that too (`refresh(token, device_id=identity.raw["device_id"])`). The access token is posted to the
    profile. `verified` there is said of the account, not of the address.
    Source: id.vk.com/about/business/go/docs, VK ID, "API integration", "Tokens"; VKCOM/vkid-web-sdk, 2026.
    """

    id, name = "vk", "VK"
    credentials = ("client_id",)
    parameters = ("prompt", "provider", "lang_id", "scheme")
    refresh_parameters = ("device_id",)
    authorize_url = "https://id.vk.ru/authorize"
    token_url = "https://id.vk.ru/oauth2/auth"
    profile_url = "https://id.vk.ru/oauth2/user_info"
    scope = ("vkid.personal_info", "email")
    token_omits = refresh_omits = ("client_secret",)
    once = (*OAuth2.once, "device_id")
    uid, email = "user.user_id", "user.email"
    first_name, last_name, picture = "user.first_name", "user.last_name", "user.avatar"

    def exchange(self, session: MutableMapping[str, Any], callback: Callback, code: str) -> Flow[Grant]:
        device = callback.get("device_id")
        if not device:
            raise self.mismatch("device_id_missing", "the callback has no device_id")
        session["device_id"] = device
        grant = yield from super().exchange(session, callback, code)
        grant.raw["device_id"] = device
        return grant

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"device_id": self.stored(session, "device_id"), "state": secrets.token_urlsafe(32)}

    def refresh_params(self, parameters: dict[str, str]) -> dict[str, str]:
        return {**super().refresh_params(parameters), "state": secrets.token_urlsafe(32)}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        form = {"access_token": grant.token.access, "client_id": self.client_id}
        response = yield request("userinfo", "POST", self.profile_url, form=form.items())
        body = grant.raw["userinfo"] = self.json_object("userinfo", response)
        names = (pick(body, path) for path in (self.first_name, self.last_name))
        return {**body, "name": " ".join(name for name in names if isinstance(name, str) and name)}
