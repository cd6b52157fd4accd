"""What was said and answered, in the order of time: from a HAR file here, from the proxy and the recorder elsewhere."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from mockidp.errors import MockidpError, UsageError
from mockidp.mounts import request_of
from mockidp.wire import Request, Response

LIMIT = 200 << 20  # bytes of a HAR file
FORM = "application/x-www-form-urlencoded"


class RecordError(MockidpError):
    """A recording that cannot go on; the text holds nothing that was captured."""

    code = "record"


class UnreachableError(RecordError):
    """The server that was to be recorded gives no answer."""

    code = "unreachable"


@dataclass(repr=False)  # whoever prints one by mistake prints nothing of it
class Taken:
    """One request and its answer."""

    request: Request
    response: Response


def read_har(path: Path) -> list[Taken]:
    """The exchanges of an HTTP archive (HAR 1.2). UsageError for what is none; its text is not quoted."""
    try:
        if path.stat().st_size > LIMIT:
            raise UsageError(f"{path} is larger than {LIMIT >> 20} MiB; keep the requests of one login only")
        document = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path} is no HAR file: it is not JSON") from None
    entries = document["log"].get("entries") if _has(document, "log") else None
    if not isinstance(entries, list):
        raise UsageError(f"{path} is no HAR file: it has no log.entries")
    out = []
    for number, entry in enumerate(entries):
        try:
            out.append(_taken(entry))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UsageError(f"{path}: entry {number} is no request with its answer") from None
    return out


def _has(document: Any, name: str) -> bool:
    return isinstance(document, dict) and isinstance(document.get(name), dict)


def _taken(entry: dict[str, Any]) -> Taken:
    asked, told = entry["request"], entry["response"]
    headers = dict(_pairs(asked.get("headers")))
    post = asked.get("postData") or {}
    body = str(post.get("text") or "").encode()
    if not body and post.get("params"):
        body = urlencode(list(_pairs(post["params"]))).encode()
    if post.get("mimeType"):
        headers.setdefault("content-type", str(post["mimeType"]))
    if body and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = FORM
    content = told.get("content") or {}
    answered = list(_pairs(told.get("headers")))
    names = {name.lower() for name, _ in answered}
    if content.get("mimeType") and "content-type" not in names:
        answered.append(("Content-Type", str(content["mimeType"])))
    if told.get("redirectURL") and "location" not in names:
        answered.append(("Location", str(told["redirectURL"])))
    request = request_of(str(asked["method"]), str(asked["url"]), headers, body)
    return Taken(request, Response(int(told["status"]), answered, _content(content)))


def _content(content: dict[str, Any]) -> bytes:
    text = str(content.get("text") or "")
    if content.get("encoding") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text)
    except binascii.Error:
        raise ValueError("not base64") from None


def _pairs(rows: Any) -> Iterator[tuple[str, str]]:
    for row in rows or ():
        yield str(row["name"]), str(row.get("value") or "")
