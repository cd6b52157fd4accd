"""Feishu: what data cannot say.

- in the first version the app proves itself with a token of its own, got beforehand, and everything is under `data`;
  its errors have another form than those of the second, at the same steps (open.feishu.cn, authen v1).
- an open_id belongs to one app; tokens of the two versions look different.
- the third version's token endpoint refuses a verifier for which there was no challenge (larksuite/oapi-sdk-go#230).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.check.walk import Seen
from mockidp.contract.wire import Exchange
from mockidp.errors import Refusal
from mockidp.families import login, oauth2
from mockidp.families.base import Call, Rule
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

OF_V1 = {
    **dict.fromkeys(("bad_code", "code_used", "code_expired", "code_of_another_app"), "bad_code_v1"),
    **dict.fromkeys(
        ("bad_refresh_token", *(f"refresh_token_{why}" for why in ("used", "expired", "revoked", "of_another_app"))),
        "bad_refresh_token_v1",
    ),
    "bad_request": "bad_request_v1",
    "unsupported_grant_type": "bad_request_v1",
}


def app_token_refused(call: Call) -> Refusal | None:
    """The token of the app, in the header or the body; also goes on as that app."""
    token = call.told("app_access_token")
    if token is None:
        return Refusal("no_app_token", "no app_access_token came, neither in the header nor in the body")
    why = login.found(call, "app", token, "bad_app_token", "app access token")
    return why or login.too_old(call, "bad_app_token", "app access token", "app_access_token")


def verifier_unexpected(call: Call) -> Refusal | None:
    assert call.grant is not None
    if call.exchange.name == "v3" and call.told("code_verifier") and call.grant.challenge is None:
        return Refusal("verifier_unexpected", "a code_verifier came, and no code_challenge was sent at authorize")
    return None


def app_access_token(call: Call) -> str:
    token = call.fresh("app_access_token")
    login.remember(call, "app", token, call.new_grant(call.lifetime("app_access_token")))
    return token


def access_token(call: Call) -> str:
    return oauth2.issue_access(call, call.fresh("user_access_token") if call.exchange.name == "v1" else "")


def refresh_token(call: Call) -> str:
    if call.exchange.name != "v1":
        return oauth2.issue_refresh(call)
    token = call.fresh("user_refresh_token")
    family = call.grant.family if call.grant else ""
    login.remember(call, "refresh", token, call.new_grant(call.lifetime("user_refresh_token"), family=family))
    return token


def refresh_expires_in(call: Call) -> int:
    return call.lifetime("user_refresh_token" if call.exchange.name == "v1" else "refresh_token")


def open_id(call: Call) -> str | None:
    """Of this person at this app: at another app the same person has another."""
    value = call.derived("open_id", str(call.values["app.id"]))
    return None if value is None else str(value)


class Rules(OAuth2):
    """The code grant of today, and the one that begins with the app's own token."""

    rules = {
        **OAuth2.rules,
        "app": (app_token_refused,),
        "token": (*OAuth2.rules["token"], verifier_unexpected),
    }
    values = {
        **OAuth2.values,
        "app_access_token": app_access_token,
        "app_expires_in": lambda call: call.lifetime("app_access_token"),
        "access_token": access_token,
        "refresh_token": refresh_token,
        "refresh_expires_in": refresh_expires_in,
        "open_id": open_id,
    }

    def rules_of(self, call: Call) -> Iterable[Rule]:
        if "app_access_token" in call.exchange.names:
            return (*self.rules["any"], *self.rules["app"], *self.rules[call.step])
        return super().rules_of(call)

    def refused(self, call: Call, refusal: Refusal) -> Response:
        if call.exchange.name == "v1" and call.step in ("token", "refresh"):
            refusal.name = OF_V1.get(refusal.name, refusal.name)
        return super().refused(call, refusal)


# the other side


class Walk(walk.Walk):
    """Takes today's way where there is one; `extra={"way": "v1"}` takes the one of 2021."""

    def way(self) -> str:
        return str(self.values.get("way") or ("" if self.wire.step("token") is not None else "v1"))

    def exchange(self, step: str) -> Exchange:
        found = next((item for item in self.wire.steps.get(step, []) if item.name == self.way()), None)
        return found or super().exchange(step)

    def steps(self) -> list[str]:
        return ["authorize", *(["app_token"] if self.way() == "v1" else []), "token", "userinfo"]

    def ask(self, exchange: Exchange) -> Seen:
        if exchange.label == "refresh.v1":
            self.do_step("app_token")
        return super().ask(exchange)


def first_version(*spoils: provoke.Spoil) -> provoke.Spoil:
    """Go on as in the first version, with a token of the app, and spoil that."""

    def spoil(login: walk.Walk, lab: Lab) -> None:
        login.values["way"] = "v1"
        login.do_authorize("authorize")  # the page of 2021 knows no challenge
        login.do_step("app_token")
        for one in spoils:
            one(login, lab)

    return spoil


def again_v1(login: walk.Walk, lab: Lab) -> None:
    login.do_step("token")


def wait_for_app_token(login: walk.Walk, lab: Lab) -> None:
    """So long that the app's token ends, with a code that is fresh."""
    lab.world.clock.advance(login.wire.lifetimes["app_access_token"] + 1)
    login.do_authorize("authorize")


def by_v3(login: walk.Walk, lab: Lab) -> None:
    """A code without a challenge, and a verifier at the endpoint of the third version."""
    challenge = {name: login.values.pop(name) for name in ("code_challenge", "code_challenge_method")}
    login.do_authorize("authorize")
    login.values.update(challenge, way="v3")


Walk.provocations = {
    **provoke.OAUTH2,
    "wrong_secret@app_token": Provocation("app_token", provoke.other_secret, "", "wrong_secret"),
    "unknown_client@app_token": Provocation("app_token", provoke.unknown_app, "", "unknown_client"),
    "app_id_missing": Provocation("app_token", provoke.send(app_secret=None), "", "wrong_secret"),
    "no_app_token": Provocation("token", first_version(provoke.drop("app_access_token"))),
    "bad_app_token": Provocation("token", first_version(provoke.put(app_access_token="a-made-up"))),
    "bad_app_token@expired": Provocation("token", first_version(wait_for_app_token), "", "bad_app_token"),
    "bad_code@v1": Provocation("token", first_version(provoke.stranger_code), "", "bad_code_v1"),
    "code_used@v1": Provocation("token", first_version(again_v1), "", "bad_code_v1"),
    "grant_type@v1": Provocation("token", first_version(provoke.send(grant_type=None)), "", "bad_request_v1"),
    "verifier_unexpected": Provocation("token", by_v3),
}
