"""Settings of client libraries, ready to paste: what a contract and its ready-made app say, in a library's own words.

The words are data, in client_settings.toml beside this: a Jinja template for each library, and what it calls a provider
otherwise. URLs are the real ones, for an application that finds them by `mockidp run` or a proxy, or in path form.
"""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from mockidp.check.walk import Walk, walk_class
from mockidp.contract.template import builder, names
from mockidp.contract.wire import Exchange, Wire
from mockidp.errors import UsageError, nearest
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

WELL_KNOWN = "/.well-known/openid-configuration"
SHOWN = ("request_token", "authorize", "token", "access_token", "userinfo", "emails", "discovery", "jwks", "revoke")
METHODS = {"basic": "client_secret_basic", "none": "none"}
PROTOCOLS = {"oauth1": "OAuth 1.0a", "openid2": "OpenID 2.0", "custom": "a protocol of its own"}
LONG = 180 * 24 * 3600  # seconds that a signed client secret is good for: half a year is the most that is allowed
WIDTH = 88  # columns of a Python literal
Form = Literal["real", "path"]


@dataclass(frozen=True)
class Client:
    """One provider as a client is told of it. `urls` are by step; `pointers` say where a profile has what.

    `oidc` is whether a client may speak plain OpenID Connect, `nonce` whether an id_token repeats what was sent, `pkce`
    whether it should send a challenge; `method` is the token endpoint's authentication by its registered name (RFC 7591
    section 2).
    """

    id: str
    name: str
    family: str
    client_id: str
    client_secret: str
    facts: Mapping[str, str]
    scopes: Sequence[str]
    delimiter: str
    method: str
    pkce: bool
    oidc: bool
    nonce: bool
    issuer: str
    path: bool
    urls: Mapping[str, str]
    authorize: Mapping[str, str]
    settings: Mapping[str, str]
    pointers: Mapping[str, str]
    notes: Sequence[str] = ()
    library: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        return self.delimiter.join(self.scopes)

    @property
    def env(self) -> str:
        """The beginning of its variables' names, which may not begin with a digit."""
        name = re.sub(r"\W", "_", self.id).upper()
        return f"IDP_{name}" if name[:1].isdigit() else name

    @property
    def parameters(self) -> dict[str, str]:
        return {**({"scope": self.scope} if self.scope else {}), **self.authorize}

    @property
    def top(self) -> str:
        """The member of a profile that holds the user's id, where it is not further down."""
        pointer = self.pointers.get("uid", "")
        return pointer[1:].replace("~1", "/") if pointer.count("/") == 1 else ""

    @property
    def made(self) -> bool:
        return self.id in self.library.get("package", {})

    @property
    def package(self) -> str:
        usual = "passport-oauth1" if self.family == "oauth1" else "passport-oauth2"
        return str(self.library["package"].get(self.id, "passport-openidconnect" if self.oidc else usual))

    @property
    def gem(self) -> str:
        return "omniauth-oauth" if self.family == "oauth1" else "omniauth-oauth2"

    @property
    def strategy(self) -> str:
        return "OmniAuth::Strategies::OAuth" if self.family == "oauth1" else "OmniAuth::Strategies::OAuth2"

    @property
    def authlib(self) -> dict[str, str]:
        pkce = {"code_challenge_method": "S256"} if self.pkce else {}
        scope = {"scope": self.scope} if self.scope else {}
        return {**scope, **pkce, "token_endpoint_auth_method": self.method}


@cache
def libraries() -> dict[str, dict[str, Any]]:
    """The tables of client_settings.toml, those of libraries only."""
    return {name: table for name, table in _data().items() if "template" in table}


@cache
def _data() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def library_of(name: str) -> str:
    """The table of a library by any of its names. UsageError when there is none."""
    known = {alias: key for key, table in libraries().items() for alias in (key, *table.get("aliases", ()))}
    if name.lower() not in known:
        hint = nearest(name.lower(), list(known)) or f" There are {', '.join(libraries())}."
        raise UsageError(f'no settings are known for "{name}".{hint}')
    return known[name.lower()]


def settings(library: str, providers: Sequence[str], world: World, *, base: str, urls: Form = "real") -> str:
    """What to paste for these providers. UsageError where the library cannot have one of them."""
    table = libraries()[library]
    clients = [_for(library, table, client(of, world, base if urls == "path" else "")) for of in providers]
    values: dict[str, Any] = {"clients": clients}
    if "generic" in table:
        rows, packages = _rows(table, clients)
        values |= {"rows": rows, "packages": packages}
    text: str = _environment().from_string(table["template"].lstrip("\n")).render(values)
    return text.strip("\n") + "\n"


def client(provider: str, world: World, base: str = "") -> Client:
    """A provider as a client needs it; with a base, its URLs are in path form there."""
    wire, app = world.wire(provider), world.apps.ready(provider)
    walk = walk_class(provider, wire.family)(wire, app, _nowhere)
    values = {**walk.values, **{name.lower(): value for name, value in wire.settings.items()}}
    real = {step: url for step in SHOWN if (url := _url(wire.step(step), values))}
    shown = {step: _in_form(url, base) for step, url in real.items()}
    scopes, discovery = wire.client.scope.default, shown.get("discovery", "")
    signed = wire.client.auth == "jwt"
    oidc = wire.family == "oidc" and bool(discovery) and ("openid" in scopes or "userinfo" not in shown)
    return Client(
        id=provider,
        name=wire.name,
        family=wire.family,
        client_id=app.client_id,
        client_secret=_signed(walk) if signed else app.client_secret,
        facts=app.facts,
        scopes=["openid", *scopes] if oidc and "openid" not in scopes else scopes,
        delimiter=wire.client.scope.delimiter,
        method=METHODS.get(wire.client.auth, "client_secret_post"),
        pkce=wire.client.pkce in ("optional", "required") and "S256" in wire.client.pkce_methods,
        oidc=oidc,
        nonce=wire.spec.id_token is not None and "/nonce" in wire.spec.id_token.bind,
        issuer=_in_form(_issuer(wire, world, real), base),
        path=bool(base),
        urls=shown,
        authorize=_data()["authorize"].get(provider, {}),
        settings=wire.settings,
        pointers={name: at.at for name, at in wire.spec.identity.items() if at.source in ("userinfo", "id_token")},
        notes=[*_odd(wire), *(["the secret is a token that it signs, good for half a year"] if signed else [])],
    )


def _nowhere(request: Request) -> Response:
    raise AssertionError("settings ask nobody")


def _in_form(url: str, base: str) -> str:
    return f"{base}/{url.partition('://')[2]}" if base else url


def _url(exchange: Exchange | None, values: Mapping[str, Any]) -> str:
    """The first URL of a step that needs nothing of a login, or nothing."""
    urls = exchange.urls if exchange is not None else []
    found = next((url for url in urls if values.keys() >= set(names(url))), "")
    return str(builder(found)(values)) if found else ""


def _issuer(wire: Wire, world: World, urls: Mapping[str, str]) -> str:
    """The issuer as discovery tells it, or the answer to an authorize request (RFC 9207); "" for none."""
    if wire.family == "oidc" and "discovery" in urls:
        answer = Simulator(world).handle(Request.of("GET", urls["discovery"]))
        return str(json.loads(answer.body)["issuer"])
    exchange = wire.step("authorize")
    told = ((exchange.answer.redirect if exchange else None) or {}).get("iss")
    return str(told.build({}) or "") if told is not None else ""


def _signed(walk: Walk) -> str:
    """The client secret that is a token: what the provider's own way to walk a login signs."""
    changes: dict[str, Any] = getattr(walk, "secret", {})
    changes["exp"] = int(time.time()) + LONG
    exchange = walk.wire.step("token")
    assert exchange is not None
    return parse_qs(walk.build(exchange).body.decode())["client_secret"][0]


def _odd(wire: Wire) -> list[str]:
    """What plain clients cannot be told: parameters by other names than the standard's."""
    names = {"$app.id": "client_id", "$app.secret": "client_secret"}
    exchange = wire.step("token") if wire.family in ("oauth2", "oidc") else None
    sent = {**exchange.spec.query, **exchange.spec.form} if exchange is not None else {}
    return [f"it calls {names[value]} {key}" for key, value in sent.items() if value in names and key != names[value]]


def _for(library: str, table: Mapping[str, Any], made: Client) -> Client:
    """The client with what the library knows of it, unless it cannot have it."""
    if made.id in table.get("absent", {}):
        raise UsageError(f"{made.id}: {table['absent'][made.id]}")
    if made.family not in table["families"]:
        raise UsageError(f"{library} does not speak {PROTOCOLS[made.family]}, as {made.name} does")
    if table.get("nonce") and made.oidc and not made.nonce:
        raise UsageError(f"{library} insists on a nonce in the id_token, and {made.name} does not repeat it there")
    return Client(**{**made.__dict__, "library": table})


# a library that knows its providers by name, and has their URLs


def _rows(table: Mapping[str, Any], clients: Sequence[Client]) -> tuple[dict[str, Any], list[str]]:
    """The rows of its setting by key, and its packages."""
    rows: dict[str, Any] = {}
    packages: list[str] = []
    for one in clients:
        if one.id in table["without"] or (one.path and one.id not in table["base"]):
            packages.append(table["generic"])
            rows.setdefault(table["generic"], {"APPS": []})["APPS"].append(_generic(table, one))
        else:
            packages.append(table["package"].get(one.id, one.id))
            rows[table["key"].get(one.id, one.id)] = _row(table, one)
    return rows, list(dict.fromkeys(packages))


def _generic(table: Mapping[str, Any], one: Client) -> dict[str, Any]:
    """One provider of OpenID Connect by its server's URL."""
    server = one.urls.get("discovery", "").removesuffix(WELL_KNOWN)
    if one.id in table["unread"]:
        raise UsageError(f"{table['unread'][one.id]}: take --urls real and start it with `mockidp run`")
    if not one.oidc or not server:
        raise UsageError(
            f"the URLs of {one.name} are constants in the library: take --urls real and start it with `mockidp run`"
        )
    told = {"server_url": server, "token_auth_method": one.method, "oauth_pkce_enabled": one.pkce}
    keys = {"client_id": one.client_id, "secret": one.client_secret}
    return {
        "provider_id": table["key"].get(one.id, one.id),
        "name": one.name,
        **keys,
        "settings": {**told, "scope": list(one.scopes)},
    }


def _row(table: Mapping[str, Any], one: Client) -> dict[str, Any]:
    facts = {"client_id": one.client_id, "client_secret": one.client_secret, **one.facts}
    app = {"client_id": one.client_id, "secret": one.client_secret, "key": one.facts.get("key", "")}
    app = {**app, **_filled(table["app"].get(one.id, {}), facts)}
    needed = {name: one.settings[name] for name in table["needs"].get(one.id, ())}
    if one.path:
        name = table["base"][one.id]
        at = urlsplit(one.urls["authorize"])
        needed[name] = _in_form(one.settings[name], f"{at.scheme}://{at.netloc}{_prefix(at.path)}")
    extra = table["extra"].get(one.id, {})
    scope = {"SCOPE": list(one.scopes)} if one.scopes and one.id not in table["usual"] else {}
    return {**needed, **extra} if "SERVERS" in extra else {"APPS": [app], **scope, **needed, **extra}


def _prefix(path: str) -> str:
    """The world in front of a path form."""
    found = re.match(r"/~[^/]+", path)
    return found[0] if found else ""


def _filled(told: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: _filled(value, facts) if isinstance(value, dict) else facts[value[1:]] if value[:1] == "$" else value
        for name, value in told.items()
    }


# how a value is written


def _environment() -> Any:
    from jinja2 import Environment  # lazy: only this command needs it here

    made = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    made.filters.update(FILTERS)
    return made


def _js(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _python(value: Any, indent: int = 0) -> str:
    """A Python literal as its formatters write it: what is too long for a line has one of its own for each item."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list | tuple):
        return repr(value)
    pairs = [(f"{_python(key)}: ", item) for key, item in value.items()] if isinstance(value, dict) else []
    pairs = pairs or [("", item) for item in value]
    start, end = "{}" if isinstance(value, dict) else "[]"
    short = start + ", ".join(key + _python(item) for key, item in pairs) + end
    if indent + len(short) <= WIDTH:
        return short
    lines = [f"{' ' * (indent + 4)}{key}{_python(item, indent + 4)},\n" for key, item in pairs]
    return f"{start}\n{''.join(lines)}{' ' * indent}{end}"


def _member(pointer: str, name: str) -> str:
    """A JSON pointer as an expression of JavaScript; of a list the first."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/") if part]
    steps = ["[0]" if part == "*" else f"[{part}]" if part.isdigit() else f"[{_js(part)}]" for part in parts]
    plain = re.compile(r'\["([A-Za-z_$][\w$]*)"\]')
    return name + "?.".join(["", *(plain.sub(r"\1", step) for step in steps)])


def _ruby(value: Any) -> str:
    """A Ruby literal: in single quotes, in which nothing is replaced."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"[{', '.join(_ruby(item) for item in value)}]"


def _env(value: str) -> str:
    """As shells and readers of .env files take it alike."""
    if re.fullmatch(r"[\w./:@,~-]*", value):
        return value
    return f"'{value}'" if "'" not in value else json.dumps(value)


FILTERS: dict[str, Callable[..., str]] = {
    "env": _env,
    "js": _js,
    "yaml": _js,  # JSON is YAML
    "member": _member,
    "python": _python,
    "ruby": _ruby,
    "ruby_symbol": lambda value: f":{value}",
}
