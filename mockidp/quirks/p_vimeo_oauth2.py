"""Vimeo's API 3: what its contract cannot say as data.

Code, because Accept names the version that is answered, because the token answer has the whole profile in it, and
because the id is the end of a URI.
Source: Vimeo API 3.4 (vimeo/openapi); vimeo/vimeo.php src/Vimeo/Vimeo.php.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import quote

from mockidp.check import walk
from mockidp.clock import iso
from mockidp.families.base import Call, Value
from mockidp.families.oauth2 import OAuth2

VERSION = re.compile(r"application/vnd\.vimeo\.[\w*.+]*json\s*;\s*version=3\.(\d+)")
NEWEST = 4
SIZES = (30, 72, 75, 100, 144, 216, 288, 300, 360)
PORTRAIT = "https://i.vimeocdn.com/portrait"
OVERLAY = "https://i.vimeocdn.com/filter/overlay?src0="


def since_34(value: Value) -> Value:
    """A member that came with version 3.4, which is also what is answered to whoever names none."""

    def found(call: Call) -> Any:
        asked = VERSION.search(call.request.headers.get("accept", ""))
        return value(call) if asked is None or int(asked[1]) >= NEWEST else None

    return found


def user(call: Call) -> Any:
    """The profile as /me would answer it to this token."""
    profile = call.wire.step("userinfo")
    body = profile.answer.body if profile is not None else None
    return None if body is None else body.filled(call.values, call.granted)


def websites(call: Call) -> list[dict[str, Any]]:
    link = call.values["person.website"]
    return [{"name": None, "link": link, "description": None}] if link else []


def periodic_quota(call: Call) -> dict[str, Any]:
    """Of a week; it begins anew at its end."""
    free = 524288000
    reset = iso(call.now + 7 * 86400)[:10]
    return {"free": free, "max": free, "used": 0, "reset_date": f"{reset} 00:00:00"}


def sizes(call: Call) -> list[dict[str, Any]]:
    links = [(size, f"{PORTRAIT}/{call.derived('picture_id')}_{size}x{size}") for size in SIZES]
    return [
        {"width": size, "height": size, "link": link, "link_with_play_button": OVERLAY + quote(link, safe="")}
        for size, link in links
    ]


class Rules(OAuth2):
    values: ClassVar = {
        **OAuth2.values,
        "user": user,
        "websites": websites,
        "sizes": sizes,
        "resource_key_34": since_34(lambda call: call.derived("resource_key")),
        "picture_key_34": since_34(lambda call: call.derived("picture_key")),
        "periodic_quota": since_34(periodic_quota),
        "created_time": lambda call: str(call.values["person.created"]).replace("Z", "+00:00"),
        "presented_token": lambda call: call.told("access_token"),
        "reset": lambda call: iso(call.now + 60),
    }


class Walk(walk.Walk):
    def identity(self) -> dict[str, Any]:
        found = super().identity()
        return {**found, "uid": found["uid"].rpartition("/")[2]}
