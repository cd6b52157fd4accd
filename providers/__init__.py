"""Login clients for named providers: begin, send the browser there, finish with the callback, have an identity.

    github = providers.get("github", client_id="…", client_secret="…")
    login = github.begin(redirect_uri="https://app.example/cb")  # redirect to login.url, keep login.session
    identity = github.finish(login.session, callback, http=requests.Session())

`abegin`, `afinish` and `arefresh` do the same with an httpx.AsyncClient. Every client asks for the e-mail address by
default, since a login wants one; the SCOPE setting replaces what is asked. Importing this package loads no third-party
module: PyJWT, cryptography and defusedxml are loaded by the step that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import (
    DeniedByUser,
    IdentityUnusable,
    LoginError,
    Misconfigured,
    ProviderUnavailable,
    StateMismatch,
    TokenRefused,
)
from .registry import get, ids

if TYPE_CHECKING:
    from .base import Form, Login, Provider
    from .identity import Email, Identity, Token

__all__ = [
    "DeniedByUser",
    "Email",
    "Form",
    "Identity",
    "IdentityUnusable",
    "Login",
    "LoginError",
    "Misconfigured",
    "Provider",
    "ProviderUnavailable",
    "StateMismatch",
    "Token",
    "TokenRefused",
    "get",
    "ids",
]

_LAZY = {"Email": "identity", "Identity": "identity", "Token": "identity"}
_LAZY |= {"Form": "base", "Login": "base", "Provider": "base"}


def __getattr__(name: str) -> Any:
    """The classes that would cost start-up time are loaded when first named."""
    from importlib import import_module

    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
