"""ShareFile: what its contract cannot say as data.

Code is needed because somebody logs in to one account with a subdomain of its own, whatever host the login began at;
because what was issued for an account is good at no other; and because the callback is signed.
Source: api.sharefile.com/gettingstarted/oauth2; citrix/ShareFile-NET.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families.base import Call, Rule
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Pairs, Request, Response, encoded

COMMON = "secure"  # the host of everybody


def sign(url: str, secret: str) -> str:
    """The base64 HMAC-SHA256 of path and query."""
    parts = urlsplit(url)
    text = f"{parts.path}?{parts.query}"
    return b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def subdomain(call: Call) -> str:
    """That of the account: of the host where the login began, of the setting, or the app's own."""
    known = [
        call.grant.facts.get("account") if call.grant is not None else call.told("account"),
        call.wire.settings["SUBDOMAIN"],
        call.app_value("subdomain"),
    ]
    return next((name for name in known if name and name != COMMON), COMMON)


def of_another_account(name: str, what: str) -> Rule:
    def refusal(call: Call) -> Refusal | None:
        asked, own = call.told("account"), subdomain(call)
        if asked in (None, COMMON, own):
            return None
        return Refusal(name, f"the {what} is of another account", expected=own, got=asked)

    refusal.__name__ = name
    return refusal


def short(call: Call) -> str:
    """The initial and the last name."""
    first, _, last = str(call.values["person.name"]).rpartition(" ")
    return f"{first[:1]}. {last}" if first else last


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "token": (*OAuth2.rules["token"], of_another_account("code_of_another_account", "code")),
        "refresh": (*OAuth2.rules["refresh"], of_another_account("refresh_token_of_another_account", "refresh token")),
        "resource": (*OAuth2.rules["resource"], of_another_account("token_of_another_account", "access token")),
    }
    values = {
        **OAuth2.values,
        "subdomain": subdomain,
        "short": short,
        "metadata": lambda call: "$metadata",  # a word of OData, which a template would take for a value
        "h": lambda call: "",  # of all that is sent, so it is made when that is known
    }

    def send(self, call: Call, params: Pairs, headers: Pairs, status: int) -> Response:
        if "h" in dict(params):
            rest = [pair for pair in params if pair[0] != "h"]
            url = call.wire.redirect_url(call.redirect_to or "", rest)
            params = [*rest, ("h", sign(url, str(call.values["app.secret"])))]
        return super().send(call, params, headers, status)


class Walk(walk.Walk):
    """Checks the callback's signature, and goes on at the subdomain that it names."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "code_of_another_account": Provocation("token", provoke.put(subdomain="acme")),
        "refresh_token_of_another_account": Provocation("refresh", provoke.put(subdomain="acme"), "refresh"),
        "token_of_another_account": Provocation("userinfo", provoke.put(subdomain="acme")),
    }

    def build(self, exchange: Exchange) -> Request:
        request = super().build(exchange)
        if exchange.step == "authorize":
            return request
        host = ".".join([self.values["subdomain"], *request.host.split(".")[1:]])
        return Request.of(request.method, request.url.replace(request.host, host, 1), request.headers, request.body)

    def callback(self, exchange: Any, params: dict[str, str]) -> None:
        if "h" in params:
            rest = [pair for pair in params.items() if pair[0] != "h"]
            if params["h"] != sign(f"{self.redirect_uri}?{encoded(rest)}", self.app.client_secret):
                raise walk.WalkError("authorize", "the h of the callback does not fit")
        super().callback(exchange, params)
