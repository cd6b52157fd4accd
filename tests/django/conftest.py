"""How tests/django run: `make test-django`, a pytest of their own, because Django can be configured once a process.

The settings are in site.py, the URLs in urls.py. A plain `pytest` leaves this folder out (`norecursedirs`); name the
folder or a file to run it: `python -m pytest tests/django`, also under `-n`. With DJANGO_TEST_DATABASE=postgresql the
same tests run at a PostgreSQL server that is started here, with DJANGO_TEST_USER=email at a user model of its own.

Every test is in a transaction that is rolled back; cache, mail and the adapter are fresh. Fixtures for all: `settings`
(sets settings until the test ends), `simulator` (a fresh world, in place of the network for requests and httpx),
`visitor` (a browser at the site and at the simulator), `install` (puts ready-made apps into SOCIALACCOUNT_PROVIDERS).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from . import postgresql
from . import site as values

_CONFIGURED = "DJANGO_TEST_POSTGRESQL_PORT"


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers of xdist start, which inherit the server's port."""
    if values.DATABASE == "postgresql" and _CONFIGURED not in os.environ:
        server = postgresql.Server()
        os.environ[_CONFIGURED] = str(server.port)
        config.add_cleanup(server.stop)
        config.add_cleanup(lambda: os.environ.pop(_CONFIGURED, None))


@pytest.fixture(scope="session", autouse=True)
def site(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django set up with site.py, and a database of this worker."""
    from django.conf import settings as django_settings
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()  # so that an answer tells its templates, and mail is kept
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    for database in django_settings.DATABASES.values():
        database.setdefault("TEST", {})["NAME"] = f"test_{worker or 'one'}" if database["HOST"] else None
        database["PORT"] = os.environ.get(_CONFIGURED, "")  # known since pytest_configure, which comes after _configure
    with warnings.catch_warnings():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    teardown_databases(made, verbosity=0)


def _configure() -> None:
    import django
    from django.conf import settings as django_settings

    if django_settings.configured:
        raise pytest.UsageError("tests/django need a pytest of their own: python -m pytest tests/django")
    own = {name: value for name, value in vars(values).items() if name.isupper()}
    django_settings.configure(**own)
    django.setup()


_configure()


@pytest.fixture(autouse=True)
def clean(site: None) -> Iterator[None]:
    """Nothing of a test is left to the next one."""
    from django.core import mail
    from django.core.cache import cache
    from django.db import transaction

    cache.clear()
    mail.outbox = []
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Settings:
    """`settings.NAME = value` until the test ends."""

    def __init__(self) -> None:
        self.__dict__["_made"] = []

    def __setattr__(self, name: str, value: Any) -> None:
        from django.test import override_settings

        made = override_settings(**{name: value})
        made.enable()
        self._made.append(made)

    def __getattr__(self, name: str) -> Any:
        from django.conf import settings as django_settings

        return getattr(django_settings, name)

    def undo(self) -> None:
        while self._made:
            self._made.pop().disable()


@pytest.fixture
def settings() -> Iterator[Settings]:
    made = Settings()
    yield made
    made.undo()


@pytest.fixture
def simulator() -> Iterator[Any]:
    """A fresh world; requests and httpx reach it and nothing else."""
    from mockidp.mounts import responses_mount, respx_mount
    from mockidp.simulator import Simulator
    from mockidp.world import World

    simulator = Simulator(World())
    with responses_mount.mocked(simulator), respx_mount.mocked(simulator):
        yield simulator


@pytest.fixture
def install(settings: Settings, simulator: Any) -> Callable[..., None]:
    """`install("github", "google", SCOPE=[…])`: ready-made apps in SOCIALACCOUNT_PROVIDERS, with these settings."""
    from .visitor import row

    def install(*providers: str, **own: Any) -> None:
        rows = {provider: {**row(simulator, provider), **own} for provider in providers}
        settings.SOCIALACCOUNT_PROVIDERS = {**settings.SOCIALACCOUNT_PROVIDERS, **rows}

    return install


@pytest.fixture
def visitor(simulator: Any) -> Any:
    from .visitor import Visitor

    return Visitor(simulator)
