"""The part of a login that every protocol has: who it is, what they allow, and the page on which they say so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from msgspec.structs import replace

from mockidp.errors import Refusal, UsageError, nearest
from mockidp.families import session
from mockidp.families.base import Call, Rule, card
from mockidp.faults import TABLE, Fault
from mockidp.store import Grant
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.contract.wire import Wire
    from mockidp.people import People, Person
    from mockidp.web.pages import Fields, ProviderCard, Scope

Mischief = tuple[tuple[str, tuple[Fault, ...]], ...]  # the faults that can strike, by the moment at which they do
SHOWN = 32  # sets of scopes for which a wire remembers what the page shows


def choose_person(call: Call) -> Person | None:
    """Who logs in: by the page's form, by the world's setting, because nobody may be asked, or nobody yet."""
    people, told = call.world.people, call.decision
    if session.decided(call):
        other, (name, email, verified) = told.get("other", "").strip(), typed(told)
        new = name.strip() or email.strip()
        if new and other:
            raise UsageError("Somebody else and someone new are both filled in; empty one of the two.")
        return people.invent(name, email, verified) if new else named(people, other or told.get("person", ""))
    if call.world.person:
        return people[call.world.person]
    return session.silent(call, scopes(call))


def named(people: People, text: str) -> Person:
    """A person by id, or anybody by e-mail address. UsageError where it is neither."""
    return people.by_email(text) if "@" in text and text not in people else people[text]


def authorize(call: Call) -> Response | None:
    """Show the login page, or take the decision and issue a code."""
    if call.decision.get("decision") == session.SIGN_OUT:
        session.end(call)
    try:
        misbehave(call)
        call.person = choose_person(call)
    except UsageError as error:
        call.entry.remarks.append(str(error))
        return login_page(call, [str(error)])
    call.misbehave()
    denied = bool(call.faults("person"))
    if call.person is None and not denied:
        return login_page(call, [])
    login = call.login
    if login is not None:
        login.person = call.person.id if call.person else ""
    if denied or (call.person and call.person.denies) or call.decision.get("decision") == "deny":
        raise Refusal("denied", "the person said no")
    allowed = scopes(call)
    call.granted = frozenset(allowed)
    if session.decided(call):
        session.begin(call, allowed)
    told_back = "state" in (call.exchange.answer.redirect or {})
    for fault in call.faults("value", "wrong_state", "missing_state") if told_back else ():
        call.values["state"] = "another-state" if fault.name == "wrong_state" else None
    return None


def scopes(call: Call) -> tuple[str, ...]:
    """The scopes granted: those asked for or, where none is, the usual ones; and those that are always given."""
    return call.wire.scopes(call.told("scope") or "")


def rejoin(call: Call, also: str) -> None:
    """For providers that take scopes with another delimiter too: from here on they have the contract's own."""
    if call.step == "authorize" and call.told("scope"):
        call.values["scope"] = call.values["scope"].replace(also, call.wire.client.scope.delimiter)


def login_page(call: Call, problems: list[str]) -> Response:
    """The page on which somebody picks a person and decides."""
    import mockidp.web.pages as pages  # lazy: with `--as` no page is ever shown

    target, steady = urlsplit(call.redirect_to or ""), shown(call)
    people, told, before = call.world.people, call.decision, session.current(call)
    last = session.last(call)
    listed, wanted = people.listed(), told.get("search")
    if wanted is not None and wanted.strip():
        listed = people.search(wanted)
    elif last is not None and last not in listed:
        listed = (last, *listed)
    return pages.login(
        steady.card,
        call.app.name or call.app.client_id if call.app else "an app",
        listed,
        steady.scopes,
        [pair for pair in call.request.form_pairs if not pair[0].startswith("mockidp.")],
        hint=call.told("login_hint") or "",
        last=told.get("person", "") if problems else last.id if last is not None else "",
        logged_in=before is not None,
        query=told.get("other", "") if problems else "",
        new=typed(told) if problems else None,
        search=wanted,
        fault=told.get("misbehave", "") if problems else "",
        step=told.get("step", "") if problems else "",
        faults=steady.faults,
        steps=steady.steps,
        demands=demands(call, before),
        remark=[*problems, *(said for said in call.entry.remarks if said not in problems)],
        redirect_origin=f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:",
        status=400 if problems else 200,
    )


class Shown(NamedTuple):
    """What a page shows of a provider and of what is asked, the same each time."""

    card: ProviderCard
    scopes: tuple[Scope, ...]
    faults: Mischief
    steps: tuple[str, ...]


def shown(call: Call) -> Shown:
    known, names = call.wire.shown, scopes(call)
    found: Shown | None = known.get(names)
    if found is None:
        from mockidp.web.pages import Scope  # lazy, as above

        words = call.wire.client.scope.words
        asked = tuple(Scope(name, words.get(name, name)) for name in names)
        found = Shown(card(call.wire), asked, mischief(call), steps_of_login(call.wire))
        if len(known) >= SHOWN:
            known.clear()
        known[names] = found
    return found


def typed(told: dict[str, str]) -> Fields:
    """What was typed of someone new: name, e-mail address, and whether it is verified."""
    return told.get("new_name", ""), told.get("new_email", ""), told.get("new_verified") != "no"


DEMANDS = {
    "login": "The app wants you to sign in again, even if you are signed in ({}).",
    "consent": "The app wants you to be asked for your consent again ({}).",
    "select_account": "The app wants you to choose the account ({}).",
    "none": "The app would rather have no page ({}), and this provider shows it until all has been allowed.",
}


def demands(call: Call, before: Grant | None) -> list[str]:
    """What the app asks of the page itself, in words; `before` is the session."""
    out = [DEMANDS[word].format(said) for word, said in session.prompts(call).items() if word in DEMANDS]
    if before is not None and session.too_old(call, before):
        age, most = call.now - before.issued, session.max_age(call)
        out.append(f"You signed in {age:.0f} seconds ago; the app takes {most} (max_age).")
    return out


# misbehaving on request: a fault for one login

BROUGHT = frozenset({"code", "access_token", "refresh_token", "request_token", "token", "assertion", "response_nonce"})


def misbehave(call: Call) -> None:
    """Ask for the fault that was chosen on the page, for this login alone. UsageError for one that there is not."""
    name, step = call.decision.get("misbehave", ""), call.decision.get("step", "")
    if not name or not session.decided(call) or call.login is None:
        return
    known = [fault.name for _, faults in mischief(call) for fault in faults]
    if name not in known:
        raise UsageError(f'{call.wire.name} has no fault "{name[:80]}".{nearest(name[:80], known)}')
    if step and step not in steps_of_login(call.wire):
        raise UsageError(f'{call.wire.name} has no step "{step[:80]}" in a login.')
    call.world.faults.add(name, provider=call.provider, step=step, login=call.login.id)


def mischief(call: Call) -> Mischief:
    """The faults that can strike in a login at this provider, by the moment at which they do."""
    wire = call.wire
    found: Mischief | None = wire.__dict__.get("mischief")
    if found is None:
        able = [fault for fault in TABLE if can_strike(call, fault)]
        moments = dict.fromkeys(fault.where for fault in able)
        found = tuple((where, tuple(fault for fault in able if fault.where == where)) for where in moments)
        wire.__dict__["mischief"] = found
    return found


def can_strike(call: Call, fault: Fault) -> bool:
    """Whether the provider has what the fault spoils."""
    wire = call.wire
    if fault.where == "refuse":
        return any(
            (error := wire.error(fault.error, step)) is not None and {step, wire.group(step)} & {*error.steps}
            for step in steps_of_login(wire)
            if not fault.steps or step in fault.steps or wire.group(step) in fault.steps
        )
    if fault.where == "token":
        return fault.name in call.family.acted_out and claimed(wire, fault.name)
    needs = NEEDS.get(fault.name)
    return needs is None or needs(wire)


def claimed(wire: Wire, fault: str) -> bool:
    """Whether the identity token carries the claim that a fault would change."""
    claim = CLAIMS.get(fault)
    return claim is None or wire.claims is None or claim in wire.claims.bind.values()


def tells_state(wire: Wire) -> bool:
    """Whether the state comes back with the callback."""
    return any("state" in (item.answer.redirect or {}) for item in wire.steps.get("authorize", []))


CLAIMS = {"wrong_nonce": "$nonce", "missing_nonce": "$nonce", "wrong_at_hash": "$at_hash"}
NEEDS: dict[str, Callable[[Wire], bool]] = {
    "missing_id_token": lambda wire: any(
        item.answer.body is not None and "$id_token" in item.answer.body.bind.values()
        for item in wire.steps.get("token", [])
    ),
    "wrong_state": tells_state,
    "missing_state": tells_state,
    "sub_differs": lambda wire: any(wire.group(step) == "resource" for step in steps_of_login(wire)),
}


def steps_of_login(wire: Wire) -> tuple[str, ...]:
    """The steps that know which login they are of: the page's own, and those that bring a code or a token."""
    found: tuple[str, ...] | None = wire.__dict__.get("steps_of_login")
    if found is None:
        able = [step for step, items in wire.steps.items() if any(item.names & BROUGHT for item in items)]
        found = wire.__dict__["steps_of_login"] = tuple(dict.fromkeys(["authorize", *able]))
    return found


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
    if grant.person and call.person is None:  # made on the page before a restart, or removed since
        return Refusal(name, f"nobody knows the person any more whom the {what} was issued for", got=grant.person)
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
