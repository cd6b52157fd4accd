"""Stack Exchange: what data cannot say.

- an app registers a domain, and its API calls carry a key of its own (api.stackexchange.com/docs/authentication).
- the scope no_expiry gives a token without an end.
- every answer of the API is compressed (docs/compression).
- a person has an account of the network and a user on every site; names are HTML-escaped (docs/types/user).
"""

from __future__ import annotations

import gzip
import re
from html import escape
from typing import ClassVar
from urllib.parse import unquote

from mockidp.check import provoke, walk
from mockidp.check.provoke import Provocation
from mockidp.errors import Refusal
from mockidp.families import login, oauth2, refusals
from mockidp.families.base import Call
from mockidp.families.oauth2 import OAuth2
from mockidp.wire import Response

API = "api.stackexchange.com"
OWN_DOMAIN = {"stackoverflow", "serverfault", "superuser", "askubuntu", "stackapps"}


def wrong_key(call: Call) -> Refusal | None:
    if call.app is None or "app.key" not in call.exchange.names:
        return None
    want, got = call.app.facts.get("key", ""), call.told("app.key")
    if got != want:
        return Refusal("wrong_key", "the key is not that of the token's app", expected=want, got=got)
    return None


def access_token(call: Call) -> str:
    """As the family's, without an end where the person allowed that."""
    token = oauth2.issue_access(call)
    grant = call.store.get("access", f"{call.provider}:{token}")
    if grant is not None and "no_expiry" in call.granted:
        grant.expires = 0.0
        login.remember(call, "access", token, grant)
    return token


def expires(call: Call) -> int | None:
    return None if "no_expiry" in call.granted else call.lifetime("access_token")


def user_id(call: Call) -> str | None:
    """Of this person on this site."""
    value = call.derived("user_id", f"{call.told('site') or ''}:")
    return None if value is None else str(value)


def site_host(call: Call) -> str:
    site = call.told("site") or ""
    return site if "." in site else f"{site}.com" if site in OWN_DOMAIN else f"{site}.stackexchange.com"


def invalidate(call: Call) -> None:
    """Whoever has a token may end it; the answer names its account."""
    token = call.values["token"] = unquote(call.told("token"))  # it stands in the path, and may hold parentheses
    grant = call.store.get("access", f"{call.provider}:{token}")
    if grant is not None:
        call.use(grant)
    oauth2.revoke(call)


def compressed(call: Call, response: Response) -> Response:
    """Whatever the API answers is compressed, whether that was asked for or not."""
    if call.request.host == API:
        response.headers.append(("Content-Encoding", "gzip"))
        response.body = gzip.compress(response.body, mtime=0)
    return response


def unpacked(response: Response) -> Response:
    if response.header("content-encoding") == "gzip":
        response.headers = [pair for pair in response.headers if pair[0].lower() != "content-encoding"]
        response.body = gzip.decompress(response.body)
    return response


class Rules(OAuth2):
    rules = {
        **OAuth2.rules,
        "authorize": (refusals.unknown_client, refusals.host_unregistered, *OAuth2.rules["authorize"][2:]),
        "resource": (*OAuth2.rules["resource"], wrong_key),
    }
    acts = {**OAuth2.acts, "revoke": invalidate}
    values = {
        **OAuth2.values,
        "access_token": access_token,
        "expires": expires,
        "user_id": user_id,
        "site_host": site_host,
        "display_name": lambda call: escape(call.person.name) if call.person else None,
    }

    def handle(self, call: Call) -> Response:
        """Scopes may be parted by blanks as well as by commas."""
        if call.step == "authorize" and call.told("scope"):
            call.values["scope"] = ",".join(re.split(r"[ ,]+", call.told("scope")))
        return compressed(call, super().handle(call))

    def refused(self, call: Call, refusal: Refusal) -> Response:
        return compressed(call, super().refused(call, refusal))


class Walk(walk.Walk):
    """Reads what is compressed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        plain = self.send
        self.send = lambda request: unpacked(plain(request))

    provocations: ClassVar[dict[str, Provocation]] = {
        **provoke.OAUTH2,
        "key_missing": Provocation("userinfo", provoke.drop("app.key")),
        "wrong_key": Provocation("userinfo", provoke.put(app__key="another-key")),
        "site_missing": Provocation("userinfo", provoke.drop("site"), "", "bad_request"),
    }
