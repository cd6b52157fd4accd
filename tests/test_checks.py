"""The engine over every contract: the contract alone, the mock in process and over HTTP, and our own clients."""

from __future__ import annotations

from functools import partial

import pytest

from mockidp.check.client import cases as client_cases
from mockidp.check.client import find_adapter
from mockidp.check.contract import RULES
from mockidp.check.mock import Lab, mock_cases
from mockidp.contract import load
from mockidp.contract.files import contracts_folder, provider_ids
from mockidp.contract.indexing import generated

IDS = provider_ids()
ADAPTER = find_adapter("providers.adapter:Adapter")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("provider", IDS)
def test_contract_alone(provider: str, rule: str) -> None:
    loaded = load(provider)
    assert [message for message, _ in RULES[rule](loaded)] == []


@pytest.mark.parametrize("provider", IDS)
def test_every_exchange_and_error_comes_out_of_the_mock_as_written(provider: str) -> None:
    wrong = {case: message for case, run in mock_cases(Lab(provider), partial(Lab, provider)) if (message := run())}
    assert wrong == {}


@pytest.mark.parametrize("provider", IDS)
def test_our_client_logs_in_reads_and_refuses_as_the_contract_says(provider: str) -> None:
    wrong = {case: message for case, message in client_cases(provider, ADAPTER, Lab(provider), None) if message}
    assert wrong == {}


@pytest.mark.parametrize("name", ["_index.json", "schema.json"])
def test_generated_files_are_fresh(name: str) -> None:
    assert (contracts_folder() / name).read_text(encoding="utf-8") == generated()[name], "run `mockidp check --index`"
