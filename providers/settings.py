"""Settings of a provider: declared as data in its class, checked once at `get`.

A declaration is a default and a kind; a kind turns what the caller gave into the value used, or says what it must be.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from .http import is_web_url

MANY = 20  # names that an error still lists


class Setting(NamedTuple):
    """One setting: its default, and `accept`, which returns the value to use or raises ValueError(what it must be)."""

    default: Any
    accept: Callable[[Any], Any]


def url(default: str | None) -> Setting:
    """A base URL, http or https, kept without its trailing slash."""
    return Setting(default, _url)


def host(default: str | None) -> Setting:
    """A bare host name, without scheme or path; a port may follow."""
    return Setting(default, _host)


def is_address(setting: Setting) -> bool:
    """Whether it says where a provider is."""
    return setting.accept in (_url, _host)


def words(*default: str) -> Setting:
    """A list of strings, None unless given or declared; one string alone would be taken letter by letter."""
    return Setting(default or None, _words)


def mapping() -> Setting:
    return Setting({}, _mapping)


def flag(default: bool) -> Setting:
    return Setting(default, _flag)


def text(default: str | None) -> Setting:
    return Setting(default, _text)


def choice(*options: str) -> Setting:
    """One of the options; the first is the default."""

    def accept(value: Any) -> str:
        if value not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return str(value)

    return Setting(options[0], accept)


def check(declared: Mapping[str, Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every declared setting. Raises ValueError with a sentence for an unknown name or a wrong value."""
    for name in given:
        if name not in declared:
            raise ValueError(f"there is no setting {name!r}{suggestion(str(name), declared)}")
    values = {name: setting.default for name, setting in declared.items()}
    for name, value in given.items():
        try:
            values[name] = declared[name].accept(value)
        except ValueError as must:
            raise ValueError(f"setting {name} must be {must}") from None
    return values


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the nearest known name, or what there is."""
    known = sorted(known)
    by_lower = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {by_lower[near[0]]!r}?"
    if len(known) > MANY:
        return f"; there are {len(known)}, such as {', '.join(known[:3])}"
    return f"; there are: {', '.join(known)}" if known else "; there are none"


def _url(value: Any) -> str:
    if not isinstance(value, str) or not is_web_url(value):
        raise ValueError("an absolute http or https URL")
    return value.rstrip("/")


def _host(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?", value):
        raise ValueError("a host name without https:// and path")
    return value


def _words(value: Any) -> tuple[str, ...]:
    if value == "":  # as the seed document writes that there is to be none
        return ()
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError("a list of strings")
    items = tuple(value)
    if not all(isinstance(item, str) and item for item in items):
        raise ValueError("a list of strings")
    return items


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError("a mapping with string keys")
    return dict(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a string that is not empty")
    return value
