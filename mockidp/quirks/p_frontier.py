"""Frontier: what its contract cannot say as data.

Code, because a secret may be left out by those who prove a code with its verifier, because no refresh outlives the
person's approval by more than 25 days, because an answer tells when the token begins and ends, and because no text of
the profile is null.
Source: hosting.zaonce.net/docs/oauth2/instructions.html; EDCD/FDevIDs, FrontierDevelopments-oAuth2-notes.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mockidp.check import walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, refusals
from mockidp.families.base import Call, two_names
from mockidp.families.oauth2 import OAuth2

if TYPE_CHECKING:
    from mockidp.check.mock import Lab


def wrong_secret(call: Call) -> Refusal | None:
    """An app without a Shared Key proves itself with the verifier, and later with the refresh token alone."""
    if call.values["presented_secret"] is None and proves_itself(call):
        return None
    return refusals.wrong_secret(call)


def proves_itself(call: Call) -> bool:
    if call.step == "refresh":
        grant = call.store.get("refresh", f"{call.provider}:{call.told('refresh_token')}")
        return grant is not None and grant.facts.get("verifier") == "yes"
    return True  # that there is a verifier, and that it fits, is asked of the code


def verifier_needed(call: Call) -> Refusal | None:
    """Without a secret a verifier counts only for a code that has a challenge."""
    assert call.grant is not None
    if call.values["presented_secret"] is None and call.grant.challenge is None:
        return Refusal("verifier_missing", "neither a secret, nor a challenge that the code_verifier could fit")
    return None


def refresh_token(call: Call) -> str:
    """A new one that ends when the first one would have."""
    assert call.grant is not None
    token, lifetime = call.fresh("refresh_token"), call.lifetime("refresh_token")
    approved = float(call.grant.facts.get("approved", call.now))
    proved = call.grant.facts.get("verifier") or ("yes" if call.told("code_verifier") else "no")
    facts = {**call.grant.facts, "approved": str(approved), "verifier": proved}
    left = max(1, int(approved + lifetime - call.now))
    login.remember(call, "refresh", token, call.new_grant(left, family=call.grant.family, facts=facts))
    return token


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "client": tuple(wrong_secret if rule is refusals.wrong_secret else rule for rule in OAuth2.rules["client"]),
        "token": (*OAuth2.rules["token"], verifier_needed),
    }
    values = {
        **OAuth2.values,
        "refresh_token": refresh_token,
        "email": lambda call: call.values["person.email"] or "",
        "firstname": lambda call: two_names(call)[0],
        "lastname": lambda call: two_names(call)[1],
        "token_begins": lambda call: int(call.grant.issued) if call.grant else None,
        "token_ends": lambda call: int(call.grant.expires) if call.grant else None,
    }


def without_either(given: walk.Walk, lab: Lab) -> None:
    """No secret, and a verifier for a code that was asked for without a challenge."""
    for name in ("code_challenge", "code_challenge_method"):
        given.values.pop(name)
    given.do_authorize("authorize")
    del given.values["app.secret"]


def when_it_is_over(given: walk.Walk, lab: Lab) -> None:
    """Refresh in time, and go on with the new token when the person's approval is too old."""
    life = given.wire.lifetimes["refresh_token"]
    lab.world.clock.advance(life - 60)
    given.do_step("refresh")
    lab.world.clock.advance(61)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "verifier_needed": Provocation("token", without_either, "", "verifier_missing"),
        "approval_too_old": Provocation("refresh", when_it_is_over, "refresh", "refresh_token_expired"),
    }
