"""`mockidp check --live`: who is asked, how it is told while it goes on, and what is left at the end."""

from __future__ import annotations

import datetime
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockidp.check.report.words import one_line
from mockidp.cli_options import Setup, emit, next_step
from mockidp.cli_report import keep, show, then
from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.check.finding import Finding
    from mockidp.check.ignore import Rules
    from mockidp.check.live.courier import Courier
    from mockidp.check.live.run import Run, Target
    from mockidp.check.report.document import Report

INTERRUPTED = 130


def live(
    providers: Sequence[str],
    level: int,
    setup: Setup,
    *,
    dry_run: bool = False,
    har: Path | None = None,
    browser: Browser | None = None,
    contact: str = "",
    ignore: Path | None = None,
    out: Path | None = None,
    reports: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Ask the real providers, or list what would be asked; the exit code.

    Whatever can be wrong with the command line is found before anything is sent.
    """
    from mockidp.check.live.run import target  # lazy: pulls in the engine
    from mockidp.check.report.render import destinations
    from mockidp.contract.files import provider_ids

    places, rules = destinations(reports), _rules(ignore)
    wanted = list(providers) or provider_ids()
    targets = [target(name, setup.config.settings.get(name, {}), level) for name in wanted]
    _possible(targets, level, har)
    if dry_run:
        _dry(targets, as_json)
        return 0
    run = _from_har(targets[0], har) if har is not None else _run(targets, contact, browser or Browser())
    report = _report(run, rules)
    _leave(report, out, places, as_json)
    if not run.complete:
        return INTERRUPTED
    from mockidp.check.report.document import exit_code

    return exit_code(report)


def _rules(path: Path | None) -> Rules | None:
    from mockidp.check import ignore

    default = Path(ignore.NAME)
    return ignore.read(path or default) if path is not None or default.is_file() else None


def _dry(targets: Sequence[Target], as_json: bool) -> None:
    """Every request that would be sent, and none is."""
    from mockidp.check.live.courier import Courier
    from mockidp.check.live.run import Conversation, Run

    rows, quiet = [], []
    for target in targets:
        talk = Conversation(target, Courier(), Run(target.level, 0.0))
        if why := talk.unasked():
            quiet.append(f"{target.provider:<18} not asked: {why}")
            continue
        for probe, request in talk.requests():
            url = f"{request.scheme}://{request.host}{request.path}" if request else "with what an answer gives"
            method = request.method if request else probe.exchange.method if probe.exchange else "GET"
            rows.append({"provider": target.provider, "case": probe.case, "method": method, "url": url})
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(f"{row['provider']:<18} {row['case']:<22} {row['method']:<4} {row['url']}")
    for line in quiet:
        click.secho(line, dim=True)
    hosts = {row["url"].split("/")[2] for row in rows if "://" in row["url"]}
    next_step(f"{len(rows)} requests to {len(hosts)} hosts, and none was sent. Without --dry-run they are.")


@dataclass(frozen=True)
class Browser:
    """Who logs in at level 2: a person in a browser, or with the URLs by hand, or a command."""

    opened: bool = True
    command: str = ""
    paste: bool = False

    def wait(self, redirect_uri: str, tell: Callable[[str], None]) -> Callable[[str], str]:
        """What takes an authorize URL and comes back with the callback. UsageError where nothing would hear it."""
        from mockidp.check.record import callback  # lazy: level 2 only

        if self.command:
            return callback.by_command(self.command, redirect_uri)
        if self.paste:
            return callback.from_text(sys.stdin.readline, tell)
        return callback.in_browser(redirect_uri, tell, opened=self.opened)


def _possible(targets: Sequence[Target], level: int, har: Path | None) -> None:
    """UsageError for a login that nobody could make."""
    if har is not None and len(targets) != 1:
        raise UsageError("--har has one provider's login: name the provider, as in `mockidp check github --har FILE`")
    if level < 2 or har is not None:
        return
    if len(targets) != 1:
        raise UsageError("level 2 is a login that somebody makes: name one provider, as in `mockidp check github`")
    if targets[0].app is None:
        prefix = f"MOCKIDP_LIVE_{targets[0].provider.upper()}"
        raise UsageError(
            f"level 2 needs a sandbox app: set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET, or use --har"
        )


def _run(targets: Sequence[Target], contact: str, browser: Browser) -> Run:
    from mockidp.check.live.courier import Courier
    from mockidp.check.live.run import check_live

    progress = Progress(len(targets), on_terminal=sys.stderr.isatty())
    with Courier(contact=contact) as courier:
        run = check_live(targets, courier, ready=progress)
        if run.complete and targets and targets[0].level >= 2:
            _log_in(targets[0], courier, run, browser, progress)
    progress.end()
    return run


def _log_in(target: Target, courier: Courier, run: Run, browser: Browser, progress: Progress) -> None:
    """Level 2: the login itself; an interruption leaves what was found before."""
    from mockidp.check.live.person import in_browser
    from mockidp.check.live.run import Conversation

    def tell(text: str) -> None:
        progress.end()
        click.echo(text, err=True)

    assert target.app is not None
    wait = browser.wait(target.app.redirect_uris[0], tell)
    try:
        for finding in in_browser(Conversation(target, courier, run), wait, tell):
            run.findings.append(finding)
            progress(finding)
    except KeyboardInterrupt:
        run.complete = False
    run.ended = time.time()


def _from_har(target: Target, har: Path) -> Run:
    """Nothing is sent: what a browser saw earlier is compared."""
    from mockidp.check.live.courier import Courier
    from mockidp.check.live.person import from_har
    from mockidp.check.live.run import Conversation, Run

    run = Run(2, time.time(), providers=[target.provider])
    run.findings = list(from_har(Conversation(target, Courier(), run), har))
    run.ended, run.complete = time.time(), True
    return run


def _report(run: Run, rules: Rules | None) -> Report:
    from mockidp.check import ignore
    from mockidp.check.report.document import of_run

    if rules is not None:
        run.findings = ignore.apply(rules, run.findings, datetime.date.today())
    return of_run(run)


def _leave(report: Report, out: Path | None, places: Sequence[tuple[str, Path]], as_json: bool) -> None:
    """Write what was asked for, and print the rest."""
    from mockidp.check.report.document import encode

    keep(report, out, places)
    if as_json:
        click.echo(encode(report).decode(), nl=False)
        return
    show(report)
    then(out)


class Progress:
    """On a terminal one line that is kept up to date, elsewhere a line for each finding that matters; on stderr."""

    def __init__(self, providers: int, on_terminal: bool) -> None:
        self.providers, self.on_terminal, self.seen = providers, on_terminal, 0
        self.heard: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, finding: Finding) -> None:
        with self._lock:
            self.seen += 1
            self.heard.add(finding.provider)
            if self.on_terminal:
                line = f"{len(self.heard)} of {self.providers} providers, {self.seen} cases  {finding.id}"
                click.echo(f"\r\x1b[K{one_line(line)[:110]}", nl=False, err=True)
            elif not finding.ok:
                click.echo(one_line(f"{finding.severity}: {finding.id}: {finding.message}"), err=True)

    def end(self) -> None:
        if self.on_terminal:
            click.echo("\r\x1b[K", nl=False, err=True)
