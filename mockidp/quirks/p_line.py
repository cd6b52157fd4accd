"""LINE: it reads identity tokens for its clients, and never names the e-mail scope.

Code, because the token that comes back to be verified must be taken apart, because email is granted and not told, and
because it needs openid beside it.
Source: developers.line.biz/en/reference/line-login (issue access token; verify ID token; revoke), 2026-11.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from mockidp import jose
from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, oidc, refusals
from mockidp.families.base import Call

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

# refusals


def bad_scope(call: Call) -> Refusal | None:
    asked = set(login.scopes(call))
    if asked & {"profile", "openid"} and ("email" not in asked or "openid" in asked):
        return refusals.scope_unknown(call)
    return Refusal("bad_scope", "profile or openid must be asked for, and email only with openid", got=" ".join(asked))


def bad_id_token(call: Call) -> Refusal | None:
    """Signed with the secret of an app that is known; also keeps the claims."""
    token = call.told("presented_id_token") or ""
    try:
        app = call.world.apps.find(call.provider, str(jose.split(token)[1].get("aud")))
        claims = jose.verify(token, app.client_secret.encode() if app is not None else b"", ["HS256"])
    except jose.JoseError as error:
        return Refusal("bad_id_token", f"this is no identity token of ours: {error}")
    call.values["presented_claims"] = claims
    return None


def id_token_expired(call: Call) -> Refusal | None:
    end = call.values["presented_claims"]["exp"]
    if end <= call.now:
        return Refusal(
            "id_token_expired", "the identity token has expired", expected=f"after {call.now:.0f}", got=str(end)
        )
    return None


def _claim_wrong(name: str, claim: str, told: str) -> Any:
    def rule(call: Call) -> Refusal | None:
        want, got = call.told(told), call.values["presented_claims"].get(claim)
        if want is None or want == got:
            return None
        return Refusal(name, f"{claim} of the identity token is another one", expected=want, got=str(got))

    rule.__name__ = name
    return rule


# values


def granted(call: Call) -> str:
    """Without email, even when it is granted."""
    return " ".join(name for name in oauth2.granted_list(call) if name != "email")


def expires_left(call: Call) -> int:
    return int(call.grant.expires - call.now) if call.grant is not None else 0


def auth_time(call: Call) -> int | None:
    """Only where max_age was sent."""
    return oidc.auth_time(call) if call.grant is not None and "max_age" in call.grant.facts else None


class Rules(oidc.Oidc):
    rules = {
        **oidc.Oidc.rules,
        "authorize": (*oidc.Oidc.rules["authorize"], bad_scope),
        "verify_id_token": (
            bad_id_token,
            id_token_expired,
            _claim_wrong("id_token_of_another_app", "aud", "audience"),
            _claim_wrong("nonce_wrong", "nonce", "expected_nonce"),
            _claim_wrong("user_wrong", "sub", "expected_user"),
        ),
    }
    values = {
        **oidc.Oidc.values,
        "granted": granted,
        "expires_left": expires_left,
        "auth_time": auth_time,
        "friendship": lambda call: "false" if call.told("bot_prompt") else None,
        "request_id": lambda call: str(uuid.UUID(bytes=call.world.random(16), version=4)),
        "presented_claims": lambda call: None,
    }


# the other side


class Walk(walk.Walk):
    """Can ask for a token to be verified, as the clients do that do not verify it themselves."""

    def build(self, exchange: Exchange) -> Any:
        for name, usual in (("presented_id_token", self.values.get("id_token")), ("audience", self.app.client_id)):
            self.values[name] = self.values.get(name) or usual
        return super().build(exchange)


def _another(walk: walk.Walk, lab: Lab) -> None:
    lab.world.apps.register(lab.provider, client_id="1653000001")
    walk.values["audience"] = "1653000001"


Walk.provocations = {
    **provoke.OAUTH2,
    "bad_scope": Provocation("authorize", provoke.put(scope="profile email")),
    "scope_unknown": Provocation("authorize", provoke.put(scope="profile everything"), "", "bad_scope"),
    "bad_id_token": Provocation("verify_id_token", provoke.put(presented_id_token="made-up-token")),
    "id_token_expired": Provocation("verify_id_token", lambda walk, lab: lab.world.clock.advance(3601)),
    "id_token_of_another_app": Provocation("verify_id_token", _another),
    "nonce_wrong": Provocation("verify_id_token", provoke.put(expected_nonce="another")),
    "user_wrong": Provocation("verify_id_token", provoke.put(expected_user="U" + "0" * 32)),
}
