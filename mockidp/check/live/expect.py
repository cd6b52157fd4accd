"""What the contract has as the answer to a request: the simulator is asked, and its journal says what that was."""

from __future__ import annotations

import copy
import datetime
import gzip
from dataclasses import dataclass, field

from mockidp.check.mock import Lab
from mockidp.contract.load import family_source, find_line
from mockidp.contract.schema import Evidence
from mockidp.contract.wire import Answer, Exchange, Wire
from mockidp.wire import Request, Response

ISSUED = frozenset({"$access_token", "$refresh_token", "$id_token", "$request_token", "$request_secret"})


@dataclass(frozen=True)
class Expected:
    """The contract's answer to one request. `name` is an exchange's label or an error's name; `mapped` are the places
    of the body that a client reads, and as what. `answer` is None where the contract has nothing there.
    """

    wire: Wire
    step: str
    name: str
    response: Response
    answer: Answer | None = None
    refused: bool = False
    file: str = ""
    line: int = 0
    evidence: Evidence | None = None
    mapped: dict[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()  # the scopes that this very login asked for, where that is known
    sampled: bool = False  # the body is as it is in the contract, not as somebody asked for it

    @property
    def kind(self) -> str:
        """page, redirect, or the format of the body."""
        if self.answer is None:
            return ""
        if self.answer.redirect is not None:
            return "redirect"
        return "page" if self.answer.body is None else self.answer.body.kind

    @property
    def means(self) -> set[str]:
        return set(self.wire.errors[self.name].means.split("|")) if self.name in self.wire.errors else set()


def expected(lab: Lab, request: Request) -> Expected:
    """Ask the simulator of `lab` and look up what it answered with."""
    response = _unpacked(lab.simulator.handle(copy.deepcopy(request)))
    entry, wire = lab.world.journal.newest, lab.wire
    if entry is None or not entry.step:
        return Expected(wire, "", "", response, file=wire.source.file)
    fault = wire.error(entry.refused, entry.step) if entry.refused else None
    if fault is not None:
        file, line = place_of_error(wire, fault.name)
        answer = fault.answer(entry.step)
        return Expected(
            wire, entry.step, fault.name, response, answer, True, file, line, evidence(wire, fault.evidence)
        )
    exchange = next(item for item in wire.exchanges if item.label == entry.exchange)
    return of_exchange(exchange, response)


def _unpacked(response: Response) -> Response:
    """An answer as a client reads it: what is compressed is that on its way only."""
    if response.header("content-encoding") != "gzip":
        return response
    headers = [pair for pair in response.headers if pair[0].lower() != "content-encoding"]
    return Response(response.status, headers, gzip.decompress(response.body))


def of_exchange(exchange: Exchange, response: Response | None = None) -> Expected:
    """What an exchange answers when all is well."""
    wire, answer = exchange.wire, exchange.answer
    line = find_line(wire.source.text, ["exchange", exchange.step, *([exchange.name] if exchange.name else [])])
    return Expected(
        wire,
        exchange.step,
        exchange.label,
        response or Response(answer.status),
        answer,
        False,
        wire.source.file,
        line,
        evidence(wire, exchange.evidence),
        read_places(exchange),
    )


def place_of_error(wire: Wire, name: str) -> tuple[str, int]:
    """The file and line that an error is written in: the contract's own, or its family's."""
    if name in wire.source.table.get("error", {}):
        return wire.source.file, find_line(wire.source.text, ["error", name])
    above = wire.family
    while above:
        file, text, table = family_source(above)
        if name in table.get("error", {}):
            return file, find_line(text, ["error", name])
        above = table.get("extends", "")
    return wire.source.file, 0


def read_places(exchange: Exchange) -> dict[str, str]:
    """The places of an answer that a client cannot do without, and what it reads there."""
    wire = exchange.wire
    body = exchange.answer.body
    issued = {place: text[1:] for place, text in (body.bind if body is not None else {}).items() if text in ISSUED}
    fields = {where.at: name for name, where in wire.spec.identity.items() if where.source == exchange.step}
    return {**issued, **fields}


def evidence(wire: Wire, name: str) -> Evidence | None:
    return wire.spec.evidence.get(name)


def age(of: Evidence | None, today: datetime.date) -> int:
    """How many days ago a fact was last seen."""
    return (today - of.date).days if of is not None else 0
