"""`--front` and `--app`, of `run` and `serve`: the application at another port, for a browser without a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mockidp.cli_options import Setup
from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.mounts.server import Server
    from mockidp.simulator import Simulator
    from mockidp.world import World

F = TypeVar("F", bound=Callable[..., Any])


def front_options(command: F) -> F:
    """Add `--front` and `--app`; their values come as `front` and `app_port`."""
    front = click.option(
        "--front",
        metavar="PORT=APP_PORT",
        help="Where a browser without a proxy finds the application that listens at APP_PORT of this machine.",
    )
    app = click.option(
        "--app", "app_port", type=click.IntRange(1, 65535), metavar="APP_PORT", help="APP_PORT, told apart."
    )
    return front(app(command))


def ports_of(front: str | None, app_port: int | None) -> tuple[int, int] | None:
    """The front's port and the application's, of `--front 8000=5000`, or of `--front 8000` and `--app 5000` apart."""
    if front is None:
        if app_port is not None:
            raise UsageError("--app is the port of the application behind --front; say --front PORT too")
        return None
    ours, equals, theirs = front.partition("=")
    try:
        port, behind = int(ours), int(theirs) if equals else app_port
    except ValueError:
        raise UsageError(f"--front wants PORT=APP_PORT, such as 8000=5000, not {front!r}") from None
    if behind is None or (equals and app_port is not None and app_port != behind):
        raise UsageError(f"--front {ours} needs the port of the application, once: --front {ours}=APP_PORT")
    if not (0 <= port < 65536 and 0 < behind < 65536) or port == behind:
        raise UsageError("--front PORT=APP_PORT are two different ports from 1 to 65535")
    return port, behind


@contextmanager
def fronted(
    played: Simulator, server: Server, world: World, setup: Setup, ports: tuple[int, int] | None
) -> Iterator[str | None]:
    """The front's URL, for as long as it serves; None where none was asked for. Listens where the server does."""
    if ports is None:
        yield None
        return
    from mockidp.front import Front  # lazy: most runs have no front

    if setup.urls is None:
        world.urls = "real"  # the browser is in path form, and the application reads what is meant for the real hosts
    server.bind()
    with Front(played, server.url, host=server.host, port=ports[0], app_port=ports[1]) as front:
        yield front.url
