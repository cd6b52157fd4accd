"""`mockidp run -- COMMAND`: the simulator for as long as a command runs, and the command in an environment that finds
it at the real host names. `mockidp env`: that environment, for a server that runs already.

What is said goes to stderr: stdout belongs to the command.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from mockidp.cli_front import front_options, fronted, ports_of
from mockidp.cli_options import DEFAULT, Setup, control_token_option, emit, json_option, pass_through_option, shared
from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.authority import Authority
    from mockidp.world import World

NOT_FOUND, NOT_EXECUTABLE, BY_SIGNAL = 127, 126, 128  # as shells have it
PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
FROM_TERMINAL = ("SIGINT", "SIGQUIT")  # a terminal sends these to the command by itself


@click.command(
    "run",
    short_help="Run a command that finds the providers at their real hosts.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[OPTIONS] --",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND")
@click.option("--host", help="Address to listen at.  [default: localhost]")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port.  [default: any free one]")
@front_options
@pass_through_option
@control_token_option
@click.option("--quiet", is_flag=True, help="Do not print each request.")
@shared("as", "apps", "date", "strict", "urls", "world", "config", "set")
@json_option
def run_command(
    command: tuple[str, ...],
    host: str | None,
    port: int,
    front: str | None,
    app_port: int | None,
    pass_through: tuple[str, ...],
    control_token: str | None,
    quiet: bool,
    setup: Setup,
    as_json: bool,
) -> int:
    """Start the simulator, run COMMAND so that it finds the providers at their real host names, and stop.

    \b
    mockidp run --as alice -- npm test
    mockidp run --pass-through api.example -- python manage.py runserver
    mockidp run --front 8000=5000 -- flask run --port 5000

    The command's exit code is the exit code; 127 if there is no such command. Stdout is the command's; each request is
    told on stderr. JSON, on stderr: a line with url, port, world, front (its URL, or null) and token (as `serve` has
    it), then a line for each request as `serve` has it.
    """
    from mockidp.cli_ca import authority_of  # lazy: --help needs none of these
    from mockidp.cli_serve import tell_to
    from mockidp.config import simulator
    from mockidp.mounts.server import Server

    ports = ports_of(front, app_port)
    found = which(command[0], os.environ)
    world, listen = setup.world(), setup.config.server
    logging.basicConfig(format="mockidp: %(message)s", level=logging.WARNING)  # to stderr
    if not (quiet or listen.quiet):
        tell_to(world, as_json=as_json, err=True)
    host = listen.host if host is None else host
    authority = authority_of(world)
    played = simulator(world, host, control_token, listen.control_host)
    server = Server(
        played, host, port, authority=lambda: authority,
        pass_through=[*listen.pass_through, *pass_through],
    )  # fmt: skip
    with (
        server,
        fronted(played, server, world, setup, ports) as site,
        environment(server.url, world, authority, os.environ, server.pin) as env,
    ):
        if as_json:
            row = {"url": server.url, "port": server.port, "world": world.name, "front": site}
            row["token"] = None if control_token else server.token or None
            emit(row, compact=True, err=True)
        elif not (quiet or listen.quiet):
            click.echo(f"mockidp plays the providers at {server.url} for {shlex.join(command)}", err=True)
            if server.token and not control_token:
                click.echo(f"control token: {server.token}", err=True)
            if site:
                click.echo(f"open {site}/ in your browser: the application, with its providers simulated", err=True)
        return child([found, *command[1:]], env)


@contextmanager
def environment(
    url: str, world: World, authority: Authority, before: Mapping[str, str], pin: str = ""
) -> Iterator[dict[str, str]]:
    """The whole environment of a program that shall find this world at a server; its files go at the end."""
    from mockidp import environ  # lazy: --help does not need it

    with tempfile.TemporaryDirectory(prefix="mockidp-", ignore_cleanup_errors=True) as name:
        java = environ.write(authority, Path(name), before)
        reach = environ.Reach(url, tuple(world.hosts()), Path(name), java, pin)
        yield {**before, **environ.variables(reach, before)}


def which(name: str, env: Mapping[str, str]) -> str:
    """The program of that name; exits as a shell does when there is none."""
    found = shutil.which(name, path=env.get("PATH"))
    if found is not None:
        return found
    there = Path(name).exists() and os.sep in name
    hint = "is a folder" if Path(name).is_dir() else "cannot be executed; `chmod +x` it"
    what = hint if there else "is no command that can be found; is it on PATH?"
    click.echo(f"mockidp: {name} {what}", err=True)
    sys.exit(NOT_EXECUTABLE if there else NOT_FOUND)


def child(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command to its end, passing signals on; its exit code, or 128 and the number of the signal it died of."""
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if signal.Signals(number).name in FROM_TERMINAL and _in_foreground():
            return
        for process in started:
            process.send_signal(number)
        if not started:
            early.append(number)

    numbers = [getattr(signal, name) for name in PASSED_ON if hasattr(signal, name)]
    with handled(numbers, pass_on):
        try:
            started.append(subprocess.Popen(command, env=dict(env)))
        except OSError as error:
            click.echo(f"mockidp: {command[0]} cannot be run: {error.strerror}", err=True)
            return NOT_EXECUTABLE
        for number in early:
            started[0].send_signal(number)
        code = started[0].wait()
    return code if code >= 0 else BY_SIGNAL - code


@contextmanager
def handled(numbers: Sequence[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals so for a while."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)


def _in_foreground() -> bool:
    """Whether a key of the terminal reaches the command by itself, since it is of our process group."""
    if os.name != "posix":
        return True
    try:
        with open("/dev/tty", "rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


# mockidp env


@click.command("env", short_help="Print the variables that let programs find a running server.")
@click.option("--url", help="The running server.  [default: at this machine, the port of mockidp.toml or 8400]")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["shell", "dotenv", "docker-compose", "github-actions"]),
    default="shell",
    show_default=True,
    help="How they are written.",
)
@shared("world", "config", "set")
@json_option
def env_command(url: str | None, kind: str, setup: Setup, as_json: bool) -> None:
    """Print the variables that let programs find a running server at the providers' real host names.

    \b
    eval "$(mockidp env)"                                        this shell
    mockidp env --format dotenv > .env                           tools that read .env
    mockidp env --format docker-compose                          a service of compose.yaml
    mockidp env --format github-actions >> "$GITHUB_ENV"         the steps after this one

    What is set already (NODE_OPTIONS, PYTHONPATH, NO_PROXY, …) is kept and added to. `--world` is told to the server as
    the proxy's user; what looks at no proxy variable (Java, Node before 24, Python's http.client) stays in the default
    world, unless its client id is mockidp~NAME. JSON: one object, name to value.
    """
    from mockidp import environ  # lazy: --help needs none of these
    from mockidp.authority import folder
    from mockidp.cli_ca import authority_of
    from mockidp.cli_transport import answers

    world, named = setup.config.world(), "" if setup.world_name == DEFAULT else setup.world_name
    url = environ.base_url(url or f"http://127.0.0.1:{setup.config.server.port}")
    authority = authority_of(world)
    pin = ""
    if answers(url):
        from mockidp.cli_browser import pin_of  # lazy: only a running server has one

        pin = pin_of(url, authority)
    else:
        click.secho(f"mockidp: nothing answers at {url} yet; `mockidp serve` starts it there", fg="yellow", err=True)
    if pin and named and not answers(url, named):
        raise UsageError(f"there is no world {named!r} at {url}; the control interface makes one")
    before: Mapping[str, str] = os.environ
    files, seen = folder() / "files", None
    if kind == "docker-compose" and not as_json:
        files, before, seen, url = folder() / "container", {}, IN_CONTAINER, from_container(url)
    java = environ.write(authority, files, before, seen)
    made = environ.variables(environ.Reach(url, tuple(world.hosts()), seen or files, java, pin, named), before)
    if as_json:
        emit(made)
        return
    click.echo(FORMATS[kind](made, files), nl=False)


IN_CONTAINER = PurePosixPath("/etc/mockidp")
HOST_OF_CONTAINERS = "host.docker.internal"


def from_container(url: str) -> str:
    """The URL of a server on this machine as a container reaches it."""
    parts = urlsplit(url)
    return f"http://{HOST_OF_CONTAINERS}:{parts.port}" if parts.hostname in ("127.0.0.1", "::1", "localhost") else url


def as_shell(made: Mapping[str, str], files: Path) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in made.items())


def as_dotenv(made: Mapping[str, str], files: Path) -> str:
    """In single quotes, within which no reader of .env files replaces anything; where there is one inside, in double
    ones."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in made.items())


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./:@,=-]*", value):
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


def as_compose(made: Mapping[str, str], files: Path) -> str:
    """A part of a service, in YAML: JSON's strings are YAML's, but for `$`, which Compose reads."""
    rows = [f"{name}: {json.dumps(value).replace('$', '$$')}" for name, value in made.items()]
    lines = [
        "# Put this into a service of compose.yaml. Add the names of your other services to NO_PROXY and no_proxy.",
        "environment:",
        *(f"  {row}" for row in rows),
        "volumes:",
        f"  - {json.dumps(f'{files}:{IN_CONTAINER}:ro').replace('$', '$$')}",
    ]
    if HOST_OF_CONTAINERS in made["MOCKIDP_URL"]:
        lines += [
            "extra_hosts:  # the server must listen where containers can reach it: `mockidp serve --host 0.0.0.0`",
            f'  - "{HOST_OF_CONTAINERS}:host-gateway"',
        ]
    return "\n".join(lines) + "\n"


FOR_ACTIONS = "MOCKIDP_NODE_OPTIONS"


def as_actions(made: Mapping[str, str], files: Path) -> str:
    """Lines for the file GITHUB_ENV. GitHub takes no NODE_OPTIONS there, so that goes under a name of ours."""
    step = f"`env: NODE_OPTIONS: ${{{{ env.{FOR_ACTIONS} }}}}`"
    click.echo(f"mockidp: GitHub takes no NODE_OPTIONS from GITHUB_ENV; give steps that run Node {step}", err=True)
    named = {FOR_ACTIONS if name == "NODE_OPTIONS" else name: value for name, value in made.items()}
    if any("\n" in value for value in named.values()):
        raise UsageError("a variable of this environment has a line break, which GITHUB_ENV cannot hold so")
    return "".join(f"{name}={value}\n" for name, value in named.items())


FORMATS: dict[str, Callable[[Mapping[str, str], Path], str]] = {
    "shell": as_shell,
    "dotenv": as_dotenv,
    "docker-compose": as_compose,
    "github-actions": as_actions,
}
