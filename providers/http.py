"""Requests and responses of a flow, and the one place that meets an HTTP library.

A flow is a generator that yields a Request and is sent its Response; `run` and `arun` drive it with whatever client
the caller has. requests and httpx are recognised by their class, never imported. Redirects are not followed, answers
are limited in size and time, and nothing of a failed exchange (its URL may carry a secret) gets into an error.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from .errors import LoginError, Misconfigured, refusal

T = TypeVar("T")
Flow = Generator["Request", "Response", T]
Pairs = Iterable[tuple[str, str]]

TIMEOUT = 10.0  # seconds
MAX_BODY = 1 << 20  # bytes
USER_AGENT = "providers-login/0.1"
_NETWORK_LIBRARIES = {"requests", "urllib3", "httpx", "httpcore", "h11", "h2", "anyio", "ssl"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a step. `step` names it in errors; everything that may be secret stays out of the repr."""

    method: str
    url: str = field(repr=False)
    step: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. Header names are lower case; `body` is decoded of any content encoding."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8 whatever the header says: every provider sends UTF-8, some declare nothing or Latin-1."""
        return self.body.decode("utf-8", "replace").removeprefix("\ufeff")

    def json(self) -> Any:
        """The parsed body, or None if it is no JSON. Integers keep every digit."""
        try:
            return json.loads(self.text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None

    def form(self) -> dict[str, str]:
        """The body read as a form (RFC 6749 appendix B); a name given twice makes the whole unreadable: {}."""
        try:
            pairs = parse_qsl(self.text.strip(), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            return {}
        fields = dict(pairs)
        return fields if len(fields) == len(pairs) else {}

    @property
    def retry_after(self) -> float | None:
        """Seconds of a Retry-After header, or None (its date form is not used by any provider here)."""
        value = self.headers.get("retry-after", "").strip()
        try:
            seconds = float(value)
        except ValueError:
            return None
        return seconds if 0 <= seconds < 10**7 else None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def request(
    step: str,
    method: str,
    url: str,
    *,
    query: Pairs = (),
    form: Pairs | None = None,
    json_body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """A Request with its query and body encoded: %20 in the URL, `+` in a form."""
    all_headers = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
    body = None
    if form is not None:
        body = urlencode(list(form)).encode()
        all_headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif json_body is not None:
        body = json.dumps(json_body).encode()
        all_headers["Content-Type"] = "application/json"
    return Request(method, with_query(url, query), step, all_headers, body)


def with_query(url: str, pairs: Pairs) -> str:
    """The URL with the pairs added to its query, spaces as %20 (some providers do not read `+` there)."""
    added = urlencode(list(pairs), quote_via=quote)
    if not added:
        return url
    base, hash_mark, fragment = url.partition("#")
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{joint}{added}{hash_mark}{fragment}"


def is_web_url(url: str) -> bool:
    """An absolute http(s) URL without a fragment, user name or control character."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    clean = url.isprintable() and " " not in url and "\\" not in url and "#" not in url and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and bool(parts.hostname) and clean and port_is_fine


def run(flow: Flow[T], http: Any, provider: str, hidden: Iterable[str] = ()) -> T:
    """Drive a flow with a requests.Session or httpx.Client; `hidden` are values no error may repeat."""
    log: list[Request | Response] = []
    try:
        wanted = next(flow)
        while True:
            log.append(wanted)
            answer = _send(_sync_client(http, provider, wanted), wanted, provider)
            log.append(answer)
            wanted = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except LoginError as error:
        _scrub(error, log, hidden)
        raise
    finally:
        flow.close()


async def arun(flow: Flow[T], http: Any, provider: str, hidden: Iterable[str] = ()) -> T:
    """Drive a flow with an httpx.AsyncClient; the twin of `run`."""
    log: list[Request | Response] = []
    try:
        wanted = next(flow)
        while True:
            log.append(wanted)
            answer = await _asend(_async_client(http, provider, wanted), wanted, provider)
            log.append(answer)
            wanted = flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except LoginError as error:
        _scrub(error, log, hidden)
        raise
    finally:
        flow.close()


def _scrub(error: LoginError, log: list[Request | Response], hidden: Iterable[str]) -> None:
    """Drop a detail that repeats what was exchanged before: a provider may echo a code or a secret as its error."""
    detail = error.detail
    if not detail or detail.lstrip("-").isdecimal():
        return
    values = {value for value in (*hidden, *_values(log)) if len(value) > 3}
    if any(detail in value or value in detail for value in values):
        error.detail = None


def _values(log: list[Request | Response]) -> Iterable[str]:
    """Every value sent, and the answers before the last; the last one is where the error itself comes from."""
    for one in log[:-1]:
        if isinstance(one, Response):
            yield one.text
        else:
            body = (one.body or b"").decode("utf-8", "replace")
            yield from one.headers.values()
            for source in (urlsplit(one.url).query, body):
                yield from (value for _, value in parse_qsl(source))
            if body.startswith("{"):
                yield from json.loads(body).values()  # our own JSON: one flat object of strings


def _libraries(client: object) -> set[str]:
    return {kind.__module__.partition(".")[0] for kind in type(client).__mro__}


def _is_async(client: object) -> bool:
    return any(kind.__name__ == "AsyncClient" for kind in type(client).__mro__)


def _sync_client(client: Any, provider: str, wanted: Request) -> Any:
    if client is None:
        raise _wrong_client(provider, wanted, "pass http=, a requests.Session or httpx.Client", "http_missing")
    if _is_async(client):
        raise _wrong_client(provider, wanted, "an async client needs abegin, afinish or arefresh", "http_is_async")
    return client


def _async_client(client: Any, provider: str, wanted: Request) -> Any:
    if client is None:
        raise _wrong_client(provider, wanted, "pass http=, an httpx.AsyncClient", "http_missing")
    if not _is_async(client):
        raise _wrong_client(provider, wanted, "a blocking client needs begin, finish or refresh", "http_is_sync")
    return client


def _wrong_client(provider: str, wanted: Request, sentence: str, code: str) -> LoginError:
    return Misconfigured(f"this step makes a request; {sentence}", provider=provider, step=wanted.step, code=code)


def _send(client: Any, wanted: Request, provider: str) -> Response:
    try:
        return _with_httpx(client, wanted) if "httpx" in _libraries(client) else _with_requests(client, wanted)
    except Exception as caught:
        failure = _failure(caught, provider, wanted)
    raise failure  # outside the handler, so that the caught error, whose text may hold a secret, is no context of it


async def _asend(client: Any, wanted: Request, provider: str) -> Response:
    try:
        return await _with_async_httpx(client, wanted)
    except Exception as caught:
        failure = _failure(caught, provider, wanted)
    raise failure


def _failure(caught: Exception, provider: str, wanted: Request) -> Exception:
    """ProviderUnavailable for what a network or its library raises; anything else is a bug and passes unchanged."""
    if isinstance(caught, _BodyTooLongError):
        return refusal("bad_response", provider, wanted.step, detail="body_too_long")
    if isinstance(caught, OSError) or _libraries(caught) & _NETWORK_LIBRARIES:
        error = refusal("network", provider, wanted.step)
        error.detail = type(caught).__name__
        return error
    return caught


class _BodyTooLongError(Exception):
    pass


def _with_requests(client: Any, wanted: Request) -> Response:
    answer = client.request(
        wanted.method,
        wanted.url,
        data=wanted.body,
        headers=dict(wanted.headers),
        timeout=TIMEOUT,
        allow_redirects=False,
        stream=True,
        auth=_no_auth,
    )
    try:
        return _response(answer.status_code, answer.headers, _limited(answer.iter_content(1 << 16)))
    finally:
        answer.close()


def _no_auth(prepared: Any) -> Any:
    """Keeps requests from replacing our Authorization header by an entry of the machine's .netrc."""
    return prepared


def _with_httpx(client: Any, wanted: Request) -> Response:
    with client.stream(
        wanted.method,
        wanted.url,
        content=wanted.body,
        headers=dict(wanted.headers),
        timeout=TIMEOUT,
        follow_redirects=False,
        auth=None,
    ) as answer:
        return _response(answer.status_code, answer.headers, _limited(answer.iter_bytes()))


async def _with_async_httpx(client: Any, wanted: Request) -> Response:
    async with client.stream(
        wanted.method,
        wanted.url,
        content=wanted.body,
        headers=dict(wanted.headers),
        timeout=TIMEOUT,
        follow_redirects=False,
        auth=None,
    ) as answer:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            _grow(body, chunk)
        return _response(answer.status_code, answer.headers, bytes(body))


def _limited(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        _grow(body, chunk)
    return bytes(body)


def _grow(body: bytearray, chunk: bytes) -> None:
    if len(body) + len(chunk) > MAX_BODY:
        raise _BodyTooLongError
    body += chunk


def _response(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    return Response(status, {name.lower(): value for name, value in headers.items()}, body)
