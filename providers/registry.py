"""Which providers there are, and how to get one. A provider's module is imported when it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import Misconfigured

if TYPE_CHECKING:
    from .base import Provider

CLASSES = {
    "apple": "Apple",
    "facebook": "Facebook",
    "github": "GitHub",
    "google": "Google",
    "keycloak": "Keycloak",
    "nextcloud": "Nextcloud",
    "openid": "OpenID",
    "shopify": "Shopify",
    "steam": "Steam",
    "telegram": "Telegram",
    "twitter": "Twitter",
    "weixin": "Weixin",
}


def ids() -> tuple[str, ...]:
    """The ids of all providers, sorted."""
    return tuple(sorted(CLASSES))


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
    return _load(provider)(
        client_id=client_id,
        client_secret=client_secret,
        key=key,
        certificate_key=certificate_key,
        settings=settings,
        clock=clock,
    )


def _load(provider: str) -> type[Provider]:
    from importlib import import_module

    if provider not in CLASSES:
        from .settings import suggestion

        raise Misconfigured(
            f"there is no provider {provider!r}{suggestion(str(provider), CLASSES)}",
            provider=str(provider),
            step="configure",
            code="unknown_provider",
        )
    kind: type[Provider] = getattr(import_module(f".{provider}", __package__), CLASSES[provider])
    return kind
