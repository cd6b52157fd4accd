"""Real servers for a test: each is started once a run, and what it wrote during a test is shown if that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
from targets import TARGETS, Target, missing

Start = Callable[[str], Target]
Plant = Callable[[str, dict[str, Any]], AbstractContextManager[Target]]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Target], Start]]:
    """Those that run, and what starts one more."""
    with ExitStack() as stack:
        running: dict[str, Target] = {}

        def started(name: str) -> Target:
            if name not in running:
                running[name] = stack.enter_context(TARGETS[name](tmp_path_factory.mktemp(name)))
            return running[name]

        yield running, started


@pytest.fixture
def start(servers: tuple[dict[str, Target], Start]) -> Iterator[Start]:
    """The target of that name, as it is."""
    running, started = servers

    def wanted(name: str) -> Target:
        _skip_without(name)
        return started(name)

    yield wanted
    for name, target in running.items():
        if told := target.server.told():
            print(f"--- {name} wrote\n{told}")


@pytest.fixture
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A target of one's own in which something is changed."""

    @contextmanager
    def changed(name: str, change: dict[str, Any]) -> Iterator[Target]:
        _skip_without(name)
        with TARGETS[name](tmp_path_factory.mktemp(name), change) as target:
            try:
                yield target
            finally:
                print(f"--- {name} wrote\n{target.server.told()}")

    return changed


def _skip_without(name: str) -> None:
    if why := missing(name):
        pytest.skip(why)
