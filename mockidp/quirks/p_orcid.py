"""ORCID: what its contract cannot say as data.

Code, because an iD has a check digit, because the public record of anybody is read without a token, because the
registry and its APIs are one service on several hosts, and because a record is labelled as it was asked for.
Source: ORCID/ORCID-Source v3.0.43; ISO/IEC 7064 (MOD 11-2).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oidc import Oidc
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.mock import Lab
    from mockidp.people import Person

MEMBERS = "api."
APIS = ("pub.", MEMBERS)
RECORDS = ("record", "record_v2")
SEEN = "orcid"  # kind of record: an iD that has logged in


def domain(call: Call) -> str:
    """The registry's host, whichever of its hosts was asked."""
    host = call.request.host
    return host[4:] if host.startswith(APIS) else host


def checked(digits: str) -> str:
    """An iD: sixteen characters in fours, the last one the check digit of ISO/IEC 7064, MOD 11-2."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    text = digits + ("X" if rest == 10 else str(rest))
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def orcid(call: Call) -> str:
    return checked(f"0000000{call.derived('digits')}")


def of_person(call: Call, person: Person) -> str:
    before, call.person = call.person, person
    try:
        return orcid(call)
    finally:
        call.person = before


def known(call: Call, asked: str) -> Person | None:
    """Whose iD it is: one of the cast's, or somebody's who has logged in here."""
    for person in call.world.people.named():
        if of_person(call, person) == asked:
            return person
    grant = call.store.get(SEEN, f"{call.provider}:{call.world.name}:{asked}")
    return call.world.people[grant.person] if grant is not None else None


def whose(call: Call) -> Refusal | None:
    """A record that is not the token's own is read as the public reads it; settles whose record it is."""
    person = known(call, call.told("orcid"))
    if person is None:
        return Refusal("not_found", "nobody has this iD", got=call.told("orcid"))
    call.person = person
    if person.deleted:
        return Refusal("person_deleted", "the account has been deleted")
    return None


def token_if_any(call: Call) -> Refusal | None:
    """The public API needs no token, and refuses a bad one."""
    if call.told("access_token") is None and not call.request.host.startswith(MEMBERS):
        return None
    for rule in TOKEN:
        if refusal := rule(call):
            return refusal
    return None


def may_read(call: Call) -> Refusal | None:
    """Who a token stands for must be there, and have allowed it."""
    return refusals.person_deleted(call) or refusals.missing_scope(call)


def redeem(call: Call) -> None:
    """Remember whose iD was given away, so that the public API finds it."""
    oauth2.redeem(call)
    login.remember(call, SEEN, f"{call.world.name}:{call.values['orcid']}", call.new_grant(0))


def record(call: Call) -> None:
    oauth2.resource(call)
    call.values["orcid"] = orcid(call)


def since(call: Call, name: str) -> int | None:
    text = call.person_value(name)
    return int(datetime.fromisoformat(text).timestamp() * 1000) if text else None


def family(call: Call) -> dict[str, str] | None:
    name = call.person_value("family_name")
    return {"value": name} if name else None


TOKEN = Oidc.rules["resource"][:3]  # unknown, revoked, too old


class Rules(Oidc):
    rules: ClassVar = {
        **Oidc.rules,
        "resource": (*TOKEN, may_read),
        "record": (token_if_any, whose),
        "record_v2": (token_if_any, whose),
        "record_as_xml": (token_if_any, whose),
    }
    acts: ClassVar = {**Oidc.acts, "token": redeem, **dict.fromkeys((*RECORDS, "record_as_xml"), record)}
    values: ClassVar = {
        **Oidc.values,
        "server": lambda call: f"https://{domain(call)}",
        "domain": domain,
        "orcid": orcid,
        "created_ms": lambda call: since(call, "created"),
        "updated_ms": lambda call: since(call, "updated"),
        "given": lambda call: call.values["person.given_name"] or call.values["person.name"],
        "family": family,
        "public": lambda call: True if call.person and call.person.email else None,
        "updated_if_public": lambda call: call.person.updated if call.person and call.person.email else None,
        "presented_token": lambda call: call.told("access_token") or "",
        "presented_code": lambda call: call.told("code") or "",
    }

    def respond(self, call: Call) -> Response:
        """A record is labelled with the first type that the client names."""
        response = super().respond(call)
        if call.step in RECORDS and response.status == 200:
            first = call.request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip()
            response.headers[:] = [
                (key, f"{first};charset=UTF-8" if key == "Content-Type" else value) for key, value in response.headers
            ]
        return response


def nobodys(given: walk.Walk, lab: Lab) -> None:
    given.values["orcid"] = checked("000000029999999")


def at_each_step() -> Iterator[tuple[str, Provocation]]:
    """What a bad token or an iD of nobody comes to, at every step that is not the first to be opened by a token."""
    for step in (*RECORDS[1:], "record_as_xml", "userinfo"):
        yield f"bad_token@{step}", Provocation(step, provoke.put(access_token="made-up-token"), "", "bad_token")
        yield f"token_revoked@{step}", Provocation(step, lambda given, lab: lab.revoke(given), "", "token_revoked")
        yield f"token_expired@{step}", Provocation(step, provoke.wait("access_token"), "", "token_expired")
        if step != "userinfo":
            yield f"not_found@{step}", Provocation(step, nobodys, "", "not_found")


class Walk(walk.Walk):
    provocations: ClassVar[dict[str, Provocation]] = {
        **walk.Walk.provocations,
        "no_token": Provocation("userinfo", provoke.drop("access_token")),
        **dict(at_each_step()),
        "not_found": Provocation("record", nobodys),
        "code_missing": Provocation("token", provoke.drop("code")),
    }
