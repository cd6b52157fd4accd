"""Untappd: what data cannot say.

- a client must name itself in User-Agent; what a library sends by itself is told in the journal (API docs, v4).
- date_joined is a date as in e-mail.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2

STOCK = re.compile(r"(python-requests|python-httpx|python-urllib|curl|wget|go-http-client|okhttp|axios|java)\b", re.I)


def agent_of_a_library(call: Call) -> None:
    agent = call.request.headers.get("user-agent", "")
    if STOCK.match(agent):
        call.remark(f"the User-Agent {agent!r} is that of a library: Untappd wants the app's own name")


def date_joined(call: Call) -> str | None:
    """Like `Sat, 17 May 2014 18:02:54 +0000`."""
    return format_datetime(datetime.fromisoformat(call.person.created)) if call.person else None


def first_name(call: Call) -> str | None:
    return (call.person.given_name or call.person.name) if call.person else None


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "token": (*OAuth2.rules["token"], agent_of_a_library),
        "resource": (*OAuth2.rules["resource"], agent_of_a_library),
    }
    values = {
        **OAuth2.values,
        "date_joined": date_joined,
        "first_name": first_name,
    }


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **provoke.OAUTH2,
        "code_missing": Provocation("token", provoke.drop("code")),
        "agent_of_a_library": Provocation(
            "token", provoke.send(**{"User-Agent": "python-requests/2.32"}), "", "bad_request", strict=True
        ),
        "agent_of_a_library@userinfo": Provocation(
            "userinfo", provoke.send(**{"User-Agent": "curl/8.5"}), "", "bad_request", strict=True
        ),
    }
