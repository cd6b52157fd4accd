"""The inspector: the server's own pages, from the list of providers to one login as a sequence of messages.

Every page is made here, on the server, and works without a script; the one script there is keeps a page up to date,
copies a command and narrows a list while somebody types. `/_mockidp/events` tells by server-sent events that there is
news, and no more: whoever hears it asks for the page again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from mockidp.apps import LOOPBACK, READY_ID, READY_SECRET
from mockidp.contract.files import index
from mockidp.errors import UsageError
from mockidp.journal import Login
from mockidp.web import pages
from mockidp.web.site import NOSNIFF, ROOT, Site, as_document, missing, show, text
from mockidp.web.world_pages import PAGES
from mockidp.wire import Pairs, Response

if TYPE_CHECKING:
    from mockidp.contract.wire import Wire
    from mockidp.simulator import Simulator
    from mockidp.world import World

POLL, KEEP_ALIVE = 0.25, 15.0  # seconds between two looks at the journal, and between two signs of life
FILTERS = ("provider", "app", "person", "outcome")
RECENT = 5  # logins on the first page
EVENT_STREAM = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]


def handle(site: Site, path: str, as_json: bool) -> Response | None:
    """The answer to a GET of one of the inspector's paths, or None where there is none."""
    if path == "/":
        return home(site)
    if path == f"{ROOT}/events":
        return events(site)
    if path == f"{ROOT}/logins":
        return logins(site, as_json)
    kind, slash, name = path.removeprefix(f"{ROOT}/").partition("/")
    if path.startswith(f"{ROOT}/") and slash and kind in NAMED:
        return NAMED[kind](site, unquote(name), as_json)
    if path.startswith(f"{ROOT}/") and not slash and kind in PAGES:
        return PAGES[kind](site)
    return None


# the first page, and a provider


def home(site: Site) -> Response:
    """What this is, three ways to use it, what happened last, and every provider."""
    wanted = site.query.get("q", "").strip()
    cards = [card for card in index().values() if _found(card, wanted)]
    latest = list(reversed(list(site.world.journal)))[:RECENT]
    return show(
        site,
        "home.html",
        finds=True,
        live=True,
        cards=cards,
        dots={card.id: f"dot-{nth}" for nth, card in enumerate(index().values())},
        style=pages.dots(tuple(card.colour for card in index().values())),
        total=len(index()),
        wanted=wanted,
        latest=[_row(login) for login in latest],
        example="" if latest else example(site),
        client_id=READY_ID,
        client_secret=READY_SECRET,
    )


def _found(card: Any, wanted: str) -> bool:
    low = wanted.casefold()
    return low in " ".join([card.id, card.name, card.family, card.status, *card.hosts]).casefold()


def provider(site: Site, name: str, as_json: bool) -> Response:
    """All that the contract says of one provider, its URLs in path form, and a ready-made app."""
    from mockidp.cli_facts import credentials, full  # lazy: this page alone needs them

    if name not in index():
        near = [(index()[one].name, f"{site.prefix}{ROOT}/providers/{one}") for one in _near(name)]
        why = "These are called something like it:" if near else "A self-hosted service goes by its product’s name."
        title, ways = f"There is no provider “{name[:80]}”", [*near, ("All providers", f"{site.prefix}/#providers")]
        return missing(site, as_json, title, why, ways)
    facts = full(site.world, name)
    if as_json:
        return as_document(facts)
    wire = site.world.wire(name)
    ready = site.world.apps.ready(name)
    sources = {row["name"]: row for row in facts["sources"]}
    return show(
        site,
        "provider.html",
        provider_card=index()[name],
        facts=facts,
        sources=sources,
        urls=_urls(wire, site.base),
        apps=[credentials(app, ready) for app in site.world.apps.of(name)],
        recent=[_row(login) for login in reversed(list(site.world.journal)) if login.provider == name][:RECENT],
    )


def _near(name: str) -> list[str]:
    from difflib import get_close_matches  # lazy: only who mistyped needs it

    return get_close_matches(name[:80], list(index()))


def _urls(wire: Wire, base: str) -> Pairs:
    """Each step's URL in path form, for an application's settings."""
    rows = []
    for step in wire.steps:
        exchange = wire.step(step)
        if exchange is not None and exchange.urls:
            rows.append((step.replace("_", " "), f"{base}/{exchange.urls[0].partition('://')[2]}"))
    return rows


# logins


def _row(login: Login) -> dict[str, Any]:
    """A login in a list: its facts, and the last thing that was refused."""
    refused = next((entry for entry in reversed(login.entries) if entry.refused), None)
    return {
        "id": login.id,
        "provider": login.provider,
        "app": login.app,
        "person": login.person,
        "started": login.started,
        "outcome": login.outcome,
        "requests": len(login.entries),
        "refused": f"{refused.refused}: {refused.why}" if refused else "",
        "fault": ", ".join(dict.fromkeys(entry.fault for entry in login.entries if entry.fault)),
    }


def logins(site: Site, as_json: bool) -> Response:
    """The logins of a world, newest first, those that are asked for."""
    query = site.query
    world = query.get("world", "")
    if world and world != site.world.name and world in site.simulator.worlds:
        return _in_world(site, world, f"{ROOT}/logins", {name: query[name] for name in FILTERS if query.get(name)})
    wanted = {name: query.get(name, "") for name in FILTERS}
    everything = list(site.world.journal)
    found = [login for login in reversed(everything) if _wanted(login, wanted)]
    if as_json:
        return as_document([login.as_dict() for login in found])
    options = {name: sorted({getattr(login, name) for login in everything} - {""}) for name in FILTERS}
    return show(
        site,
        "logins.html",
        forms=True,
        live=True,
        rows=[_row(login) for login in found],
        total=len(everything),
        wanted=wanted,
        filtered=any(wanted.values()),
        example="" if everything else example(site),
        options=options,
        here=f"{site.prefix}{ROOT}/logins?{urlencode({name: value for name, value in wanted.items() if value})}",
    )


def example(site: Site) -> str:
    """A sign-in page to try, in path form, that leads back to the logins; empty where no ready-made app may."""
    from mockidp.cli_facts import sample_login  # lazy: only who has seen no login needs it

    here = urlsplit(site.base)
    if here.hostname not in LOOPBACK or site.world.apps.mode == "registered":
        return ""
    return sample_login(site.world, site.base, f"{site.base}{ROOT}/logins")


def _wanted(login: Login, wanted: dict[str, str]) -> bool:
    return all(value in ("", getattr(login, name)) for name, value in wanted.items())


def _in_world(site: Site, world: str, path: str, query: dict[str, str]) -> Response:
    prefix = "" if world == site.simulator.world.name else f"/~{quote(world)}"
    tail = f"?{urlencode(query)}" if query else ""
    return Response(303, [("Location", f"{prefix}{path}{tail}"), ("Cache-Control", "no-store")])


DOWNLOADS = {
    ".har": "application/json",
    ".py": "text/x-python; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def login(site: Site, name: str, as_json: bool) -> Response:
    """One login: as a page, as JSON, or to take away (`.har`, `.py`, `.txt`)."""
    stem, dot, ending = name.rpartition(".")
    ending = f".{ending}" if dot else ""
    found = site.world.journal.get(stem if ending in DOWNLOADS else name)
    if found is None:
        why = "It was forgotten, made room for newer ones, or belongs to another world; a restart forgets all."
        ways = [("All logins", f"{site.prefix}{ROOT}/logins")]
        return missing(site, as_json, f"No login “{name[:80]}” is remembered", why, ways, "unknown_login")
    if ending in DOWNLOADS:
        return _taken(site, found, ending)
    if as_json:
        return as_document(found.as_dict())
    from mockidp.web.diagram import steps  # lazy, as all that one page alone needs

    return show(
        site,
        "login.html",
        live=True,
        login=found,
        row=_row(found),
        steps=steps(site.world, found, site.base),
        name=index()[found.provider].name if found.provider in index() else found.provider,
        settled=found.outcome in ("logged_in", "denied"),
    )


def _taken(site: Site, found: Login, ending: str) -> Response:
    from mockidp.web import diagram, har, saved  # lazy: only who takes a login away needs them

    name = f"{found.id}{ending}"
    if ending == ".har":
        body = msgspec.json.format(msgspec.json.encode(har.archive(diagram.steps(site.world, found, site.base))))
    elif ending == ".py":
        name = f"test_{found.id.replace('-', '_')}.py"
        try:
            body = saved.test_of(site.world, found).encode("utf-8", "replace")
        except (saved.CannotRepeatError, UsageError) as error:
            ways = [("Back to the login", f"{site.prefix}{ROOT}/logins/{quote(found.id)}")]
            return missing(site, False, "This login cannot be saved as a test", f"{error}.", ways, status=409)
    else:
        body = ("\n".join(found.lines()) + "\n").encode("utf-8", "replace")
    way = f'attachment; filename="{name}"' if ending != ".txt" else "inline"
    kind = ("Content-Type", DOWNLOADS[ending])
    return Response(200, [kind, NOSNIFF, ("Cache-Control", "no-store"), ("Content-Disposition", way)], body)


# what is new


def events(site: Site) -> Response:
    """Tell whenever the journal has grown. A client within the process is told once, how far it has come."""
    if site.request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return text(403, "Another site may not listen here.")
    return Response(200, [*EVENT_STREAM, NOSNIFF], _event(site.world), stream=lambda: _news(site.simulator, site.world))


def _event(world: World) -> bytes:
    journal = world.journal
    data = msgspec.json.encode({"version": journal.version, "logins": len(journal), "begun": journal.begun})
    return b"id: %d\nevent: journal\nretry: 2000\ndata: %b\n\n" % (journal.version, data)


async def _news(simulator: Simulator, world: World) -> AsyncGenerator[bytes, None]:
    """An event a change, a comment where there is none for long, and an empty piece at each look between."""
    import asyncio  # lazy: who streams has it

    seen, quiet = -1, 0.0
    while simulator.worlds.get(world.name) is world:
        quiet += POLL
        if world.journal.version != seen:
            seen, quiet = world.journal.version, 0.0
            yield _event(world)
        elif quiet >= KEEP_ALIVE:
            quiet = 0.0
            yield b": still here\n\n"
        else:
            yield b""
        await asyncio.sleep(POLL)


NAMED: dict[str, Callable[[Site, str, bool], Response]] = {"logins": login, "providers": provider}
