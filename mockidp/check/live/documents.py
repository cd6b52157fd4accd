"""The documents that anybody may read: OpenID Connect's discovery and keys, and what they say against the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mockidp.check.finding import Severity
from mockidp.check.live.difference import Difference, made
from mockidp.contract.body import departures, read
from mockidp.wire import Response

if TYPE_CHECKING:
    from mockidp.check.live.expect import Expected

BREAK, WARN, NOTE = Severity.BREAK, Severity.WARN, Severity.NOTE
ENDPOINTS = {
    "issuer": BREAK,  # a strict client compares it with every token
    "jwks_uri": BREAK,
    "authorization_endpoint": WARN,  # the old one may still answer: its own probe says so
    "token_endpoint": WARN,
    "userinfo_endpoint": WARN,
    "revocation_endpoint": NOTE,
    "end_session_endpoint": NOTE,
}
TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def discovery(expected: Expected, response: Response) -> Iterator[Difference]:
    """OpenID Connect Discovery 1.0 section 3: addresses, algorithms, PKCE, and how a client proves who it is."""
    document = _object(response)
    if document is None or response.status != 200:
        yield made("gone", BREAK, f"no discovery document ({response.status})")
        return
    wanted = read(expected.response.body, "application/json")[1]
    for name, severity in ENDPOINTS.items():
        if name in wanted and document.get(name) != wanted[name]:
            seen = document.get(name)
            told = f"is {seen!r}" if isinstance(seen, str) and len(seen) < 300 else "is missing"
            yield made(f"differs:{name}", severity, f"{name} {told}, the contract has {wanted[name]!r}")
    yield from _choices(expected, document, wanted)
    free = expected.answer.body.free if expected.answer and expected.answer.body else frozenset()
    for item in departures(wanted, document, free):
        if item.place.lstrip("/") not in ENDPOINTS and not item.place.rpartition("/")[2].isdigit():
            if item.kind == "unlisted":
                yield made(f"added:{item.place}", NOTE, f"{item.place} is new")
            elif item.place.lstrip("/") not in CHOICES:
                yield made(f"{item.kind}:{item.place}", NOTE, item.text)


CHOICES = {
    "id_token_signing_alg_values_supported": "tokens are signed with",
    "code_challenge_methods_supported": "PKCE is done with",
    "token_endpoint_auth_methods_supported": "clients prove who they are with",
    "response_types_supported": "a login asks for",
    "response_modes_supported": "an answer comes by",
    "grant_types_supported": "a token is asked for with",
    "scopes_supported": "a login may ask for",
    "claims_supported": "a token may tell",
    "subject_types_supported": "people are called by",
}
NEEDED = {"id_token_signing_alg_values_supported": BREAK, "response_types_supported": WARN}
MINOR = frozenset({"claims_supported", "scopes_supported"})


def _choices(expected: Expected, document: dict[str, Any], wanted: dict[str, Any]) -> Iterator[Difference]:
    """Lists: what is no longer in one may be what somebody uses."""
    wire = expected.wire
    used = {
        "id_token_signing_alg_values_supported": {wire.spec.id_token.alg} if wire.spec.id_token is not None else set(),
        "code_challenge_methods_supported": {"S256"} if wire.client.pkce == "required" else set(),
        "scopes_supported": {*wire.client.scope.default},
    }
    for name, means in CHOICES.items():
        had, has = wanted.get(name), document.get(name)
        if not isinstance(had, list):
            if name in used and used[name] and isinstance(has, list) and not used[name] <= set(map(str, has)):
                yield made(f"dropped:{name}", BREAK, f"{means} other values than the contract has")
            continue
        if not isinstance(has, list):
            severity = WARN if name not in MINOR else NOTE
            yield made(f"missing:/{name}", severity, f"{name} is missing: {means} what, is not told any more")
            continue
        lost = sorted(set(map(str, had)) - set(map(str, has)))
        if lost:
            severity = BREAK if set(lost) & used.get(name, set()) else NOTE if name in MINOR else WARN
            yield made(f"dropped:{name}", severity, f"{name} has no {', '.join(lost)} any more")
        if sorted(set(map(str, has)) - set(map(str, had))):
            yield made(f"added:/{name}/*", NOTE, f"{name} has further values")


def jwks(expected: Expected, response: Response) -> Iterator[Difference]:
    """RFC 7517: there is a key with which tokens of the contract's algorithm can be checked."""
    document = _object(response)
    keys = document.get("keys") if document is not None else None
    if response.status != 200 or not isinstance(keys, list):
        yield made("gone", BREAK, f"no key set ({response.status})")
        return
    rows = [row for row in keys if isinstance(row, dict)]
    spec = expected.wire.spec.id_token or expected.wire.spec.access_token
    alg = (spec.keys or spec.alg) if spec is not None else "RS256"
    usable = [row for row in rows if row.get("kty") == TYPES.get(alg[:2]) and row.get("use", "sig") == "sig"]
    if not usable:
        yield made("keys", BREAK, f"no key for {alg} is published")
    elif not any(row.get("alg", alg) == alg for row in usable):
        yield made("keys", BREAK, f"every key is for another algorithm than {alg}")
    if len(rows) > 1 and any("kid" not in row for row in rows):
        yield made("kid", WARN, "there are several keys, and one without a kid")
    if any("d" in row or row.get("kty") == "oct" for row in rows):
        yield made("secret", WARN, "a private or symmetric key is published")


def appeared(expected: Expected, response: Response) -> Iterator[Difference]:
    """A provider that had no discovery document has one."""
    document = _object(response)
    if response.status == 200 and document is not None and isinstance(document.get("issuer"), str):
        yield made("added", NOTE, "there is a discovery document now; the contract has none")


def _object(response: Response) -> dict[str, Any] | None:
    try:
        kind, document = read(response.body, response.header("content-type"))
        if kind != "json":
            kind, document = read(response.body, "application/json")
    except Exception:  # any bad body
        return None
    return document if isinstance(document, dict) else None
