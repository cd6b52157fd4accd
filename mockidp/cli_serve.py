"""`mockidp serve`: the simulator on a port, its address and what to do there, and the journal as it is written."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockidp.cli_front import front_options, fronted, ports_of
from mockidp.cli_options import (
    Setup,
    control_host_option,
    control_token_option,
    emit,
    json_option,
    pass_through_option,
    shared,
)
from mockidp.journal import Entry, Journal, Login

if TYPE_CHECKING:
    from mockidp.mounts.server import Server
    from mockidp.world import World

USUAL_PORT = 8400
Tell = Callable[[Login, Entry], None]


class ToldJournal(Journal):
    """A journal that also tells each request as it is written."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self.tell = tell

    def twin(self) -> ToldJournal:
        return ToldJournal(self.tell)

    def add(self, login: Login, entry: Entry) -> None:
        super().add(login, entry)
        self.tell(login, entry)


def tell_to(world: World, *, as_json: bool, err: bool = False) -> None:
    """Tell each request of a world on stdout, or on stderr where stdout is somebody else's."""
    world.journal = ToldJournal(partial(_tell_json if as_json else _tell, err=err))
    logging.getLogger("mockidp.server").setLevel(logging.INFO)  # what is passed through is told too


@click.command("serve", short_help="Start the simulator and print its address.")
@click.option("--host", help="Address to listen at; `localhost` is 127.0.0.1 and ::1.  [default: localhost]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one.  [default: 8400]")
@pass_through_option
@control_token_option
@control_host_option
@front_options
@click.option("--quiet", is_flag=True, help="Do not print each request.")
@shared("as", "apps", "date", "strict", "urls", "world", "config", "set")
@json_option
def serve_command(
    host: str | None,
    port: int | None,
    pass_through: tuple[str, ...],
    control_token: str | None,
    control_host: tuple[str, ...],
    front: str | None,
    app_port: int | None,
    quiet: bool,
    setup: Setup,
    as_json: bool,
) -> None:
    """Start the simulator and print its address; Ctrl-C stops it.

    The one port speaks HTTP, HTTPS at the providers' real names, and is a proxy for those; `mockidp env` prints what
    programs must find in their environment, `mockidp run` does it all in one.

    JSON: one line with url, host, port, world, home, logins, control and example (URLs), token (what the control
    interface asks for, null where it asks for none or for the one that was given) and front (its URL, or null), then
    one line for each request with login, provider, person, step, method, url, status, exchange, refused and remarks.
    """
    from mockidp.config import simulator
    from mockidp.mounts.server import Server

    ports, listen = ports_of(front, app_port), setup.config.server
    world = setup.world()
    if not (quiet or listen.quiet):
        tell_to(world, as_json=as_json)
    logging.basicConfig(format="mockidp: %(message)s", level=logging.WARNING)  # to stderr
    host = listen.host if host is None else host
    played = simulator(world, host, control_token, [*listen.control_host, *control_host])
    server = Server(
        played, host, listen.port if port is None else port,
        pass_through=[*listen.pass_through, *pass_through],
    )  # fmt: skip
    tell_ready = _ready_json if as_json else _ready
    with fronted(played, server, world, setup, ports) as site:
        server.serve_forever(lambda: tell_ready(server, world, control_token, site))
    if not as_json:
        click.echo("stopped", err=True)


def examples(url: str, world: World) -> dict[str, str]:
    """Three URLs to try: the page with every provider, the stories, and a login to look at."""
    from mockidp.cli_facts import sample_login

    login = sample_login(world, url, "http://127.0.0.1:8000/callback")
    return {"home": f"{url}/", "logins": f"{url}/_mockidp/logins", "example": login}


def _ready_json(server: Server, world: World, given: str | None, site: str | None) -> None:
    emit(
        {
            "url": server.url,
            "host": server.host,
            "port": server.port,
            "world": world.name,
            "control": f"{server.url}/_mockidp/api",
            "token": None if given else server.token or None,
            "front": site,
            **examples(server.url, world),
        },
        compact=True,
    )
    sys.stdout.flush()


def _ready(server: Server, world: World, given: str | None, site: str | None) -> None:
    from mockidp.cli_facts import shown
    from mockidp.contract.files import index
    from mockidp.web.own import is_own_host

    urls, app = examples(server.url, world), world.apps.ready(shown())
    click.echo(f"mockidp plays {len(index())} login providers at {click.style(server.url, bold=True)}")
    made_up = f"?token={server.token}" if server.token and not given else ""
    click.echo(f"  every provider   {urls['home']}{made_up}")
    click.echo(f"  recent logins    {urls['logins']}")
    click.echo(f"  a login to try   {urls['example']}")
    if site:
        click.echo(f"  your application {site}/   (its providers simulated, in any browser)")
    if server.token:
        click.echo(f"  control token    {'the one that was given' if given else server.token}")
    if world.apps.mode == "registered":
        click.echo("  apps             only those of mockidp.toml")
    else:
        keys = f"client id {app.client_id}, secret {app.client_secret}"
        click.echo(f"  ready-made app   {keys}; others: `mockidp apps ID`")
    click.echo(f"  at real hosts    a proxy for HTTPS_PROXY, certificates by {ca_path()}")
    click.echo("  one command      `mockidp run -- COMMAND` sets all of that; for a shell: " + _env(server.port))
    for line in _mode(world):
        click.echo(f"  {line}")
    click.echo(f"Put {server.url}/ in front of a provider's host in your settings. Ctrl-C stops.")
    if not is_own_host(server.host, set()):
        click.secho(
            f"mockidp: warning: {server.host} is reachable from other machines; whoever reaches it can log in "
            "as anybody. Its own pages and the control interface ask for the token",
            fg="yellow",
            err=True,
        )
    sys.stdout.flush()


def ca_path() -> Path:
    """Where the certificate of the authority is, or will be once somebody speaks TLS."""
    from mockidp.authority import CERTIFICATE, folder

    return folder() / CERTIFICATE


def _env(port: int) -> str:
    at = "" if port == USUAL_PORT else f" --url http://127.0.0.1:{port}"
    return f'eval "$(mockidp env{at})"'


def _mode(world: World) -> list[str]:
    """What is not as usual, one line each."""
    out = []
    if world.person is not None:
        out.append(f"logs in without a page: {world.person}")
    if world.date is not None:
        out.append(f"as it was on {world.date.isoformat()}")
    if world.strict:
        out.append("strict: what is against best practice is refused too")
    if world.apps.mode == "learn":
        out.append("learns unknown apps at first sight")
    if world.faults.rules:
        out.append(f"faults: {', '.join(rule.fault.name for rule in world.faults.rules)}")
    return out


def _tell(login: Login, entry: Entry, err: bool = False) -> None:
    """One request in one line, coloured on a terminal."""
    colour = "red" if entry.refused or entry.status >= 400 else "green"
    parts = [
        click.style(str(entry.status or "---"), fg=colour),
        f"{login.provider:<12}",
        f"{entry.step or '?':<12}",
        f"{login.person or '-':<10}",
        f"{entry.method} {_short(entry.url)}",
    ]
    if entry.fault:
        parts.append(click.style(f"fault {entry.fault}", fg="yellow"))
    if entry.refused:
        parts.append(click.style(f"refused {entry.refused}: {entry.why}{_values(entry)}", fg="red"))
    click.echo("  ".join(parts), err=err)


def _short(url: str) -> str:
    """The URL without its scheme, its query cut where it would fill a line by itself."""
    text = url.partition("://")[2]
    return text if len(text) <= 100 else f"{text[:99]}…"


def _values(entry: Entry) -> str:
    if entry.expected is None and entry.got is None:
        return ""
    return f" (expected {entry.expected!r}, got {entry.got!r})"


def _tell_json(login: Login, entry: Entry, err: bool = False) -> None:
    row: dict[str, Any] = {
        "login": login.id,
        "provider": login.provider,
        "person": login.person,
        **entry.as_dict(login.started),
    }
    emit(row, compact=True, err=err)
    (sys.stderr if err else sys.stdout).flush()
