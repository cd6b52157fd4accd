"""The pages of what a world is made of: people, apps, faults, clock and keys.

They show it, with forms to change it; `changes` takes those, and shows the same pages with what was wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockidp.contract.files import index
from mockidp.web.site import Site, show
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.people import Person

LISTED = 200  # people on one page


def people(site: Site, **more: Any) -> Response:
    world, wanted = site.world, site.query.get("q", "").strip()
    ids = {person.id for person in world.people}
    change = site.query.get("change", "")
    return show(
        site,
        "people.html",
        **{
            "forms": True,
            "people": world.people.search(wanted, LISTED),
            "wanted": wanted,
            "ids": ids,
            "cast": {person.id for person in world.people.cast()},
            "additional": world.people.additional,
            "given": _as_form(world.people[change]) if change in ids else {},
            "as_person": world.people[world.person] if world.person else None,
            **more,
        },
    )


def _as_form(person: Person) -> dict[str, str]:
    """A person as the fields of the form that changes them."""
    verified = {"email_verified": "yes"} if person.email_verified else {}
    return {"id": person.id, "name": person.name, "email": person.email or "", **verified}


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
