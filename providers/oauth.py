"""What OAuth 1.0a and 2.0 have in common: scopes, AUTH_PARAMS, API calls, the map from profile to identity."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .base import Provider
from .callback import Callback
from .http import Flow, Response
from .identity import Email, Identity, Token, pick
from .settings import mapping, words


@dataclass(slots=True)
class Grant:
    """What one login has so far; handed to the hooks. `variables` complete URL templates."""

    session: MutableMapping[str, Any]
    callback: Callback
    token: Token
    body: dict[str, Any]  # the token answer
    claims: dict[str, Any] = field(default_factory=dict)  # of a verified id_token
    raw: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


class OAuth(Provider):
    """A provider that issues a token and answers a profile call. Paths are those of `identity.pick`."""

    settings = {"SCOPE": words(), "AUTH_PARAMS": mapping()}

    authorize_url: ClassVar[str]
    profile_url: ClassVar[str] = ""
    profile_method: ClassVar[str] = "GET"
    profile_query: ClassVar[Mapping[str, str]] = {}
    scope: ClassVar[tuple[str, ...]] = ()
    scope_delimiter: ClassVar[str] = " "
    authorize_params: ClassVar[Mapping[str, str]] = {}  # always sent with the authorize request
    own_use: ClassVar[tuple[str, ...]] = ()  # parameters of begin() that are not for the authorize URL
    reserved: ClassVar[frozenset[str]] = frozenset()  # what AUTH_PARAMS may not replace

    uid: ClassVar[str] = "id"
    email: ClassVar[str] = "email"
    email_verified: ClassVar[str] = ""
    username: ClassVar[str] = ""
    full_name: ClassVar[str] = "name"
    first_name: ClassVar[str] = ""
    last_name: ClassVar[str] = ""
    picture: ClassVar[str] = ""

    def wanted_scope(self, options: dict[str, Any]) -> tuple[str, ...]:
        """SCOPE or the provider's default, and what this login asks for beside it."""
        extra = options.get("scope") or ()
        if isinstance(extra, str) or not all(isinstance(one, str) for one in extra):
            raise self.misconfigured("scope", "scope must be a list of strings", "begin")
        chosen: tuple[str, ...] | None = self.values["SCOPE"]
        return tuple(dict.fromkeys((*(self.scope if chosen is None else chosen), *extra)))

    def asked_scope(self, session: MutableMapping[str, Any]) -> frozenset[str]:
        """The scope that this login asked for."""
        asked = session.get("scope")
        return frozenset(one for one in asked if isinstance(one, str)) if isinstance(asked, list) else frozenset()

    def auth_params(self, options: dict[str, Any]) -> dict[str, str]:
        """AUTH_PARAMS, then those of this login, then parameters; none may replace what protects the login."""
        mine = {name: value for name, value in options.items() if name not in ("scope", "auth_params", *self.own_use)}
        params = {**self.values["AUTH_PARAMS"], **(options.get("auth_params") or {}), **mine}
        for name, value in params.items():
            if name in self.reserved:
                raise self.misconfigured("reserved_parameter", f"{name!r} is set by the login itself", "begin")
            if not isinstance(value, str):
                raise self.misconfigured("auth_params", f"the value of {name!r} must be a string", "begin")
        return params

    # the profile

    def api(self, grant: Grant, step: str, url: str, *, method: str = "GET",
            query: Mapping[str, str] | None = None) -> Flow[Any]:  # fmt: skip
        """One API call with the token; its parsed body, which is also kept in `raw` under the step's name."""
        raise NotImplementedError

    def api_answer(self, step: str, response: Response) -> Any:
        return self.json_answer(step, response)

    def profile(self, grant: Grant) -> Flow[dict[str, Any]]:
        """The body that the identity is mapped from."""
        body = yield from self.api(
            grant, "userinfo", self.profile_url, method=self.profile_method, query=self.profile_query
        )
        if not isinstance(body, dict):
            raise self.refused("bad_response", "userinfo")
        return body

    def emails(self, grant: Grant, profile: dict[str, Any]) -> Flow[list[Email]]:
        """The addresses; by default the profile's own."""
        verified = self.is_verified(pick(profile, self.email_verified))
        return [Email(pick(profile, self.email), verified, primary=True)]
        yield  # a flow like any other, though this one needs no request

    def is_verified(self, value: object) -> bool:
        return value is True

    def mapped(self, grant: Grant, profile: dict[str, Any], emails: list[Email]) -> Identity:
        return self.identity(
            uid=pick(profile, self.uid),
            emails=emails,
            token=grant.token,
            raw=grant.raw,
            username=pick(profile, self.username),
            name=pick(profile, self.full_name),
            first_name=pick(profile, self.first_name),
            last_name=pick(profile, self.last_name),
            picture=pick(profile, self.picture),
        )

    def identified(self, grant: Grant) -> Flow[Identity]:
        """From a token to an identity: the end of every flow."""
        profile = yield from self.profile(grant)
        emails = yield from self.emails(grant, profile)
        return self.mapped(grant, profile, emails)
