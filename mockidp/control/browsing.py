"""Completing a login for a test tool that has no browser: an authorize URL in, the callback out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import UNSET

from mockidp.browser import NoCallbackError, browse
from mockidp.control import shapes as s
from mockidp.control.found import OperationError, find_world, person_of
from mockidp.errors import UsageError, nearest
from mockidp.faults import FAULTS
from mockidp.wire import Request, Response, split_path_form

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.world import World

WORLD_PREFIX = "/~"


def complete(simulator: Simulator, world: World, what: s.Authorize) -> s.CallbackView:
    """Play the browser. OperationError for what is no provider's URL, and where no callback comes of it."""
    world = _world_of(simulator, world, what.url)
    person = person_of(world, what.person, 400).id if what.person else world.person or world.people.named()[0].id
    if what.fault and what.fault not in FAULTS:
        raise UsageError(f'no fault "{what.fault[:80]}".{nearest(what.fault[:80], list(FAULTS))}')
    form = {} if what.form is UNSET else what.form
    last, told = world.journal.last(), len(world.journal.refusals())

    def send(request: Request) -> Response:
        request.world = world.name
        return simulator.handle(request)

    try:
        back = browse(send, what.url, person=person, deny=what.decision == "deny", post=form, misbehave=what.fault)
    except NoCallbackError as stayed:
        raise _stayed(world, stayed, told) from None
    except ValueError:  # of urllib, for a redirect URI that an app was learned with
        raise OperationError(422, "no_callback", "the application's redirect URI is malformed") from None
    newest = world.journal.last()
    return s.CallbackView(
        url=back.url,
        method="POST" if back.method == "POST" else "GET",
        form=back.form,
        params=back.params,
        fragment=back.fragment,
        world=world.name,
        login=newest.id if newest is not None and newest is not last else "",
    )


def _world_of(simulator: Simulator, world: World, url: str) -> World:
    """The world that a URL belongs to: the one in its path, else the one that was chosen. Refuses foreign URLs."""
    try:
        parts = urlsplit(url)
        request = Request.of("GET", url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise OperationError(400, "bad_url", "the authorize URL must be absolute: http://… or https://…")
    path = request.path
    if path.startswith(WORLD_PREFIX):
        name, _, rest = path[len(WORLD_PREFIX) :].partition("/")
        chosen = find_world(simulator, name)
        if world not in (chosen, simulator.world):
            raise OperationError(400, "two_worlds", f'the URL is of the world "{name[:80]}", not of "{world.name}"')
        world, path = chosen, f"/{rest}"
    if world.at_host(request.host):
        return world
    split = split_path_form(path)
    if split is None or not world.at_host(split[0]):
        where = (split[0] if split is not None else request.host)[:100]
        raise OperationError(400, "no_provider", f"mockidp plays no provider at {where!r}; give the URL that the "
                             "application sends the browser to")  # fmt: skip
    return world


def _stayed(world: World, stayed: NoCallbackError, told: int) -> OperationError:
    """The journal's reason for a login that did not come back, if it has one."""
    status, refusals = stayed.response.status, world.journal.refusals()[told:]
    if not refusals:
        newest = world.journal.last()
        why = " ".join(newest.entries[-1].remarks[-1:]) if newest is not None and newest.entries else ""
        return OperationError(422, "no_callback", why or str(stayed), provider_status=status)
    last = refusals[-1]
    return OperationError(
        422, "no_callback", f"refused, {last.refused}: {last.why}",
        provider_status=status, refused=last.refused, expected=last.expected, got=last.got,
    )  # fmt: skip
