"""The simulator behind `responses`: every request of the requests library to a known host is answered in process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mockidp.errors import UsageError
from mockidp.mounts import Simulator, answer, missing, request_of
from mockidp.wire import Pairs

try:
    import responses
    from requests.exceptions import ReadTimeout
    from responses.registries import OrderedRegistry
except ImportError as error:
    raise missing("responses", "responses") from error

if TYPE_CHECKING:
    from requests import PreparedRequest


class ProviderRule(responses.CallbackResponse):
    """One rule for all known hosts and methods. Any other rule of the same mock that matches comes first."""

    def __init__(self, simulator: Simulator, mock: responses.RequestsMock) -> None:
        super().__init__("ANY", "a host that mockidp knows", self._call, content_type=None)
        self.simulator, self.mock = simulator, mock

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        host = request_of("GET", str(request.url), {}, b"").host
        if not self.simulator.knows(host):
            return False, f"mockidp knows no provider at {host!r}"
        # The registry drops the first of two rules that match, and that would be this one.
        others = (rule for rule in self.mock.registered() if not isinstance(rule, ProviderRule))
        if any(rule.matches(request)[0] for rule in others):
            return False, "a rule of its own comes first"
        return True, ""

    @property
    def call_count(self) -> int:
        """Never 0: the rule is no expectation, so a mock that asserts that all were used must not miss it."""
        return len(self.calls) or 1

    def _call(self, request: PreparedRequest) -> tuple[int, Pairs, bytes]:
        headers = {name: _text(value) for name, value in request.headers.items()}
        body = request.body = _read(request.body)
        answered = answer(self.simulator, request_of(str(request.method), str(request.url), headers, body))
        _wait(answered.delay, request)
        return answered.status, answered.headers, answered.body


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _read(body: str | bytes | Iterable[str | bytes] | None) -> bytes:
    """The body that requests would send: bytes, text, nothing, or an iterable of pieces."""
    pieces = [body or b""] if body is None or isinstance(body, str | bytes | bytearray) else body
    return b"".join(piece.encode("utf-8") if isinstance(piece, str) else piece for piece in pieces)


def _wait(delay: float, request: PreparedRequest) -> None:
    """Sleep, or raise at once the timeout that the client would run into."""
    timeout = getattr(request, "req_kwargs", {}).get("timeout")
    limit = timeout[1] if isinstance(timeout, tuple) else getattr(timeout, "read_timeout", timeout)
    if delay > 0 and isinstance(limit, int | float) and delay > limit:
        raise ReadTimeout(f"Read timed out. (read timeout={limit})", request=request)
    time.sleep(max(delay, 0.0))


def install(simulator: Simulator, mock: responses.RequestsMock | None = None) -> responses.RequestsMock:
    """Let `mock` (the module's default one unless given) answer for every host that the simulator knows.

    Requests to other hosts keep the mock's own rules: ConnectionError unless one matches. The mock must be active,
    as by `@responses.activate`; a second installation replaces the first. UsageError for an ordered registry.
    """
    mock = responses.mock if mock is None else mock
    if isinstance(mock.get_registry(), OrderedRegistry):
        raise UsageError("a mock with an OrderedRegistry uses each rule once; mockidp needs another registry")
    for rule in [rule for rule in mock.registered() if isinstance(rule, ProviderRule)]:
        mock.remove(rule)
    mock.add(ProviderRule(simulator, mock))
    return mock


@contextmanager
def mocked(simulator: Simulator) -> Iterator[responses.RequestsMock]:
    """`with mocked(simulator) as mock:` an active mock of its own. Rules that are added to it have to be used."""
    with responses.RequestsMock() as mock:
        yield install(simulator, mock)
