"""The outside judge: django-allauth, unmodified, logs in at the simulator for every provider that it ships.

It must read what the contract says is there, but for what `Judge.theirs` lists. The same tests run with two releases:
the current one, and in an environment of its own (`make interop`) 0.46.0, at the wire of its day.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from mockidp.browser import NoCallbackError
from mockidp.simulator import Simulator

from .allauth_site import IDS, JUDGE
from .allauth_visitor import PEOPLE, Visitor, account, in_the_contract, nobody, read_by_allauth, theirs

pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),  # the judge's own; ours are errors everywhere else
    pytest.mark.filterwarnings("default::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("default:DateTimeField .* received a naive datetime:RuntimeWarning"),
]

READS = [provider for provider in IDS if provider not in JUDGE.broken]
LOGINS = [(of, who) for of in READS for who in PEOPLE if (of, who) not in JUDGE.stumbles]


@pytest.mark.parametrize(("provider", "person"), LOGINS)
def test_allauth_reads_what_the_contract_says(simulator: Simulator, provider: str, person: str) -> None:
    found = account(Visitor(simulator).login(JUDGE.button(provider), person))
    assert read_by_allauth(found) == theirs(provider, person, in_the_contract(provider, person))


@pytest.mark.parametrize("provider", READS)
def test_allauth_logs_nobody_in_who_says_no(simulator: Simulator, provider: str) -> None:
    status, _ = JUDGE.denied.get(provider, (200, ""))
    visitor = Visitor(simulator)
    if status is None:
        with pytest.raises(NoCallbackError):
            visitor.login(JUDGE.button(provider), "dave", deny=True)
    else:
        answer = visitor.login(JUDGE.button(provider), "dave", deny=True)
        page = "authentication_error" if provider in JUDGE.denied else "login_cancelled"
        assert (answer.status_code, answer.templates[0].name) == (status, f"socialaccount/{page}.html")
    assert nobody()


@pytest.mark.parametrize(("provider", "person"), [*((of, "alice") for of in JUDGE.broken), *JUDGE.stumbles])
def test_allauth_logs_nobody_in_where_it_is_known_to_fail(simulator: Simulator, provider: str, person: str) -> None:
    """The day it can, its row goes."""
    visitor = Visitor(simulator)
    with suppress(Exception):  # whatever the library or the provider makes of it
        visitor.login(JUDGE.button(provider), person)
    assert not visitor.logged_in


def test_every_row_of_the_judge_is_about_a_login_that_is_tried() -> None:
    told = [(of, who) for of, _, whose in JUDGE.theirs for who in whose.split() or PEOPLE]
    assert set(told) <= set(LOGINS)
    assert set(JUDGE.denied) <= set(READS)
    assert {*JUDGE.broken, *(of for of, _ in JUDGE.stumbles)} <= set(IDS)
