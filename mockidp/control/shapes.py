"""What goes into an operation and what comes out of it. The OpenAPI document is made of these classes.

Whatever an operation takes is one class: fields named in its path come from the path, those of a GET or a DELETE
from the query, all others from a JSON object. Unknown fields are refused.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct
from msgspec.structs import FieldInfo, fields

from mockidp.apps import Mode
from mockidp.person import Person

LONG = 2000  # characters of a text that is kept
WORLD_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SCHEME = r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
MaybeName = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=LONG)]
WorldName = Annotated[str, Meta(pattern=WORLD_NAME, description="Letters, digits, `.`, `_` and `-`, at most 64.")]
ProviderId = Annotated[str, Meta(max_length=200, description="A provider's id, such as `google`.")]
PersonId = Annotated[str, Meta(max_length=254, description="`alice`, `person-17`, or any e-mail address.")]
RedirectUri = Annotated[str, Meta(pattern=SCHEME, max_length=LONG)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=-3.2e9, le=3.2e9)]
Settings = Annotated[dict[Name, Text], Meta(max_length=50)]
AllSettings = Annotated[dict[Name, Settings], Meta(max_length=200)]
Moment = Annotated[datetime.datetime, Meta(tz=True, description="RFC 3339 with a time zone, 2000 to 2099.")]
Form = Annotated[dict[str, str], Meta(max_length=100)]
Outcome = Literal["open", "code", "denied", "refused", "logged_in"]


class In(Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of what operations take."""


class Out(Struct, kw_only=True):
    """Base of what operations give."""


class Problem(Out, kw_only=True):
    """Why a request was refused. `error` is for machines, `message` for people; neither holds a secret.

    Where a login did not come back: the provider's HTTP status, what it `refused`, and the two values that differ.
    """

    error: str
    message: str
    provider_status: int | UnsetType = UNSET
    refused: str | UnsetType = UNSET
    expected: str | UnsetType | None = UNSET
    got: str | UnsetType | None = UNSET


class Removed(Out, kw_only=True):
    """How many there were that are no more."""

    removed: int


class Nothing(In, kw_only=True):
    """No input at all."""


# worlds


class WorldOptions(In, kw_only=True):
    """How a world is set up. What is left out is as it was, or as the server was started with."""

    person: Annotated[str | UnsetType | None, Meta(description="Who logs in without a page; null shows the page.")] = (
        UNSET
    )
    date: Annotated[
        datetime.date | UnsetType | None, Meta(description="The day whose providers are simulated; null is today.")
    ] = UNSET
    apps: Annotated[Mode | UnsetType, Meta(description="Which clients are known; `learn` takes any.")] = UNSET
    strict: Annotated[bool | UnsetType, Meta(description="Refuse also what is against best practice.")] = UNSET
    urls: Annotated[
        Literal["path", "real"] | UnsetType, Meta(description="How answers in path form name the provider.")
    ] = UNSET
    settings: Annotated[
        AllSettings | UnsetType,
        Meta(description="Providers' settings by provider and name; they are added to those there."),
    ] = UNSET


class MakeWorld(WorldOptions, kw_only=True):
    """A name that no world has yet, and how the world begins. Without a name one is made up."""

    name: WorldName | UnsetType = UNSET


class OneWorld(In, kw_only=True):
    name: WorldName


class ChangeWorld(WorldOptions, kw_only=True):
    name: WorldName


class WorldView(Out, kw_only=True):
    """A world, and how much there is in it. `prefix` goes in front of a path to choose it: `/~NAME/github.com/…`."""

    name: str
    default: bool
    prefix: str
    person: str | None
    date: datetime.date | None
    apps: Mode
    strict: bool
    urls: Literal["path", "real"]
    settings: dict[str, dict[str, str]]
    registered: Annotated[int, Meta(description="Apps beside the ready-made ones.")]
    faults: int
    logins: int
    now: str


# people


class FindPeople(In, kw_only=True):
    text: Annotated[
        str, Meta(max_length=200, description="In an id, name, username, address or note, letter case ignored.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class OnePerson(In, kw_only=True):
    id: PersonId


LIMITS: dict[str, Any] = {  # of a person's fields; other texts are a `Name`
    "number": Annotated[int, Meta(gt=0, le=2**63 - 1)],
    "other_emails": Annotated[list[tuple[PersonId, bool]], Meta(max_length=20)],
    "birthdate": Annotated[str, Meta(max_length=10, description="YYYY-MM-DD")],
    **dict.fromkeys(["email", "relay_email"], PersonId),
    **dict.fromkeys(["name", "given_name", "family_name", "nickname", "note"], Text),
    **dict.fromkeys(["picture", "website", "company", "job", "bio", "location"], Text),
    **dict.fromkeys(
        ["created", "updated"], Annotated[str, Meta(max_length=20, description="RFC 3339, UTC, whole seconds")]
    ),
}


def _optional(field: FieldInfo) -> tuple[str, Any, Any]:
    """A field of a person that may be left out, or be null where somebody may have none."""
    kind = LIMITS.get(field.name, bool if field.type is bool else Name) | UnsetType
    return field.name, kind | None if field.default is None else kind, UNSET


_PersonFields: Any = defstruct(
    "_PersonFields", [_optional(field) for field in fields(Person) if field.name != "id"], bases=(In,), kw_only=True
)


class PutPerson(_PersonFields, kw_only=True):  # type: ignore[misc, call-arg]  # made of Person, so Any
    """Any fields of a person. What is left out stays as it is, or follows from the id of somebody new; null is none."""

    id: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,63}$")]


# providers


class OneProvider(In, kw_only=True):
    provider: ProviderId


class Configure(OneProvider, kw_only=True):
    """A provider's settings by name, such as a server of one's own; those not named stay."""

    settings: Settings


class ProviderCard(Out, kw_only=True):
    id: str
    name: str
    family: str
    status: str
    hosts: list[str]
    settings: dict[str, str]


# apps


class FindApps(In, kw_only=True):
    """Without a provider: the apps that are registered or were learned, at any."""

    provider: ProviderId = ""


class RegisterApp(OneProvider, kw_only=True):
    """A client. Without a secret it has the ready-made app's; `loopback` allows any redirect URI on this machine."""

    client_id: Annotated[str, Meta(min_length=1, max_length=200, pattern="^[!-~]+$")]
    client_secret: Text | UnsetType = UNSET
    redirect_uris: Annotated[list[RedirectUri], Meta(max_length=50)] = []
    loopback: bool = False
    name: MaybeName = ""
    facts: Annotated[dict[Name, Annotated[str, Meta(max_length=8000)]], Meta(max_length=20)] = {}


class OneApp(OneProvider, kw_only=True):
    client_id: Name


class AppView(Out, kw_only=True):
    """A client. `client_secret` and `facts` are whole for a ready-made app, which is public, and cut for any other."""

    provider: str
    client_id: str
    client_secret: str
    redirect_uris: list[str]
    loopback: bool
    name: str
    ready: bool
    learned: bool
    facts: dict[str, str]


# faults


class FaultKind(Out, kw_only=True):
    """A fault that there is: its name, the moment at which it bites, and what deviates."""

    name: str
    where: str
    about: str
    steps: list[str]


class Struck(Struct, kw_only=True):
    """Which calls a fault strikes, as `faults.Which` has it."""

    provider: ProviderId = ""
    step: MaybeName = ""
    person: PersonId = ""
    app: Annotated[MaybeName, Meta(description="A client id.")] = ""
    nth: Annotated[Count, Meta(description="Only at that call, counted from 1; 0 is every one.")] = 0
    times: Annotated[Count, Meta(description="At most so often; 0 is without end.")] = 0


class AddFault(Struck, kw_only=True, forbid_unknown_fields=True):
    """A fault to ask for; what is left out matches anything."""

    name: Annotated[Name, Meta(description="One of the known faults, or `error:NAME`, an error of the provider's.")]


class OneFault(In, kw_only=True):
    id: Annotated[int, Meta(ge=1, le=2**53)]


class FaultView(Struck, kw_only=True):
    """A fault that was asked for: `seen` calls fitted, and it struck `done` times. `login` is set for one login's."""

    id: int
    name: str
    where: str
    about: str
    login: str
    seen: int
    done: int


# clock


class TurnClock(In, kw_only=True):
    """Set the time (`at`), then move it by `move` seconds, then stop it or let it run; each of them is optional."""

    at: Moment | UnsetType = UNSET
    move: Annotated[Seconds, Meta(description="Seconds, back when negative.")] = 0
    frozen: bool | UnsetType = UNSET


class ClockView(Out, kw_only=True):
    """The providers' time: `now` as RFC 3339, `seconds` since 1970, and `shift` seconds from the machine's."""

    now: str
    seconds: float
    frozen: bool
    shift: float
    date: datetime.date | None


# keys


class RotateKeys(OneProvider, kw_only=True):
    """With overlap the old key stays published; without, its tokens can no longer be verified."""

    overlap: bool = True


class KeysView(Out, kw_only=True):
    """What a provider signs with now, and the public keys that it publishes, as JWKs (RFC 7517)."""

    provider: str
    alg: str
    signing: str
    published: list[dict[str, Any]]


# journal


class FindLogins(In, kw_only=True):
    """Empty fields match anything."""

    provider: ProviderId = ""
    app: MaybeName = ""
    person: PersonId = ""
    outcome: Outcome | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class OneLogin(In, kw_only=True):
    login: Name


class RefusedView(Out, kw_only=True):
    """What was refused, why in words, and the two values that differ."""

    name: str
    why: str
    expected: str | None
    got: str | None


class EntryView(Out, kw_only=True):
    """One request of a login. `at_ms` counts from the login's start; secrets in `url` are cut."""

    at_ms: int
    step: str
    method: str
    url: str
    status: int
    exchange: str
    evidence: str
    fault: str
    refused: RefusedView | None
    remarks: list[str]


class _Login(Out, kw_only=True):
    id: str
    provider: str
    app: str
    person: str
    started: float
    outcome: Outcome


class LoginCard(_Login, kw_only=True):
    """A login in one line; `started` is seconds since 1970, `refused` the last thing that was."""

    requests: int
    refused: RefusedView | None


class LoginStory(_Login, kw_only=True):
    """A login, and every request of it."""

    entries: list[EntryView]


# completing a login without a browser


class Authorize(In, kw_only=True):
    """Where the application sent the browser, and what happens there.

    `url` is the provider's own or in path form at this server; `form` is posted to it where the application posts.
    """

    url: Annotated[str, Meta(min_length=1, max_length=16000)]
    form: Form | UnsetType = UNSET
    person: Annotated[PersonId, Meta(description="Who logs in; else the world's person, else the cast's first.")] = ""
    decision: Literal["allow", "deny"] = "allow"
    fault: Annotated[MaybeName, Meta(description="A fault for this login only.")] = ""


class CallbackView(Out, kw_only=True):
    """What the browser brings back to the application: open `url`, with the fields of `form` if `method` is POST.

    `params` are the parameters in query or form, `fragment` those after a `#`, `login` the journal's id in `world`.
    """

    url: str
    method: Literal["GET", "POST"]
    form: dict[str, str]
    params: dict[str, str]
    fragment: dict[str, str]
    world: str
    login: str
