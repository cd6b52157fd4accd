"""The part of a login that every protocol has: who it is, what they allow, and the page on which they say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec.structs import replace

from mockidp.errors import Refusal, UsageError
from mockidp.families.base import Call, Rule, card
from mockidp.store import Grant
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.people import Person


def choose_person(call: Call) -> Person | None:
    """Who logs in: by the page's form, by the world's setting, or nobody yet."""
    people = call.world.people
    if call.decision:
        chosen = call.decision.get("other") or call.decision.get("person") or ""
        return people.by_email(chosen) if "@" in chosen and chosen not in people else people[chosen]
    return people[call.world.person] if call.world.person else None


def authorize(call: Call) -> Response | None:
    """Show the login page, or take the decision and issue a code."""
    try:
        call.person = choose_person(call)
    except UsageError as error:
        call.entry.remarks.append(str(error))
        return login_page(call, [str(error)])
    denied = bool(call.faults("person"))
    if call.person is None and not denied:
        return login_page(call, [])
    login = call.login
    if login is not None:
        login.person = call.person.id if call.person else ""
    if denied or (call.person and call.person.denies) or call.decision.get("decision") == "deny":
        raise Refusal("denied", "the person said no")
    call.granted = frozenset(scopes(call))
    told_back = "state" in (call.exchange.answer.redirect or {})
    for fault in call.faults("value", "wrong_state", "missing_state") if told_back else ():
        call.values["state"] = "another-state" if fault.name == "wrong_state" else None
    return None


def scopes(call: Call) -> tuple[str, ...]:
    """The scopes granted: those asked for or, where none is, the usual ones; and those that are always given."""
    rules = call.wire.client.scope
    asked = [name for name in split_scope(call.told("scope") or "", rules.delimiter) if name]
    return tuple(dict.fromkeys([*(asked or rules.unasked), *rules.always]))


def split_scope(text: str, delimiter: str) -> Iterable[str]:
    return text.split(delimiter) if delimiter.strip() else text.split()


def rejoin(call: Call, also: str) -> None:
    """For providers that take scopes with another delimiter too: from here on they have the contract's own."""
    if call.step == "authorize" and call.told("scope"):
        call.values["scope"] = call.values["scope"].replace(also, call.wire.client.scope.delimiter)


def login_page(call: Call, problems: list[str]) -> Response:
    """The page on which somebody picks a person and decides."""
    from mockidp.web import pages  # lazy: with `--as` no page is ever shown

    rules = call.wire.client.scope
    asked = [pages.Scope(name, rules.words.get(name, name), False) for name in scopes(call)]
    target = urlsplit(call.redirect_to or "")
    hidden = [pair for pair in call.request.form_pairs if not pair[0].startswith("mockidp.")]
    return pages.login(
        card(call.wire),
        call.app.name or call.app.client_id if call.app else "an app",
        call.world.people.named(),
        asked,
        hidden,
        hint=call.told("login_hint") or "",
        query=call.decision.get("other", ""),
        remark=[*problems, *call.entry.remarks],
        redirect_origin=f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:",
        status=400 if problems else 200,
    )


def remember(call: Call, kind: str, key: str, grant: Grant) -> None:
    call.store.put(kind, f"{call.provider}:{key}", grant)


def use_up(call: Call, kind: str, key: str, used: Rule) -> None:
    """Mark what the request brought as used. Of two requests at the same moment, the second meets the refusal."""
    assert call.grant is not None
    first = call.store.use(kind, f"{call.provider}:{key}")
    call.grant.used = True
    if not first and (refusal := used(call)) is not None:
        raise refusal


def hint(secret: str) -> str:
    """Enough of a secret to tell two apart, not enough to use it."""
    return f"{len(secret)} characters, sha256 {hashlib.sha256(secret.encode()).hexdigest()[:8]}"


def end_family(call: Call, grant: Grant) -> None:
    """End all tokens that came of the same code; what came of none has no family."""
    if grant.family:
        call.store.put("ended", grant.family, replace(grant, expires=0.0))  # the tokens outlive the code


# what is asked of any code or token, once; each protocol names its own refusals


def found(call: Call, kind: str, key: str, name: str, what: str) -> Refusal | None:
    """Go on as what a code or token stands for, or refuse one that was never issued here."""
    grant = call.store.get(kind, f"{call.provider}:{key}")
    if grant is None:
        return Refusal(name, f"this provider has issued no such {what}", got=key[:6] + "…")
    call.use(grant)
    return None


def of_another_app(call: Call, name: str, what: str) -> Refusal | None:
    assert call.grant is not None
    if call.app is None or call.grant.client_id == call.app.client_id:
        return None
    why = f"the {what} was issued to another app"
    return Refusal(name, why, expected=call.grant.client_id, got=call.app.client_id)


def too_old(call: Call, name: str, what: str, lifetime: str) -> Refusal | None:
    assert call.grant is not None
    if not call.grant.expires or call.now < call.grant.expires:
        return None
    most, age = f"at most {call.lifetime(lifetime)} s", f"{call.now - call.grant.issued:.0f} s"
    return Refusal(name, f"the {what} is too old", expected=most, got=age)


def revoked(call: Call, name: str, what: str) -> Refusal | None:
    """Revoked by itself, or ended with all that came of the same code."""
    assert call.grant is not None
    if call.grant.revoked or call.store.get("ended", call.grant.family):
        return Refusal(name, f"the {what} has been revoked")
    return None
