"""A whole login with no client library: the contract's own exchanges, sent one after the other as a client would.

The contract says how each request is written and where in each answer the next request finds its values. Against the
mock or a real host it is the same code; only `send` differs.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from mockidp import jose
from mockidp.apps import App
from mockidp.browser import decide, form_on
from mockidp.check.provoke import OAUTH2, Provocation
from mockidp.contract.body import pick, read
from mockidp.contract.template import builder, names
from mockidp.contract.wire import Answer, Exchange, Wire
from mockidp.errors import ContractError, MockidpError, UsageError
from mockidp.people import Person
from mockidp.wire import Request, Response

Send = Callable[[Request], Response]
FIELDS = ("uid", "email", "email_verified", "username", "name", "first_name", "last_name", "picture")
FORM = "application/x-www-form-urlencoded"
AGENT = "mockidp-walk/1"


class WalkError(MockidpError):
    """A step that was not answered as the contract's exchange; `error` is the contract's name for it, if it has one."""

    code = "walk"

    def __init__(self, step: str, message: str, *, error: str = "", response: Response | None = None) -> None:
        self.step, self.error, self.response = step, error, response
        super().__init__(f"{step}: {message}")


@dataclass
class Seen:
    """One answer as it was received: its format and the parsed document."""

    kind: str
    document: Any
    response: Response


@dataclass
class Walk:
    """One login under way. `values` hold what the next request needs, `seen` the answers by step."""

    wire: Wire
    app: App
    send: Send
    person: str = "alice"
    redirect_uri: str = "http://127.0.0.1:8000/callback"
    scope: list[str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    decide: bool = True
    override: dict[str, str | None] = field(default_factory=dict)
    opened: str = ""  # where the browser was sent, with the fragment that no server sees
    provocations: ClassVar[dict[str, Provocation]] = OAUTH2
    uid_of: ClassVar[str] = "person"  # or "app": then the account is the app's, whoever logs in

    def __post_init__(self) -> None:
        self.values = {**self.initial(), **self.extra}

    def initial(self) -> dict[str, Any]:
        """What a client knows before the login begins."""
        verifier = secrets.token_urlsafe(32)
        rules = self.wire.client.scope
        pair = f"{quote(self.app.client_id, safe='')}:{quote(self.app.client_secret, safe='')}"
        values = {
            "app.id": self.app.client_id,
            "app.secret": self.app.client_secret,
            **{name.lower(): value for name, value in self.wire.settings.items()},
            **{f"app.{name}": value for name, value in self.app.facts.items()},
            "basic": base64.b64encode(pair.encode()).decode(),
            "redirect_uri": self.redirect_uri,
            "scope": rules.delimiter.join(rules.default if self.scope is None else self.scope) or None,
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_verifier": verifier,
            "code_challenge": jose.b64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if self.wire.client.auth == "either":
            values.pop("basic")
        if self.wire.client.pkce not in ("optional", "required"):
            for name in ("code_verifier", "code_challenge", "code_challenge_method"):
                del values[name]
        return values

    def barred(self, person: Person) -> str:
        """The refusal that this provider has for somebody, whatever is done: a row of `provocations`, or nothing."""
        return ""

    def prepare(self, step: str, wait: Callable[[float], None]) -> None:
        """What must have happened before a step that no login takes; `wait` lets seconds go by."""

    def steps(self) -> list[str]:
        """The steps of this login: the contract's own list, or authorize, token and what the identity is read from."""
        if self.wire.spec.walk:
            return self.wire.spec.walk
        wanted = {"authorize", "token"} | {where.source for where in self.wire.spec.identity.values()}
        return [step for step in self.wire.steps if step in wanted]

    def run(self) -> dict[str, Any]:
        """The whole login; the identity it proves. WalkError at the first step that is refused."""
        for step in self.steps():
            getattr(self, f"do_{step}", self.do_step)(step)
        return self.identity()

    # building and sending

    def build(self, exchange: Exchange) -> Request:
        """The request of an exchange, with every value that is known."""
        url = builder(exchange.urls[0])(self.values)
        if url is None:
            raise WalkError(exchange.step, f"no value for {names(exchange.urls[0])} in the URL")
        sent = {place: self._params(exchange, place) for place in ("query", "form", "headers")}
        headers = {"Accept": accepted(exchange), "User-Agent": AGENT, **dict(sent["headers"])}
        body = b""
        if exchange.accepts[0] == "query":
            sent["query"] += sent.pop("form")
        elif exchange.method != "GET" and sent["form"]:
            body, headers["Content-Type"] = urlencode(sent["form"]).encode(), FORM
            if exchange.accepts[0] == "json":
                body, headers["Content-Type"] = _json(dict(sent["form"])), "application/json"
        query = urlencode(sent["query"])
        return Request.of(exchange.method, f"{url}?{query}" if query else url, headers, body)

    def _params(self, exchange: Exchange, place: str) -> list[tuple[str, str]]:
        out = []
        for key, pattern in exchange.params[place].items():
            value = self.override.get(key, pattern.build(self.values))
            if value is not None:
                out.append((key, value))
        return out

    def ask(self, exchange: Exchange) -> Seen:
        """Send an exchange, insist on its answer, and take from it what is bound to a value."""
        response = self.send(self.build(exchange))
        self.insist(exchange, response)
        seen = self.parse(exchange.step, response)
        for variant in [exchange, *(item for item in self.wire.steps[exchange.step] if item.when)]:
            self.learn(variant.answer, seen)
        self.seen[exchange.step] = seen
        return seen

    def insist(self, exchange: Exchange, response: Response) -> None:
        """WalkError when the response is one of the contract's errors, or any error."""
        if exchange.spec.gone and response.status == exchange.answer.status:
            return
        error = recognise(self.wire, exchange.step, response)
        if error or response.status >= 400:
            text = response.body[:200].decode("utf-8", "replace")
            raise WalkError(
                exchange.step, f"{response.status} {error or 'unexpected'}: {text}", error=error, response=response
            )

    def parse(self, step: str, response: Response) -> Seen:
        try:
            kind, document = read(response.body, response.header("content-type"))
        except Exception as error:  # any parser, any bad body: the step is what a reader needs to know
            raise WalkError(step, f"the body does not parse: {error.__class__.__name__}", response=response) from None
        return Seen(kind, document, response)

    def learn(self, answer: Answer, seen: Seen) -> None:
        """Read every place that is bound to a single value."""
        for place, text in (answer.body.bind if answer.body is not None else {}).items():
            if text.startswith("$") and names(text) == [text[1:]]:
                value = pick(seen.kind, seen.document, place if seen.kind != "form" else place.removeprefix("/"))
                if value is not None:
                    self.values[text[1:]] = value

    # steps

    def exchange(self, step: str) -> Exchange:
        """The exchange that this walk takes for a step."""
        exchange = self.wire.step(step)
        if exchange is None:
            raise UsageError(f"{self.wire.id} has no step {step!r}")
        return exchange

    def do_step(self, step: str) -> None:
        self.ask(self.exchange(step))

    def do_authorize(self, step: str) -> None:
        """Open the login page, choose a person, and read what the browser brings back."""
        exchange = self.exchange(step)
        request = self.build(exchange)
        self.opened = request.url + (f"#{exchange.fragment}" if exchange.fragment else "")
        response = self.send(request)
        if response.status == 200 and self.decide:
            response = self.send(decide(request.url, self.person))
        self.callback(exchange, callback_of(step, response))

    def callback(self, exchange: Exchange, params: dict[str, str]) -> None:
        """Take the callback's values; an `error` among them is a refusal."""
        self.seen["callback"] = Seen("json", params, Response())
        if "error" in params:
            raise WalkError("authorize", f"the app was told {params['error']}", error=params["error"])
        for key, pattern in (exchange.answer.redirect or {}).items():
            found = pattern.match(params[key]) if key in params else None
            if found is None and not pattern.optional:
                raise WalkError("authorize", f"{key} of the callback is missing or does not fit")
            if found and found.get("state", self.values["state"]) != self.values["state"]:
                raise WalkError("authorize", "the callback brings another state")
            self.values.update(found or {})

    # identity

    def claims(self, name: str = "id_token") -> dict[str, Any]:
        token = self.values.get(name)
        if not token:
            raise WalkError(name, f"no {name} in any answer")
        return jose.split(token)[1]

    def identity(self) -> dict[str, Any]:
        """The contract's map applied to what was seen."""
        out: dict[str, Any] = dict.fromkeys(FIELDS)
        for name, where in self.wire.spec.identity.items():
            if where.source == "id_token" or (where.source == "access_token" and self.wire.access_claims is not None):
                kind, document = "json", self.claims(where.source)
            elif where.source in self.seen:
                kind, document = self.seen[where.source].kind, self.seen[where.source].document
            else:
                raise WalkError(where.source, f"identity.{name} is read from a step that this login has not")
            value = pick(kind, document, where.at, where.where)
            out[name] = READ_AS[where.type](value)
        out["email_verified"] = bool(out["email_verified"]) and out["email"] is not None
        if not out["uid"]:
            raise WalkError("identity", "no uid in any answer")
        return out


def accepted(exchange: Exchange) -> str:
    """The type that a client asks for: XML where the contract's answer is XML, else JSON."""
    kind = exchange.answer.type.split(";")[0]
    return kind if kind.endswith("xml") else "application/json"


READ_AS: dict[str, Callable[[Any], Any]] = {
    "str": lambda value: None if value in (None, "") else str(value),
    "bool": lambda value: truth(value),
    "html": lambda value: None if value in (None, "") else unescape(str(value)),
    "present": lambda value: value not in (None, ""),
}


def truth(value: Any) -> bool:
    return value is True or (isinstance(value, str | int) and str(value).lower() in ("true", "1", "yes"))


def _json(fields: dict[str, str]) -> bytes:
    import msgspec  # lazy: few providers take JSON

    return msgspec.json.encode(fields)


def callback_of(step: str, response: Response) -> dict[str, str]:
    """The parameters that reach the app: of the redirect's query or fragment, or of a form that posts itself."""
    location = response.header("location")
    if location:
        parts = urlsplit(location)
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
    form = form_on(response) if response.status == 200 else None
    if form is None or not form.fields:
        raise WalkError(step, f"no redirect back to the app, but {response.status}", response=response)
    return dict(form.fields)


def told_error(wire: Wire, params: Mapping[str, str]) -> str:
    """The contract's name for the refusal that a callback tells, or nothing when it tells none."""
    for name, error in wire.errors.items():
        redirect = error.answer("authorize").redirect if "authorize" in error.steps else None
        if (
            redirect
            and params.keys() <= redirect.keys()
            and all(
                pattern.match(params[key]) is not None if key in params else pattern.optional
                for key, pattern in redirect.items()
            )
        ):
            return name
    return ""


def recognise(wire: Wire, step: str, response: Response) -> str:
    """The contract's name for an error answer at a step, or nothing when it is none of them."""
    for name, error in wire.errors.items():
        if not ({step, wire.group(step)} & set(error.steps)) and not name.endswith(f":{step}"):
            continue
        try:
            answer = error.answer(step)
        except ContractError:
            continue  # in the form of this step's answers it cannot be written: it is none of its errors
        if answer.status == response.status and answer.body is not None and same(answer, response):
            return name
    return ""


def same(answer: Answer, response: Response) -> bool:
    """Whether a response has the fixed parts of an answer's body."""
    try:
        kind, got = read(response.body, response.header("content-type"))
    except Exception:  # what does not parse is not the same
        return False
    assert answer.body is not None
    if kind == "xml" or answer.body.kind == "xml":
        return response.body.strip() == answer.body.data.strip()
    return alike(answer.body.document, got, answer.body.bind)


def alike(want: Any, got: Any, bound: Mapping[str, str], place: str = "") -> bool:
    """Whether two documents agree but for the places that are bound to values."""
    if place in bound or place.removeprefix("/") in bound:
        return True
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(
            alike(value, got[key], bound, f"{place}/{key}") for key, value in want.items()
        )
    if isinstance(want, list) and isinstance(got, list) and want:
        return len(want) == len(got) and all(
            alike(value, got[at], bound, f"{place}/{at}") for at, value in enumerate(want)
        )
    return bool(want == got) or (place != "" and str(want) == str(got))


def walk_class(provider: str, family: str) -> type[Walk]:
    """How a login at this provider is walked: its own module's way, its family's, or the plain one."""
    for module in (f"mockidp.quirks.p_{provider}", f"mockidp.check.walk_{family}"):
        if find_spec(module) is not None and (found := getattr(import_module(module), "Walk", None)) is not None:
            kind: type[Walk] = found
            return kind
    return Walk
