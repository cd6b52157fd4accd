"""What went over the wire, for people: parsed, decoded, and with every secret masked as the journal masks them.

The only reader of `journal.Traffic`. Secrets are found by name (`client_secret`, `code`, `…_token`), wherever a value
has one; then each such value is masked wherever it occurs again, in a path, a page or another answer. So a body that
was cut or does not parse keeps no more of a secret than one that does.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from mockidp.apps import App
from mockidp.jose import JoseError, split
from mockidp.journal import SECRETS, Entry, Login, Traffic, crumb, crumbs, cut
from mockidp.wire import DECISION, Pairs, pairs_of

TELLING = 6  # a value of fewer characters is masked where it has a name, and not wherever it occurs
ANSWERED = ("token", "secret", "password", "session_key", "assertion", "jwt", "apikey", "api_key")
NO_SECRETS = frozenset(
    {"token_type", "at_hash", "c_hash", "response_type", "grant_type", "subject_token_type", "oauth_consumer_key"}
)
SECRET_HEADERS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
NAMED = re.compile(
    r"""(?P<name>[\w.-]+)["']?\s*(?:[:=]|value=|["']\s*value=)\s*["']?(?P<value>[^"'&<>\s,;{}\[\]]+)""", re.IGNORECASE
)
FORM_LIKE = re.compile(rb"[\w.%-]+=[^\s<>=&]*(?:&[\w.%-]+=[^\s<>=&]*)*")
TAGGED = re.compile(r"<([\w:.-]+)>([^<]+)</\1>")
FIELD = re.compile(r"""name=["']([^"']+)["'][^>]*?value=["']([^"']*)["']""")


def is_secret(name: str, *, asked: bool = True) -> bool:
    """Whether a value of that name is a secret: in a request (or an address), or else in the body of an answer."""
    low = name.lower()
    if low in NO_SECRETS:
        return False
    return low.endswith(ANSWERED) or (asked and name.endswith(SECRETS))


@dataclass
class Token:
    """A JWT that was seen: where, and what is in it. `header` and `claims` are JSON; `times` say when, in words."""

    name: str
    header: str
    claims: str
    alg: str
    times: Pairs


@dataclass
class Message:
    """A request or an answer as it is shown. `fields` are a form's; `text` is any other body, laid out."""

    headers: Pairs = field(default_factory=list)
    query: Pairs = field(default_factory=list)
    fields: Pairs = field(default_factory=list)
    text: str = ""
    kind: str = ""
    size: int = 0
    note: str = ""


@dataclass
class Exchanged:
    """One entry's traffic, masked: `url` is the provider's own, `outward` the one at this server."""

    method: str
    url: str
    outward: str
    request: Message
    answer: Message
    location: str
    params: Pairs
    tokens: list[Token]
    decision: Pairs


class Masks:
    """The secrets of one login, collected from all of its requests and answers, and how to hide them."""

    def __init__(self, login: Login, apps: Iterable[App] = ()) -> None:
        known = {value for entry in login.entries if entry.traffic for value in _secrets(entry.traffic)}
        known |= {app.client_secret for app in apps}
        known |= {value for app in apps for value in app.facts.values() if value.startswith("-----")}
        values = {form for value in known if len(value) >= TELLING for form in _forms(value)}
        longest = sorted(values, key=len, reverse=True)  # one may begin with another
        self._values = re.compile("|".join(map(re.escape, longest))) if longest else None

    def text(self, text: str) -> str:
        """A text in which no secret of this login is left."""
        text = JWT.sub(lambda found: cut(found[0]), text)
        return self._values.sub(lambda found: cut(found[0]), text) if self._values else text

    def pairs(self, pairs: Pairs, *, asked: bool = True) -> Pairs:
        return [
            (name, cut(value) if value and is_secret(name, asked=asked) else self.text(value)) for name, value in pairs
        ]

    def url(self, url: str) -> str:
        """An address, its query and fragment read pair by pair."""
        parts = urlsplit(url) if len(url) < 1 << 16 else urlsplit("")
        tails = [self._tail(tail) for tail in (parts.query, parts.fragment)]
        front = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.scheme and parts.netloc else url.split("?")[0]
        marks = [f"{mark}{tail}" for mark, tail in zip("?#", tails, strict=True) if tail]
        return self.text(front) + "".join(marks)

    def _tail(self, tail: str) -> str:
        if "=" not in tail:
            return self.text(tail)
        rows = []
        for part in tail.split("&"):
            name, _, value = part.partition("=")
            rows.append(f"{name}={cut(value)}" if value and is_secret(name) else self.text(part))
        return "&".join(rows)

    def header(self, name: str, value: str) -> str:
        low = name.lower()
        if low == "authorization":
            return self._authorization(value)
        if low in ("cookie", "set-cookie"):
            return crumbs(value) if low == "cookie" else crumb(name, value)
        if low in SECRET_HEADERS or is_secret(low.replace("-", "_"), asked=False):
            return cut(value)
        return self.url(value) if low in ("location", "referer") else self.text(value)

    def _authorization(self, value: str) -> str:
        scheme, space, rest = value.partition(" ")
        if not space:
            return cut(value)
        if scheme.lower() == "basic":
            user, colon, secret = decoded_basic(rest).partition(":")
            return f"Basic base64({self.text(user)}:{cut(secret)})" if colon else f"Basic {cut(rest)}"
        if scheme.lower() == "oauth" and '="' in rest:
            hidden = re.compile(r'(oauth_(?:token|verifier|signature))="([^"]*)"')
            return self.text(hidden.sub(lambda found: f'{found[1]}="{cut(found[2])}"', value))
        return f"{scheme} {cut(rest)}"

    def body(self, data: bytes, kind: str, *, asked: bool) -> Message:
        """A body as it is shown: a form's fields, pretty JSON, or text."""
        text = data.decode("utf-8", "replace")
        message = Message(text="", kind=kind, size=len(data))
        if kind == "form":
            message.fields = self.pairs(pairs_of(text), asked=asked)
        elif kind == "json" and (document := _json(text)) is not _BROKEN:
            message.text = json.dumps(self._masked(document, asked), indent=2, ensure_ascii=False)
        else:
            message.text = self._plain(text, asked)
        return message

    def _masked(self, document: Any, asked: bool, name: str = "") -> Any:
        if isinstance(document, dict):
            return {key: self._masked(value, asked, key) for key, value in document.items()}
        if isinstance(document, list):
            return [self._masked(value, asked, name) for value in document]
        if isinstance(document, str):
            return cut(document) if document and is_secret(name, asked=asked) else self.text(document)
        return document

    def _plain(self, text: str, asked: bool) -> str:
        """A text whose form is not known, or which was cut: whatever looks like a named secret is one."""

        def hide(found: re.Match[str]) -> str:
            if not is_secret(found["name"], asked=asked):
                return found[0]
            start = found.start("value") - found.start()
            return f"{found[0][:start]}{cut(found['value'])}{found[0][start + len(found['value']) :]}"

        return self.text(NAMED.sub(hide, text))


def exchanged(entry: Entry, masks: Masks, base: str) -> Exchanged | None:
    """What went over the wire for an entry, or None where it is no longer remembered. `base` is this server's."""
    traffic = entry.traffic
    if traffic is None:
        return None
    asked, answered = headers_of(traffic.headers), headers_of(traffic.answer_headers)
    request = masks.body(traffic.body, kind_of(header(asked, "content-type"), traffic.body), asked=True)
    answer = masks.body(
        traffic.answer_body, kind_of(header(answered, "content-type"), traffic.answer_body), asked=False
    )
    request.fields = [
        pair for pair in request.fields if not pair[0].startswith(DECISION)
    ]  # of the page, not of the app
    request.headers = [(name, masks.header(name, value)) for name, value in asked]
    answer.headers = [(name, masks.header(name, value)) for name, value in answered]
    request.query = masks.pairs(pairs_of(urlsplit(traffic.url).query))
    request.note, request.size = _cut(traffic.size, traffic.body), traffic.size
    answer.note, answer.size = _cut(traffic.answer_size, traffic.answer_body), traffic.answer_size
    if not traffic.answer_body and "html" in header(answered, "content-type"):
        answer.kind = "html"
    location = header(answered, "location")
    parts = urlsplit(location)
    url = masks.url(traffic.url)
    return Exchanged(
        traffic.method,
        url,
        f"{base}/{url.partition('://')[2]}",
        request,
        answer,
        masks.url(location),
        masks.pairs(pairs_of(parts.query or parts.fragment)) if location else [],
        list(tokens(traffic, entry.at, masks)),
        sorted((traffic.decision or {}).items()),
    )


def _cut(size: int, kept: bytes) -> str:
    if size == len(kept):
        return ""
    return f"the first {len(kept)} of {size} bytes" if kept else f"a page of {size} bytes, not kept"


def headers_of(lines: str) -> Pairs:
    """The headers that `Traffic` keeps as lines."""
    split_up = (line.partition(": ") for line in lines.split("\n") if line)
    return [(name, value) for name, _, value in split_up]


def header(headers: Pairs, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")


def kind_of(content_type: str, data: bytes) -> str:
    """form, json, xml, html or text, by what the header says; JSON and a form are known by themselves too."""
    kind = content_type.split(";")[0].strip().lower()
    if not data:
        return ""
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if kind.endswith("json") or data[:1] in (b"{", b"["):
        return "json"
    if FORM_LIKE.fullmatch(data):
        return "form"  # whatever it is called: some say text/html
    return "xml" if kind.endswith("xml") else "html" if kind.endswith("html") else "text"


# secrets, as they were sent


def _secrets(traffic: Traffic) -> Iterator[str]:
    for name, value, asked in named_values(traffic):
        if value and is_secret(name, asked=asked):
            yield value


def named_values(traffic: Traffic) -> Iterator[tuple[str, str, bool]]:
    """Every value with a name in a request and its answer, raw; and whether it was asked (or stands in an address)."""
    asked, answered = headers_of(traffic.headers), headers_of(traffic.answer_headers)
    for name, value in pairs_of(urlsplit(traffic.url).query):
        yield name, value, True
    for name, value in asked:
        yield from _in_header(name, value)
    for name, value in in_body(traffic.body, header(asked, "content-type")):
        yield name, value, True
    location = urlsplit(header(answered, "location"))
    for name, value in [*pairs_of(location.query), *pairs_of(location.fragment)]:
        yield name, value, True
    kind = header(answered, "content-type")
    in_page = "html" in kind
    for name, value in in_body(traffic.answer_body, kind):
        yield name, value, in_page


def _in_header(name: str, value: str) -> Iterator[tuple[str, str, bool]]:
    scheme, _, rest = value.partition(" ")
    if name == "authorization" and scheme.lower() == "basic":
        yield "client_secret", decoded_basic(rest).partition(":")[2], True
        yield "client_secret", rest, True
    elif name == "authorization" and scheme.lower() == "oauth" and '="' in rest:
        for key, text in re.findall(r'([\w.-]+)="([^"]*)"', rest):
            yield key, text, True
    elif name == "authorization" and rest:
        yield "access_token", rest, True
    elif is_secret(name.replace("-", "_"), asked=False):
        yield name, value, False


def in_body(data: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    """The named values of a body of any kind."""
    kind, text = kind_of(content_type, data), data.decode("utf-8", "replace")
    if kind == "form":
        yield from pairs_of(text)
    elif kind == "json" and (document := _json(text)) is not _BROKEN:
        yield from leaves(document)
    elif kind == "html":
        yield from FIELD.findall(text)
        yield from ((found["name"], found["value"]) for found in NAMED.finditer(text))
    else:
        yield from (pair for pair in pairs_of(text) if "=" in text and len(pair[1]) < 4096)
        yield from TAGGED.findall(text)
        yield from ((found["name"], found["value"]) for found in NAMED.finditer(text))


def leaves(document: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON document, by the name of the member it is in."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, key)
    elif isinstance(document, list):
        for value in document:
            yield from leaves(value, name)
    elif isinstance(document, str):
        yield name, document


_BROKEN: Any = object()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _BROKEN


def decoded_basic(rest: str) -> str:
    try:
        return base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _forms(value: str) -> set[str]:
    """A value as it may be written: as it is, and quoted for an address or within JSON."""
    return {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], value.replace("/", "\\/")}


# tokens


def tokens(traffic: Traffic, now: float, masks: Masks) -> Iterator[Token]:
    """The JWTs in a request and its answer, decoded; none twice."""
    seen: set[str] = set()
    for name, value, _ in named_values(traffic):
        if value in seen or not JWT.fullmatch(value):
            continue
        seen.add(value)
        try:
            head, claims, _, _ = split(value)
        except JoseError:
            continue
        yield Token(
            name,
            json.dumps(head, indent=2, ensure_ascii=False),
            masks.text(json.dumps(claims, indent=2, ensure_ascii=False)),
            str(head["alg"]),
            list(_times(claims, now)),
        )


def _times(claims: dict[str, Any], now: float) -> Iterator[tuple[str, str]]:
    from mockidp.clock import iso

    for name in ("auth_time", "iat", "nbf", "exp"):
        value = claims.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 4e9:
            yield name, f"{iso(value)}, {_apart(value - now)}"


def _apart(seconds: float) -> str:
    size = abs(round(seconds))
    if size < 2:
        return "at that moment"
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if size >= 2 * length:
            size, name = round(size / length), unit
            break
    else:
        name = "seconds"
    return f"{size} {name} {'later' if seconds > 0 else 'earlier'}"
