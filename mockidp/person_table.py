"""A person as a table of the user's configuration: an `id` and any field of `Person`; what may not be is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any

import msgspec

from mockidp.errors import UsageError, nearest
from mockidp.person import GENERATED_ID, Person, blank, is_address

NAMED_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
LONGEST_FIELD = 2000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # nothing that XML could not carry


def from_table(table: Mapping[str, object], people: Mapping[str, Person]) -> Person:
    """Somebody new, or one of `people` changed. Raises UsageError, with the field and what it must be."""
    person_id = table.get("id")
    if not isinstance(person_id, str) or not NAMED_ID.fullmatch(person_id) or GENERATED_ID.fullmatch(person_id):
        raise UsageError(
            f'A person needs an id of lower-case letters, digits, "-" and "_" (not person-N), not {person_id!r}.'
        )
    for field in table:
        if field not in Person.__struct_fields__:
            hint = nearest(str(field), Person.__struct_fields__)
            raise UsageError(f'Person "{person_id}" cannot have a field "{field}".{hint}')
    # TOML has no null: an empty text is how a configuration says "none".
    given = {field: None if value == "" else value for field, value in table.items()}
    start: dict[str, Any] = msgspec.structs.asdict(people.get(person_id) or blank(person_id))
    _refuse_malformed(person_id, given)
    if given.get("email", "") is None and "email_verified" not in given:
        given["email_verified"] = False
    try:
        return msgspec.convert({**start, **given}, Person)
    except msgspec.ValidationError as error:
        raise UsageError(f'Person "{person_id}": {error}.') from error


def _refuse_malformed(person_id: str, given: Mapping[str, object]) -> None:
    """Refuse what no provider could have, and what its forms of a date, a place or an address cannot be made of."""
    for field, value in given.items():
        for text in _texts(value):
            if len(text) > LONGEST_FIELD or CONTROL.search(text):
                most = f"at most {LONGEST_FIELD} characters, all of which can be shown"
                raise UsageError(f'Person "{person_id}": {field} must have {most}.')
        if isinstance(value, str) and field in FORMS and not FORMS[field][1](value):
            raise UsageError(f'Person "{person_id}": {field} must be {FORMS[field][0]}.')
    others = given.get("other_emails", ())
    for row in others if isinstance(others, list | tuple) else ():
        if isinstance(row, list | tuple) and row and isinstance(row[0], str) and not is_address(row[0]):
            raise UsageError(f'Person "{person_id}": other_emails must be e-mail addresses.')


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_texts, value))


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and date.fromisoformat(text).year >= 1900
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
        return found is not None and 1970 <= datetime.fromisoformat(text).year <= 2100
    except ValueError:
        return False


def _is_zone(text: str) -> bool:
    from zoneinfo import ZoneInfo  # lazy: few name one

    try:
        return bool(ZoneInfo(text).key)
    except (KeyError, ValueError, OSError):  # a folder of the database is an OSError
        return False


def _is(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


_web = _is(r"https?://[^\s/]+(/\S*)?")
_moment = ("a moment as in 2026-11-24T10:00:00Z, from 1970 to 2100", _is_moment)
_login_name = ("ASCII without blanks, / ? and #", _is(r"(?:(?![/?#])[!-~]){1,100}"))
_address = ("an e-mail address", is_address)
# What a text must be, in words and as a test; all other fields may be any text.
FORMS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "username": _login_name,
    "former_username": _login_name,
    "email": _address,
    "relay_email": _address,
    "picture": ("an http or https URL", _web),
    "website": ("an http or https URL", _web),
    "locale": ("a language tag, such as en-GB", _is(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")),
    "language": ("two or three small letters, such as en", _is(r"[a-z]{2,3}")),
    "country": ("two capital letters, such as GB", _is(r"[A-Z]{2}")),
    "zoneinfo": ("a time zone, such as Europe/London", _is_zone),
    "phone": ("digits with a + in front", _is(r"\+?[0-9][0-9 ()-]{1,28}[0-9]")),
    "birthdate": ("a day as in 1990-04-17, from 1900", _is_day),
    "created": _moment,
    "updated": _moment,
}


def refuse_twins(person: Person, seen: set[str], people: Mapping[str, Person]) -> None:
    """Refuse who is there twice, or has the number or the username of somebody else."""
    if person.id in seen:
        raise UsageError(f'Person "{person.id}" is there twice.')
    for other in people.values():
        if other.id != person.id and other.number == person.number:
            raise UsageError(f'Person "{person.id}" has the number of "{other.id}", {other.number}.')
        if other.id != person.id and other.username == person.username:
            raise UsageError(f'Person "{person.id}" has the username of "{other.id}", "{other.username}".')
