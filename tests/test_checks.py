"""The engine over every contract: the contract alone, the mock in process and over HTTP, and our own clients."""

from __future__ import annotations

import datetime
import re
from functools import partial
from itertools import permutations

import pytest

from mockidp.check.client import cases as client_cases
from mockidp.check.client import find_adapter
from mockidp.check.contract import check_contract
from mockidp.check.mock import Lab, eras, mock_cases
from mockidp.contract import load
from mockidp.contract.files import contracts_folder, provider_ids
from mockidp.contract.indexing import generated
from mockidp.wire import Request
from mockidp.world import World

IDS = provider_ids()
ADAPTER = find_adapter("providers.adapter:Adapter")


@pytest.mark.parametrize("provider", IDS)
def test_contract_alone(provider: str) -> None:
    assert [finding.message for finding in check_contract(provider) if not finding.ok] == []


@pytest.mark.parametrize("provider", IDS)
def test_every_exchange_and_error_comes_out_of_the_mock_as_written(provider: str) -> None:
    wrong = {case: message for case, run in mock_cases(Lab(provider), partial(Lab, provider)) if (message := run())}
    assert wrong == {}


@pytest.mark.parametrize("provider", IDS)
def test_our_client_logs_in_reads_and_refuses_as_the_contract_says(provider: str) -> None:
    wrong = {case: message for case, message in client_cases(provider, ADAPTER, Lab(provider), None) if message}
    assert wrong == {}


@pytest.mark.parametrize("provider", IDS)
def test_people_log_in_on_the_last_day_of_every_wire(provider: str) -> None:
    wrong = {}
    for day in load(provider).boundaries:
        fresh = partial(Lab, provider, date=day - datetime.timedelta(days=1))
        people = {f"login-{person.id}" for person in fresh().world.people.named() if not person.denies}
        cases = [(case, run) for case, run in mock_cases(fresh(), fresh) if case in people | {"uids-distinct"}]
        wrong |= {f"{case} before {day}": message for case, run in cases if (message := run())}
    assert wrong == {}


@pytest.mark.parametrize("provider", IDS)
def test_every_former_contract_comes_out_of_the_mock_as_written(provider: str) -> None:
    wrong = {}
    for day in eras(provider):
        fresh = partial(Lab, provider, date=day)
        wrong |= {f"{case} on {day}": message for case, run in mock_cases(fresh(), fresh) if (message := run())}
    assert wrong == {}


def test_no_two_contracts_answer_the_same_request() -> None:
    world = World()
    at_host: dict[str, list[str]] = {}
    for provider in IDS:
        for host in world.wire(provider).hosts:
            at_host.setdefault(host, []).append(provider)
    shared = {host: together for host, together in at_host.items() if len(together) > 1}
    assert "api.linkedin.com" in shared  # two services of one company: a host alone decides nothing
    clashes = [
        f"{one} and {other}: {method} {url}"
        for together in shared.values()
        for one, other in permutations(together, 2)
        for exchange in world.wire(one).exchanges
        for method, url in exchange.requests
        if world.wire(other).route(Request.of(method, re.sub(r"\$[a-z_.]+", "x", url))).exchanges
    ]
    assert clashes == []


@pytest.mark.parametrize("name", ["_index.json", "schema.json"])
def test_generated_files_are_fresh(name: str) -> None:
    assert (contracts_folder() / name).read_text(encoding="utf-8") == generated()[name], "run `mockidp check --index`"
