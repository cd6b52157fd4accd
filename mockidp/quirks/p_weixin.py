"""Weixin: what its contract cannot say as data.

Code is needed because an app registers a host, each login page has scopes of its own, an openid belongs to one app,
a refresh keeps the access token while it is good, and asks for no secret.
Source: developers.weixin.qq.com, website login (oplatform) and web page authorization (service).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call, Rule
from mockidp.families.oauth2 import OAuth2

OFFICIAL = "/connect/oauth2/authorize"
SCOPES = {"/connect/qrconnect": {"snsapi_login"}, OFFICIAL: {"snsapi_base", "snsapi_userinfo"}}


def wrong_scope(call: Call) -> Refusal | None:
    """Websites have one scope, official accounts two others."""
    known = SCOPES.get(call.request.path)
    asked = login.scopes(call)
    if known is not None and not known.issuperset(asked):
        return Refusal(
            "bad_scope",
            "this login page does not have the scope",
            expected=" or ".join(sorted(known)),
            got=",".join(asked),
        )
    return None


def wrong_openid(call: Call) -> Refusal | None:
    own = openid(call)
    if "openid" in call.exchange.names and call.told("openid") != own:
        return Refusal("wrong_openid", "the access token is for another openid", expected=own, got=call.told("openid"))
    return None


def openid(call: Call) -> str | None:
    """Of this person at this app: at another app the same person has another."""
    value = call.derived("openid", str(call.values["app.id"]))
    return None if value is None else str(value)


def access_token(call: Call) -> str:
    """A refresh gives a token that is still good a new end; else there is a new one."""
    assert call.grant is not None
    kept = call.store.get("newest", call.grant.family) if call.step == "refresh" else None
    grant = call.store.get("access", f"{call.provider}:{kept.secret}") if kept is not None else None
    if kept is not None and grant is not None and not grant.revoked and call.now < grant.expires:
        grant.expires = call.now + call.lifetime("access_token")
        call.store.put("access", f"{call.provider}:{kept.secret}", grant)
        return kept.secret
    token = oauth2.issue_access(call)
    call.store.put("newest", call.grant.family, call.new_grant(0, secret=token))
    return token


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (refusals.unknown_client, refusals.host_unregistered, *OAuth2.rules["authorize"][2:], wrong_scope),
        "resource": (*OAuth2.rules["resource"], wrong_openid),
    }
    values = {**OAuth2.values, "openid": openid, "access_token": access_token}

    def rules_of(self, call: Call) -> Iterator[Rule]:
        """A refresh needs the AppID and no secret."""
        return (rule for rule in super().rules_of(call) if call.step != "refresh" or rule is not refusals.wrong_secret)


class Walk(walk.Walk):
    """Takes the login page that the scope belongs to."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **{name: row for name, row in walk.Walk.provocations.items() if name != "wrong_secret@refresh"},
        "bad_scope": Provocation("authorize", provoke.put(scope="snsapi_login,snsapi_base")),
        "code_missing": Provocation("token", provoke.drop("code")),
        "secret_missing": Provocation("token", provoke.drop("app.secret")),
        "openid_missing": Provocation("userinfo", provoke.drop("openid")),
        "wrong_openid": Provocation("userinfo", provoke.put(openid="o" + "x" * 27)),
        "wrong_openid@check": Provocation("check_token", provoke.put(openid="o" + "x" * 27), "", "wrong_openid"),
    }

    def initial(self) -> dict[str, Any]:
        """There is no login without a scope: the least that can be asked for is snsapi_base."""
        usual = "snsapi_userinfo" if self.wire.settings["AUTHORIZE_URL"].endswith(OFFICIAL) else None
        values = super().initial()
        if not self.scope:
            values["scope"] = "snsapi_base" if self.scope == [] else usual or values["scope"]
        return values

    def exchange(self, step: str) -> Exchange:
        official = next((item for item in self.wire.steps[step] if item.name == "official"), None)
        if official is not None and self.values["scope"] in SCOPES[OFFICIAL]:
            return official
        return super().exchange(step)
