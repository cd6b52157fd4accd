"""The OpenAPI 3.1 document of the control interface, made of the routes, the operations' docstrings and the shapes.

OpenAPI 3.1 takes JSON Schema 2020-12 as it is, which is what msgspec writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from mockidp import __version__
from mockidp.control.shapes import Problem
from mockidp.control.table import DOCUMENT, ROOT, ROUTES, WITH_BODY, Route, hints

Table = dict[str, Any]
REF = "#/components/schemas/{name}"
ABOUT = f"""Change what a running mockidp does, and see what happened in it: for test tools in any language.

Everything belongs to a world: the default one, unless `world` in the query, or `/~NAME` in front of the path, chooses
another. A request that changes something says `Content-Type: application/json`, whether or not it has a body. An error
is a JSON object with `error` for machines and `message` for people. This document is at `{DOCUMENT}`.
"""
TAGS = {
    "worlds": "Isolated sets of apps, people, clock, keys, faults and journal.",
    "people": "Who can log in.",
    "providers": "The login services that are simulated, and their settings.",
    "apps": "Registered clients. Every provider has a ready-made one too.",
    "faults": "Deviations that are asked for.",
    "clock": "The providers' time.",
    "keys": "What the providers sign with.",
    "journal": "The story of each login.",
    "authorize": "The browser's part of a login, without a browser.",
}
WORLD = {
    "name": "world",
    "in": "query",
    "description": "The world that this is about; the default one if it is left out.",
    "schema": {"type": "string"},
}


@cache
def document() -> Table:
    """The whole document, JSON-safe; made once, for it follows from the code alone."""
    results = [hints(route.operation)["return"] for route in ROUTES]
    inputs = [route.takes for route in ROUTES]
    outer, components = msgspec.json.schema_components([*results, *inputs, Problem], ref_template=REF)
    paths: dict[str, Table] = {}
    for route, result in zip(ROUTES, outer, strict=False):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, result, components)
    for kind in inputs:  # each became parameters, and a body of its own
        components.pop(kind.__name__, None)
    bodies = {f"{_named(route)}Body": _body(route) for route in ROUTES if _body_fields(route)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mockidp control interface", "version": __version__, "description": ABOUT},
        "servers": [
            {"url": ROOT, "description": "the default world, or the one that `world` names"},
            {
                "url": f"/~{{world}}{ROOT}",
                "description": "one world",
                "variables": {"world": {"default": "default", "description": "the world's name"}},
            },
        ],
        "security": [{}, {"token": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**components, **bodies}.items())),
            "responses": {"Problem": _response("Refused; nothing was changed.", {"$ref": REF.format(name="Problem")})},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Asked for where the server can be reached from other machines; "
                    "`mockidp serve` prints it, `--control-token` sets it.",
                }
            },
        },
    }


def _operation(route: Route, result: Table, components: Table) -> Table:
    summary, _, description = (inspect.getdoc(route.operation) or "").partition("\n\n")
    made: Table = {
        "operationId": route.operation.__name__,
        "tags": [route.tag],
        "summary": " ".join(summary.split()),
        "parameters": [*_parameters(route), *([] if route.tag == "worlds" else [WORLD])],
        "responses": {
            str(route.status): _response("Done.", result),
            "4XX": {"$ref": "#/components/responses/Problem"},
        },
    }
    if description:
        made["description"] = description
    if route.method in WITH_BODY:
        made["requestBody"] = {
            "required": bool(_required(route)),
            "content": {
                "application/json": {
                    "schema": {"$ref": REF.format(name=f"{_named(route)}Body")} if _body_fields(route) else NO_BODY
                }
            },
        }
    return made


NO_BODY = {"type": "object", "additionalProperties": False, "properties": {}}


def _response(description: str, schema: Table) -> Table:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _named(route: Route) -> str:
    return route.takes.__name__


def _schema(route: Route) -> Table:
    """The schema of what a route takes, by itself."""
    _, components = msgspec.json.schema_components([route.takes], ref_template=REF)
    found: Table = components[_named(route)]
    return found


def _parameters(route: Route) -> Iterable[Table]:
    """Path parameters, and for what has no body those of the query."""
    schema = _schema(route)
    for name, field in schema["properties"].items():
        if name not in route.in_path and route.method in WITH_BODY:
            continue
        field, in_path = dict(field), name in route.in_path
        about = field.pop("description", "")
        if in_path and field.get("type") == "string":
            field.setdefault("minLength", 1)
        made: Table = {"name": name, "in": "path" if in_path else "query", "required": in_path, "schema": field}
        yield {**made, "description": about} if about else made


def _body_fields(route: Route) -> list[str]:
    fields = _schema(route)["properties"]
    return [name for name in fields if name not in route.in_path] if route.method in WITH_BODY else []


def _required(route: Route) -> list[str]:
    return [name for name in _schema(route).get("required", ()) if name in _body_fields(route)]


def _body(route: Route) -> Table:
    schema = _schema(route)
    made = {
        "title": _named(route),
        "type": "object",
        "properties": {name: schema["properties"][name] for name in _body_fields(route)},
        "required": _required(route),
        "additionalProperties": False,
    }
    if about := schema.get("description"):
        made["description"] = about
    return made
