"""`manage.py reencrypt_providers`: after SECRET_KEY was changed, so that its former value can be forgotten."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import ExpressionWrapper, F, Model, TextField
from django.db.utils import DEFAULT_DB_ALIAS

from providers.django.crypto import UnreadableSecretError, decrypt, is_old
from providers.django.fields import SecretField
from providers.django.models import App, Token


class Command(BaseCommand):
    help = "Write every stored secret anew with the present SECRET_KEY; those of SECRET_KEY_FALLBACKS are read."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS)

    def handle(self, *, dry_run: bool, database: str, verbosity: int, **options: Any) -> None:
        seen: Counter[str] = Counter()
        for model in (App, Token):
            for field in model._meta.get_fields():
                if isinstance(field, SecretField):
                    seen += _rewrite(model, field.name, database, dry_run)
        done = "would be written anew" if dry_run else "written anew"
        if verbosity:
            self.stdout.write(f"{seen['old']} {done}, {seen['fresh']} up to date, {seen['unreadable']} unreadable")
        if seen["unreadable"]:
            raise CommandError(
                f"{seen['unreadable']} secrets can be read with no key; they were left as they are. "
                "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS and run this again, or enter them anew."
            )


def _rewrite(model: type[Model], name: str, database: str, dry_run: bool) -> Counter[str]:
    """One column. A row that changes meanwhile is left to whoever changed it."""
    seen: Counter[str] = Counter()
    rows = model._default_manager.using(database).annotate(stored_text=_as_stored(name))
    for pk, stored in list(rows.values_list("pk", "stored_text")):
        if not is_old(stored):
            seen["fresh"] += bool(stored)
            continue
        try:
            plain = decrypt(stored)
        except UnreadableSecretError:
            seen["unreadable"] += 1
            continue
        seen["old"] += 1
        if not dry_run:
            rows.filter(pk=pk, stored_text=stored).update(**{name: plain})
    return seen


def _as_stored(name: str) -> Any:
    return ExpressionWrapper(F(name), output_field=TextField())
