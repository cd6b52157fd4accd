"""`mockidp check`: the contracts asked of themselves, of the simulator and of a client; and the generated files."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockidp.cli_options import PROVIDER, Setup, emit, json_option, next_step, shared
from mockidp.cli_report import keep, then

if TYPE_CHECKING:
    from mockidp.check.finding import Finding

FINDINGS, INTERRUPTED = 1, 130


@click.command("check", short_help="Check that the contracts hold.")
@click.argument("providers", metavar="[ID]...", nargs=-1, type=str)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    type=click.Choice(["contract", "mock", "client"]),
    help="What to ask; may be repeated.  [default: contract and mock, and client when --client is given]",
)
@click.option(
    "--client",
    default="",
    metavar="CLIENT",
    help="The client to drive: providers, allauth, module:attribute or command:COMMAND.",
)
@click.option("--index", "write_index", is_flag=True, help="Write the generated files of contracts/ anew.")
@click.option("--replay", is_flag=True, help="Replay real drifts, or with --client what they did to that client.")
@click.option("--live", "is_live", is_flag=True, help="Ask the real providers whether they still do so.")
@click.option(
    "--level",
    type=click.IntRange(0, 2),
    default=0,
    show_default=True,
    help="With --live: 0 without credentials, 1 with a sandbox app from the environment, 2 with a login in a browser.",
)
@click.option("--dry-run", is_flag=True, help="With --live: list every request, and send none.")
@click.option(
    "--har",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="With --live: send nothing, and compare the login that a HAR file has.",
)
@click.option("--no-browser", is_flag=True, help="At level 2: print the authorize URL instead of opening a browser.")
@click.option("--command", default="", metavar="COMMAND", help="At level 2: run this with the authorize URL to log in.")
@click.option(
    "--paste", is_flag=True, help="At level 2: print the authorize URL, and read the callback from the input."
)
@click.option("--contact", default="", metavar="TEXT", help="With --live: an address or URL for the User-Agent.")
@click.option(
    "--ignore",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --live: rules for expected findings.  [default: mockidp-ignore.toml, if it is there]",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the report as JSON."
)
@click.option("--report", "reports", multiple=True, metavar="FORM=FILE", help="Write the report in another form too.")
@shared("config", "set")
@json_option
def check_command(
    providers: tuple[str, ...],
    subjects: tuple[str, ...],
    client: str,
    write_index: bool,
    replay: bool,
    is_live: bool,
    setup: Setup,
    as_json: bool,
    **of_live: Any,
) -> None:
    """Check that contracts hold: all of them, or those of the providers named.

    JSON: an array of findings, each with id, provider, subject, case, ok, severity, message, file and line; with --live
    the report that --out writes; with --replay an array of drifts, each with number, provider, title, and what caught
    it or what it did to the client; with --index an object with the names written. Exits with 1 when a finding is not
    ok, and with 3 when nothing differs but somebody could not be asked.
    """
    if write_index:
        _index(as_json)
        return
    known = [PROVIDER.convert(name, None, None) for name in providers]
    if replay:
        from mockidp.cli_replay import replay_command  # lazy: pulls in the engine

        sys.exit(replay_command(known, client, as_json))
    if is_live:
        from mockidp.cli_live import Browser, live  # lazy: pulls in the engine

        browser = Browser(not of_live.pop("no_browser"), of_live.pop("command"), of_live.pop("paste"))
        sys.exit(live(known, of_live.pop("level"), setup, browser=browser, as_json=as_json, **of_live))
    wanted = subjects or (("contract", "mock", "client") if client else ("contract", "mock"))
    sys.exit(_ask(known, wanted, client, as_json, of_live["out"], of_live["reports"]))


def _ask(
    providers: Sequence[str],
    subjects: Sequence[str],
    client: str,
    as_json: bool,
    out: Path | None,
    reports: Sequence[str],
) -> int:
    """Ask contracts, simulator or client; the exit code. Whatever ends it, what was found is written."""
    from mockidp.check.report.document import of_findings
    from mockidp.check.report.render import destinations
    from mockidp.check.run import check

    places, started = destinations(reports), time.time()
    progress = None if as_json else Progress(sys.stdout.isatty())
    found: list[Finding] = []

    def ready(finding: Finding) -> None:
        found.append(finding)
        if progress is not None:
            progress(finding)

    complete = False
    try:
        check(providers, subjects, client, ready)
        complete = True
    except KeyboardInterrupt:
        pass
    keep(of_findings(found, started=started, ended=time.time(), complete=complete), out, places)
    bad = [item for item in found if not item.ok]
    if as_json:
        emit([item.as_dict() for item in found])
    elif progress is not None:
        progress.end()
        _report(found, bad)
        then(out)
    if not complete:
        click.echo("mockidp: ended early: what is missing was not asked", err=True)
        return INTERRUPTED
    return FINDINGS if bad else 0


class Progress:
    """One line for each provider and subject: kept up to date on a terminal, written once it is done elsewhere."""

    def __init__(self, live: bool) -> None:
        self.live, self.key, self.good, self.bad = live, ("", ""), 0, 0

    def __call__(self, finding: Finding) -> None:
        if (finding.provider, finding.subject) != self.key:
            self.end()
            self.key, self.good, self.bad = (finding.provider, finding.subject), 0, 0
        self.good, self.bad = self.good + finding.ok, self.bad + (not finding.ok)
        if self.live:
            click.echo(f"\r{self._line()}", nl=False)

    def end(self) -> None:
        """The line of what came last is complete."""
        if self.key[0]:
            click.echo(f"\r{self._line()}" if self.live else self._line())

    def _line(self) -> str:
        verdict = click.style(f"{self.bad} differ", fg="red") if self.bad else click.style("fine", fg="green")
        return f"{self.key[0]:<18} {self.key[1]:<9} {self.good + self.bad:>4} checked  {verdict}"


def _report(found: list[Finding], bad: list[Finding]) -> None:
    for item in bad:
        where = f"{item.file}:{item.line}: " if item.line else f"{item.file}: " if item.file else ""
        head, *rest = item.message.splitlines() or [""]
        click.echo(f"{where}{click.style(item.id, bold=True)}: {head}")
        for line in rest:
            click.echo(f"    {line}")
    providers = len({item.provider for item in found})
    counted = f"{providers} provider{'' if providers == 1 else 's'}"
    if bad:
        next_step(
            f"{len(bad)} of {len(found)} cases differ. `mockidp login {bad[0].provider}` shows the login, "
            f"`mockidp show {bad[0].provider}` the contract."
        )
    else:
        next_step(f"{len(found)} cases of {counted}, all as the contracts say.")


def _index(as_json: bool) -> None:
    from mockidp.contract.indexing import write

    names = write()
    if as_json:
        emit({"written": names})
    else:
        click.echo(
            "\n".join(f"contracts/{name} written" for name in names) or "contracts/: nothing to write, all is fresh"
        )
        next_step("Commit them with the contract." if names else "`mockidp check` asks whether the contracts hold.")
