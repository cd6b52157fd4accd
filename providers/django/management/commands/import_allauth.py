"""`manage.py import_allauth`: bring apps, accounts, tokens and addresses of django-allauth into this application."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from providers.django.moving import Report, move
from providers.django.moving_source import MissingTableError

SHOWN = 10  # keys of rows that are named with a reason


class Command(BaseCommand):
    help = (
        "Copies what django-allauth keeps in this database: apps, accounts, tokens, e-mail addresses. All or nothing; "
        "its own tables stay as they are, and a second run changes nothing. Try it with --dry-run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="the database that has both (default)")
        parser.add_argument("--json", action="store_true", help="every row that was left, for a program")
        parser.add_argument("--every-site", action="store_true", help="an app that is on no site is every site's")

    def handle(self, *args: Any, **options: Any) -> None:
        database, dry = options["database"], options["dry_run"]
        if database not in connections:
            raise CommandError(f"there is no database {database!r} in DATABASES")
        try:
            report = move(database, dry_run=dry, every_site=options["every_site"])
        except MissingTableError as missing:
            raise CommandError(f"{missing}; say --database ALIAS for another one") from None
        if options["json"]:
            document = {"dry_run": dry, "database": database, "counts": report.counts}
            self.stdout.write(json.dumps({**document, "left": report.left, "remarks": report.remarks}, default=str))
            return
        self.stdout.write(table(report, dry))


def table(report: Report, dry: bool) -> str:
    """What somebody reads: a row for each kind, then the reasons."""
    lines = [f"{'':<10}{'make' if dry else 'made':>9}{'change' if dry else 'changed':>9}{'same':>9}{'left':>9}"]
    for kind, counts in report.counts.items():
        lines.append(f"{kind:<10}" + "".join(f"{number:>9}" for number in counts.values()))
    lines += _reasons("Left there", report.left, "why") + _reasons("To know", report.remarks, "what")
    done = "Done. The tables of django-allauth are as they were."
    lines += ["", "Nothing was done: this was a dry run." if dry else done]
    return "\n".join(lines)


def _reasons(title: str, rows: list[dict[str, Any]], why: str) -> list[str]:
    grouped: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in rows:
        grouped[row["kind"], row["provider"], row[why]].append(str(row["id"]))
    lines = ["", f"{title}:"] if grouped else []
    for (kind, provider, reason), keys in grouped.items():
        more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        of = f" of {provider}" if provider else ""
        lines.append(f"  {len(keys)} {kind}{of} ({', '.join(keys[:SHOWN])}{more}): {reason}")
    return lines
