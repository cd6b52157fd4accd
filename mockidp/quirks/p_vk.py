"""VK: what its contract cannot say as data.

Code is needed because a code and a refresh token belong to a device, because S256 may be written small, because
dates and telephone numbers have forms of their own, and, before VK ID, because old versions of the API are refused
and the scope offline makes a token endless.
Source: id.vk.com, VK ID API integration; VKCOM/vk-api-schema; vk.com/dev/authcode_flow_user.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

OLDEST = (5, 21)
NEWEST = "5.131"
SEX = {"female": 1, "male": 2}
FIELDS = "screen_name,photo_big,photo_medium"


# VK ID


def device_of(call: Call) -> str:
    """The device that the callback names: always the same for a person at an app."""
    return str(call.derived("device_id", str(call.values["app.id"])))


def bad_device(call: Call) -> Refusal | None:
    """What came with a device is good with that device alone."""
    if "device_id" not in call.wire.person:
        return None
    own, given = device_of(call), call.told("device_id")
    return None if given == own else Refusal("bad_device", "this is another device's", expected=own, got=given)


# the API of before


def version_too_old(call: Call) -> Refusal | None:
    version = call.told("v")
    if version is None or call.exchange.params["form"]["v"].literal:  # at first the contract took whatever came
        return None
    try:
        asked = tuple(int(part) for part in version.split("."))
    except ValueError:
        asked = (0,)
    if asked < OLDEST:
        return Refusal(
            "version_too_old", "this version of the API is not served any more", expected="5.21", got=version
        )
    return None


def lasting(call: Call) -> int:
    """Seconds that the token lives; 0 is for ever."""
    return 0 if endless(call) else call.lifetime("access_token")


def endless(call: Call) -> bool:
    return call.grant is not None and "offline" in call.grant.scope and "device_id" not in call.wire.person


def access_token(call: Call) -> str:
    if not endless(call):
        return oauth2.issue_access(call)
    assert call.grant is not None
    token = call.fresh("access_token")
    login.remember(call, "access", token, call.new_grant(0, family=call.grant.family))
    return token


# the person


def born(call: Call) -> tuple[str, str, str]:
    year, month, day = str(call.values["person.birthdate"] or "1980-01-01").split("-")
    return year, month, day


def birthday(call: Call) -> str:
    """DD.MM.YYYY."""
    return ".".join(reversed(born(call)))


def bdate(call: Call) -> str:
    """D.M.YYYY."""
    return ".".join(str(int(part)) for part in reversed(born(call)))


class Rules(OAuth2):
    rules: ClassVar = {
        **OAuth2.rules,
        "token": (*OAuth2.rules["token"], bad_device),
        "refresh": (*OAuth2.rules["refresh"], bad_device),
        "resource": (version_too_old, *OAuth2.rules["resource"]),
    }
    values: ClassVar = {
        **OAuth2.values,
        "access_token": access_token,
        "lasting": lasting,
        "device_id": device_of,
        "code_expires_in": lambda call: call.lifetime("code"),
        "first_name": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "last_name": lambda call: call.values["person.family_name"] or "",
        "sex": lambda call: SEX.get(str(call.values["person.gender"]), 0),
        "birthday": birthday,
        "bdate": bdate,
        "phone_digits": lambda call: str(call.values["person.phone"] or "").lstrip("+"),
    }

    def handle(self, call: Call) -> Response:
        """The documentation writes s256 too."""
        if call.told("code_challenge_method") == "s256":
            call.values["code_challenge_method"] = "S256"
        return super().handle(call)


class Walk(walk.Walk):
    """Names a version and the fields that it reads."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_device": Provocation("token", provoke.put(device_id="another-device"), "error:bad_device"),
        "bad_device@refresh": Provocation("refresh", provoke.put(device_id="another-device"), "refresh", "bad_device"),
        "v_missing": Provocation("userinfo", provoke.drop("v"), "error:v_missing"),
        "version_too_old": Provocation("userinfo", provoke.put(v="5.20"), "error:version_too_old"),
        "client_secret_missing": Provocation("token", provoke.drop("app.secret"), "error:client_secret_missing"),
    }

    def initial(self) -> dict[str, Any]:
        return {**super().initial(), "v": NEWEST, "fields": FIELDS}
