"""A request and a response, free of any server: what every mount makes and what the simulator answers.

`Request.base` is set for path form only: `http://127.0.0.1:8400/github.com/login` has the base
`http://127.0.0.1:8400`, the host `github.com` and the path `/login`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

type_json = "application/json"
DECISION = "mockidp."  # how the names of the login page's own fields begin, beside those of the provider
Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Response:
    """An answer: status, headers (names as sent), body bytes, and the seconds a mount waits before sending it.

    `stream` makes the pieces of an answer without an end; an empty piece is a moment to look whether anybody still
    listens. A mount inside the process sends the body instead, which holds what there is now.
    """

    status: int = 200
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    delay: float = 0.0
    stream: Callable[[], AsyncGenerator[bytes, None]] | None = None

    def header(self, name: str, default: str = "") -> str:
        """The first header of that name, letter case ignored."""
        low = name.lower()
        for key, value in self.headers:
            if key.lower() == low:
                return value
        return default


@dataclass(slots=True)
class Request:
    """One HTTP request. Header names are lower case; `query` is raw, without the question mark."""

    method: str
    host: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "https"
    base: str = ""
    world: str = ""
    _query: Pairs | None = field(default=None, init=False, repr=False, compare=False)  # parsed when first asked for
    _form: Pairs | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Request:
        """Build from an absolute URL; header names are lowered here."""
        parts = urlsplit(url)
        low = {key.lower(): value for key, value in (headers or {}).items()}
        return cls(method.upper(), parts.netloc.lower(), parts.path or "/", parts.query, low, body, parts.scheme)

    @property
    def url(self) -> str:
        """The provider's own URL, whatever form the request came in."""
        return f"{self.scheme}://{self.host}{self.path}{'?' + self.query if self.query else ''}"

    @property
    def outward(self) -> str:
        """The URL as the caller wrote it: in path form where that was used."""
        tail = f"{self.path}{'?' + self.query if self.query else ''}"
        return f"{self.base}/{self.host}{tail}" if self.base else f"{self.scheme}://{self.host}{tail}"

    @property
    def query_pairs(self) -> Pairs:
        if self._query is None:
            self._query = pairs_of(self.query)
        return self._query

    @query_pairs.setter
    def query_pairs(self, pairs: Pairs) -> None:
        self._query = pairs

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def form_pairs(self) -> Pairs:
        """Fields of a form body; empty when the body is something else or is not UTF-8."""
        if self._form is None:
            is_form = self.body and self.content_type == "application/x-www-form-urlencoded"
            self._form = pairs_of(self.body.decode("utf-8", "replace")) if is_form else []
        return self._form

    @form_pairs.setter
    def form_pairs(self, pairs: Pairs) -> None:
        self._form = pairs

    @property
    def json(self) -> object:
        """The parsed JSON body, or None when there is none or it does not parse."""
        import msgspec  # lazy: most requests have no JSON body

        if self.content_type != type_json:
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError):
            return None


def pairs_of(text: str) -> Pairs:
    """The pairs of a query or form, blank values kept: `parse_qsl` at a third of its price, as every request pays."""
    out = []
    if "+" in text:
        text = text.replace("+", " ")
    for part in text.split("&") if text else ():
        if part:
            key, _, value = part.partition("=")
            out.append((_unquoted(key) if "%" in key else key, _unquoted(value) if "%" in value else value))
    return out


def _unquoted(text: str) -> str:
    """`unquote`, short where all that was quoted is ASCII."""
    head, *rest = text.split("%")
    try:
        return head + "".join([ESCAPED[part[:2]] + part[2:] for part in rest])
    except KeyError:
        return unquote(text)


def encoded(pairs: Pairs) -> str:
    """A query or form; only what needs it is quoted."""
    return "&".join([f"{_quoted(key)}={_quoted(value)}" for key, value in pairs])


def _quoted(text: str) -> str:
    """`quote_plus` that looks at the characters to be quoted only."""
    return text if text.isalnum() and text.isascii() else RESERVED.sub(_percent, text)


def _percent(found: re.Match[str]) -> str:
    char = found[0]
    return PERCENT.get(char) or "".join([f"%{byte:02X}" for byte in char.encode()])


ESCAPED = {form % number: chr(number) for number in range(128) for form in ("%02X", "%02x")}
PERCENT = {chr(number): f"%{number:02X}" for number in range(128)} | {" ": "+"}
RESERVED = re.compile(r"[^A-Za-z0-9_.~-]")
PATH_FORM_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?")


def split_path_form(path: str) -> tuple[str, str] | None:
    """Split `/github.com/login` into ("github.com", "/login"); None where the first segment is no host name."""
    host, slash, rest = path[1:].partition("/")
    host = unquote(host).lower()
    return (host, slash + rest if slash else "/") if PATH_FORM_HOST.fullmatch(host) else None
