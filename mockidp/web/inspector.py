"""The inspector: the server's own pages, from the list of providers to one login as a sequence of messages.

Every page is made here, on the server, and works without a script; the one script there is keeps a page up to date,
copies a command and narrows a list while somebody types. `/_mockidp/events` tells by server-sent events that there is
news, and no more: whoever hears it asks for the page again.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

import msgspec

from mockidp.apps import READY_ID, READY_SECRET
from mockidp.contract.files import index
from mockidp.errors import UsageError
from mockidp.journal import Login
from mockidp.web import pages
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.contract.wire import Wire
    from mockidp.simulator import Simulator
    from mockidp.world import World

ROOT = "/_mockidp"
FORM_TOKEN = secrets.token_urlsafe(24)  # of this process: what a form of its own pages brings back
POLL, KEEP_ALIVE = 0.25, 15.0  # seconds between two looks at the journal, and between two signs of life
FILTERS = ("provider", "app", "person", "outcome")
RECENT = 5  # logins on the first page
LISTED = 200  # people on one page
NAV = (
    ("Providers", "/"),
    ("Logins", f"{ROOT}/logins"),
    ("People", f"{ROOT}/people"),
    ("Apps", f"{ROOT}/apps"),
    ("Faults", f"{ROOT}/faults"),
    ("Clock", f"{ROOT}/clock"),
    ("Keys", f"{ROOT}/keys"),
)
EVENT_STREAM = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
NOSNIFF = ("X-Content-Type-Options", "nosniff")


DONE = {
    "as": "Who logs in without a page was changed.",
    "person": "That person can log in now.",
    "removed": "Removed.",
    "app": "The app is registered.",
    "mode": "Which apps are known was changed.",
    "fault": "The fault strikes from now on.",
    "cleared": "All are taken back.",
    "forgotten": "All logins are forgotten.",
    "clock": "The clock was turned.",
    "stopped": "Time stands still.",
    "runs": "Time goes on.",
    "reset": "Back to this machine’s time.",
    "date": "Providers speak as on that day from now on.",
    "rotated": "The provider signs with a new key; the one before is still published.",
    "replaced": "The provider signs with a new key; no other is published.",
}


class Site(NamedTuple):
    """What every page needs: whose world it shows, and where it is. `prefix` is the world's, `base` this server's."""

    simulator: Simulator
    world: World
    request: Request
    prefix: str
    base: str

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_pairs)


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


def show(
    site: Site, template: str, status: int = 200, *, live: bool = False, style: str = "", **values: Any
) -> Response:
    """One of the inspector's pages. A page with forms says so by `forms=True`, and carries the process's token."""
    forms = values.get("forms", False)
    here = "/" if site.request.path == "/" else f"{ROOT}/{site.request.path.removeprefix(f'{ROOT}/').partition('/')[0]}"
    if here == f"{ROOT}/providers":
        here = "/"
    return pages.page(
        f"inspector/{template}",
        status,
        form_action="'self'" if forms or values.get("finds", False) else "'none'",
        script=script(),
        connect="'self'" if live else "",
        extra_style=_sheet() + style,
        site=site,
        root=f"{site.prefix}{ROOT}",
        nav=[(label, f"{site.prefix}{to}", to == here) for label, to in NAV],
        worlds=list(site.simulator.worlds)[:50],
        live=f"{site.prefix}{ROOT}/events" if live else "",
        token=FORM_TOKEN if forms else "",
        **{
            "forms": False,
            "finds": False,
            "problem": "",
            "given": {},
            "done": "" if values.get("problem") else DONE.get(site.query.get("done", ""), ""),
            **values,
        },
    )


@lru_cache(maxsize=1)
def script() -> str:
    return (pages.TEMPLATES / "inspector" / "inspector.js").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _sheet() -> str:
    return (pages.TEMPLATES / "inspector" / "inspector.css").read_text(encoding="utf-8")


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
        return missing(as_json, f"there is no provider {name[:80]!r}", f"{site.prefix}/ lists those that there are.")
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
        options=options,
        here=f"{site.prefix}{ROOT}/logins?{urlencode({name: value for name, value in wanted.items() if value})}",
    )


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
        why = f"no login {name[:80]!r} is remembered"
        return missing(as_json, why, f"{site.prefix}{ROOT}/logins lists those that are.", "unknown_login")
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
            return text(409, f"{error}.", "The page of the login shows what was sent; `mockidp login` does it again.")
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


# people, apps, faults, clock and keys: what there is. `changes` changes it, and shows the same pages with a problem


def people(site: Site, **more: Any) -> Response:
    world, wanted = site.world, site.query.get("q", "").strip()
    additional = world.people.additional
    return show(
        site,
        "people.html",
        **{
            "forms": True,
            "people": world.people.search(wanted, LISTED),
            "wanted": wanted,
            "additional": additional,
            "as_person": world.people[world.person] if world.person else None,
            **more,
        },
    )


def apps(site: Site, **more: Any) -> Response:
    from mockidp.cli_facts import credentials  # lazy: this page alone needs it

    world, chosen = site.world, site.query.get("provider", "")
    chosen = chosen if chosen in index() else ""
    owners = [chosen] if chosen else list(dict.fromkeys(app.provider for app in world.apps))
    tables = [
        (index()[owner], [(app, credentials(app, world.apps.ready(owner))) for app in world.apps.of(owner)])
        for owner in owners
    ]
    values = {"forms": True, "cards": list(index().values()), "chosen": chosen, "tables": tables}
    return show(site, "apps.html", **{**values, **more})


def faults(site: Site, **more: Any) -> Response:
    from mockidp.faults import TABLE

    chosen = site.query.get("provider", "")
    wire = site.world.wire(chosen) if chosen in index() else None
    values = {
        "forms": True,
        "cards": list(index().values()),
        "chosen": chosen if wire else "",
        "steps": list(wire.steps) if wire else [],
        "errors": list(wire.errors) if wire else [],
        "known": [(words, [fault for fault in TABLE if fault.where == where]) for where, words in WHERE.items()],
        "rules": site.world.faults.rules,
    }
    return show(site, "faults.html", **{**values, **more})


WHERE = {
    "person": "Instead of the person’s answer",
    "refuse": "The provider refuses",
    "answer": "The answer is broken on its way",
    "token": "The signed token is wrong",
    "value": "One value is another",
}


def clock(site: Site, **more: Any) -> Response:
    from mockidp.clock import iso

    now = site.world.clock
    values = {"forms": True, "now": iso(now.now()), "frozen": now.frozen, "shift": now.shift, "day": site.world.date}
    return show(site, "clock.html", **{**values, **more})


def keys(site: Site, **more: Any) -> Response:
    from mockidp.control import operations, shapes  # lazy: this page alone needs them

    rows = operations.list_keys(site.simulator, site.world, shapes.Nothing())
    names = {card.id: card.name for card in index().values()}
    return show(site, "keys.html", **{"forms": True, "rows": rows, "names": names, **more})


PAGES: dict[str, Callable[..., Response]] = {
    "people": people,
    "apps": apps,
    "faults": faults,
    "clock": clock,
    "keys": keys,
}
NAMED: dict[str, Callable[[Site, str, bool], Response]] = {"logins": login, "providers": provider}


# answers without a page


def as_document(document: Any, status: int = 200) -> Response:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), NOSNIFF]
    return Response(status, headers, msgspec.json.encode(document))


def text(status: int, *lines: str, headers: Pairs | None = None) -> Response:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Response(status, [kind, NOSNIFF, *(headers or [])], ("\n".join(lines) + "\n").encode())


def missing(as_json: bool, why: str, next_: str, error: str = "not_found") -> Response:
    if as_json:
        return as_document({"error": error, "message": f"{why}; {next_}"}, 404)
    return text(404, f"{why}.", next_)
