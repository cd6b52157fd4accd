"""What an operation is about, by name: a world, a person, a provider; and the error where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockidp.contract.files import card
from mockidp.control.shapes import Problem
from mockidp.errors import MockidpError, UsageError, nearest

if TYPE_CHECKING:
    from mockidp.people import Person
    from mockidp.simulator import Simulator
    from mockidp.world import World


class OperationError(MockidpError):
    """What cannot be done: an HTTP `status`, a machine `code`, a sentence, and `more` fields of `shapes.Problem`."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status, self.code, self.more = status, code, more
        super().__init__(message)


def problem(error: MockidpError) -> tuple[int, Problem]:
    """The HTTP status and the document for an error of an operation."""
    if isinstance(error, OperationError):
        return error.status, Problem(error=error.code, message=str(error), **error.more)
    return 400, Problem(error=error.code, message=str(error))


def find_world(simulator: Simulator, name: str) -> World:
    """The world of that name. OperationError (404) where there is none."""
    if name not in simulator.worlds:
        hint = nearest(name, list(simulator.worlds))
        raise OperationError(404, "unknown_world", f'there is no world "{name[:80]}".{hint} POST /worlds makes one.')
    return simulator.worlds[name]


def person_of(world: World, person_id: str, status: int = 404) -> Person:
    """The person of that id or address. OperationError where there is none; 400 for one that a body names."""
    try:
        return world.people[person_id]
    except UsageError as error:
        raise OperationError(status, "unknown_person", str(error)) from None


def provider_of(provider: str, status: int = 404) -> str:
    """A provider's id that there is. OperationError as above."""
    try:
        return card(provider).id
    except UsageError as error:
        raise OperationError(status, "unknown_provider", str(error)) from None
