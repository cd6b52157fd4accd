"""Dataporten: what its contract cannot say as data.

Code, because a token that has not the form of one is told otherwise than one that is not known, and because a
user name stands within another id.
Source: feideconnect/feideconnect-authengine, lib/OAuth/APIProtector.php.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def token_malformed(call: Call) -> Refusal | None:
    token = call.told("access_token")
    if token is None or UUID.fullmatch(token):
        return None
    return Refusal("token_malformed", "the access token is no UUID", expected="a UUID", got=token[:6] + "…")


class Rules(Oidc):
    rules: ClassVar = {**Oidc.rules, "resource": (token_malformed, *Oidc.rules["resource"])}


class Walk(walk.Walk):
    """The user name is the local part of the Feide name, one of the secondary ids."""

    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "bad_token": Provocation("resource", provoke.put(access_token="5a3e0000-0000-4000-b000-00000000dead")),
        "token_malformed": Provocation("userinfo", provoke.put(access_token="made-up-token")),
    }

    def identity(self) -> dict[str, Any]:
        out = super().identity()
        names = [text for text in self.seen["userinfo"].document["user"]["userid_sec"] if text.startswith("feide:")]
        out["username"] = names[0].removeprefix("feide:").partition("@")[0] if names else None
        return out
