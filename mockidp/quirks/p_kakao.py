"""Kakao: what its contract cannot say as data.

Code, because a consent item that was not agreed to has a flag of its own, a caller may name the properties it wants,
a scope that the app does not have is refused, and a refresh token is renewed only in its last month.
Source: kakao/kakao-ios-sdk (User, OAuthToken); devtalk.kakao.com/t/126899; developers.kakao.com, trouble-shooting.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab

MONTH = 30 * 86400  # a refresh token with less than this left is replaced
ALWAYS = ("id", "connected_at")  # whatever is asked for
DECADES = {0: "0~9", 1: "10~14", 2: "15~19"}


def keys_asked(call: Call) -> list[str] | None:
    """The properties that the caller names, a JSON array; nothing when it names none."""
    text = call.told("property_keys")
    return msgspec.json.decode(text, type=list[str]) if text else None


def wrong_property(call: Call) -> Refusal | None:
    try:
        wrong = [key for key in keys_asked(call) or () if key.partition(".")[0] not in ("properties", "kakao_account")]
    except msgspec.DecodeError:
        return Refusal("wrong_property", "property_keys is no JSON array of texts", got=call.told("property_keys"))
    if wrong:
        return Refusal("wrong_property", "there is no such property", got=", ".join(wrong))
    return None


def only(document: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """Of a profile what was asked for: `kakao_account.email` with its flags, `properties.` all of them."""
    out = {key: document[key] for key in ALWAYS}
    for key in keys:
        group, _, name = key.partition(".")
        found = {at: value for at, value in document[group].items() if name in at}
        if found:
            out[group] = {**out.get(group, {}), **found}
    return out


def last_month(call: Call) -> bool:
    assert call.grant is not None
    return call.grant.expires - call.now < MONTH


def refresh(call: Call) -> None:
    """The refresh token stays, unless it is replaced."""
    if last_month(call):
        login.use_up(call, "refresh", call.told("refresh_token"), refusals.refresh_token_used)
        call.values["renewed"] = True


def renewed_refresh_token(call: Call) -> str | None:
    return oauth2.issue_refresh(call) if call.told("renewed") else None


def age_range(call: Call) -> str:
    assert call.person is not None
    born, today = date.fromisoformat(call.person.birthdate), datetime.fromtimestamp(call.now, UTC).date()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if 10 <= age < 20:
        return DECADES[1 if age < 15 else 2]
    return "90~" if age >= 90 else DECADES.get(age // 10, f"{age // 10}0~{age // 10}9")


def born(call: Call, start: int, end: int) -> str:
    assert call.person is not None
    return call.person.birthdate.replace("-", "")[start:end]


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (*OAuth2.rules["authorize"], refusals.scope_unknown),
        "resource": (*OAuth2.rules["resource"], wrong_property),
        "revoke": (refusals.unknown_token, refusals.token_revoked, refusals.token_expired),
    }
    acts = {**OAuth2.acts, "refresh": refresh}
    values = {
        **OAuth2.values,
        "renewed_refresh_token": renewed_refresh_token,
        "renewed_expires_in": lambda call: call.lifetime("refresh_token") if call.told("renewed") else None,
        "nickname_needs_agreement": lambda call: "profile_nickname" not in call.granted,
        "image_needs_agreement": lambda call: "profile_image" not in call.granted,
        "email_needs_agreement": lambda call: "account_email" not in call.granted,
        "has_email": lambda call: call.person is not None and call.person.email is not None,
        "is_email_valid": lambda call: True if call.person and call.person.email else None,
        "gender": lambda call: call.person.gender if call.person and call.person.gender in ("male", "female") else None,
        "age_range": age_range,
        "birthyear": lambda call: born(call, 0, 4),
        "birthday": lambda call: born(call, 4, 8),
    }

    def handle(self, call: Call) -> Response:
        login.rejoin(call, ",")  # consent items come with spaces or with commas
        return super().handle(call)

    def respond(self, call: Call) -> Response:
        response = super().respond(call)
        keys = keys_asked(call) if call.step == "userinfo" else None
        if keys:
            response.body = msgspec.json.encode(only(msgspec.json.decode(response.body), keys))
        return response


def renew_and_keep(walk: walk.Walk, lab: Lab) -> None:
    """Refresh in the last month, which gives a new refresh token, and go on with the old one."""
    lab.world.clock.advance(walk.wire.lifetimes["refresh_token"] - MONTH + 60)
    lab.refresh_and_keep(walk)


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_scope": Provocation("authorize", provoke.put(scope="account_email shoe_size")),
        "wrong_property": Provocation("userinfo", provoke.put(property_keys='["shoe.size"]')),
        "refresh_token_used": Provocation("refresh", renew_and_keep),
        "bad_token@revoke": Provocation("revoke", provoke.put(token="made-up-token"), "", "bad_token"),
        "token_revoked@revoke": Provocation("revoke", provoke.own_token(provoke.revoked), "", "token_revoked"),
        "token_expired@revoke": Provocation(
            "revoke", provoke.own_token(provoke.wait("access_token")), "", "token_expired"
        ),
        "no_token@revoke": Provocation("revoke", provoke.drop("token"), "", "no_token"),
    }
