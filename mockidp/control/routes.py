"""The control interface over HTTP: JSON below `/_mockidp/api` at the server's own hosts.

What changes something must say `Content-Type: application/json`, or use a method that no form can send, and `guard`
lets no page of another site ask: none can change or read anything.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from mockidp.control.found import OperationError, find_world, problem
from mockidp.control.shapes import Problem
from mockidp.control.table import DOCUMENT, ROOT, ROUTES, WITH_BODY, Route
from mockidp.errors import MockidpError
from mockidp.wire import Pairs, Request, Response

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.web.guard import Refused
    from mockidp.world import World

BODY_LIMIT = 64 << 10  # bytes; the largest thing to say is a person or an app
JSON = "application/json"


def handle(simulator: Simulator, world: World, request: Request) -> Response:
    """Answer one request below `ROOT`; host, origin and token have been looked at already."""
    try:
        if request.path == DOCUMENT:
            return _described(request)
        route, values = _find(request)
        told = _told(route, request, values)
        world = _world(simulator, world, request)
        what = _converted(route, told)
        return answer(route.operation(simulator, world, what), route.status)
    except MockidpError as error:
        status, document = problem(error)
        return answer(document, status, _allow(error))


def refused(why: Refused) -> Response:
    """The answer to somebody who is not let in."""
    return answer(Problem(error=why.code, message=f"{why.why}. {why.then}"), why.status, why.headers)


def answer(document: Any, status: int = 200, headers: Pairs | None = None) -> Response:
    """A JSON answer that no page elsewhere can read and nothing keeps."""
    kept = [
        ("Content-Type", JSON),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    return Response(status, [*kept, *(headers or [])], msgspec.json.encode(document))


def _described(request: Request) -> Response:
    from mockidp.control.openapi import document  # lazy: few ask

    if request.method != "GET":
        raise _not_allowed(request, ["GET"])
    return answer(document())


# which operation


def _find(request: Request) -> tuple[Route, dict[str, Any]]:
    path = request.path.removeprefix(ROOT).rstrip("/")
    found = [(route, match) for route in ROUTES if (match := _pattern(route.path).fullmatch(path))]
    exact = [pair for pair in found if not pair[1].groupdict()] or found  # `/faults/known` is no fault's id
    for route, match in exact:
        if route.method == request.method:
            return route, {name: unquote(value, errors="replace") for name, value in match.groupdict().items()}
    if found:
        raise _not_allowed(request, sorted({route.method for route, _ in exact}))
    raise OperationError(404, "not_found", f"there is nothing at {path[:100]!r}; {DOCUMENT} describes what there is")


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


class NotAllowedError(OperationError):
    def __init__(self, method: str, allowed: list[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(405, "method", f"{method[:20]} is nothing that is answered here; {self.allowed} is")


def _not_allowed(request: Request, allowed: list[str]) -> NotAllowedError:
    return NotAllowedError(request.method, allowed)


def _allow(error: MockidpError) -> Pairs:
    return [("Allow", error.allowed)] if isinstance(error, NotAllowedError) else []


# what it is told


def _told(route: Route, request: Request, in_path: dict[str, Any]) -> dict[str, Any]:
    """The fields from path, query and body; each has one place."""
    query = [pair for pair in request.query_pairs if pair[0] != "world"]
    if route.method not in WITH_BODY:
        names = [name for name, _ in query]
        for name in names:
            if name in in_path or names.count(name) > 1:
                raise OperationError(400, "invalid", f"the parameter {name[:80]!r} is there twice")
        return {**dict(query), **in_path}
    if query:
        raise OperationError(400, "invalid", f"{query[0][0][:80]!r} does not go into the query, but into the JSON body")
    body = _body(request)
    for name in in_path:
        if name in body:
            raise OperationError(400, "invalid", f"{name!r} is in the path already; leave it out of the body")
    return {**body, **in_path}


def _body(request: Request) -> dict[str, Any]:
    if request.content_type != JSON:
        raise OperationError(
            415, "media_type", f"send JSON with Content-Type: {JSON}, not {request.content_type[:80] or 'nothing'!r}"
        )
    if len(request.body) > BODY_LIMIT:
        raise OperationError(413, "too_large", f"the body is larger than {BODY_LIMIT} bytes")
    if not request.body.strip():
        return {}
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise OperationError(400, "invalid", f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise OperationError(400, "invalid", "the body must be a JSON object")
    return body


def _converted(route: Route, told: dict[str, Any]) -> Any:
    """What the operation takes, every type checked; a query has no types, so its words may stand for numbers."""
    try:
        if route.method in WITH_BODY:
            return msgspec.convert(told, route.takes)
        return msgspec.convert(told, route.takes, strict=False)
    except msgspec.ValidationError as error:
        raise OperationError(400, "invalid", str(error)) from None


def _world(simulator: Simulator, world: World, request: Request) -> World:
    """The world that `?world=` names; where the path names one too, it must be the same."""
    names = [value for name, value in request.query_pairs if name == "world"]
    if not names:
        return world
    chosen = find_world(simulator, names[0])
    if len(names) > 1 or (request.world and request.world != chosen.name):
        raise OperationError(400, "two_worlds", "the request names two worlds")
    return chosen
