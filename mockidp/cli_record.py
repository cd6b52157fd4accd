"""`mockidp record`: real answers for a contract, from a HAR file, through the proxy, or from a login that it walks.

Whatever goes wrong here is told without a word of what was captured, with MOCKIDP_DEBUG=1 too.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockidp.cli_options import PROVIDER, Setup, emit, json_option, next_step, pass_through_option, shared
from mockidp.errors import MockidpError, UsageError, bug

if TYPE_CHECKING:
    from mockidp.apps import App
    from mockidp.check.record.callback import Wait
    from mockidp.check.record.capture import Taken
    from mockidp.check.record.plan import Plan
    from mockidp.contract.load import Loaded

UNFIT = 1
NO_PROXY = -1


@click.command("record", short_help="Record a provider's real answers for its contract.")
@click.argument("provider", metavar="ID", type=PROVIDER)
@click.option(
    "--har", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Take what a HAR file has."
)
@click.option(
    "--proxy",
    "proxy_port",
    is_flag=False,
    flag_value="0",
    default=str(NO_PROXY),
    metavar="[PORT]",
    help="Take what goes through a proxy to the provider's hosts, until Enter or Ctrl-C.",
)
@click.option("--no-browser", is_flag=True, help="Print the authorize URL instead of opening a browser.")
@click.option(
    "--command", metavar="COMMAND", help="Run this with the authorize URL to log in; it may print the callback."
)
@click.option("--paste", is_flag=True, help="Print the authorize URL, and read the callback URL from the input.")
@click.option(
    "--redirect-uri", metavar="URL", help="The app's redirect URI.  [default: http://127.0.0.1:8000/callback]"
)
@click.option("--scope", multiple=True, help="Ask for this scope instead of the usual ones. May be repeated.")
@click.option("--errors", is_flag=True, help="After the login, provoke the plainest errors with made-up values too.")
@click.option("--software", metavar="NAME VERSION", help="What answered, such as 'Gitea 1.22.1'. Wanted with --set.")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="A contracts folder of yours."
)
@click.option("--dry-run", is_flag=True, help="Show the difference and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@pass_through_option
@shared("date", "config", "set")
@json_option
def record_command(provider: str, setup: Setup, as_json: bool, **given: Any) -> None:
    """Record what provider ID really answers, into contracts/ID, with everything that is somebody's taken out.

    \b
    mockidp record github --har login.har
    mockidp record gitea --proxy 8401 --set gitea.GITEA_URL=https://git.example.com --software 'Gitea 1.22.1'
    mockidp record gitea --set gitea.GITEA_URL=https://git.example.com --software 'Gitea 1.22.1'

    The last one walks a login itself, with the app of MOCKIDP_LIVE_ID_CLIENT_ID and _CLIENT_SECRET. Only values that
    the contract knows stay; the rest is fakes and placeholders, and is searched once more for everything captured.

    JSON: an object with provider, recorded (per exchange: step, name, status, recorded, problem, notes), exchanges (as
    they were, redacted), diff and written. Exits with 1 when something is not as the contract has it, with 4 when
    something captured would have been written: then nothing is.
    """
    try:
        sys.exit(_record(provider, setup, as_json, given))
    except (MockidpError, click.ClickException, click.Abort):
        raise
    except Exception as error:  # its text may hold what was captured
        from mockidp.check.record.capture import RecordError

        raise RecordError(f"nothing was written: {bug(error)}; please report it") from None


def _record(provider: str, setup: Setup, as_json: bool, given: Mapping[str, Any]) -> int:
    from mockidp.check.record.plan import plan
    from mockidp.check.record.write import base, difference, write

    settings = setup.config.settings.get(provider, {})
    loaded = base(provider, given["into"])
    source = _source(loaded, settings, given)
    if not (given["yes"] or given["dry_run"] or sys.stdin.isatty()):
        raise UsageError("nobody can be asked whether to write: say --yes, or --dry-run")
    if as_json and not (given["yes"] or given["dry_run"]):
        raise UsageError("--json asks nothing: say --yes, or --dry-run")
    taken = _taken(loaded, settings, setup, given, as_json)
    made = plan(loaded, taken, source=source, settings=settings, date=setup.config.date)
    if not as_json:
        _tell(made, len(taken))
    lines = list(difference(provider, made))
    written: list[Path] = []
    if made.files and not as_json:
        _show(lines)
    if made.files and not given["dry_run"] and (given["yes"] or click.confirm("Write this?", err=True)):
        written = write(loaded, made, given["into"])
    _end(provider, made, lines, written, given, as_json)
    return UNFIT if not made.outcomes or any(item.problem for item in made.outcomes) else 0


def _source(loaded: Loaded, settings: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """What the evidence says of where it is from."""
    software: str = (given["software"] or "").strip()
    if software and not any(char.isdigit() for char in software):
        raise UsageError("--software wants a name and a version, such as 'Gitea 1.22.1'")
    if settings and not software:
        raise UsageError("--software is missing: what runs there, with its version, such as 'Gitea 1.22.1'")
    if given["har"] is not None and (given["command"] or given["paste"] or given["errors"]):
        raise UsageError("--har takes what is in the file; --command, --paste and --errors are for a login")
    if (
        sum([given["har"] is not None, given["proxy_port"] != str(NO_PROXY), bool(given["command"]), given["paste"]])
        > 1
    ):
        raise UsageError("--har, --proxy, --command and --paste are four ways; choose one")
    return f"{software or loaded.table['name'] + ', the service itself'}, by mockidp record"


def _taken(
    loaded: Loaded, settings: Mapping[str, str], setup: Setup, given: Mapping[str, Any], as_json: bool
) -> list[Taken]:
    from mockidp.check.record.capture import read_har

    if given["har"] is not None:
        return read_har(given["har"])
    wire = loaded.at(settings, setup.config.date)
    quiet = as_json
    if given["proxy_port"] != str(NO_PROXY):
        return _through_proxy(wire, given, quiet)
    return _walked(wire, loaded.id, given, quiet)


def _say(text: str) -> None:
    click.secho(text, dim=True, err=True)


# the three ways to capture


def _through_proxy(wire: Any, given: Mapping[str, Any], quiet: bool) -> list[Taken]:
    from mockidp.check.record.forward import RecordingServer

    port = given["proxy_port"]
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--proxy wants a port, not {port!r}")
    taken: list[Taken] = []

    def keep(item: Taken) -> None:
        taken.append(item)
        found = wire.route(item.request).exchanges
        if found and not quiet:
            _say(f"{item.response.status}  {found[0].step}")

    with RecordingServer(wire, keep, int(port), pass_through=given["pass_through"]) as server:
        click.echo(f"the proxy for {', '.join(wire.hosts)} is {server.url}", err=True)
        _say("Trust its authority (`mockidp ca path`), log in through it, then press Enter.")
        try:
            sys.stdin.readline()
        except KeyboardInterrupt:
            click.echo("", err=True)
    return taken


def _walked(wire: Any, provider: str, given: Mapping[str, Any], quiet: bool) -> list[Taken]:
    from mockidp.check.live.courier import Courier, Manners
    from mockidp.check.record.recorder import Recorder

    app = _app(provider, wire, given["redirect_uri"])
    told = (lambda step, status: None) if quiet else (lambda step, status: _say(f"{status}  {step or 'another page'}"))
    wait = _wait(app.redirect_uris[0], given)
    with Courier(manners=Manners(apart=0.0)) as courier:  # a login is one conversation
        recorder = Recorder(wire, app, courier, wait, scope=list(given["scope"]) or None, told=told)
        return recorder.run(errors=given["errors"])


def _app(provider: str, wire: Any, redirect_uri: str | None) -> App:
    import msgspec

    from mockidp.check.live.run import sandbox
    from mockidp.world import World

    app, _ = sandbox(provider, 1)
    if app is None:
        name = f"MOCKIDP_LIVE_{provider.upper()}_CLIENT_ID"
        raise UsageError(f"{name} is not set: a login needs an app that is registered there (and _CLIENT_SECRET)")
    facts = {**World().apps.ready(provider).facts, **app.facts}
    uris = [redirect_uri] if redirect_uri else app.redirect_uris
    return msgspec.structs.replace(app, facts=facts, redirect_uris=uris)


def _wait(redirect_uri: str, given: Mapping[str, Any]) -> Wait:
    from mockidp.check.record import callback

    def tell(text: str) -> None:
        click.echo(text, err=True)

    if given["command"]:
        return callback.by_command(given["command"], redirect_uri)
    if given["paste"]:
        return callback.from_text(sys.stdin.readline, tell)
    return callback.in_browser(redirect_uri, tell, opened=not given["no_browser"])


# what is said


def _tell(made: Plan, taken: int) -> None:
    if not made.outcomes:
        click.secho(f"none of the {taken} exchanges is one of the contract's", fg="red")
    for item in made.outcomes:
        colour = "red" if item.problem else "green" if item.kept else None
        word = "differs" if item.problem else "recorded" if item.kept else "seen"
        click.echo(
            f"{click.style(word.ljust(9), fg=colour)} {item.name:<20} {item.status or ''}  {item.problem}".rstrip()
        )
        for note in item.notes:
            click.secho(f"          {note}", dim=True)


def _show(lines: list[str]) -> None:
    click.echo()
    for line in lines:
        head = line.startswith(("---", "+++"))
        colour = None if head else {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        click.secho(line, fg=colour, bold=head)


def _end(
    provider: str, made: Plan, lines: list[str], written: list[Path], given: Mapping[str, Any], as_json: bool
) -> None:
    if as_json:
        document = {"provider": provider, "recorded": [item.as_dict() for item in made.outcomes]}
        emit({**document, "exchanges": made.exchanges, "diff": lines, "written": [str(path) for path in written]})
    elif written:
        for path in written:
            click.echo(f"{path} written")
        next_step(f"`mockidp check {provider}` asks whether the simulator answers so now.")
    elif made.files:
        next_step("Nothing was written." + (" Without --dry-run it asks whether to." if given["dry_run"] else ""))
    else:
        next_step("There is nothing to write.")
