"""What was seen against what the contract has: each difference by a name that holds no value, and how grave it is.

The rule for the gravity is one sentence each, at `Severity`. Two things soften it: what the contract only guessed
(`reconstructed`) is a person's to look at and not a warning, and what can be the network's or a wall's doing is
inconclusive. Never a value of an answer in a text, but for status lines, addresses without their queries, and the
provider's words for an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from mockidp.check.finding import Severity
from mockidp.check.live import documents
from mockidp.check.live.courier import Reply
from mockidp.check.live.difference import Difference, made
from mockidp.check.live.expect import Expected
from mockidp.check.live.plan import ITSELF, NOBODY, Probe
from mockidp.check.walk import recognise, same
from mockidp.contract.body import FORMATS, MISSING, departures, read
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
    return [softened(item, expected) for item in found]


def softened(item: Difference, expected: Expected) -> Difference:
    """What the contract only guessed is for a person to look at."""
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
    if probe.exchange is None:
        yield from special[probe.step](expected, response)  # the contract has nothing there that could differ
    elif probe.step == "authorize":
        yield from _at_authorize(expected, reply, response)
    elif _is_move(expected, response):
        yield from _moved(expected, reply, response)
    elif probe.step in special and expected.kind == "json":
        yield from special[probe.step](expected, response)
    else:
        yield from _at_endpoint(probe, expected, response)


def _is_move(expected: Expected, response: Response) -> bool:
    """A redirect, where the contract has none to that address."""
    target = response.header("location")
    written = expected.answer.headers if expected.answer is not None else {}
    wanted = expected.response.header("location")
    told = any(name.lower() == "location" for name in written)  # by the contract, to what may be a person's own
    same_way = (told and (expected.sampled or _place(wanted) == _place(target))) or wanted == target
    known = expected.response.status == response.status and same_way
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


def _at_endpoint(probe: Probe, expected: Expected, response: Response) -> Iterator[Difference]:
    wire, step = expected.wire, expected.step
    if expected.answer is None:
        return
    bodied = expected.answer.body is not None and response.status == expected.response.status
    as_written = bodied and same(expected.answer, response)
    known = recognise(wire, step, response) if not as_written else ""
    if not known and probe.level and expected.refused and _says(response, "invalid_client"):
        known = "wrong_secret" if "wrong_secret" in wire.errors else ""
    if known and known != expected.name:
        yield from _another_error(probe, expected, known)
        return
    if response.status in GONE and response.status != expected.response.status:
        yield made("gone", BREAK, f"{response.status} where the contract has {_calls(expected)}")
        return
    if expected.kind in ("page", "redirect", ""):
        if response.status != expected.response.status:
            yield made("status", WARN, _statuses(expected, response))
        return
    if probe.case == ITSELF and _says(response, "unauthorized_client"):  # RFC 6749 section 5.2: known, and not allowed
        message = "the app may not ask for itself (unauthorized_client), or no app may any more: look at its settings"
        yield made("refused", REVIEW, message)
        return
    yield from _bodies(expected, response)
    yield from _versions(expected, response)


def _says(response: Response, word: str) -> bool:
    """Whether an answer has the RFC's word for an error, whatever else it has (RFC 6749 section 5.2)."""
    seen = _read(response)
    return response.status in (400, 401) and seen is not None and _error_word(seen[1]) == word


def _another_error(probe: Probe, expected: Expected, known: str) -> Iterator[Difference]:
    """One of the contract's errors where it has an answer or another error."""
    means = set(expected.wire.errors[known].means.split("|"))
    if not expected.refused:
        yield made("refused", BREAK, f"answers with the error {known}, the contract has {expected.name} here")
    elif probe.level and "invalid_client" in means - expected.means:
        yield made("refused", BREAK, f"the app itself is refused ({known}), the contract has the error {expected.name}")
    elif not expected.means & means:
        severity = REVIEW if means == {"invalid_request"} else NOTE  # as the contract writes it, it is not understood
        yield made("error", severity, f"answers with {known}, the contract has {expected.name} here")


def _bodies(expected: Expected, response: Response) -> Iterator[Difference]:
    """Format, status, then place by place."""
    wanted = _read(expected.response) or ("text", [""])
    seen = _read(response)
    if seen is None:
        yield made("format", BREAK, f"the body is no {expected.kind} that can be read ({response.status})")
        return
    kind, document = seen
    if expected.refused and response.body.strip() and not expected.response.body.strip():
        yield made("added", NOTE, f"the answer is {_named(kind, response)}, the contract has no body here")
        kind, document = wanted
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
        yield from _elements(expected, wanted, document)
        return
    body = expected.answer.body if expected.answer is not None else None
    if body is None or "" not in body.bind:  # a document that is one value as a whole has no shape
        yield from places(wanted, document, _free(expected), expected.mapped)
        yield from _withheld(expected, wanted, document)
    if expected.refused and _error_word(wanted) != _error_word(document):
        message = f"the error is {_word(_error_word(document))}, the contract has {_word(_error_word(wanted))}"
        yield made("error", WARN, message)


def _withheld(expected: Expected, wanted: Any, document: Any) -> Iterator[Difference]:
    """What clients read and a scope opens: without it nobody knows whether the place is gone or the scope was."""
    body = expected.answer.body if expected.answer is not None else None
    if body is None or expected.refused:
        return
    for place, scopes in body.needs.items():
        reads = expected.mapped.get(place, "")
        here, there = (FORMATS[body.kind].get(item, place) is not MISSING for item in (wanted, document))
        if not reads or not here or there or place in body.optional | body.nullable:
            continue
        at, asked = _pointer(place), expected.asked & set(scopes)
        if asked:
            message = f"{at} is missing, with {', '.join(sorted(asked))} asked for, and clients read {reads} there"
        elif expected.sampled:
            continue  # nobody asked for it
        else:
            message = f"{at} is missing: it is gone, or this token does not have the scope {' or '.join(scopes)}"
        yield made(f"missing:{at}", BREAK if asked else REVIEW, message)


def _free(expected: Expected) -> frozenset[str]:
    """The places that may be empty or absent; where both sides were asked for the same keys, no more than that."""
    body = expected.answer.body if expected.answer is not None else None
    if body is None:
        return frozenset()
    free = body.free if expected.sampled else body.optional | body.nullable | frozenset(body.needs)
    return frozenset(map(_pointer, free))


def _pointer(place: str) -> str:
    """A place of a form or of key:value lines as the place of a document."""
    return place if place.startswith("/") or not place else f"/{place}"


def places(wanted: Any, document: Any, free: frozenset[str], mapped: Mapping[str, str]) -> Iterator[Difference]:
    """Two documents place by place; `mapped` are the places that clients read, and as what."""
    gone: set[str] = set()
    for item in departures(wanted, document, free):
        place = re.sub(r"/\d+(?=/|$)", "/*", item.place)
        if place in gone or place.endswith("/*"):
            continue  # every item of a list says the same, and a number that is a name is somebody's own
        gone.add(place)
        reads = next((name for at, name in mapped.items() if _within(at, place)), "")
        if item.kind == "unlisted":
            yield made(f"added:{place}", NOTE, f"{place} is new")
        else:
            severity = BREAK if reads else WARN
            text = item.text.replace(item.place, place, 1) + (f", and clients read {reads} there" if reads else "")
            yield made(f"{item.kind}:{place}", severity, text)


def _elements(expected: Expected, wanted: Any, document: Any) -> Iterator[Difference]:
    """XML: which elements there are, and the texts of an XRDS document's types and addresses."""
    have, want = ({_path(node) for node in root.iter()} for root in (document, wanted))
    reads = {place.rpartition("/")[2]: name for place, name in expected.mapped.items()}
    lost = want - have - {place.rpartition("/")[2] for place in _free(expected)}
    for name in sorted(lost & reads.keys() if expected.sampled else lost):  # what was not asked for is not there
        yield made(f"missing:{name}", BREAK if name in reads else WARN, f"the element {name} is missing")
    for name in sorted(have - want):
        yield made(f"added:{name}", NOTE, f"the element {name} is new")
    for name in ("Type", "URI") if not expected.sampled else ():
        told = [{str(node.text).strip() for node in root.iter() if _path(node) == name} for root in (document, wanted)]
        if told[1] - told[0]:
            yield made(f"differs:{name}", BREAK, f"the document has another {name} than the contract")


def _path(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _within(at: str, place: str) -> bool:
    """Whether what is read at a pointer is at, or in, a place."""
    at = re.sub(r"/\d+(?=/|$)", "/*", _pointer(at))
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
    for kind in (str, int):  # a word says more than a number, which may be the status once more
        for key, value in document.items():
            if key.lower() in ERROR_WORDS and isinstance(value, kind) and not isinstance(value, bool):
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
