"""Stripe Connect: what its contract cannot say as data.

Code, because a platform may prove itself by its key alone, as a bearer token and without a client id; because the API
takes a key as a user name too; and because access is ended by naming the account, not a token.
Source: stripe/stripe-node, src/resources/OAuth.ts; stripe/stripe-ruby, lib/stripe/oauth.rb.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

CONNECTED = "account"  # kind of record: an account that a platform has access to


def connection(call: Call) -> str:
    return f"{call.values['app.id']}:{call.values['account']}"


def by_key(call: Call) -> None:
    """A key in the header stands for the secret, and either for the platform where no client id comes."""
    key = call.told("platform_key")
    if key is not None and call.told("app.secret") is None:
        call.values["app.secret"] = key
    secret = call.told("app.secret")
    if call.told("app.id") is not None or secret is None:
        return
    for app in call.world.apps.of(call.provider):
        if hmac.compare_digest(app.client_secret.encode(), secret.encode()):
            call.values["app.id"] = app.client_id


def key_as_user(call: Call) -> None:
    """The key of an API call may be the user name of HTTP Basic, with an empty password."""
    pair = call.told("key_pair")
    if pair is not None:
        try:
            call.values["access_token"] = b64decode(pair, validate=True).decode().partition(":")[0]
        except (Base64Error, UnicodeDecodeError):
            call.values["access_token"] = ""


def no_access(call: Call) -> Refusal | None:
    asked = call.told("account")
    own = call.derived("account")
    if asked is None or asked == own:
        return None
    return Refusal("no_access", "the key opens another account", expected=own, got=asked)


def connect(call: Call) -> None:
    oauth2.redeem(call)
    login.remember(call, CONNECTED, connection(call), call.new_grant(0, family=call.grant.family if call.grant else ""))


def account(call: Call) -> None:
    oauth2.resource(call)
    call.values["account"] = call.derived("account")


def deauthorize(call: Call) -> None:
    grant = call.store.get(CONNECTED, f"{call.provider}:{connection(call)}")
    if grant is None:
        raise Refusal("not_connected", "this platform has no access to such an account", got=call.told("account"))
    call.store.drop(CONNECTED, f"{call.provider}:{connection(call)}")
    login.end_family(call, grant)


class Rules(OAuth2):
    rules: ClassVar = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "resource": (*OAuth2.rules["resource"], no_access),
    }
    acts: ClassVar = {**OAuth2.acts, "token": connect, "revoke": deauthorize, "resource": account}

    def handle(self, call: Call) -> Response:
        if call.group == "token":
            by_key(call)
        else:
            key_as_user(call)
        return super().handle(call)


def another_account(given: walk.Walk, lab: Lab) -> None:
    given.values["account"] = "acct_0000000000000000"


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="read_only everything")),
        "code_missing": Provocation("token", provoke.drop("code")),
        "no_access": Provocation("userinfo", another_account),
        "not_connected": Provocation("revoke", another_account),
    }
