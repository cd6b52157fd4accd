"""Mailchimp: what its contract cannot say as data.

Code is needed because the API of an account is at its own data centre, because a token and a data centre together are
an API key (HTTP Basic), and because a redirect URI may be on 127.0.0.1 and not on localhost.
Source: mailchimp.com/developer, Access user data with OAuth 2; Marketing API, API Key Invalid.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from typing import ClassVar

from mockidp.apps import host_of
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response


def redirect_on_localhost(call: Call) -> Refusal | None:
    uri = call.told("redirect_uri") or ""
    if host_of(uri) != "localhost":
        return None
    wanted = uri.replace("localhost", "127.0.0.1", 1)
    return Refusal("redirect_on_localhost", "this provider takes 127.0.0.1 and not localhost", expected=wanted, got=uri)


def redirect_unregistered(call: Call) -> Refusal | None:
    return redirect_on_localhost(call) or refusals.redirect_unregistered(call)


def another_centre(call: Call) -> Refusal | None:
    asked, own = call.told("centre"), call.derived("dc")
    if asked in (None, own):
        return None
    return Refusal("another_centre", "the account is in another data centre", expected=own, got=asked)


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (refusals.unknown_client, redirect_unregistered, *OAuth2.rules["authorize"][2:]),
        "resource": (*OAuth2.rules["resource"], another_centre),
    }

    def handle(self, call: Call) -> Response:
        """The password of a Basic header is an API key: the token, a dash and the data centre; any user will do."""
        if call.told("key_pair") is not None:
            key = unbased(str(call.told("key_pair"))).partition(":")[2]
            call.values["access_token"] = key.rpartition("-")[0] or key
        return super().handle(call)


def unbased(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return ""


class Walk(walk.Walk):
    """Goes on at the data centre that the metadata name."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "redirect_on_localhost": Provocation("authorize", provoke.put(redirect_uri="http://localhost:8000/callback")),
        "another_centre": Provocation("api_root", provoke.put(centre="us1")),
    }

    def do_userinfo(self, step: str) -> None:
        self.do_step(step)
        self.values["centre"] = self.values["dc"]
