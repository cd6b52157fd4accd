"""Who is logged in at a provider in one browser, since when, and what they have agreed to there.

A browser is known by one cookie, `mockidp`: a handle, under which the world's store keeps the session, and the id of
whoever was chosen last, which outlives a restart of the simulator. The cookie is for the provider's host alone and, in
path form, for the provider's part of the path, so that an application at another port of the same address is never
sent it. Over HTTPS it is SameSite=None, as a provider's own is, because a silent login (`prompt=none`) is asked for
from a frame in the application's page; over plain HTTP browsers take no more than Lax.

A session never spares anybody the page: who sits before a simulator wants to choose. It is what `prompt=none`,
`max_age` and OpenID 2.0's checkid_immediate ask about.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from mockidp.errors import Refusal
from mockidp.families.base import Call

if TYPE_CHECKING:
    from mockidp.people import Person
    from mockidp.store import Grant

COOKIE = "mockidp"
SENT = re.compile(rf"(?:^|[;\s]){COOKIE}=([A-Za-z0-9_-]{{22}})~([^;,\s]{{1,900}})")
LIFETIME = 30 * 86400  # seconds
APPS = 20  # in one session; who agrees to more is asked again by the first
UNDECIDED = frozenset({"search"})  # fields of the page that decide nothing
SIGN_OUT = "sign_out"


# what the browser brings


def sent(call: Call) -> tuple[str, str]:
    """The handle and the id of the person who was chosen last, both empty in a browser that has been nowhere."""
    cookies = call.request.headers.get("cookie", "")
    found = SENT.search(cookies) if COOKIE in cookies else None
    return (found[1], unquote(found[2], errors="replace")) if found else ("", "")


def current(call: Call) -> Grant | None:
    """The session of this browser at this provider, or None where nobody is logged in."""
    handle, _ = sent(call)
    session = call.store.get("session", _key(call, handle)) if handle else None
    if session is None or session.revoked or call.now >= session.expires:
        return None
    return session if session.person in call.world.people else None


def _key(call: Call, handle: str) -> str:
    return f"{call.provider}:{call.request.host}:{handle}"


def last(call: Call) -> Person | None:
    """Whoever was chosen last in this browser, if the world still knows them."""
    _, person = sent(call)
    return call.world.people.get(person) if person else None


def decided(call: Call) -> bool:
    """Whether the page was answered; a search and a sign-out only show it again."""
    told = call.decision
    return bool(told) and not told.keys() <= UNDECIDED and told.get("decision") != SIGN_OUT


# what the app asks


def prompts(call: Call) -> dict[str, str]:
    """The words of `prompt` that the app said, each with how (OIDC Core 3.1.2.1).

    `prompt` itself counts where the contract has that parameter; what a provider has in its place, the contract says.
    """
    told, other = call.told("prompt"), call.exchange.prompts
    listed = told is None and call.exchange.lists_prompts
    if not (told or listed or other):
        return {}
    sent = dict(call.request.query_pairs) if listed or other else {}
    told = sent.get("prompt") if listed else told
    asked = {word: f"prompt={word}" for word in told.split()} if told else {}
    for name, words in other.items():
        for value in re.split("[ ,]", sent[name]) if name in sent else ():
            if value in words:
                asked.setdefault(words[value], f"{name}={value}")
    return asked


def max_age(call: Call) -> int | None:
    """The most seconds that a login may lie back, or None where the app does not mind."""
    told = call.told("max_age") or ""
    return int(told) if told.isdecimal() and told.isascii() and len(told) < 10 else None


def too_old(call: Call, session: Grant) -> bool:
    most = max_age(call)
    return most is not None and call.now - session.issued > most


def agreed(call: Call, session: Grant, scopes: Iterable[str]) -> bool:
    """Whether the person has allowed this app all of that before."""
    known = session.facts.get(_client(call))
    return known is not None and set(scopes) <= set(known.split("\n"))


def _client(call: Call) -> str:
    """Which app it is; in OpenID 2.0 its realm tells, for nobody is registered there."""
    return f"{call.app.client_id if call.app else ''} {call.told('realm') or ''}"


def silent(call: Call, scopes: Iterable[str]) -> Person | None:
    """Who logs in without a page because the app asked for none, and everything has been said before."""
    if list(prompts(call)) != ["none"] or decided(call):
        return None
    session = current(call)
    if session is None or too_old(call, session) or not agreed(call, session, scopes):
        return None
    call.values["authenticated"] = int(session.issued)
    return call.world.people[session.person]


def not_silent(call: Call, scopes: Iterable[str]) -> Refusal | None:
    """Why there can be no login without a page, where the app asked for none (OIDC Core 3.1.2.1 and 3.1.2.6)."""
    asked = prompts(call)
    if "none" not in asked or decided(call):
        return None
    if len(asked) > 1:
        why = f"{asked['none']} goes with no other word"
        return Refusal("bad_request", why, expected=asked["none"], got=" ".join(asked.values()))
    if call.world.person is not None:
        return None
    session = current(call)
    if session is None:
        return Refusal("login_required", f"{asked['none']} was asked for and nobody is logged in")
    if too_old(call, session):
        most, age = f"at most {max_age(call)} s", f"{call.now - session.issued:.0f} s"
        return Refusal("login_required", "the login is older than max_age", expected=most, got=age)
    hint = call.told("login_hint")
    if hint and not is_hinted(call.world.people[session.person], hint):
        why = "somebody else is logged in than login_hint names"
        return Refusal("login_required", why, expected=hint, got=session.person)
    if not agreed(call, session, scopes):
        why = f"{asked['none']} was asked for and the person has not allowed this app all of that yet"
        return Refusal("consent_required", why, got=" ".join(scopes))
    return None


def is_hinted(person: Person, hint: str) -> bool:
    """Whether a login_hint means this person: by id, e-mail address or username, letter case ignored."""
    return hint.strip().casefold() in (
        person.id.casefold(),
        (person.email or "").casefold(),
        person.username.casefold(),
    )


# what changes


def since(call: Call) -> int:
    """When the person logged in, in seconds since 1970: now, but for a login without a page."""
    return int(call.told("authenticated") or call.now)


def begin(call: Call, scopes: Iterable[str]) -> None:
    """Log the person in in this browser, with what they have just allowed the app; the answer sets the cookie."""
    assert call.person is not None
    handle, _ = sent(call)
    before = current(call) if handle else None
    facts: dict[str, str] = {}
    if before is not None and before.person == call.person.id:
        facts = dict(before.facts)
    else:
        if before is not None:
            call.store.drop("session", _key(call, handle))
        handle = urlsafe_b64encode(call.world.random(16)).decode().rstrip("=")
    client = _client(call)
    known = facts.pop(client, "")
    facts[client] = "\n".join(dict.fromkeys([*known.split("\n"), *scopes]) if known else scopes)
    if len(facts) > APPS:
        del facts[next(iter(facts))]
    call.store.put("session", _key(call, handle), call.new_grant(LIFETIME, scope=(), facts=facts))
    call.cookie = _cookie(call, f"{handle}~{quote(call.person.id, safe='')}", LIFETIME)


def end(call: Call) -> None:
    """Log out: the browser is a new one from now on."""
    handle, _ = sent(call)
    if handle:
        call.store.drop("session", _key(call, handle))
        call.cookie = _cookie(call, "", 0)
    call.request.headers.pop("cookie", None)


def _cookie(call: Call, value: str, seconds: int) -> str:
    request, path, scheme = call.request, "/", call.request.scheme
    if request.base:  # path form
        base = urlsplit(request.base)
        path, scheme = f"{base.path}/{request.host}", base.scheme
    site = "None; Secure" if scheme == "https" else "Lax"
    return f"{COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={site}"
