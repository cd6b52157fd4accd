"""The format of a contract as types: loading is strict, and the JSON Schema for editors is generated from here.

Nothing but structure is said in this file; what the parts mean is told in `contracts/README.md`.
"""

from __future__ import annotations

import datetime
from inspect import cleandoc
from typing import Any, Literal

import msgspec
from msgspec import field

EvidenceKind = Literal["recorded", "specified", "documented", "reconstructed"]
Keep = str | Literal[False]  # False takes away what the family or the base exchange says


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """Base of every table of a contract: unknown keys are errors."""


class Derive(Part):
    when: str
    value: str


class Setting(Part):
    """A base URL or name that an installation may change; `default` is what the simulator serves."""

    default: str
    derive: Derive | None = None
    about: str = ""


class ScopeRules(Part):
    default: list[str] = []
    delimiter: str = " "
    returned: str = " "
    always: list[str] = []
    unasked: list[str] = []
    aliases: dict[str, str] = {}
    words: dict[str, str] = {}


class Client(Part):
    """How a client proves who it is, and what it may ask for.

    `settings` are choices of the client's own, by the seed document's names: name = what it changes.
    """

    auth: Literal["post", "basic", "either", "query", "none", "jwt", "signature", "assertion"] = "post"
    pkce: Literal["optional", "required", "ignored", "forbidden"] = "ignored"
    pkce_methods: list[str] = field(default_factory=lambda: ["S256"])
    scope: ScopeRules = field(default_factory=ScopeRules)
    settings: dict[str, Keep] = {}


class Answer(Part):
    """What comes back: a body (a file, or `raw` text), a redirect to the client, or a page for a person."""

    status: int | None = None
    type: str | None = None
    otherwise: str | None = None
    body: str | None = None
    raw: str | None = None
    headers: dict[str, Keep] = {}
    redirect: dict[str, Keep] | None = None
    page: str | None = None


class Select(Part):
    """A caller names the keys it wants of the object `at`, with commas, in the value `by`.

    `always` are sent unasked, `default` when nothing is asked for (all when empty), `known` are keys that may be asked
    for although the body has none of them.
    """

    by: str
    at: str = ""
    always: list[str] = []
    default: list[str] = []
    known: list[str] = []


class OldExchange(Part, kw_only=True):
    """What was different of an exchange before the date `until`: the short way to write a second row of it."""

    until: datetime.date
    request: str | list[str] | None = None
    headers: dict[str, Keep] = {}
    query: dict[str, Keep] = {}
    form: dict[str, Keep] = {}
    response: Answer = field(default_factory=Answer)
    bind: dict[str, Keep] = {}
    optional: list[str] | None = None
    nullable: list[str] | None = None
    blank: list[str] | None = None
    needs: dict[str, str] | None = None
    evidence: str | None = None


class Exchange(Part):
    """One step's request and one answer to it. Left out keys come from the base exchange, then the family.

    `retires` is the day on which the provider has said that it will end. `prompts` says of a parameter's values which
    word of `prompt` (OIDC Core 3.1.2.1) they are this provider's way of saying. `gone` is what answers at an address
    that no login uses any more.
    """

    step: str
    name: str = ""
    request: str | list[str] | None = None
    headers: dict[str, Keep] = {}
    query: dict[str, Keep] = {}
    form: dict[str, Keep] = {}
    accepts: list[Literal["form", "json", "query", "oauth"]] | None = None
    unlisted: Literal["ignored", "refused"] | None = None
    response: Answer = field(default_factory=Answer)
    bind: dict[str, Keep] = {}
    optional: list[str] | None = None
    nullable: list[str] | None = None
    blank: list[str] | None = None
    needs: dict[str, str] | None = None
    select: Select | None = None
    scope: list[str] | None = None
    when: dict[str, str] | None = None
    authenticated: bool | None = None
    spare: bool | None = None
    gone: bool | None = None
    prompts: dict[str, dict[str, Literal["none", "login", "consent", "select_account"]]] = {}
    since: datetime.date | None = None
    until: datetime.date | None = None
    retires: datetime.date | None = None
    before: list[OldExchange] = []
    evidence: str | None = None


class Error(Part):
    """An answer that is no success. `means` is the RFC's word for it; `also` lists refusals told in the same words."""

    step: str | list[str] | None = None
    status: int | None = None
    type: str | None = None
    otherwise: str | None = None
    body: str | None = None
    raw: str | None = None
    headers: dict[str, Keep] = {}
    redirect: dict[str, Keep] | None = None
    page: str | None = None
    bind: dict[str, str] = {}
    means: str | None = None
    also: list[str] | None = None
    until: datetime.date | None = None
    before: list[OldError] = []
    evidence: str | None = None


class OldError(Error):
    """What was different of an error before the date `until`."""


class IdToken(Part):
    """The claims of a signed identity token: a body like any other, signed with `alg`.

    `keys` is the algorithm of the published keys, where the tokens are signed with the app's secret (HS256).
    """

    alg: str = "RS256"
    keys: str = ""
    lifetime: int = 3600
    body: str | None = None
    raw: str | None = None
    bind: dict[str, Keep] = {}
    optional: list[str] = []
    nullable: list[str] = []
    blank: list[str] = []
    needs: dict[str, str] = {}
    nonce: Literal["echoed", "dropped"] = "echoed"
    kid: str = "{10 alnum}"
    before: list[OldIdToken] = []
    evidence: str | None = None


class OldIdToken(Part):
    """What was different of the identity token before the date `until`."""

    until: datetime.date
    lifetime: int | None = None
    body: str | None = None
    bind: dict[str, Keep] = {}
    optional: list[str] | None = None
    needs: dict[str, Keep] = {}
    evidence: str | None = None


class Where(Part):
    """One field of an identity: the step it is read from and its place there; `until` the day on which it went."""

    source: str = field(name="from")
    at: str
    type: Literal["str", "bool", "present", "html"] = field(name="as", default="str")
    where: dict[str, Any] = {}
    until: datetime.date | None = None


class Live(Part):
    """What a check of the real provider must know: `off` is the reason why it is not asked unless it is named."""

    off: str = ""


class Evidence(Part):
    kind: EvidenceKind
    source: str
    date: datetime.date
    note: str = ""


class Contract(Part, kw_only=True):
    """What one provider does on the wire."""

    id: str
    name: str
    family: str
    status: Literal["alive", "restricted", "retired"]
    retired: datetime.date | None = None
    reason: str = ""
    colour: str = "#4a5568"
    settings: dict[str, Setting] = {}
    client: Client = field(default_factory=Client)
    app: dict[str, str] = {}
    person: dict[str, str] = {}
    forms: dict[str, str] = {}
    lifetimes: dict[str, int] = {}
    walk: list[str] = []
    exchange: list[Exchange]
    error: dict[str, Error] = {}
    waive: dict[str, str] = {}
    id_token: IdToken | None = None
    access_token: IdToken | None = None
    identity: dict[str, Where] = {}
    live: Live = field(default_factory=Live)
    evidence: dict[str, Evidence] = {}


class Family(Part, kw_only=True):
    """What all providers of a family have in common; a contract says only what differs."""

    id: str
    extends: str = ""
    about: str
    source: str
    forms: dict[str, str] = {}
    lifetimes: dict[str, int] = {}
    missing: dict[str, str] = {}
    client_settings: dict[str, str] = {}
    required: list[str] = []
    exchange: dict[str, Exchange] = {}
    error: dict[str, Error] = {}
    auth: dict[str, dict[str, Exchange]] = {}
    pkce: dict[str, dict[str, Exchange]] = {}


def json_schema() -> dict[str, Any]:
    """JSON Schema of `contract.toml`, for editors; `contracts/schema.json` is made from it."""
    schema = msgspec.json.schema(Contract)
    for part in schema["$defs"].values():
        if "description" in part:  # Python 3.13 takes the indentation off docstrings, earlier ones leave it
            part["description"] = cleandoc(part["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mockidp contract", **schema}
