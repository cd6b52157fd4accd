"""How django-allauth names providers, settings and people, and how they are named here.

This file may hold names and how they were changed, and nothing that reads or writes a table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers import ids
from providers.registry import kind_of

from . import conf

RENAMED = {"Daum": "daum", **conf.IDS}
FORMERLY_OAUTH1 = ("openstreetmap",)  # tokens of a protocol that the provider has ended
REALM = re.compile(r"(?P<url>https?://.+)/realms/(?P<realm>[^/]+)(/\.well-known/.*)?/?")


@dataclass
class Named:
    """An app under our names; `why` it cannot be taken, or what to do after it was."""

    provider: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    certificate_key: str = ""
    secret: str = ""  # one among the settings, where nothing would encrypt it
    unplaced: list[str] = field(default_factory=list)
    why: str = ""
    remark: str = ""


class Names:
    """Names of one database: an account of an OpenID Connect server is filed there under the name of its app."""

    def __init__(self) -> None:
        rows = [row for provider in ids() for row in conf.inline_apps(provider) if isinstance(row, dict)]
        self.servers: dict[str, str] = {}  # our provider: the one app there whose people are taken
        self.accounts: dict[str, str] = {}  # name of an app there: our provider
        for row in rows:
            if name := str(row.get("provider_id") or ""):
                self._file("openid_connect", name)

    def of_app(self, row: Mapping[str, Any]) -> Named:
        """An app by the row that django-allauth has for it."""
        provider = provider_of(row["provider"])
        if provider is None:
            return Named(why=f"there is no provider {row['provider']!r} here")
        settings, remark = dict(row["settings"]), ""
        if provider == "openid_connect":
            name = row["provider_id"] or provider
            realm = REALM.fullmatch(str(settings.get("server_url", "")))
            if name == "keycloak" and realm:
                provider = "keycloak"
                settings |= {"KEYCLOAK_URL": realm["url"], "KEYCLOAK_REALM": realm["realm"]}
                del settings["server_url"]
            if not self._file(provider, name):
                return Named(why=self._other_server(provider))
            remark = f"register the callback URL /accounts/{conf.slug(provider)}/login/callback/ there"
        elif row["provider_id"]:
            self.accounts[row["provider_id"]] = provider
        return _placed(provider, settings, remark)

    def of_account(self, name: str) -> tuple[str, str]:
        """Our provider of an account, and why it cannot be taken."""
        provider = self.accounts.get(name) or provider_of(name)
        if provider is None:
            return "", f"there is no provider {name!r} here"
        if self.servers.get(provider, name) != name:
            return provider, self._other_server(provider)
        return provider, ""

    def _file(self, provider: str, name: str) -> bool:
        """Whether people of this server are taken: those of the first one only, since ids are one server's own."""
        self.accounts[name] = provider
        return self.servers.setdefault(provider, name) == name

    def _other_server(self, provider: str) -> str:
        first = self.servers[provider]
        return f"it is of another server than {first!r}, and the same id may be somebody else's there"


def provider_of(name: str) -> str | None:
    """Our provider of a name of django-allauth's; None where there is none."""
    provider = RENAMED.get(name, name)
    return provider if provider in ids() else None


def _placed(provider: str, settings: dict[str, Any], remark: str) -> Named:
    """Every setting under the name that the client has for it: as it is, or in capitals."""
    named = Named(provider, certificate_key=str(settings.pop("certificate_key", "") or ""), remark=remark)
    known = kind_of(provider).settings
    for name, value in settings.items():
        if name.upper() == "TOKEN":
            named.secret = str(value)
            continue
        place = next((one for one in (name, name.upper()) if one in known), None)
        if place is None:
            named.unplaced.append(name)
        else:
            named.settings[place] = value
    return named


# Where an account's id here is another than there: how to find it in what the provider told when they last logged in.
UIDS = {
    "bitbucket_oauth2": ("uuid", "{}"),
    "exist": ("username", "{}"),
    "netiq": ("sub", "{}"),
    "okta": ("sub", "{}"),
    "soundcloud": ("urn|id", "soundcloud:users:{}"),
}
# Where it cannot be found: the provider has given everybody another id, which it tells nobody beforehand.
ANEW = {"doximity": "Doximity knows people by another id since 2023: a login makes a new account, to be connected"}


def uid(provider: str, theirs: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """An account's id here, and a remark where a login will not find it."""
    if provider in ANEW:
        return theirs, ANEW[provider]
    if provider not in UIDS:
        return theirs, ""
    path, shape = UIDS[provider]
    for one in path.split("|"):
        value = told.get(one)
        if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
            prefix = shape.partition("{")[0]
            return (str(value) if str(value).startswith(prefix) else shape.format(value)), ""
    return theirs, "what the provider told does not have the id by which people are known here; a login makes a new one"
