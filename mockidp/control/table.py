"""What is at which path: a row of `ROUTES` is all there is to an operation over HTTP.

`routes` serves the rows and `openapi` describes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, get_type_hints

import msgspec

from mockidp.control import operations as op

ROOT = "/_mockidp/api"
DOCUMENT = f"{ROOT}/openapi.json"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Route(NamedTuple):
    """One operation: `path` below the root, its `{fields}` taken from the path. `status` is that of success."""

    tag: str
    method: str
    path: str
    operation: Callable[[Any, Any, Any], Any]
    status: int = 200

    @property
    def takes(self) -> type[msgspec.Struct]:
        found: type[msgspec.Struct] = hints(self.operation)["what"]
        return found

    @property
    def in_path(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


ROUTES = [
    Route("worlds", "GET", "/worlds", op.list_worlds),
    Route("worlds", "POST", "/worlds", op.make_world, 201),
    Route("worlds", "GET", "/worlds/{name}", op.show_world),
    Route("worlds", "PATCH", "/worlds/{name}", op.change_world),
    Route("worlds", "DELETE", "/worlds/{name}", op.drop_world),
    Route("worlds", "POST", "/worlds/{name}/reset", op.reset_world),
    Route("people", "GET", "/people", op.list_people),
    Route("people", "GET", "/people/{id}", op.show_person),
    Route("people", "PUT", "/people/{id}", op.put_person),
    Route("people", "DELETE", "/people/{id}", op.remove_person),
    Route("providers", "GET", "/providers", op.list_providers),
    Route("providers", "GET", "/providers/{provider}", op.show_provider),
    Route("providers", "PATCH", "/providers/{provider}", op.configure_provider),
    Route("apps", "GET", "/apps", op.list_apps),
    Route("apps", "POST", "/apps", op.register_app, 201),
    Route("apps", "DELETE", "/apps/{provider}/{client_id}", op.remove_app),
    Route("faults", "GET", "/faults", op.list_faults),
    Route("faults", "POST", "/faults", op.add_fault, 201),
    Route("faults", "DELETE", "/faults", op.clear_faults),
    Route("faults", "GET", "/faults/known", op.known_faults),
    Route("faults", "DELETE", "/faults/{id}", op.remove_fault),
    Route("clock", "GET", "/clock", op.show_clock),
    Route("clock", "POST", "/clock", op.turn_clock),
    Route("clock", "DELETE", "/clock", op.reset_clock),
    Route("keys", "GET", "/keys", op.list_keys),
    Route("keys", "GET", "/keys/{provider}", op.show_keys),
    Route("keys", "POST", "/keys/{provider}/rotate", op.rotate_keys),
    Route("journal", "GET", "/journal", op.list_logins),
    Route("journal", "DELETE", "/journal", op.clear_journal),
    Route("journal", "GET", "/journal/{login}", op.show_login),
    Route("authorize", "POST", "/authorize", op.authorize),
]


@cache
def hints(operation: Callable[..., Any]) -> dict[str, Any]:
    """The types of what an operation takes and gives."""
    return get_type_hints(operation, localns={"Simulator": object, "World": object}, include_extras=True)
