"""Who may see and use what is the server's own: its pages, the journal, the control interface.

They tell what logins did and change what logins do, so they answer at this machine's names only: a site that rebinds
its own name to this address (DNS rebinding) sends that name as Host, and is refused. `--control-host` names others that
are this machine's, such as a service's in Compose. A page of another site, which its browser names as Origin, is
refused too. Where other machines can reach the server there is a token besides: a program sends it as `Authorization:
Bearer`, a person opens a page with `?token=` once and is known by a cookie from then on. The providers' own pages ask
for neither, as the real ones do not.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, digest
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from mockidp.apps import LOOPBACK
from mockidp.errors import UsageError
from mockidp.wire import Pairs, Request, Response, encoded

WILDCARD = {"0.0.0.0", "::", ""}
COOKIE = "mockidp_pages"
PARAMETER = "token"
SHORTEST = 16  # characters of a token that somebody chooses


class Refused(NamedTuple):
    """Why somebody is not let in: HTTP status, a code for machines, a sentence, what to do, and headers."""

    status: int
    code: str
    why: str
    then: str
    headers: Pairs


def refused(request: Request, own_hosts: set[str], token: str) -> Refused | None:
    """Why a request may not be answered, or None. No token is asked for where it is empty."""
    if not is_own_host(request.host, own_hosts):
        return Refused(
            421,
            "wrong_host",
            f"mockidp knows no provider at {request.host[:100]!r}, and is itself at this machine's names only",
            "Open it at 127.0.0.1 or localhost, or let it answer at that name with `--control-host NAME`; "
            "`mockidp list` names the providers.",
            [],
        )
    origin = request.headers.get("origin")
    if origin is not None and _host_of(origin) != request.host:
        return Refused(
            403,
            "foreign_origin",
            f"a page of {origin[:100]!r} may not use this server's own pages and its control interface",
            "Ask without a browser.",
            [],
        )
    if token and not (_is(_bearer(request), token) or _is(_cookie(request), cookie_of(token))):
        return Refused(
            401,
            "token",
            "this server's own pages and its control interface ask for its control token",
            "Send it as `Authorization: Bearer TOKEN`, or open this page with ?token=TOKEN; `mockidp serve` prints it.",
            [("WWW-Authenticate", 'Bearer realm="mockidp"')],
        )
    return None


def entered(request: Request, token: str, prefix: str) -> Response | None:
    """Let in a browser that brings the right token in the URL, and take the token out of its address bar."""
    told = [value for name, value in request.query_pairs if name == PARAMETER]
    if not token or request.method != "GET" or len(told) != 1 or not _is(told[0], token):
        return None
    rest = encoded([pair for pair in request.query_pairs if pair[0] != PARAMETER])
    where = f"{prefix}/{request.path.lstrip('/')}{'?' + rest if rest else ''}"  # `//host` would lead elsewhere
    cookie = f"{COOKIE}={cookie_of(token)}; Path=/; HttpOnly; SameSite=Strict"
    return Response(303, [("Location", where), ("Set-Cookie", cookie), ("Cache-Control", "no-store")])


def check_token(token: str) -> str:
    """The token, if it is one that cannot be guessed at once and can be sent. Raises UsageError."""
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"a control token must be at least {SHORTEST} ASCII characters, without blanks")
    return token


def cookie_of(token: str) -> str:
    """What a browser keeps instead of the token: cookies go to every port of this host."""
    return digest(token.encode(), b"mockidp pages", sha256).hex()


def is_own_host(host: str, bound: set[str]) -> bool:
    """Whether a Host header is a loopback name, the host that this server was bound to, or one named for it.

    Bound to all addresses, any address will do, but no other name: only names can be rebound.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    name = name.strip("[]").lower().removesuffix(".")
    if name in LOOPBACK or name.endswith(".localhost") or (name in bound and name not in WILDCARD):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or bool(bound & WILDCARD)


def _host_of(origin: str) -> str:
    """The host of a page that asks, as its browser names it; nothing for what is no such page."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in ("http", "https") and not parts.path else ""


def _is(told: str, secret: str) -> bool:
    return compare_digest(told.encode("utf-8", "replace"), secret.encode())


def _bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _cookie(request: Request) -> str:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")
