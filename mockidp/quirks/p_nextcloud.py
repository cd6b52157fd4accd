"""Nextcloud: what its contract cannot say as data.

Code is needed because the registered redirect URI is used whatever the request says, a profile comes as XML or JSON
by the rules of OCS, one reads only one's own, and a new access token ends the one before.
Source: nextcloud/server, apps/oauth2 (00238c3a), apps/provisioning_api (026093ba), OCSMiddleware.php (00126022).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

PKCE_TEXT = re.compile(r"[A-Za-z0-9._~-]{43,128}")
PKCE_FORM = "43 to 128 of A-Z a-z 0-9 . _ ~ -"


def registered_uri(call: Call) -> Refusal | None:
    """The app's one redirect URI, not the one asked for (LoginRedirectorController); also settles where to go back."""
    assert call.app is not None
    if not call.app.redirect_uris:
        return refusals.redirect_unregistered(call)
    call.redirect_to = call.app.redirect_uris[0]
    if call.told("redirect_uri") not in (None, call.redirect_to):
        call.remark(f"redirect_uri is not read: the browser goes to {call.redirect_to}, which is registered")
    return None


def challenge_missing(call: Call) -> Refusal | None:
    if call.told("code_challenge_method") and not call.told("code_challenge"):
        return Refusal("challenge_missing", "code_challenge_method came without a code_challenge")
    return None


def challenge_malformed(call: Call) -> Refusal | None:
    challenge = call.told("code_challenge")
    if challenge and not PKCE_TEXT.fullmatch(challenge):
        return Refusal(
            "challenge_malformed",
            "code_challenge has another form",
            expected=PKCE_FORM,
            got=f"{len(challenge)} characters",
        )
    return None


def code_used(call: Call) -> Refusal | None:
    """The tokens of the first use live on: the row of the code has become that of the refresh token."""
    assert call.grant is not None
    return Refusal("code_used", "the code has been used before") if call.grant.used else None


def verifier_malformed(call: Call) -> Refusal | None:
    assert call.grant is not None
    verifier = call.told("code_verifier")
    if call.grant.challenge is not None and verifier and not PKCE_TEXT.fullmatch(verifier):
        return Refusal(
            "verifier_wrong",
            "the code_verifier has another form",
            expected=PKCE_FORM,
            got=f"{len(verifier)} characters",
        )
    return None


def token_replaced(call: Call) -> Refusal | None:
    assert call.grant is not None
    newest = call.store.get("newest", call.grant.family)
    if newest is not None and newest.secret != call.told("access_token"):
        return Refusal("token_revoked", "a refresh has put a newer access token in the place of this one")
    return None


def unknown_user(call: Call) -> Refusal | None:
    asked = call.told("user_id")
    known = {person.username for person in call.world.people.named()} | {own_id(call), None}
    if asked not in known:
        return Refusal("unknown_user", "there is no such account", expected=own_id(call), got=asked)
    return None


def other_user(call: Call) -> Refusal | None:
    asked = call.told("user_id")
    if asked not in (None, own_id(call)):
        return Refusal(
            "other_user", "a profile is for its owner and for administrators", expected=own_id(call), got=asked
        )
    return None


def own_id(call: Call) -> str:
    return str(call.values["uid"])


def redeem(call: Call) -> None:
    oauth2.redeem(call)
    replace_token(call)


def refresh(call: Call) -> None:
    oauth2.refresh(call)
    replace_token(call)


def replace_token(call: Call) -> None:
    """From here on only the access token of this answer is good."""
    assert call.grant is not None
    token = str(call.values["access_token"])
    call.store.put("newest", call.grant.family, call.new_grant(0, secret=token))


def wants_json(call: Call) -> bool:
    """`format`, else the first type of Accept that there is a responder for, else XML (Controller.php)."""
    if call.told("format") is not None:
        return bool(call.told("format") == "json")
    header = call.request.headers.get("accept", "").lower()
    accepted = [item.strip().replace("application/", "") for item in header.split(",")]
    return next((item for item in accepted if item in ("json", "xml")), "xml") == "json"


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (
            refusals.unknown_client,
            registered_uri,
            refusals.misfit,
            challenge_missing,
            challenge_malformed,
            refusals.challenge_method_refused,
            refusals.best_practice,
        ),
        "token": (
            refusals.unknown_code,
            refusals.code_of_another_app,
            code_used,
            refusals.code_expired,
            refusals.verifier_missing,
            verifier_malformed,
            refusals.verifier_wrong,
        ),
        "resource": (*OAuth2.rules["resource"], token_replaced, unknown_user, other_user),
    }
    acts = {**OAuth2.acts, "token": redeem, "refresh": refresh}

    def handle(self, call: Call) -> Response:
        """One URL, two formats: the step that has the format asked for answers."""
        exchange = call.wire.step("userinfo_json")
        if call.step == "userinfo" and exchange is not None and wants_json(call):
            call.exchange, call.step = exchange, exchange.step
            call.entry.step, call.entry.exchange = exchange.step, exchange.label
        return super().handle(call)


def with_short_verifier(given: walk.Walk, lab: Lab) -> None:
    """A verifier that fits its challenge and is too short all the same."""
    given.values.update(code_verifier="short", code_challenge=refusals.s256("short"))
    given.do_authorize("authorize")


def with_replaced_token(given: walk.Walk, lab: Lab) -> None:
    old = given.values["access_token"]
    given.do_step("refresh")
    given.values["access_token"] = old


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "challenge_missing": Provocation("authorize", provoke.drop("code_challenge")),
        "challenge_malformed": Provocation("authorize", provoke.put(code_challenge="short")),
        "verifier_malformed": Provocation("token", with_short_verifier, "", "verifier_wrong"),
        "token_replaced": Provocation("userinfo", with_replaced_token, "", "token_revoked"),
        "unknown_user": Provocation("userinfo", provoke.put(user_id="nobody-here")),
        "other_user": Provocation("userinfo", provoke.put(user_id="bob-baumann")),
        "unknown_user@json": Provocation("userinfo_json", provoke.put(user_id="nobody-here"), "", "unknown_user"),
        "other_user@json": Provocation("userinfo_json", provoke.put(user_id="bob-baumann"), "", "other_user"),
    }
