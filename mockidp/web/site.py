"""What all of the server's own pages share: whose world they show, the frame around them, and short answers."""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mockidp.web import pages
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.world import World

ROOT = "/_mockidp"
FORM_TOKEN = secrets.token_urlsafe(24)  # of this process: what a form of its own pages brings back
NAV = (
    ("Providers", "/"),
    ("Logins", f"{ROOT}/logins"),
    ("People", f"{ROOT}/people"),
    ("Apps", f"{ROOT}/apps"),
    ("Faults", f"{ROOT}/faults"),
    ("Clock", f"{ROOT}/clock"),
    ("Keys", f"{ROOT}/keys"),
)
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


# answers without a page


def as_document(document: Any, status: int = 200) -> Response:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), NOSNIFF]
    return Response(status, headers, msgspec.json.encode(document))


def text(status: int, *lines: str, headers: Pairs | None = None) -> Response:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Response(status, [kind, NOSNIFF, *(headers or [])], ("\n".join(lines) + "\n").encode())


def missing(
    site: Site, as_json: bool, title: str, why: str, ways: Pairs, error: str = "not_found", status: int = 404
) -> Response:
    """There is no such thing here: what, why, and the ways (label, path) on from here."""
    if as_json:
        told = f"{title}. {why} {'; '.join(f'{label}: {to}' for label, to in ways)}"
        return as_document({"error": error, "message": told}, status)
    return show(site, "missing.html", status, title=title, why=why, ways=ways)
