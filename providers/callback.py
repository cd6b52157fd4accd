"""The callback as it arrived: every parameter in order, duplicates visible, whatever shape the caller has it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .identity import encodable

MAX_LENGTH = 1 << 16  # characters of a URL or query; no provider comes near it
MAX_PARAMETERS = 300


class Callback:
    """Parameters of one callback. Build it with `Callback.of`; ValueError means that it cannot be read."""

    def __init__(self, pairs: Iterable[tuple[str, str]], fragment: str = "") -> None:
        self.pairs = tuple(pairs)
        self.fragment = fragment  # a server never sees it; it is here only when a page posted its own address
        if len(self.pairs) > MAX_PARAMETERS or not all(
            _is_text(name) and _is_text(value) for name, value in self.pairs
        ):
            raise ValueError("parameters must be strings, and not more than a few")

    @classmethod
    def of(cls, source: Any) -> Callback:
        """From a full URL, a query string, a mapping (also of lists, also a multi-dict) or a sequence of pairs."""
        if isinstance(source, Callback):
            return source
        if isinstance(source, str):
            return cls(*_from_text(source))
        if isinstance(source, Mapping) or hasattr(source, "items"):
            return cls(_from_mapping(source))
        if isinstance(source, Iterable):
            return cls((name, value) for name, value in source)
        raise ValueError("not a URL, a query string, a mapping or pairs")

    def __repr__(self) -> str:
        return f"Callback({sorted(self.names)})"

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.pairs)

    def get(self, name: str) -> str | None:
        """The value of a parameter, or None when it is absent or empty."""
        return next((value for key, value in self.pairs if key == name and value), None)

    def repeated(self) -> frozenset[str]:
        """Names that came more than once."""
        names = [name for name, _ in self.pairs]
        return frozenset(name for name in names if names.count(name) > 1)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and encodable(value)


def _from_text(source: str) -> tuple[list[tuple[str, str]], str]:
    if len(source) > MAX_LENGTH:
        raise ValueError("too long")
    fragment = ""
    if source.startswith(("http://", "https://", "/")):
        parts = urlsplit(source)
        source, fragment = parts.query, parts.fragment
    return parse_qsl(source.lstrip("?"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS), fragment


def _from_mapping(source: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(source, "multi_items"):  # starlette, httpx
        yield from source.multi_items()
        return
    items = source.lists() if hasattr(source, "lists") else source.items()  # Django and werkzeug have lists()
    for name, value in items:
        if isinstance(value, list | tuple):
            yield from ((name, one) for one in value)
        else:
            yield name, value
