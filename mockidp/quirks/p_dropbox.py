"""Dropbox: what its contract cannot say as data.

Code is needed because a verifier stands in for the client secret, at a refresh too; because a function without
arguments takes no body but `null`; and because revocation is opened by the token it ends.
Source: dropbox/dropbox-sdk-python, oauth.py, dropbox_client.py; dropbox/dropbox-api-spec, auth.stone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Request

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

EMPTY = (b"", b"null")


def public(call: Call) -> bool:
    """Whether no secret came, from an app that proves itself by PKCE instead: with this request or at its code."""
    if call.told("basic") is not None or call.values["presented_secret"]:
        return False
    if call.step == "token":
        return call.told("code_verifier") is not None
    grant = call.store.get("refresh", f"{call.provider}:{call.told('refresh_token')}")
    return grant is not None and grant.facts.get("public") == "true"


def credentials_missing(call: Call) -> Refusal | None:
    return None if public(call) else refusals.credentials_missing(call)


def wrong_secret(call: Call) -> Refusal | None:
    return None if public(call) else refusals.wrong_secret(call)


def challenge_missing(call: Call) -> Refusal | None:
    """Without a secret there must have been a challenge, or anybody could redeem the code."""
    assert call.grant is not None
    if public(call) and call.grant.challenge is None:
        return Refusal("verifier_wrong", "no client secret came, and no code_challenge was sent at authorize")
    return None


def body_not_empty(call: Call) -> Refusal | None:
    body = call.request.body.strip()
    if body not in EMPTY:
        return Refusal("body_not_empty", "the function has no arguments", expected="null", got=body[:40].decode())
    return None


def redeem(call: Call) -> None:
    """Remember of the tokens whether they were got without a secret."""
    OAuth2.acts["token"](call)
    assert call.grant is not None
    call.grant.facts["public"] = str(public(call)).lower()


def initials(call: Call) -> str:
    return "".join(word[0] for word in str(call.values["person.name"]).split())[:2]


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "client": (refusals.credentials_twice, credentials_missing, refusals.unknown_client, wrong_secret),
        "token": (*OAuth2.rules["token"], challenge_missing),
        "revoke": (refusals.unknown_token, refusals.token_revoked, refusals.token_expired, body_not_empty),
        "resource": (*OAuth2.rules["resource"], body_not_empty),
    }
    acts = {**OAuth2.acts, "token": redeem}
    values = {**OAuth2.values, "initials": initials}


def without_secret(given: walk.Walk, lab: Lab) -> None:
    """A login that sends neither challenge nor secret."""
    provoke.drop("code_challenge", "code_challenge_method")(given, lab)
    given.do_authorize("authorize")
    provoke.drop("app.secret")(given, lab)


def with_an_object(given: walk.Walk, lab: Lab) -> None:
    given.values.update(posted=b"{}", token=given.values["access_token"])


def with_a_revoked_token(given: walk.Walk, lab: Lab) -> None:
    given.values["token"] = given.values["access_token"]
    lab.revoke(given)


def with_an_expired_token(given: walk.Walk, lab: Lab) -> None:
    given.values["token"] = given.values["access_token"]
    provoke.wait("access_token")(given, lab)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "credentials_missing": Provocation(
            "token", provoke.drop("app.id", "app.secret", "basic", "code_verifier"), "auth:either"
        ),
        "challenge_missing": Provocation("token", without_secret, "pkce", "verifier_wrong"),
        "body_not_empty": Provocation("userinfo", with_an_object),
        "token_revoked@revoke": Provocation("revoke", with_a_revoked_token, "", "token_revoked"),
        "token_expired@revoke": Provocation("revoke", with_an_expired_token, "", "token_expired"),
        "body_not_empty@revoke": Provocation("revoke", with_an_object, "", "body_not_empty"),
    }

    def initial(self) -> dict[str, Any]:
        """The account is read beside whatever is asked for."""
        values = super().initial()
        return {
            **values,
            "scope": f"account_info.read {values['scope']}" if self.scope == ["openid"] else values["scope"],
        }

    def build(self, exchange: Exchange) -> Request:
        request = super().build(exchange)
        if self.values.get("posted") is None or exchange.step not in ("userinfo", "revoke"):
            return request
        headers = {**request.headers, "Content-Type": "application/json"}
        return Request.of(request.method, request.url, headers, self.values["posted"])
