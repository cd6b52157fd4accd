from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from .base import Login
from .callback import Callback
from .http import Flow
from .identity import Email, pick
from .oauth import Grant
from .oauth2 import OAuth2
from .settings import flag

_SHOP = re.compile(r"([a-z0-9][a-z0-9-]*)(\.myshopify\.com)?")
_MAX_AGE = 600  # seconds of a callback's timestamp, as Shopify's own OmniAuth strategy allows


class Shopify(OAuth2):
    """A Shopify shop, or with `AUTH_PARAMS` {"grant_options[]": "per-user"} one of its staff (another uid).

    `begin(shop="petstore")` names the shop. The callback's hmac is verified. `EXPIRING` (default True) asks for an
    offline token that expires and can be refreshed (`refresh(token, shop=…)`): Shopify's API refuses others to public
    apps created since April 2026. `IS_EMBEDDED` adds `login.page`, which leaves the admin's frame by script.
    Source: shopify.dev, "Authorization code grant", "Offline access tokens", "Online access tokens", and its SDK.
    """

    id, name = "shopify", "Shopify"
    settings = {"IS_EMBEDDED": flag(False), "EXPIRING": flag(True)}
    parameters = own_use = ("shop",)
    authorize_url = "https://{shop}.myshopify.com/admin/oauth/authorize"
    token_url = "https://{shop}.myshopify.com/admin/oauth/access_token"
    profile_url = "https://{shop}.myshopify.com/admin/shop.json"
    scope, scope_delimiter = ("read_orders", "read_products"), ","
    pkce = False  # in no document
    token_request = "json"
    token_omits = ("grant_type", "redirect_uri")
    token_header, token_scheme = "X-Shopify-Access-Token", ""
    once = ()  # each parameter is part of what the hmac signs
    error_paths = ("error", "errors")
    token_errors = {"invalid_request": "invalid_grant"}  # an unknown or used code
    api_errors = {"http 402": "account_suspended", "http 403": "insufficient_scope"}

    def variables(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"shop": self._shop(session.get("shop"))}

    def _shop(self, value: object) -> str:
        match = _SHOP.fullmatch(value.lower()) if isinstance(value, str) else None
        if match is None:
            raise self.misconfigured("shop", "shop must be the name in <name>.myshopify.com", "begin")
        return match[1]

    def authorize(self, session: dict[str, Any], options: dict[str, Any]) -> Login:
        session["shop"] = self._shop(options.get("shop"))
        session["per_user"] = self.auth_params(options).get("grant_options[]") == "per-user"
        login = super().authorize(session, options)
        return replace(login, page=_page(login.url)) if self.values["IS_EMBEDDED"] else login

    def check_callback(self, session: MutableMapping[str, Any], callback: Callback) -> None:
        signed = sorted((name, value) for name, value in callback.pairs if name not in ("hmac", "signature"))
        expected = hmac.new(self.client_secret.encode(), urlencode(signed).encode(), hashlib.sha256).hexdigest()
        if not self.same(callback.get("hmac") or "", expected):
            raise self.mismatch("hmac_mismatch", "the callback's hmac is wrong")
        if callback.get("shop") != f"{self.stored(session, 'shop')}.myshopify.com":
            raise self.mismatch("shop_mismatch", "the callback is for another shop")
        sent = callback.get("timestamp") or ""
        if not re.fullmatch(r"[0-9]{1,12}", sent) or abs(self.clock() - int(sent)) > _MAX_AGE:
            raise self.mismatch("callback_expired", "the callback is too old or from the future")

    def token_params(self, session: MutableMapping[str, Any]) -> dict[str, str]:
        return {"expiring": "1"} if self.values["EXPIRING"] and not session.get("per_user") else {}

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        """The member of staff out of the token answer, or the shop."""
        if grant.session.get("per_user"):
            user = grant.body.get("associated_user")
            return user if isinstance(user, dict) else {}
        body = yield from super().profile(grant)
        shop = pick(body, "shop")
        return {**shop, "username": grant.variables["shop"]} if isinstance(shop, dict) else {}

    first_name, last_name, username, email_verified = "first_name", "last_name", "username", "email_verified"

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        """Only a member of staff's address may be verified; nobody vouches for a shop's."""
        known = profile if grant.session.get("per_user") else {**profile, "email_verified": False}
        return (yield from super().emails(grant, known))


def _page(url: str) -> str:
    """A page that leaves the frame it is in; `<` is escaped so that no URL can end the script."""
    target = json.dumps(url).replace("<", "\\u003c")
    return f"<!DOCTYPE html><title>Shopify</title><script>window.top.location.href = {target};</script>"
