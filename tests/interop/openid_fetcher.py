"""python3-openid's own hook for HTTP, answered by the simulator: the library uses urllib, which `responses` leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from openid import fetchers

from mockidp.mounts import answer, request_of
from mockidp.simulator import Simulator

FORM = "application/x-www-form-urlencoded"  # urllib's own label for a body


class Fetcher(fetchers.HTTPFetcher):  # type: ignore[misc]
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def fetch(self, url: str, body: str | bytes | None = None, headers: dict[str, str] | None = None) -> object:
        sent = body.encode() if isinstance(body, str) else body
        labels = {**(headers or {}), **({} if sent is None else {"Content-Type": FORM})}
        got = answer(self.simulator, request_of("GET" if sent is None else "POST", url, labels, sent or b""))
        return fetchers.HTTPResponse(url, got.status, {name.lower(): value for name, value in got.headers}, got.body)


@contextmanager
def fetching(simulator: Simulator) -> Iterator[None]:
    """Let python3-openid find the simulator wherever it looks."""
    before = fetchers._default_fetcher
    fetchers.setDefaultFetcher(Fetcher(simulator), wrap_exceptions=False)
    try:
        yield
    finally:
        fetchers.setDefaultFetcher(before, wrap_exceptions=False)
