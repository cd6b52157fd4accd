"""The pytest plugin: fixtures that hand out a `mockidp.testing.Idp`, one marker, and the journal of a failed test.

Every run of everybody who has mockidp installed imports this file, so it imports nothing of mockidp before a test
asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockidp.mounts.asgi import App
    from mockidp.testing import Idp, Service

ARGUMENTS = ("mount", "person", "date", "apps", "strict", "settings", "people")
MARKER = (
    "idp(mount, person, date, apps, strict, settings, people): how the fixture `idp` begins. "
    'mount="responses", "respx", "server" or a list of them; person="alice" logs in without a page; '
    'date="2021-11-15" simulates the providers as they were; apps="learn" registers an application at first sight; '
    'strict=True refuses what is not best practice; settings={"github": {"GITHUB_URL": "https://git.example"}}'
)
TITLE = "mockidp: the logins of this test"
IDP: pytest.StashKey[Idp] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def _idp_service() -> Iterator[Service]:
    from mockidp.testing import Service  # lazy: most runs ask for none of this

    with Service() as service:
        yield service


@pytest.fixture
def idp(request: pytest.FixtureRequest, _idp_service: Service) -> Iterator[Idp]:
    """Simulated identity providers in a world of their own (mockidp.testing.Idp), mounted nowhere by itself.

    Mount them by `@pytest.mark.idp(mount="responses")`, or ask for `idp_responses`, `idp_respx` or `idp_server`:
    the same object, mounted. Then let your application begin a login and play the browser:

        callback = idp.authorize(url_your_app_redirected_to, person="alice")
        response = client.get(callback.path)
        assert idp.journal.last("github").outcome == "logged_in"

    `person date strict clock journal people world` are attributes, `app configure fault rotate_keys` methods.
    A fault that was asked for and never struck fails the test; a failed test shows what was asked of each provider.
    """
    __tracebackhide__ = True
    options = _options(request.node)
    mount = options.pop("mount", ())
    mounts = [mount] if isinstance(mount, str) else mount
    made = request.node.stash[IDP] = _made(options, mounts, _idp_service)
    with made.mounted(*mounts):
        yield made


@pytest.fixture
def idp_responses(idp: Idp) -> Iterator[Idp]:
    """`idp`, answering what `requests` sends during the test, in `responses`' own default mock.

    Rules of your own can be added with `responses.add`. Every other host is a ConnectionError.
    """
    with idp.mounted("responses"):
        yield idp


@pytest.fixture
def idp_respx(idp: Idp) -> Iterator[Idp]:
    """`idp`, answering what httpx sends during the test, sync and async, in `respx.mock`.

    Routes of your own can be added with `respx.get` and so on. Every other host is an error of respx.
    """
    with idp.mounted("respx"):
        yield idp


@pytest.fixture
def idp_server(idp: Idp) -> Iterator[Idp]:
    """`idp`, behind a live HTTP server on loopback, for applications in other processes or languages.

    `idp_server.url` goes in front of any real URL, without its scheme: `{url}/github.com/login/oauth/authorize`.
    The server starts once in a run; each test has an address of its own there.
    """
    with idp.mounted("server"):
        yield idp


@pytest.fixture
def idp_asgi(idp: Idp) -> App:
    """`idp` as an ASGI application: `httpx.AsyncClient(transport=httpx.ASGITransport(idp_asgi))`, at the real URLs."""
    from mockidp.mounts.asgi import App  # lazy: most runs ask for none of this

    return App(idp.simulator)


def _options(node: Any) -> dict[str, Any]:
    """The arguments of all markers on a test, the nearest last. pytest.UsageError for one that there is not."""
    __tracebackhide__ = True
    options: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers("idp"))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.idp takes its arguments by name: {', '.join(ARGUMENTS)}")
        for name in marker.kwargs:
            if name not in ARGUMENTS:
                raise pytest.UsageError(_unknown(name))
        options.update(marker.kwargs)
    return options


def _unknown(name: str) -> str:
    from mockidp.errors import nearest  # lazy: only an error needs it

    return f'@pytest.mark.idp has no argument "{name}".{nearest(name, ARGUMENTS)} There are {", ".join(ARGUMENTS)}.'


def _made(options: dict[str, Any], mounts: Sequence[str], service: Service) -> Idp:
    from mockidp.errors import UsageError  # lazy: most runs ask for none of this
    from mockidp.testing import Idp, check_mounts

    __tracebackhide__ = True
    try:
        check_mounts(mounts)
        return Idp(**options, service=service)
    except UsageError as error:
        raise pytest.UsageError(f"@pytest.mark.idp: {error}") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    result = yield
    if (made := item.stash.get(IDP, None)) is not None and (idle := made.idle_faults()):
        pytest.fail(idle, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IDP in item.stash:
        if report.failed and (story := item.stash[IDP].story()):
            report.sections.append((TITLE, story))
        if call.when == "teardown":  # the item lives as long as the run, and its world shall not
            del item.stash[IDP]
    return report
