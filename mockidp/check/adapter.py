"""How a login library is wrapped so that the checks can drive it: two methods, found by a name and never imported here.

```python
class Adapter:
    def begin(self, job):  # job.provider, .app, .redirect_uri, .settings; keep what you need in job.state
        return "https://github.com/login/oauth/authorize?…"
    def finish(self, job, callback):  # callback.url, .method, .form
        return {"uid": "…", "email": "…", "email_verified": True}
```

Raise for every login that fails; `code` of the exception is the RFC's word for why (`access_denied`,
`invalid_grant`). A library that has no such words says `tells_codes = False`, and is only asked that the login fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

from mockidp.browser import Callback
from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.simulator import Simulator

REDIRECT_URI = "http://127.0.0.1:8000/callback"
GROUP = "mockidp.adapters"


@dataclass
class Job:
    """One login that a client shall do. `state` is the adapter's own, from begin to finish.

    `app` has client_id, client_secret and whatever this provider adds; `settings` are the provider's, by the seed's
    names.
    """

    provider: str
    app: dict[str, str]
    redirect_uri: str = REDIRECT_URI
    settings: dict[str, Any] = field(default_factory=dict)
    state: Any = None


class Adapter(Protocol):
    """What a library must be wrapped in.

    `begin` gives the URL that the browser is sent to, or `(URL, fields)` for a form that it posts. `finish` is given
    the callback and gives at least `uid`, `email` and `email_verified`.
    """

    def __hash__(self) -> int: ...
    def begin(self, job: Job) -> str | tuple[str, Mapping[str, str]]: ...
    def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]: ...


def find_adapter(name: str) -> Adapter:
    """The adapter of an entry point (`providers`, `command:./login.sh`) or an import string (`package.module:name`).

    What stands behind the colon of an entry point is its argument. UsageError when there is none.
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    first, colon, rest = name.partition(":")
    try:
        if first in points:
            made = points[first].load()
            made = made(rest) if colon else made
        elif colon:
            made = getattr(import_module(first), rest)
        else:
            known = ", ".join(points) or "none installed"
            raise UsageError(f'no adapter "{name}"; give module:name or one of: {known}')
        adapter: Adapter = made() if isinstance(made, type) else made
    except (ImportError, AttributeError) as error:
        raise UsageError(f"no adapter at {name}: {error}") from None
    return adapter


def tells_codes(adapter: Adapter) -> bool:
    """Whether its errors have a code to compare."""
    return bool(getattr(adapter, "tells_codes", True))


def connected(adapter: Adapter, simulator: Simulator) -> AbstractContextManager[Any]:
    """What lets the library's requests reach the simulator: its own way, or `requests` intercepted."""
    if (way := getattr(adapter, "connected", None)) is not None:
        found: AbstractContextManager[Any] = way(simulator)
        return found
    from mockidp.mounts.responses_mount import mocked  # lazy: needs the extra `responses`

    return mocked(simulator)
