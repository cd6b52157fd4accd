"""The suite grades itself: no rule can be taken out and no fact changed without a check noticing.

What cannot be noticed falls under a row of two short lists with reasons; rows that excuse nothing are dead wood.
"""

from __future__ import annotations

import pytest

from mockidp.check.client import find_adapter
from mockidp.check.mutate import (
    EQUIVALENT_FACTS,
    EQUIVALENT_RULES,
    Mutant,
    excuse,
    fact_mutants,
    fact_survives,
    rule_mutants,
    rule_survives,
)
from mockidp.contract import load
from mockidp.contract.files import provider_ids

ADAPTER = find_adapter("providers.adapter:Adapter")
IDS = provider_ids()


@pytest.mark.parametrize("provider", IDS)
def test_no_rule_can_be_taken_out_unnoticed(provider: str) -> None:
    mutants = list(rule_mutants(provider))
    assert len(mutants) > 5
    survivors = {
        f"{step}: {name}"
        for step, name, at in mutants
        if name not in EQUIVALENT_RULES and rule_survives(provider, step, at)
    }
    assert survivors == set()


@pytest.mark.parametrize("provider", IDS)
def test_no_fact_can_be_changed_unnoticed(provider: str) -> None:
    mutants = list(fact_mutants(provider))
    assert len(mutants) > 20
    survivors = {
        f"{mutant.kind}: {mutant.what}"
        for mutant in mutants
        if not excuse(mutant, ADAPTER) and fact_survives(mutant, ADAPTER)
    }
    assert survivors == set()


@pytest.mark.parametrize("provider", IDS)
def test_an_unchanged_contract_is_noticed_by_nothing(provider: str) -> None:
    """The grade is worth something only if the baseline is clean: a red check would notice every mutant."""
    assert fact_survives(Mutant(provider, "none", "unchanged", lambda: load(provider).table), ADAPTER)


def test_the_lists_of_reasons_are_short_and_every_reason_is_a_sentence() -> None:
    reasons = {**EQUIVALENT_RULES, **EQUIVALENT_FACTS}
    assert len(reasons) <= 12
    assert all(len(reason.split()) > 5 for reason in reasons.values())
