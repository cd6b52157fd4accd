"""The control interface against its own description: whatever Schemathesis makes of the document, the server keeps it.

Both directions: what the document allows is answered as it says, what it does not allow is refused, and nothing that
is sent makes the server fail.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from mockidp.contract.files import index
from mockidp.control.openapi import document
from mockidp.control.table import DOCUMENT, ROOT, ROUTES, Route, hints
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator

PROVIDERS = sorted(index())
EXAMPLES = 10  # of each operation, as its document allows and as it does not


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Simulator(), "127.0.0.1", 0) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        yield made


@pytest.fixture(scope="module")
def described(server: Server, session: requests.Session) -> Any:
    """What Schemathesis reads from the running server."""
    import schemathesis  # lazy: it takes seconds, and most runs do not want these tests

    made = schemathesis.openapi.from_dict(without_tuples(session.get(f"{server.url}{DOCUMENT}").json()))
    made.config.update(base_url=f"{server.url}{ROOT}")
    return made


def without_tuples(node: Any) -> Any:
    """A document whose tuples may hold anything: in answers, Schemathesis 4 takes `prefixItems` for an error."""
    if isinstance(node, list):
        return [without_tuples(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: without_tuples(value) for name, value in node.items() if name != "prefixItems"}
    return kept if "prefixItems" not in node else {**kept, "items": {}}


def known(value: Any) -> Any:
    """Words for providers made into ids that there are, or hardly an operation would be reached behind them."""
    if isinstance(value, dict) and isinstance(value.get("provider"), str) and len(value["provider"]) % 3:
        return {**value, "provider": PROVIDERS[len(value["provider"]) % len(PROVIDERS)]}
    return value


def cases() -> Iterator[Any]:
    """Every operation as it should be asked; and as it should not, where there is something to do wrong."""
    paths = document()["paths"]
    for route in ROUTES:
        row = paths[route.path][route.method.lower()]
        for mode in ["positive", *(["negative"] if row["parameters"] or "requestBody" in row else [])]:
            yield pytest.param(route, mode, id=f"{route.method} {route.path} {mode}")


@pytest.mark.parametrize(("route", "mode"), list(cases()))
def test_the_server_keeps_what_its_document_says(
    described: Any, session: requests.Session, caplog: pytest.LogCaptureFixture, route: Route, mode: str
) -> None:
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    strategy = described[route.path][route.method].as_strategy(generation_mode=schemathesis.GenerationMode(mode))
    seen: list[int] = []

    @given(case=strategy)
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def keeps(case: schemathesis.Case) -> None:
        if mode == "positive":
            for part in ("path_parameters", "query", "body"):
                setattr(case, part, known(getattr(case, part)))
        response = case.call(session=session)
        seen.append(response.status_code)
        # A name that nobody has is refused although its shape is right, so this check would have to know the world.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    with caplog.at_level(logging.WARNING, logger="mockidp.server"):
        keeps()
    assert seen
    assert max(seen) < 500
    assert not [record for record in caplog.records if record.exc_info]


def test_every_operation_is_described_in_full() -> None:
    made = document()
    assert made["openapi"].startswith("3.1")
    rows = [row for methods in made["paths"].values() for row in methods.values()]
    assert len(rows) == len(ROUTES)
    assert len({row["operationId"] for row in rows}) == len(rows)
    for row in rows:
        assert row["summary"].endswith(".")
        assert row["tags"][0] in {tag["name"] for tag in made["tags"]}
        for parameter in row["parameters"]:
            assert parameter["in"] in ("path", "query")
    for name, kind in made["components"]["schemas"].items():
        assert kind.get("description") or kind.get("title"), name


def test_every_operation_takes_and_gives_what_its_types_say() -> None:
    for route in ROUTES:
        told = hints(route.operation)
        assert list(told) == ["simulator", "world", "what", "return"], route
        assert set(route.in_path) <= set(route.takes.__struct_fields__), route
