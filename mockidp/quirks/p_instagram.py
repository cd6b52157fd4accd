"""Instagram: what its contract cannot say as data.

Code, because the callback's address ends in `#_`, because a repeated `fields` is taken once, because a list of scopes
may have blanks and an unknown one is named in the refusal, and because a token of an hour is exchanged for one of
sixty days, which renews itself.
Source: developers.facebook.com/docs/instagram-basic-display-api, tokens and permissions, long-lived tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

DAY = 86400
LONG = "long_lived"


def unknown_scopes(call: Call) -> str:
    rules = call.wire.client.scope
    return ", ".join(name for name in login.scopes(call) if name not in rules.words)


def wrong_app_secret(call: Call) -> Refusal | None:
    """The exchange is proven by the secret of the app that the token is for."""
    if call.step != LONG or call.app is None:
        return None
    call.values["presented_secret"] = call.values.told.get("app.secret")
    return refusals.wrong_secret(call)


def too_young(call: Call) -> Refusal | None:
    assert call.grant is not None
    age = call.now - call.grant.issued
    if not call.grant.facts.get(LONG):
        return Refusal("too_young", "the token is not long-lived")
    if age < DAY:
        return Refusal("too_young", "the token is not a day old", expected=f"at least {DAY} s", got=f"{age:.0f} s")
    return None


def issue_long_lived(call: Call) -> str:
    token = call.fresh("access_token")
    grant = call.new_grant(call.lifetime(LONG))
    grant.facts[LONG] = "yes"
    login.remember(call, "access", token, grant)
    return token


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "resource": (*OAuth2.rules["resource"], wrong_app_secret),
        "refresh": (refusals.bad_token, refusals.token_revoked, refusals.token_expired, too_young),
    }
    acts = {**OAuth2.acts, "refresh": oauth2.resource}
    values = {
        **OAuth2.values,
        "unknown_scopes": unknown_scopes,
        "long_lived_token": issue_long_lived,
        "renewed_token": issue_long_lived,
        LONG: lambda call: call.lifetime(LONG),
    }

    def handle(self, call: Call) -> Response:
        login.rejoin(call, " ")  # scopes come with commas; with blanks they are taken too
        if call.step == "userinfo":
            twice = [text for key, text in call.request.query_pairs if key == "fields"]
            call.problems[:] = [problem for problem in call.problems if problem.key != "fields"]
            if twice:
                call.values["fields"] = twice[-1]
        if call.step == "refresh" and "long_lived_token" in call.values.told:
            call.values["access_token"] = call.values.told["long_lived_token"]
        return super().handle(call)

    def send(self, call: Call, params: list[tuple[str, str]], headers: list[tuple[str, str]], status: int) -> Response:
        """The interface before this one had no such mark."""
        mark = "#_" if LONG in call.wire.steps else ""
        return Response(status, [*headers, ("Location", call.wire.redirect_url(call.redirect_to or "", params) + mark)])


def long_lived(spoil: provoke.Spoil) -> provoke.Spoil:
    """Go on with a long-lived token, and then spoil it."""

    def spoil_long(walk: walk.Walk, lab: Lab) -> None:
        walk.do_step(LONG)
        walk.values["access_token"] = walk.values["long_lived_token"]
        spoil(walk, lab)

    return spoil_long


def short_lived(walk: walk.Walk, lab: Lab) -> None:
    walk.values["long_lived_token"] = walk.values["access_token"]


class Walk(walk.Walk):
    """Asks for the fields that the identity is made of."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="user_profile,everything")),
        "wrong_secret@long_lived": Provocation("long_lived", provoke.put(app__secret="another"), "", "wrong_secret"),
        "bad_token@refresh": Provocation("refresh", provoke.put(long_lived_token="IGQVmade-up"), "", "bad_token"),
        "too_young": Provocation("refresh", long_lived(provoke.nothing)),
        "token_revoked@refresh": Provocation("refresh", long_lived(provoke.revoked), "", "token_revoked"),
        "token_expired@refresh": Provocation("refresh", long_lived(provoke.wait(LONG)), "", "token_expired"),
        "not_long_lived": Provocation("refresh", short_lived, "", "too_young"),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "fields": "id,username,account_type"}

    def prepare(self, step: str, wait: Callable[[float], None]) -> None:
        """Only a long-lived token is renewed, and only when it is a day old."""
        if step == "refresh":
            self.do_step(LONG)
            wait(DAY)
