"""`mockidp check --replay`: real drifts, and whether a check hears of them, or what they did to a client."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mockidp.cli_options import emit, next_step

if TYPE_CHECKING:
    from mockidp.check.drifts import Drift, Drifts

FINDINGS = 1


def replay_command(providers: Sequence[str], client: str, as_json: bool) -> int:
    """Replay the drifts of these providers, or of all; the exit code."""
    from mockidp.check.drifts import Drifts, read

    known = read()
    if providers:
        rows = [row for row in known.drift if row.provider in providers]
        known = Drifts(drift=rows, unexpressed=[row for row in known.unexpressed if row.provider in providers])
    if not known.drift:
        next_step(f"No drift of {', '.join(providers)} is known.")
        return 0
    return _client(known, client, as_json) if client else _replay(known, as_json)


def _replay(known: Drifts, as_json: bool) -> int:
    from mockidp.check.replay import as_rows, replay, table  # lazy: pulls in the engine

    done = replay(known.drift, _Progress(len(known.drift), as_json))
    bad = [item for item in done if not item.ok]
    if as_json:
        emit(as_rows(done, known.unexpressed))
        return FINDINGS if bad else 0
    click.echo(table(done, known.unexpressed))
    for item in bad:
        told = "; ".join(sorted({finding.id for finding in [*item.findings, *item.control]})) or "nothing"
        click.echo(f"{click.style('not as said', fg='red')}: {item.drift.provider}, {item.drift.title}: found {told}")
    if bad:
        next_step("The rows are in contracts/_drifts.toml, the two sides in the contract's history.")
    else:
        next_step("Each is reported as it is said to be. `mockidp check --client NAME --replay` asks a login library.")
    return FINDINGS if bad else 0


def _client(known: Drifts, client: str, as_json: bool) -> int:
    from mockidp.check.client import find_adapter  # lazy: pulls in the engine
    from mockidp.check.replay_client import as_rows, drive_all, table

    done = drive_all(known.drift, find_adapter(client), _Progress(len(known.drift), as_json))
    failing = sorted({item.drift.provider for item in done if item.today})
    if as_json:
        emit(as_rows(done))
    else:
        click.echo(table(done))
        broken = sum(item.verdict == "broken" for item in done)
        if failing:
            next_step(
                f"No login today at {', '.join(failing)}: `mockidp check {failing[0]} --client {client}` says more."
            )
        else:
            next_step(f"{broken} of {len(done)} drifts would have broken it, and it logs in everywhere today.")
    return FINDINGS if failing else 0


class _Progress:
    """One line on a terminal, kept up to date; nothing elsewhere."""

    def __init__(self, many: int, quiet: bool) -> None:
        self.many, self.seen, self.shown = many, 0, sys.stderr.isatty() and not quiet

    def __call__(self, done: Any) -> None:
        self.seen += 1
        drift: Drift = done.drift
        if self.shown:
            end = "\r\x1b[K" if self.seen == self.many else ""
            click.echo(f"\r\x1b[K{self.seen} of {self.many}  {drift.provider}{end}", nl=False, err=True)
