"""A text that is encrypted in the database and plain in Python."""

from __future__ import annotations

from typing import Any

from django.db import models

from .crypto import PREFIX, UnreadableSecretError, decrypt, encrypt


class Unreadable(str):
    """A stored secret that no present key opens. It is empty to whoever uses it, and is stored again as it was: once
    the former SECRET_KEY is among SECRET_KEY_FALLBACKS it can be read again.
    """

    stored: str

    def __new__(cls, stored: str) -> Unreadable:
        made = super().__new__(cls, "")
        made.stored = stored
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Unreadable, (self.stored,)


class SecretField(models.TextField):
    """Cannot be searched for: the same text is stored otherwise each time. Empty stays empty."""

    description = "a secret, encrypted at rest"

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("blank", True)
        options.setdefault("default", "")
        super().__init__(*args, **options)

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Unreadable):
            return value.stored
        return encrypt(str(value)) if value else ""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return decrypt(value)
        except UnreadableSecretError:
            return Unreadable(value)  # so that lists, logins of others and the admin go on

    def to_python(self, value: Any) -> Any:
        """Also of what `dumpdata` wrote."""
        if isinstance(value, Unreadable):
            return value
        if isinstance(value, str) and value.startswith(PREFIX):
            return self.from_db_value(value, None, None)
        return super().to_python(value)

    def value_to_string(self, obj: Any) -> str:
        """For `dumpdata`, whose files lie about: as it is stored."""
        return str(self.get_prep_value(self.value_from_object(obj)))

    def get_lookup(self, lookup_name: str) -> Any:
        """Only whether there is one."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
