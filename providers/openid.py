from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from . import yadis
from .http import Flow, Response, is_web_url
from .identity import Email, Identity
from .openid2 import OpenID2
from .openid2_attributes import TYPES, ax_answers, questions, sreg_answers
from .settings import Setting
from .yadis import Service

_SERVER_KEYS = {"id", "name", "openid_url", "stateless", "extra_attributes"}


def _servers(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or not all(_is_server(one) for one in value):
        raise ValueError(
            "a list of mappings with id, name, openid_url and, if wanted, stateless and extra_attributes "
            "(each of these a name, a type URI and whether it is required)"
        )
    return [dict(one) for one in value]


def _is_server(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and set(one) <= _SERVER_KEYS
        and isinstance(one.get("id"), str)
        and isinstance(one.get("openid_url"), str)
        and is_web_url(one["openid_url"])
        and isinstance(one.get("stateless", False), bool)
        and all(_is_attribute(extra) for extra in one.get("extra_attributes", ()))
    )


def _is_attribute(extra: Any) -> bool:
    return isinstance(extra, list | tuple) and [type(part) for part in extra] == [str, str, bool]


class OpenID(OpenID2):
    """Any OpenID 2.0 server: `begin(openid_url="https://…")`, an identifier or the address of a server.

    `SERVERS` describes known ones by the beginning of their address: `stateless` and `extra_attributes`, whose values
    come in `identity.raw["extra_attributes"]`. `REALM` defaults to the root of the redirect URI. Addresses are never
    verified. The URL is fetched from this machine: let nobody reach your own network through it.
    Source: OpenID Authentication 2.0, Simple Registration 1.1, Attribute Exchange 1.0.
    """

    id, name = "openid", "OpenID"
    settings = {"SERVERS": Setting([], _servers)}
    parameters = ("openid_url",)

    def service(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Service]:
        given = options.get("openid_url")
        identifier = yadis.normalize(given) if isinstance(given, str) else None
        if identifier is None:
            raise self.misconfigured("openid_url", "openid_url must be an http or https address", "begin")
        session["identifier"] = identifier
        services = yield from yadis.discover(identifier, self.headers, self.busy)
        if not services:
            raise self.refused("bad_response", "discovery")
        return services[0]

    def busy(self, response: Response) -> None:
        self.raise_if_refused("discovery", response, None)

    def server(self, session: MutableMapping[str, Any]) -> dict[str, Any]:
        """The SERVERS entry whose address the identifier or the endpoint begins with, or an empty one."""
        places = [self.stored(session, "identifier"), self.stored(session, "endpoint")]
        known: list[dict[str, Any]] = self.values["SERVERS"]
        fitting = (one for one in known for place in places if place.startswith(yadis.normal_url(one["openid_url"])))
        return next(fitting, {})

    def is_stateless(self, session: dict[str, Any]) -> bool:
        return bool(self.server(session).get("stateless"))

    def questions(self, session: dict[str, Any]) -> dict[str, str]:
        return questions(self.server(session).get("extra_attributes", ()))

    def identified(self, session: MutableMapping[str, Any], signed: dict[str, str]) -> Flow[Identity]:
        yield from self._check_claim(session, signed)
        sreg, ax = sreg_answers(signed), ax_answers(signed)
        values = {name: next((ax[uri] for uri in uris if uri in ax), "") for name, uris in TYPES.items()}
        extra = self.server(session).get("extra_attributes", ())
        return self.identity(
            uid=signed["claimed_id"],
            emails=[Email(sreg.get("email") or values["email"], primary=True)],
            token=None,
            raw={"sreg": sreg, "ax": ax, "extra_attributes": {name: ax[uri] for name, uri, _ in extra if uri in ax}},
            username=sreg.get("nickname"),
            name=sreg.get("fullname") or values["fullname"],
            first_name=values["firstname"],
            last_name=values["lastname"],
        )

    def _check_claim(self, session: MutableMapping[str, Any], signed: dict[str, str]) -> Flow[None]:
        """Section 11.2: an endpoint may only assert identifiers that name it; else any server could assert all."""
        claimed_id = signed["claimed_id"].partition("#")[0]
        if claimed_id == session.get("claimed_id") and signed["identity"] == session.get("local_id"):
            return
        if not is_web_url(claimed_id):
            raise self.unusable("claimed_id", "discovery", "the claimed identifier is no http or https address")
        services = yield from yadis.discover(claimed_id, self.headers, self.busy)
        wanted = Service(self.stored(session, "endpoint"), yadis.normal_url(claimed_id), signed["identity"])
        if wanted not in services:
            raise self.unusable("claimed_id", "discovery", "the claimed identifier does not name this server")
