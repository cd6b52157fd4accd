"""What an answer means: is it an error, and which one, whatever the status line says.

Three sources, strongest first: a failure or rate limit by its status, the provider's own value (a table of its
class), the RFC's codes and the status.
RFC 6749 section 5.2 for the token endpoint, RFC 6750 section 3.1 for the API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import MEANINGS
from .http import Response
from .identity import pick

_BEARER_ERROR = re.compile(r'\berror="([a-z_]+)"')
_NO_ERROR: tuple[object, ...] = (None, False, "", 0, "0", "00", "ok")


def own_errors(body: Any, paths: tuple[str, ...]) -> list[object]:
    """The provider's own error values in a body, most telling first; empty when the body reports none."""
    found = [value for value in (pick(body, path) for path in paths) if value not in _NO_ERROR]
    scalars: list[object] = [value for value in found if isinstance(value, str | int)]
    if scalars:
        return scalars
    members = {path.partition(".")[0] for path in paths if path.startswith("err")}
    # An error member of a shape nobody knows is still an error.
    return [""] if any(pick(body, member) not in (*_NO_ERROR, [], {}) for member in members) else []


def meaning(response: Response, own: list[object], table: Mapping[str, str], *, for_token: bool) -> str | None:
    """The code of an error answer, or None when it is no error. `table` maps own values and `http 404` to codes."""
    if response.status // 100 == 2 and not own:
        return None
    if _is_rate_limit(response):
        return "rate_limited"
    if response.status >= 500:
        return "server_error"
    for value in map(str, own):
        if value in table:
            return table[value]
    known = _standard(own) if for_token else None  # a word of the RFC tells more than a status
    if known is None and f"http {response.status}" in table:
        return table[f"http {response.status}"]
    return known or (_token_code(response, own) if for_token else _api_code(response, own))


def _is_rate_limit(response: Response) -> bool:
    spent = response.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in response.headers
    return response.status == 429 or (response.status == 403 and spent)


def _standard(own: list[object]) -> str | None:
    return next((value for value in own if isinstance(value, str) and value in MEANINGS), None)


def _token_code(response: Response, own: list[object]) -> str:
    if response.status == 401:
        return "invalid_client"
    return "token_refused" if own else "bad_response"


def _api_code(response: Response, own: list[object]) -> str:
    if response.status == 401:
        return "invalid_token"
    challenge = _BEARER_ERROR.search(response.headers.get("www-authenticate", ""))
    if challenge and challenge[1] in MEANINGS:
        return challenge[1]
    known = _standard(own)
    if known is not None:
        return known
    if response.content_type == "text/html" or response.json() is None:
        return "bad_response"
    return {400: "invalid_request", 403: "insufficient_scope"}.get(
        response.status, "token_refused" if own else "bad_response"
    )
