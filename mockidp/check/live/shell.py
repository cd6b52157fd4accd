"""A request as a command that asks again, with variables of the shell in the place of secrets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from mockidp.wire import Request

if TYPE_CHECKING:
    from mockidp.check.live.run import Target

SHORTEST = 6  # characters of a value that is hidden wherever it stands
KEPT = frozenset({"client_id", "redirect_uri", "scope", "state", "nonce"})


class Secrets:
    """The secrets of one conversation, and the variables of the environment that hold them."""

    def __init__(self, target: Target) -> None:
        self._names: dict[str, str] = {}
        prefix = f"MOCKIDP_LIVE_{target.provider.upper()}_"
        if target.app is not None:
            self._keep(f"{prefix}CLIENT_SECRET", target.app.client_secret)
            for name, value in target.app.facts.items():
                self._keep(prefix + name.upper(), value)
        for name, value in target.tokens.items():
            self._keep(prefix + name.upper(), value)

    def add(self, values: Mapping[str, Any]) -> None:
        """Whatever an answer gave out."""
        for name, value in values.items():
            if name.endswith(("token", "secret", "code")) and isinstance(value, str):
                self._keep(re.sub(r"\W", "_", name).upper(), value)

    def _keep(self, name: str, value: str) -> None:
        if len(value) >= SHORTEST:
            for form in (value, quote(value, safe=""), quote_plus(value)):
                self._names.setdefault(form, name)

    def hide(self, text: str) -> str:
        """A text without any of them: `$NAME` in their place."""
        for value in sorted(self._names, key=len, reverse=True):
            text = text.replace(value, f"${self._names[value]}")
        return text


def command(request: Request, secrets: Secrets) -> str:
    """A line for a POSIX shell. What was made of secrets, a signature or a Basic pair, is left to the reader."""
    words = ["curl", "-i"]
    if request.method != "GET" and not (request.method == "POST" and request.body):
        words += ["-X", request.method]
    words.append(_quoted(secrets.hide(request.url)))
    for name, value in request.headers.items():
        if name in ("host", "user-agent", "content-length"):
            continue
        if name == "authorization" and value.startswith("Basic "):
            words += ["-u", '"$CLIENT_ID:$CLIENT_SECRET"']
        else:
            words += ["-H", _quoted(secrets.hide(f"{name}: {value}"))]
    if request.body:
        words += ["--data", _quoted(secrets.hide(request.body.decode("utf-8", "replace")))]
    return " ".join(words)


def _quoted(text: str) -> str:
    """Single quotes, opened for variables only."""
    parts = re.split(r"(\$[A-Z][A-Z0-9_]*)", text)
    return "".join(
        f'"{part}"' if re.fullmatch(r"\$[A-Z][A-Z0-9_]*", part) else shlex.quote(part) for part in parts if part
    )
