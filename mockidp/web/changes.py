"""What can be changed at the inspector's pages: plain forms, each an operation of the control interface.

A form is taken from this server's own pages only: the browser must say so (`Sec-Fetch-Site` or `Origin`), and the form
must bring the token of this process, which no other site can read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from mockidp.control import operations, shapes
from mockidp.control.found import problem
from mockidp.errors import MockidpError, UsageError
from mockidp.web.site import FORM_TOKEN, ROOT, Site, text
from mockidp.web.world_pages import PAGES
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.world import World

Form = Mapping[str, str]
Operation = Callable[["Simulator", "World", Any], Any]
SPANS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


def handle(site: Site, path: str) -> Response:
    """Take a form: change something and go back to its page, or show the page with what is wrong."""
    if refused := _foreign(site):
        return text(403, f"refused: {refused}.", "Open the page at this server and send the form from there.")
    form = dict(site.request.form_pairs)
    page = path.removeprefix(f"{ROOT}/")
    row = CHANGES.get((page, form.get("do", "")))
    if row is None:
        return text(400, "this form asks for nothing that the page can do.", f"Open {site.prefix}{path} again.")
    made, operation, said = row
    try:
        operation(site.simulator, site.world, made(site, form))
    except (MockidpError, msgspec.ValidationError) as error:
        given = {name: value for name, value in form.items() if name != "token"}
        status = problem(error)[0] if isinstance(error, MockidpError) else 400
        return PAGES[page](site, status=status, problem=str(error), given=given)
    keep = {"provider": form["provider"]} if page in ("apps",) and form.get("provider") else {}
    query = urlencode({**keep, "done": said})
    return Response(303, [("Location", f"{site.prefix}{path}?{query}"), ("Cache-Control", "no-store")])


def _foreign(site: Site) -> str:
    """Why a form may not change anything, or nothing."""
    headers = site.request.headers
    fetch, origin = headers.get("sec-fetch-site", ""), headers.get("origin", "").lower()
    if not fetch and not origin:
        return "the request does not say which site it comes from"
    if fetch not in ("", "same-origin") or origin not in ("", f"{site.request.scheme}://{site.request.host}"):
        return "the form is another site's"
    told = dict(site.request.form_pairs).get("token", "")
    if not compare_digest(told.encode("utf-8", "replace"), FORM_TOKEN.encode()):
        return "the form is from before the server was started, or not from one of its pages"
    return ""


def _shape(kind: type[Any], **values: Any) -> Any:
    """Values of a form as an operation takes them: numbers are text there."""
    return msgspec.convert(values, kind, strict=False)


def _given(form: Form, *names: str) -> dict[str, str]:
    return {name: form[name].strip() for name in names if form.get(name, "").strip()}


def _as(site: Site, form: Form) -> Any:
    chosen = form.get("person", "").strip()
    found = site.world.people.search(chosen, 1) if chosen and chosen not in site.world.people else ()
    person = found[0].id if found else chosen
    return shapes.ChangeWorld(name=site.world.name, person=person or None)


def _person(site: Site, form: Form) -> Any:
    given: dict[str, Any] = _given(form, "id", "name", "email")
    return _shape(
        shapes.PutPerson,
        **{"email": None, **given},
        email_verified=form.get("email_verified") == "yes" and "email" in given,
    )


def _app(site: Site, form: Form) -> Any:
    uris = form.get("redirect_uris", "").split()
    secret = form.get("client_secret", "").strip()
    more = {"client_secret": secret} if secret else {}
    return _shape(
        shapes.RegisterApp,
        **_given(form, "provider", "client_id", "name"),
        redirect_uris=uris,
        loopback=form.get("loopback") == "yes",
        **more,
    )


def _fault(site: Site, form: Form) -> Any:
    return _shape(shapes.AddFault, **_given(form, "name", "provider", "step", "person", "app", "nth", "times"))


def _move(site: Site, form: Form) -> Any:
    text, unit = form.get("amount", "").strip(), form.get("unit", "seconds")
    try:
        seconds = float(text) * SPANS[unit]
    except (ValueError, KeyError):
        raise UsageError(f'"{text[:40]}" {unit[:20]} is no span of time; write a number, such as 90 or -5') from None
    return _shape(shapes.TurnClock, move=seconds)


def _stop(frozen: bool) -> Callable[[Site, Form], Any]:
    return lambda site, form: shapes.TurnClock(frozen=frozen)


def _day(site: Site, form: Form) -> Any:
    day = form.get("date", "").strip()
    return msgspec.convert({"name": site.world.name, "date": day or None}, shapes.ChangeWorld)


def _nothing(site: Site, form: Form) -> Any:
    return shapes.Nothing()


def _of(kind: type[Any], *names: str) -> Callable[[Site, Form], Any]:
    return lambda site, form: _shape(kind, **_given(form, *names))


def _rotate(overlap: bool) -> Callable[[Site, Form], Any]:
    return lambda site, form: _shape(shapes.RotateKeys, **_given(form, "provider"), overlap=overlap)


def _mode(site: Site, form: Form) -> Any:
    return _shape(shapes.ChangeWorld, name=site.world.name, **_given(form, "apps"))


# page, what the button says: the operation's argument, the operation, and the word for what was done
CHANGES: dict[tuple[str, str], tuple[Callable[[Site, Form], Any], Operation, str]] = {
    ("people", "as"): (_as, operations.change_world, "as"),
    ("people", "put"): (_person, operations.put_person, "person"),
    ("people", "remove"): (_of(shapes.OnePerson, "id"), operations.remove_person, "removed"),
    ("apps", "register"): (_app, operations.register_app, "app"),
    ("apps", "remove"): (_of(shapes.OneApp, "provider", "client_id"), operations.remove_app, "removed"),
    ("apps", "mode"): (_mode, operations.change_world, "mode"),
    ("faults", "add"): (_fault, operations.add_fault, "fault"),
    ("faults", "remove"): (_of(shapes.OneFault, "id"), operations.remove_fault, "removed"),
    ("faults", "clear"): (_nothing, operations.clear_faults, "cleared"),
    ("clock", "move"): (_move, operations.turn_clock, "clock"),
    ("clock", "stop"): (_stop(True), operations.turn_clock, "stopped"),
    ("clock", "run"): (_stop(False), operations.turn_clock, "runs"),
    ("clock", "reset"): (_nothing, operations.reset_clock, "reset"),
    ("clock", "date"): (_day, operations.change_world, "date"),
    ("keys", "rotate"): (_rotate(True), operations.rotate_keys, "rotated"),
    ("keys", "replace"): (_rotate(False), operations.rotate_keys, "replaced"),
    ("logins", "clear"): (_nothing, operations.clear_journal, "forgotten"),
}
