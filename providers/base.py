"""What every provider has, whatever its protocol: settings, credentials, sessions, callbacks, identities, errors.

A family (`oauth2`, `oidc`, `oauth1`, `openid2`) adds the flow, a provider's module the facts.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from . import answers, errors
from .callback import Callback
from .errors import LoginError
from .http import Flow, Response, arun, is_web_url, run
from .identity import Email, Identity, Token, choose_email, email_text, text, uid_text
from .settings import Setting, check, flag, mapping, suggestion

SESSION_LIFETIME = 3600  # seconds from begin to finish
CLOCK_SKEW = 60  # seconds
_APP_KEYS = {
    "client_id": "client_id",
    "secret": "client_secret",
    "client_secret": "client_secret",
    "key": "key",
    "certificate_key": "certificate_key",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A form that the browser must post to `action`, because the URL would be too long."""

    action: str
    fields: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A login begun: send the browser to `url` (or post `form`, or show `page`), keep `session` until the callback.

    `session` is JSON-safe and single-use. Keep it where its browser and nobody else brings it back, on the server or
    in a cookie that is signed.
    """

    url: str = field(repr=False)
    session: dict[str, Any] = field(repr=False)
    form: Form | None = None
    page: str | None = field(default=None, repr=False)


class Provider:
    """A provider and one app registered there. Subclasses are data and a few generator methods.

    Safe to share between threads: a login's own state is in its session, never here.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    settings: ClassVar[Mapping[str, Setting]] = {"APP": mapping(), "VERIFIED_EMAIL": flag(False)}
    derived: ClassVar[Mapping[str, tuple[str, str]]] = {}  # setting: (another, its value once that one is changed)
    credentials: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    parameters: ClassVar[tuple[str, ...]] = ()  # what begin() takes beside scope and auth_params
    headers: Mapping[str, str] = {}  # sent at every step; `configure` may give an app its own
    once: ClassVar[tuple[str, ...]] = ()  # callback parameters that must not come twice; () for all of them
    foreign: ClassVar[tuple[str, ...]] = ()  # callback parameters of other protocols; "x." stands for a prefix
    error_paths: ClassVar[tuple[str, ...]] = ("error",)  # where a body names its own error, most telling first
    token_errors: ClassVar[Mapping[str, str]] = {}  # own value, or "http 403", to a code; token and refresh steps
    api_errors: ClassVar[Mapping[str, str]] = {}  # the same for every other step

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        inherited = [vars(kind).get("settings", {}) for kind in reversed(cls.__mro__)]
        cls.settings = {name: setting for part in inherited for name, setting in part.items()}

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        key: str | None = None,
        certificate_key: str | None = None,
        settings: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        try:
            self.values = check(self.settings, settings or {})
        except ValueError as wrong:
            raise self.misconfigured("setting", str(wrong)) from None
        for name, (source, template) in self.derived.items():
            if name not in (settings or {}) and self.values[source] != self.settings[source].default:
                self.values[name] = template.format_map(self.values)
        self.client_id, self.client_secret, self.key, self.certificate_key = self._credentials(
            {"client_id": client_id, "client_secret": client_secret, "key": key, "certificate_key": certificate_key}
        )
        self.configure()

    def __repr__(self) -> str:
        return f"<providers.{self.id}>"

    def configure(self) -> None:
        """Complete `self.values` and refuse what does not fit together. Called once, at the end of `get`."""

    # the public calls

    def begin(self, *, redirect_uri: str, http: Any = None, **options: Any) -> Login:
        """Begin a login. `http` only where a request precedes the redirect; options: scope, auth_params, parameters."""
        return run(self._begin(redirect_uri, options), http, self.id, self._hidden())

    async def abegin(self, *, redirect_uri: str, http: Any = None, **options: Any) -> Login:
        return await arun(self._begin(redirect_uri, options), http, self.id, self._hidden())

    def finish(self, session: MutableMapping[str, Any], callback: Any, *, http: Any = None) -> Identity:
        """Turn a callback into an Identity; marks the session as used. Raises LoginError.

        `callback` is the full URL, the query string, a mapping or a sequence of pairs, of a GET or a POST.
        """
        return run(self._finish(session, callback), http, self.id, self._hidden())

    async def afinish(self, session: MutableMapping[str, Any], callback: Any, *, http: Any = None) -> Identity:
        return await arun(self._finish(session, callback), http, self.id, self._hidden())

    # for the families

    def begin_flow(self, session: dict[str, Any], options: dict[str, Any]) -> Flow[Login]:
        raise NotImplementedError

    def finish_flow(self, session: MutableMapping[str, Any], callback: Callback) -> Flow[Identity]:
        raise NotImplementedError

    def expand(self, template: str, **variables: str) -> str:
        """A URL template with the settings' values, and variables that the caller has already quoted."""
        return template.format_map({**self.values, **variables})

    def identity(self, *, uid: object, emails: list[Email], token: Token | None, raw: dict[str, Any],
                 **texts: object) -> Identity:  # fmt: skip
        """The Identity, with a uid that is exact or IdentityUnusable."""
        uid_value = uid_text(uid)
        if uid_value is None:
            raise self.unusable("uid_missing", "userinfo", "the answer holds no usable user id; report it")
        force = bool(self.values["VERIFIED_EMAIL"])
        kept = tuple(
            Email(address, force or email.verified is True, email.primary is True)
            for email in emails
            if (address := email_text(email.address)) is not None
        )
        chosen = choose_email(kept)
        return Identity(
            provider=self.id,
            uid=uid_value,
            email=chosen.address if chosen else None,
            email_verified=bool(chosen and chosen.verified),
            emails=kept,
            token=token,
            raw=raw,
            **{name: text(value) for name, value in texts.items()},
        )

    def raise_if_refused(self, step: str, response: Response, body: Any, *, for_token: bool = False) -> None:
        """Raise the error that an answer stands for, if it is one."""
        own = answers.own_errors(body, self.error_paths)
        table = self.token_errors if for_token else self.api_errors
        code = answers.meaning(response, own, table, for_token=for_token)
        if code is not None:
            detail = own[0] if own else None
            raise errors.refusal(code, self.id, step, detail=detail, retry_after=response.retry_after)

    def json_answer(self, step: str, response: Response) -> Any:
        """The object or array of a JSON answer, or the error that it is. An HTML page is never an API's answer."""
        body = None if response.content_type == "text/html" else response.json()
        self.raise_if_refused(step, response, body)
        if not isinstance(body, dict | list):
            raise self.refused("bad_response", step)
        return body

    def json_object(self, step: str, response: Response) -> dict[str, Any]:
        body = self.json_answer(step, response)
        if not isinstance(body, dict):
            raise self.refused("bad_response", step)
        return body

    # errors

    def refused(self, code: str, step: str, detail: object = None) -> LoginError:
        return errors.refusal(code, self.id, step, detail=detail)

    def misconfigured(self, code: str, sentence: str, step: str = "configure") -> LoginError:
        return errors.Misconfigured(sentence, provider=self.id, step=step, code=code)

    def mismatch(self, code: str, sentence: str) -> LoginError:
        return errors.StateMismatch(f"{sentence}; start a new login", provider=self.id, step="callback", code=code)

    def unusable(self, code: str, step: str, sentence: str) -> LoginError:
        return errors.IdentityUnusable(sentence, provider=self.id, step=step, code=code)

    # sessions and callbacks

    def new_session(self, redirect_uri: str) -> dict[str, Any]:
        return {
            "provider": self.id,
            "redirect_uri": redirect_uri,
            "created": int(self.clock()),
            "used": False,
            "state": secrets.token_urlsafe(32),
        }

    def use(self, session: MutableMapping[str, Any]) -> None:
        """From here on the session is spent, whatever comes of it. Call it once the callback proved to belong here."""
        session["used"] = True

    def stored(self, session: MutableMapping[str, Any], name: str) -> str:
        """A string that begin put into the session."""
        value = session.get(name)
        if not isinstance(value, str) or not value:
            raise self.mismatch("session_invalid", "the session is not one that begin made")
        return value

    def same(self, one: str, other: str) -> bool:
        """Equality in constant time."""
        return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))

    def _begin(self, redirect_uri: str, options: dict[str, Any]) -> Flow[Login]:
        if not isinstance(redirect_uri, str) or not is_web_url(redirect_uri):
            raise self.misconfigured("redirect_uri", "redirect_uri must be an absolute URL without fragment", "begin")
        self._check_options(options)
        return (yield from self.begin_flow(self.new_session(redirect_uri), options))

    def _finish(self, session: MutableMapping[str, Any], source: Any) -> Flow[Identity]:
        self._check_session(session)
        try:
            callback = Callback.of(source)
        except (ValueError, TypeError):
            raise self.mismatch("callback_malformed", "the callback cannot be read") from None
        self._check_callback(callback)
        return (yield from self.finish_flow(session, callback))

    def _check_options(self, options: dict[str, Any]) -> None:
        known = {"scope", "auth_params", *self.parameters}
        for name in options:
            if name not in known:
                sentence = f"begin() takes no {name!r}{suggestion(name, known)}"
                raise self.misconfigured("unknown_parameter", sentence, "begin")

    def _check_session(self, session: MutableMapping[str, Any]) -> None:
        if not isinstance(session, MutableMapping) or session.get("provider") is None:
            raise self.mismatch("session_missing", "no login was begun in this session")
        if session["provider"] != self.id:
            raise self.mismatch("session_of_other_provider", "the session belongs to a login at another provider")
        created = session.get("created")
        if isinstance(created, bool) or not isinstance(created, int | float):
            raise self.mismatch("session_invalid", "the session is not one that begin made")
        if not -CLOCK_SKEW <= self.clock() - created <= SESSION_LIFETIME:
            raise self.mismatch("session_expired", "the login was begun too long ago")
        if session.get("used") is not False:
            raise self.mismatch("session_used", "this login was finished before")

    def _check_callback(self, callback: Callback) -> None:
        if callback.repeated() & (frozenset(self.once) or callback.names):
            raise self.mismatch("duplicate_parameter", "a parameter of the callback came twice")
        for name in callback.names:
            if any(name == one or (one.endswith(".") and name.startswith(one)) for one in self.foreign):
                raise self.mismatch("foreign_parameter", "the callback carries parameters of another protocol")

    def _credentials(self, given: dict[str, str | None]) -> tuple[str, str, str, str]:
        for name, value in self.values["APP"].items():
            if name not in _APP_KEYS:
                raise self.misconfigured("setting", f"APP has no {name!r}{suggestion(name, _APP_KEYS)}")
            given[_APP_KEYS[name]] = given[_APP_KEYS[name]] or value
        for name, credential in given.items():
            if credential is not None and not isinstance(credential, str):
                raise self.misconfigured("credentials", f"{name} must be a string")
            if name in self.credentials and not (credential or "").strip():
                raise self.misconfigured("credentials", f"{name} is missing; take it from the app's registration")
        return tuple((given[name] or "").strip() for name in given)  # type: ignore[return-value]

    def _hidden(self) -> tuple[str, ...]:
        return tuple(value for value in (self.client_secret, self.key, self.certificate_key) if value)
