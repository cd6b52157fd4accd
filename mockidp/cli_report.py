"""`mockidp report` and `mockidp diff`: what runs found, in another form, together, or compared. And the one way in
which every check leaves its report behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockidp.cli_options import json_option, next_step

if TYPE_CHECKING:
    from mockidp.check.report.document import Report

FORMS = ("terminal", "markdown", "junit", "sarif", "html", "json")  # those of check/report/render.py
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("report", short_help="Show or convert the reports of checks.")
@click.argument("files", metavar="FILES", nargs=-1, required=True, type=FILE)
@click.option(
    "--form",
    type=click.Choice(FORMS),
    help="The form.  [default: that of the ending of --output; terminal without one]",
)
@click.option("--output", "-o", type=FILE, metavar="FILE", help="Write it to this file and not to the output.")
@json_option
def report_command(files: tuple[Path, ...], form: str | None, output: Path | None, as_json: bool) -> None:
    """Show what `mockidp check --out FILE` wrote, or write it in another form.

    \b
    mockidp report run.json
    mockidp report run.json --form markdown >> "$GITHUB_STEP_SUMMARY"
    mockidp report runs/*.json -o matrix.html

    Of several reports the newest answer to each check counts; the HTML matrix also shows the runs before it. JSON, also
    with --json: the report itself (docs/report.schema.json).
    """
    from mockidp.check.report.document import read, write  # lazy: --help needs none of these
    from mockidp.check.report.render import ENDINGS, of_many

    ending = ENDINGS.get(output.suffix.lower(), "terminal") if output is not None else "terminal"
    chosen = form or ("json" if as_json else ending)
    reports = [read(path) for path in files]
    if output is not None:
        write(output, of_many(reports, chosen))
        click.echo(f"{output} written: {chosen}, of {len(files)} report{'' if len(files) == 1 else 's'}", err=True)
    elif chosen == "terminal":
        from mockidp.check.report.checks import merged

        show(merged(reports))
    else:
        click.echo(of_many(reports, chosen).decode(), nl=False)


@click.command("diff", short_help="Compare two reports: what is new, gone, graver, milder.")
@click.argument("before", metavar="A", type=FILE)
@click.argument("after", metavar="B", type=FILE)
@json_option
def diff_command(before: Path, after: Path, as_json: bool) -> int:
    """Compare two reports: what is new in B, gone from it, graver or milder than in A.

    A finding whose check has no answer in B is neither gone nor there: it is told apart. Exits with 1 when something
    fails that did not or has become graver, with 3 when that cannot be said of all. JSON: an object with before and
    after (times), new, gone, unclear (arrays of findings), graver and milder (arrays of before, now, finding).
    """
    import msgspec

    from mockidp.check.report.compare import compare, exit_code
    from mockidp.check.report.document import read
    from mockidp.check.report.terminal import comparison

    found = compare(read(before), read(after))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        click.echo(comparison(found, in_colour()), nl=False)
    return exit_code(found)


def in_colour() -> bool:
    """Whether stdout is a terminal whose owner has not asked for plain text (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(report: Report) -> None:
    """Print a report for a person."""
    from mockidp.check.report.terminal import render

    click.echo(render(report, in_colour()), nl=False, color=in_colour())


def keep(report: Report, out: Path | None, places: Sequence[tuple[str, Path]]) -> None:
    """Write a report where `--out` and `--report` of a check say."""
    from mockidp.check.report.document import encode, write
    from mockidp.check.report.render import rendered

    if out is not None:
        write(out, encode(report))
    for form, path in places:
        write(path, rendered(report, form))


def then(out: Path | None) -> None:
    """What can be done with a report that was written."""
    if out is not None:
        next_step(f"`mockidp report {out}` shows it again, `mockidp diff {out} LATER` what has changed since.")
