"""Judges that warn as they are imported: that is theirs, and ours stay errors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from mockidp.mounts.responses_mount import mocked
from mockidp.simulator import Simulator
from mockidp.world import World

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import openid.consumer.consumer
    import openid.server.server  # noqa: F401

    from .allauth_site import JUDGE, clear, configure
    from .openid_fetcher import fetching


@pytest.fixture(scope="session")
def site() -> None:
    configure()


@pytest.fixture
def empty(site: None) -> None:
    """No accounts, and nothing of an earlier login in the cache."""
    clear()


@pytest.fixture
def simulator(empty: None) -> Iterator[Simulator]:
    simulator = Simulator(World(date=JUDGE.date))
    with mocked(simulator), fetching(simulator):
        yield simulator
