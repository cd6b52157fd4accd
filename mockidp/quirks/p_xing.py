"""XING: what its contract cannot say as data.

Code is needed because a profile has its dates and the time zone in numbers, pages are named after people, unknown
fields are refused, and a timestamp that is old is told otherwise than one that is none.
Source: dev.xing.com/docs/error_responses; xing-android-sdk @9354c3f; json-schema-xing-api @b440a1a.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from mockidp.check import provoke, walk_oauth1
from mockidp.check.provoke import Provocation
from mockidp.contract.body import asked
from mockidp.errors import Refusal
from mockidp.families.base import Call
from mockidp.families.oauth1 import OAuth1


def timestamp_malformed(call: Call) -> Refusal | None:
    stamp = call.told("oauth_timestamp") or ""
    if stamp.isdecimal():
        return None
    return Refusal("timestamp_malformed", "oauth_timestamp is not a number of seconds", got=stamp[:20])


def bad_fields(call: Call) -> Refusal | None:
    body = call.exchange.answer.body
    if call.step != "userinfo" or not call.told("fields") or body is None:
        return None
    known = body.document["users"][0]
    unknown = [name for name in asked(call.told("fields")) if name not in known]
    if not unknown:
        return None
    return Refusal("bad_fields", "there are no such fields", expected=", ".join(known), got=", ".join(unknown))


def page_name(call: Call) -> str | None:
    """Like `Alice_Archer17`."""
    if call.person is None:
        return None
    names = [call.person.given_name or call.person.name, call.person.family_name or ""]
    return "_".join(filter(None, (re.sub(r"\W", "", name) for name in names))) + str(call.values["page_number"])


def birth(call: Call, part: int) -> int | None:
    return int(call.person.birthdate.split("-")[part]) if call.person else None


def utc_offset(call: Call) -> float | None:
    """Hours, summer time included."""
    if call.person is None:
        return None
    offset = datetime.fromtimestamp(call.now, UTC).astimezone(ZoneInfo(call.person.zoneinfo)).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else None


class Rules(OAuth1):
    rules = {
        step: tuple(
            new
            for rule in rules
            for new in ((timestamp_malformed, rule) if rule.__name__ == "timestamp_refused" else (rule,))
        )
        for step, rules in OAuth1.rules.items()
    }
    rules["resource"] = (*rules["resource"], bad_fields)
    values = {
        **OAuth1.values,
        "page_name": page_name,
        "first_name": lambda call: call.person.given_name or "" if call.person else None,
        "last_name": lambda call: call.person.family_name or "" if call.person else None,
        "gender_letter": lambda call: "m" if call.person and call.person.gender == "male" else "f",
        "birth_day": lambda call: birth(call, 2),
        "birth_month": lambda call: birth(call, 1),
        "birth_year": lambda call: birth(call, 0),
        "utc_offset": utc_offset,
    }


class Walk(walk_oauth1.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **{name: row for name, row in walk_oauth1.OAUTH1.items() if name != "bad_request"},
        "oauth_nonce_missing": Provocation("request_token", provoke.send(oauth_nonce=None)),
        "timestamp_malformed": Provocation("request_token", provoke.send(oauth_timestamp="yesterday")),
        "timestamp_malformed@access_token": Provocation(
            "access_token", provoke.send(oauth_timestamp="yesterday"), "", "timestamp_malformed"
        ),
        "timestamp_malformed@resource": Provocation(
            "resource", provoke.send(oauth_timestamp="yesterday"), "", "timestamp_malformed"
        ),
        "bad_fields": Provocation("userinfo", provoke.put(fields="id,shoe_size")),
    }
