"""Which providers there are, and how to get one. A provider's module is imported when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import Misconfigured

if TYPE_CHECKING:
    from .base import Provider

SHARED = {  # modules that serve all providers; every other module of this folder is a provider's
    *("adapter", "answers", "base", "callback", "errors", "http", "id_token", "identity", "oauth", "oauth1"),
    *("oauth1_signature", "oauth2", "oidc", "openid2", "openid2_association", "openid2_attributes", "registry"),
    *("settings", "xml", "yadis"),
}


@cache
def ids() -> tuple[str, ...]:
    """The ids of all providers, sorted: one module each, `p_` in front where an id is no name (`p_500px`)."""
    from pkgutil import iter_modules

    names = {module.name for module in iter_modules(_folder()) if not module.ispkg}
    return tuple(sorted(name.removeprefix("p_") for name in names - SHARED if not name.startswith("_")))


def _folder() -> list[str]:
    from pathlib import Path

    return [str(Path(__file__).parent)]


def get(
    provider: str,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    key: str | None = None,
    certificate_key: str | None = None,
    settings: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> Provider:
    """The provider with an app's credentials and settings (the seed document's names). Raises Misconfigured.

    `clock` returns Unix seconds. Which credentials are needed, and what each is called there, says the class.
    """
    return kind_of(provider)(
        client_id=client_id,
        client_secret=client_secret,
        key=key,
        certificate_key=certificate_key,
        settings=settings,
        clock=clock,
    )


def kind_of(provider: str) -> type[Provider]:
    """The class of a provider. Raises Misconfigured for an id that there is not."""
    from importlib import import_module

    if provider not in ids():
        from .settings import suggestion

        raise Misconfigured(
            f"there is no provider {provider!r}{suggestion(str(provider), ids())}",
            provider=str(provider),
            step="configure",
            code="unknown_provider",
        )
    name = provider if provider.isidentifier() else f"p_{provider}"
    module = import_module(f".{name}", __package__)
    kinds = [kind for kind in vars(module).values() if getattr(kind, "id", None) == provider]
    found: type[Provider] = kinds[0]
    return found
