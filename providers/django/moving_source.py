"""The tables of django-allauth, read as they are: models without django-allauth, with the columns that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.contrib.auth import get_user_model
from django.db import connections, models

TABLES = {
    "app": "socialaccount_socialapp",
    "account": "socialaccount_socialaccount",
    "token": "socialaccount_socialtoken",
    "address": "account_emailaddress",
}
SITES = "socialaccount_socialapp_sites"
LATER = {"provider_id": "", "settings": {}}  # columns that a release of 2021 does not have, and what they mean then


class MissingTableError(LookupError):
    """There is no database of django-allauth where it was looked for."""


class Document(models.TextField):
    """JSON, of a column of JSON or of text as it was before 2023; anything that is no object reads as an empty one."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> dict[str, Any]:
        for _ in range(2):  # some releases stored JSON within JSON
            if isinstance(value, str | bytes):
                try:
                    value = json.loads(value)
                except ValueError:
                    return {}
        return value if isinstance(value, dict) else {}


class Source:
    """Rows as dictionaries, in the order in which they were made."""

    def __init__(self, database: str) -> None:
        self.database = database
        with connections[database].cursor() as cursor:
            self.present = set(connections[database].introspection.table_names(cursor))
            needed = [table for kind, table in TABLES.items() if kind != "address"]
            if missing := [table for table in needed if table not in self.present]:
                raise MissingTableError(f"database {database!r} has no table {missing[0]} of django-allauth's")
            self.models = {
                kind: _model(kind, self._columns(cursor, table))
                for kind, table in TABLES.items()
                if table in self.present
            }

    def _columns(self, cursor: Any, table: str) -> set[str]:
        return {column.name for column in connections[self.database].introspection.get_table_description(cursor, table)}

    def rows(self, kind: str, **wanted: Any) -> Iterator[dict[str, Any]]:
        if kind not in self.models:
            return
        model = self.models[kind]
        names = [name.attname for name in model._meta.concrete_fields]
        found = model._base_manager.using(self.database).filter(**wanted).order_by("pk").values(*names)
        for row in found.iterator():
            yield {**LATER, **row} if kind == "app" else row

    def orphans(self) -> Iterator[dict[str, Any]]:
        """Tokens of no account."""
        accounts = self.models["account"]._base_manager.using(self.database).filter(pk=models.OuterRef("account_id"))
        tokens = self.models["token"]._base_manager.using(self.database)
        yield from tokens.filter(~models.Exists(accounts)).order_by("pk").values("id")

    def sites(self) -> dict[Any, list[Any]] | None:
        """Sites by app; None where the site does without sites."""
        if SITES not in self.present:
            return None
        found: dict[Any, list[Any]] = {}
        with connections[self.database].cursor() as cursor:
            cursor.execute(f"SELECT socialapp_id, site_id FROM {SITES} ORDER BY id")
            for app, site in cursor.fetchall():
                found.setdefault(app, []).append(site)
        return found


def _model(kind: str, columns: set[str]) -> Any:
    fields = {name: made for name, made in _FIELDS[kind]().items() if {name, f"{name}_id"} & columns}
    options = type("Meta", (), {"app_label": "moving", "apps": Apps(), "managed": False, "db_table": TABLES[kind]})
    key = models.BigAutoField(primary_key=True)
    return type(kind, (models.Model,), {"__module__": __name__, "Meta": options, "id": key, **fields})


def _user() -> Any:
    return models.ForeignKey(get_user_model(), models.DO_NOTHING, related_name="+", db_constraint=False)


_FIELDS: dict[str, Any] = {
    "app": lambda: {
        **{name: models.TextField() for name in ("provider", "provider_id", "name", "client_id", "secret", "key")},
        "settings": Document(),
    },
    "account": lambda: {
        "user": _user(),
        "provider": models.TextField(),
        "uid": models.TextField(),
        "last_login": models.DateTimeField(),
        "date_joined": models.DateTimeField(),
        "extra_data": Document(),
    },
    "token": lambda: {
        "app_id": models.BigIntegerField(null=True),
        "account_id": models.BigIntegerField(),
        "token": models.TextField(),
        "token_secret": models.TextField(),
        "expires_at": models.DateTimeField(null=True),
    },
    "address": lambda: {
        "user": _user(),
        "email": models.TextField(),
        "verified": models.BooleanField(),
        "primary": models.BooleanField(),
    },
}
