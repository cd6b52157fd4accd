"""Ask the same contracts of several subjects and collect what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mockidp.check.finding import Finding
from mockidp.contract.files import provider_ids
from mockidp.errors import ContractError, UsageError, nearest

SUBJECTS = ("contract", "mock", "client")
Ready = Callable[[Finding], None]


def check(
    ids: Iterable[str] = (),
    subjects: Iterable[str] = ("contract", "mock"),
    client: str = "",
    ready: Ready | None = None,
) -> list[Finding]:
    """Check providers (all when none is named). `client` is an import string or the name of an entry point.

    UsageError for an unknown provider, subject or client. `ready` is told each finding as it comes.
    """
    known = provider_ids()
    wanted = list(ids) or known
    for provider in wanted:
        if provider not in known:
            raise UsageError(f'no provider "{provider}".{nearest(provider, known)}')
    out = []
    for provider in wanted:
        for subject in subjects:
            for finding in _one(provider, subject, client):
                out.append(finding)
                if ready is not None:
                    ready(finding)
    return out


def _one(provider: str, subject: str, client: str) -> Iterator[Finding]:
    """Every finding of one subject; a broken contract is a finding and not the end of the run."""
    if subject not in SUBJECTS:
        raise UsageError(f'no subject "{subject}".{nearest(subject, SUBJECTS)}')
    try:
        if subject == "contract":
            from mockidp.check.contract import check_contract

            yield from check_contract(provider)
        elif subject == "mock":
            from mockidp.check.mock import check_mock
            from mockidp.check.over_http import over_http

            with over_http() as connect:
                yield from check_mock(provider, connect)
        else:
            from mockidp.check.client import check_client

            yield from check_client(provider, client)
    except ContractError as error:
        yield Finding(provider, subject, "load", False, str(error), error.file, error.line)
