"""What was seen against what the contract has: each difference by a name that holds no value, and how grave it is.

The rule for the gravity is one sentence each, at `Severity`. Two things soften it: what the contract only guessed
(`reconstructed`) is a person's to look at and not a warning, and what can be the network's or a wall's doing is
inconclusive. Never a value of an answer in a text, but for status lines, addresses without their queries, and the
provider's words for an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from mockidp.check.finding import Severity
from mockidp.check.live import documents
from mockidp.check.live.courier import Reply
from mockidp.check.live.difference import Difference, made
from mockidp.check.live.expect import Expected
from mockidp.check.live.plan import NOBODY, Probe
from mockidp.check.walk import recognise, same
from mockidp.contract.body import departures, read
from mockidp.wire import Response, pairs_of

BREAK, WARN, REVIEW, NOTE = Severity.BREAK, Severity.WARN, Severity.REVIEW, Severity.NOTE
GONE = (404, 405, 410, 501)
PERMANENT = (301, 308)
ERROR_WORDS = frozenset({"error", "code", "error_code", "errcode", "type", "error_type"})
WORD = re.compile(r"[\w.:/ -]{1,60}")
WALL = re.compile(
    rb"captcha|just a moment|attention required|cf-chl|access denied|verify you are (?:a )?human|unusual traffic|ddos",
    re.IGNORECASE,
)
WALL_HEADERS = ("cf-mitigated", "x-datadome", "x-amzn-waf-action", "x-sucuri-block")
GUESSED = "reconstructed"


def judge(probe: Probe, expected: Expected, reply: Reply) -> list[Difference]:
    """Every difference between an answer and the contract's; none where all is well."""
    if reply.response is None:
        return [made("unreachable", Severity.INCONCLUSIVE, reply.failure)]
    response = reply.response
    unclear = _unclear(expected, response)
    found = [unclear] if unclear else [*_by_step(probe, expected, reply, response), *_dated(response)]
    return [_softened(item, expected) for item in found]


def _softened(item: Difference, expected: Expected) -> Difference:
    guessed = expected.evidence is not None and expected.evidence.kind == GUESSED
    if guessed and item.severity is WARN and item.kind != "dated":
        message = f"{item.message} (the contract only guessed this)"
        return Difference(item.kind, REVIEW, message, item.next)
    return item


def _unclear(expected: Expected, response: Response) -> Difference | None:
    """A limit, a failure or a wall, where the contract has nothing like it."""
    status, wanted = response.status, expected.response.status
    if status == 429 and wanted != 429:
        return made("limited", Severity.INCONCLUSIVE, "too many requests, says the provider (429)")
    if is_wall(response) and expected.kind != "page":
        return made("wall", Severity.INCONCLUSIVE, f"a wall against robots answers ({status})")
    if status >= 500 and status != 501 and status != wanted:
        return made("failing", Severity.INCONCLUSIVE, f"the provider has a failure of its own ({status})")
    return None


def is_wall(response: Response) -> bool:
    """Whether something before the provider answers, that wants to see a person."""
    if any(response.header(name) for name in WALL_HEADERS):
        return True
    html = "html" in response.header("content-type") or response.body[:1] == b"<"
    return response.status in (202, 401, 403, 405, 503) and html and WALL.search(response.body[:65536]) is not None


def _dated(response: Response) -> Iterator[Difference]:
    """What the provider itself announces (RFC 8594, RFC 9745)."""
    for name in ("Deprecation", "Sunset"):
        if value := response.header(name):
            shown = value if WORD.fullmatch(value.replace(",", "").replace("@", "")) else "a value that is no date"
            yield made("dated", WARN, f"{name}: {shown}")


def _by_step(probe: Probe, expected: Expected, reply: Reply, response: Response) -> Iterator[Difference]:
    special: dict[str, Callable[[Expected, Response], Iterator[Difference]]] = {
        "discovery": documents.discovery,
        "jwks": documents.jwks,
        "well-known": documents.appeared,
    }
    if probe.step == "authorize":
        yield from _at_authorize(expected, reply, response)
    elif _is_move(expected, response):
        yield from _moved(expected, reply, response)
    elif probe.step in special and (probe.exchange is None or expected.kind == "json"):
        yield from special[probe.step](expected, response)
    else:
        yield from _at_endpoint(expected, response)


def _is_move(expected: Expected, response: Response) -> bool:
    """A redirect, where the contract has none to that address."""
    target = response.header("location")
    known = expected.response.status == response.status and expected.response.header("location") == target
    return 300 <= response.status < 400 and target != "" and expected.kind != "redirect" and not known


# authorize


def _at_authorize(expected: Expected, reply: Reply, response: Response) -> Iterator[Difference]:
    """A page, or the way to one; back to the app only where the contract has that too."""
    status, asked = response.status, urlsplit(reply.request.url)
    target = urljoin(reply.request.url, response.header("location")) if response.header("location") else ""
    back = dict(pairs_of(reply.request.query)).get("redirect_uri") or NOBODY
    if target and target.startswith(back):
        parts = urlsplit(target)
        told = dict(pairs_of(parts.query or parts.fragment))
        if expected.kind == "redirect" and expected.refused:
            yield from _told(expected, told)
        elif "error" in told or expected.refused:
            word = _word(told.get("error", "no error"))
            kind, severity = ("answered", REVIEW) if expected.refused else ("refused", BREAK)
            yield made(kind, severity, f"the app is told at once: {word}; the contract has {_calls(expected)}")
    elif status in GONE and status != expected.response.status:
        yield made("gone", BREAK, f"{status} where the login page was ({asked.netloc}{asked.path})")
    elif status in PERMANENT and urlsplit(target).netloc not in ("", asked.netloc):
        yield made("moved", WARN, f"the login page has moved for good to {_place(target)}")
    elif status >= 400 and not expected.refused:
        yield made(
            "refused", BREAK, f"{status} instead of a login page: the app, its scopes or its address are refused"
        )
    elif 400 <= status != expected.response.status >= 400:
        yield made("status", NOTE, f"{status} for an unknown app, the contract has {expected.response.status}")


def _told(expected: Expected, told: dict[str, str]) -> Iterator[Difference]:
    wanted = expected.answer.redirect if expected.answer is not None else None
    literal = wanted["error"] if wanted and "error" in wanted else None
    if literal is not None and literal.literal and not literal.match(told.get("error", "")):
        message = f"the app is told {_word(told.get('error', 'nothing'))}, the contract has {_calls(expected)}"
        yield made("error", WARN, message)


# endpoints


def _moved(expected: Expected, reply: Reply, response: Response) -> Iterator[Difference]:
    """A program asks here, and few programs follow with their credentials."""
    target = urljoin(reply.request.url, response.header("location"))
    if target == reply.request.url:
        yield made("loop", Severity.INCONCLUSIVE, "the endpoint redirects to itself")
        return
    same_host = urlsplit(target).netloc == urlsplit(reply.request.url).netloc
    severity = WARN if same_host and reply.request.method == "GET" else BREAK
    yield made("moved", severity, f"{response.status} to {_place(target)} where the contract has {_calls(expected)}")


def _at_endpoint(expected: Expected, response: Response) -> Iterator[Difference]:
    wire, step = expected.wire, expected.step
    if expected.answer is None:
        return
    bodied = expected.answer.body is not None and response.status == expected.response.status
    as_written = bodied and same(expected.answer, response)
    known = recognise(wire, step, response) if response.status >= 400 or expected.refused else ""
    if known and not as_written and known != expected.name:
        if not expected.means & set(wire.errors[known].means.split("|")):
            yield made("error", NOTE, f"answers with {known}, the contract has {expected.name} here")
        return
    if response.status in GONE and response.status != expected.response.status:
        yield made("gone", BREAK, f"{response.status} where the contract has {_calls(expected)}")
        return
    if expected.kind in ("page", "redirect", ""):
        if response.status != expected.response.status:
            yield made("status", WARN, _statuses(expected, response))
        return
    yield from _bodies(expected, response)
    yield from _versions(expected, response)


def _bodies(expected: Expected, response: Response) -> Iterator[Difference]:
    """Format, status, then place by place."""
    wanted = _read(expected.response) or ("text", [""])
    seen = _read(response)
    if seen is None:
        yield made("format", BREAK, f"the body is no {expected.kind} that can be read ({response.status})")
        return
    kind, document = seen
    if kind != wanted[0]:
        if not response.body.strip() or not expected.response.body.strip():
            severity = WARN if expected.refused else BREAK
        else:
            severity = BREAK
        yield made("format", severity, f"the answer is {_named(kind, response)}, the contract has {_named(wanted[0])}")
        return
    if response.status != expected.response.status:
        if response.status < 300 <= expected.response.status:
            yield made("accepted", REVIEW, f"{_statuses(expected, response)}: what was made up was not refused")
            return
        if response.status >= 400 and not expected.refused:
            yield made("refused", BREAK, f"{_statuses(expected, response)}: {_word(_error_word(document))}")
            return
        yield made("status", WARN, _statuses(expected, response))
    yield from _places(expected, wanted[1], document, kind)


def _read(response: Response) -> tuple[str, Any] | None:
    try:
        found: tuple[str, Any] = read(response.body, response.header("content-type"))
        return found
    except Exception:  # any parser, any bad body
        return None


def _places(expected: Expected, wanted: Any, document: Any, kind: str) -> Iterator[Difference]:
    if kind == "text":
        return
    if kind == "xml":
        yield from _elements(wanted, document)
        return
    free = (
        expected.answer.body.free if expected.answer is not None and expected.answer.body is not None else frozenset()
    )
    gone: set[str] = set()
    for item in departures(wanted, document, free):
        place = re.sub(r"/\d+(?=/|$)", "/*", item.place)
        if place in gone:
            continue  # every item of a list says the same
        gone.add(place)
        reads = next((name for at, name in expected.mapped.items() if _within(at, place)), "")
        if item.kind == "unlisted":
            yield made(f"added:{place}", NOTE, f"{place} is new")
        else:
            severity = BREAK if reads else WARN
            text = item.text.replace(item.place, place, 1) + (f", and clients read {reads} there" if reads else "")
            yield made(f"{item.kind}:{place}", severity, text)
    if expected.refused and _error_word(wanted) != _error_word(document):
        message = f"the error is {_word(_error_word(document))}, the contract has {_word(_error_word(wanted))}"
        yield made("error", WARN, message)


def _elements(wanted: Any, document: Any) -> Iterator[Difference]:
    """XML: which elements there are, and the texts of an XRDS document's types and addresses."""
    have, want = ({_path(node) for node in root.iter()} for root in (document, wanted))
    for name in sorted(want - have):
        yield made(f"missing:{name}", WARN, f"the element {name} is missing")
    for name in sorted(have - want):
        yield made(f"added:{name}", NOTE, f"the element {name} is new")
    for name in ("Type", "URI"):
        told = [{str(node.text).strip() for node in root.iter() if _path(node) == name} for root in (document, wanted)]
        if told[1] - told[0]:
            yield made(f"differs:{name}", BREAK, f"the document has another {name} than the contract")


def _path(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _within(at: str, place: str) -> bool:
    """Whether what is read at a pointer is at, or in, a place."""
    at = re.sub(r"/\d+(?=/|$)", "/*", at)
    return at == place or at.startswith(f"{place}/") or place == ""


def _versions(expected: Expected, response: Response) -> Iterator[Difference]:
    """Headers that tell which version answers."""
    for name, value in expected.response.headers:
        if "version" in name.lower() and (seen := response.header(name)) != value:
            word = _word(seen) if seen else "no header"
            yield made(f"header:{name.lower()}", WARN, f"{name} is {word}, the contract has {_word(value)}")


# words


def _error_word(document: Any) -> str:
    """The provider's word for an error, wherever in a short document it stands."""
    if not isinstance(document, dict):
        return ""
    for key, value in document.items():
        if key.lower() in ERROR_WORDS and isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
    return next((word for value in document.values() if (word := _error_word(value))), "")


def _word(text: str) -> str:
    """A provider's word, if it looks like one; an answer may repeat whatever was sent."""
    return repr(text) if WORD.fullmatch(text) else "nothing" if not text else "something that is no word"


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _named(kind: str, response: Response | None = None) -> str:
    html = response is not None and kind == "text" and "html" in response.header("content-type")
    names = {"json": "JSON", "form": "form-encoded", "xml": "XML", "lines": "key:value lines", "text": "text"}
    return "a page" if html else names.get(kind, kind)


def _calls(expected: Expected) -> str:
    return f"{'the error ' if expected.refused else ''}{expected.name}" if expected.name else "nothing"


def _statuses(expected: Expected, response: Response) -> str:
    return f"{response.status}, the contract has {expected.response.status}"
