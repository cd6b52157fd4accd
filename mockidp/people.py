"""Who can log in: the cast, any number of generated people, anybody by e-mail address, and the user's own additions.

A person's id says where they come from, so no person has to be remembered: a word is one of the cast or of the
user's configuration, `person-17` is generated from the number, and an id with an @ is an address that somebody typed.
Ids, numbers, usernames and addresses follow from the id alone and survive an update of Faker; only names come from it.
"""

from __future__ import annotations

import re
import threading
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mockidp.errors import ContractError, UsageError, nearest

LAST_GENERATED = 1_000_000
GENERATED_ID = re.compile(r"person-([1-9][0-9]{0,6})")
NAMED_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
# Surrogates are left out because they cannot be sent as UTF-8.
ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,255}")
LONGEST_ADDRESS = 254
LONGEST_NAME, LONGEST_FIELD = 200, 2000
MOST_ADDITIONAL = 1000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # nothing that XML could not carry
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
WORD = re.compile(r"[^\W_]+")
GENERATED_DOMAIN = "people.example.com"
# The cast's numbers are below the first, generated ones between the two: no two people can meet.
FIRST_GENERATED_NUMBER, FIRST_TYPED_NUMBER = 100_000_000, 1_000_000_000
EPOCH = datetime(2010, 1, 4, 6, 0, tzinfo=UTC)
FAMILY_FIRST = {"ja_JP": " ", "zh_CN": "", "ko_KR": "", "vi_VN": " "}
# Faker's locale, the time zone and a town that is in it.
HOMES = (
    ("en_GB", "Europe/London", "Bristol"),
    ("de_DE", "Europe/Berlin", "Kassel"),
    ("fr_FR", "Europe/Paris", "Angers"),
    ("es_ES", "Europe/Madrid", "Zaragoza"),
    ("pt_BR", "America/Sao_Paulo", "Curitiba"),
    ("it_IT", "Europe/Rome", "Parma"),
    ("nl_NL", "Europe/Amsterdam", "Zwolle"),
    ("pl_PL", "Europe/Warsaw", "Łódź"),
    ("cs_CZ", "Europe/Prague", "Plzeň"),
    ("uk_UA", "Europe/Kyiv", "Полтава"),
    ("el_GR", "Europe/Athens", "Βόλος"),
    ("tr_TR", "Europe/Istanbul", "Eskişehir"),
    ("ar_SA", "Asia/Riyadh", "أبها"),
    ("hi_IN", "Asia/Kolkata", "पुणे"),
    ("th_TH", "Asia/Bangkok", "ขอนแก่น"),
    ("vi_VN", "Asia/Ho_Chi_Minh", "Cần Thơ"),
    ("zh_CN", "Asia/Shanghai", "苏州"),
    ("ja_JP", "Asia/Tokyo", "松山市"),
    ("ko_KR", "Asia/Seoul", "전주시"),
)


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can log in. `number` seeds the ids that each provider derives; times are RFC 3339, in UTC.

    None means that the person does not have it; how a provider says so (null, "", no key) is the contract's business.
    """

    id: str
    number: Annotated[int, msgspec.Meta(gt=0)]
    username: str
    former_username: str | None = None
    email: str | None = None
    email_verified: bool
    other_emails: tuple[tuple[str, bool], ...] = ()
    relay_email: str | None = None
    name: str
    given_name: str | None = None
    family_name: str | None = None
    nickname: str
    picture: str
    locale: str
    language: str
    zoneinfo: str
    gender: str
    birthdate: str
    phone: str
    website: str
    company: str
    job: str
    bio: str
    location: str
    country: str
    created: str
    updated: str
    denies: bool = False
    deleted: bool = False
    note: str


class People:
    """Everybody by id: `people["alice"]`, `people["person-17"]`, `people["jo@example.com"]`.

    `folder` is the one that holds `cast.toml`. `additional` are tables of a user's configuration: an `id`, and any
    field of `Person`; with the id of one of the cast they change that person. Raises UsageError for a wrong table.
    """

    def __init__(self, folder: Path, additional: Sequence[Mapping[str, object]] | None = None) -> None:
        self._folder = folder
        self._additional = {person.id: person for person in _additional(folder, additional or ())}
        self._listed: tuple[Person, ...] | None = None  # worked out when a page asks for it

    def __getitem__(self, person_id: str) -> Person:
        """That person. Raises UsageError, with the nearest name, where there is no such person."""
        person = self.get(person_id)
        if person is None:
            ids = [person.id for person in self.named()]
            raise UsageError(
                f'There is no person "{person_id[:80]}".{nearest(person_id[:80], ids)} '
                f"Known are {', '.join(ids[:5])} and others, "
                f"person-1 to person-{LAST_GENERATED}, and any e-mail address."
            )
        return person

    def __contains__(self, person_id: object) -> bool:
        return isinstance(person_id, str) and self.get(person_id) is not None

    def __iter__(self) -> Iterator[Person]:
        """The named ones: the rest have no end."""
        return iter(self.named())

    def __len__(self) -> int:
        return len(self.named())

    def get(self, person_id: str) -> Person | None:
        """That person, or None where there is no such person."""
        named = self._additional.get(person_id) or load_cast(self._folder).get(person_id)
        if named is not None:
            return named
        return self.by_email(person_id) if is_address(person_id) else _by_number(person_id)

    def add(self, table: Mapping[str, object]) -> Person:
        """Add somebody, as a table of the configuration does, or change one of the cast. UsageError as for those."""
        person = _from_table(table, {**load_cast(self._folder), **self._additional})
        _refuse_twins(person, set(), {**load_cast(self._folder), **self._additional})
        if person.id not in self._additional and len(self._additional) >= MOST_ADDITIONAL:
            raise UsageError(f"There are {MOST_ADDITIONAL} people beside the cast already, and that is the limit.")
        self._additional[person.id] = person
        self._listed = None
        return person

    @property
    def additional(self) -> frozenset[str]:
        """The ids of those who were added, or changed."""
        return frozenset(self._additional)

    def remove(self, person_id: str) -> bool:
        """Take back what was added or changed; False where nothing was."""
        self._listed = None
        return self._additional.pop(person_id, None) is not None

    def invent(self, name: str, email: str, verified: bool) -> Person:
        """Somebody new, of a name or an e-mail address or both; the same once more is the same person.

        UsageError for a name that is too long, and for what is no e-mail address.
        """
        name, email = " ".join(name.split()), email.strip()
        if email and not is_address(email):
            raise UsageError(f'"{email[:80]}" is not an e-mail address.')
        if len(name) > LONGEST_NAME or UNPRINTABLE.search(name):
            raise UsageError(f"A name has at most {LONGEST_NAME} characters, all of which can be shown.")
        words = name.split(" ") if name else [word.capitalize() for word in WORD.findall(email.partition("@")[0])]
        name = " ".join(words) or "Nobody"
        for person in self._additional.values():
            if (person.name, person.email or "", person.email_verified) == (name, email, verified and bool(email)):
                return person
        return self.add(
            {
                "id": self._free_id(name, email),
                "name": name,
                "given_name": words[0] if words else name,
                "family_name": " ".join(words[1:]),
                "nickname": words[0] if words else name,
                "email": email,
                "email_verified": verified and bool(email),
                "note": "Made on the sign-in page.",
            }
        )

    def _free_id(self, name: str, email: str) -> str:
        """An id of the name's letters, else of the address's, that nobody has."""
        for text in (name, email.partition("@")[0], "somebody"):
            plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
            wanted = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:40]
            if NAMED_ID.fullmatch(wanted) and not GENERATED_ID.fullmatch(wanted):
                break
        return next(one for one in chain([wanted], (f"{wanted}-{nth}" for nth in count(2))) if one not in self)

    def own(self) -> tuple[Person, ...]:
        """The people of this world alone, the newest first: those whom the cast does not have."""
        cast = load_cast(self._folder)
        return tuple(person for person in reversed(self._additional.values()) if person.id not in cast)

    def listed(self) -> tuple[Person, ...]:
        """Everybody who is named, in the order of the sign-in page: this world's own before the cast."""
        if self._listed is None:
            cast = (self._additional.get(person.id, person) for person in self.cast())
            self._listed = (*self.own(), *cast)
        return self._listed

    def cast(self) -> tuple[Person, ...]:
        """The people who are stored in the repository, in the order of the file."""
        return tuple(load_cast(self._folder).values())

    def named(self) -> tuple[Person, ...]:
        """The cast, with the changes and additions of the user's configuration."""
        return tuple({**load_cast(self._folder), **self._additional}.values())

    def by_email(self, address: str) -> Person:
        """Whoever has that primary address, the first where two do; else a person made of the address, verified.

        Raises UsageError for what is no e-mail address.
        """
        address = address.strip()
        if not is_address(address):
            raise UsageError(f'"{address[:80]}" is not an e-mail address.')
        wanted = address.lower()
        for person in self.named():
            if person.email and person.email.lower() == wanted:
                return person
        local, _, domain = wanted.partition("@")
        return (_by_number(local) if domain == GENERATED_DOMAIN else None) or typed(address)

    def search(self, text: str, limit: int = 20) -> tuple[Person, ...]:
        """The named people in whom `text` occurs, letter case ignored; then whose number, id or address it is."""
        wanted = text.strip().casefold()
        found = [person for person in self.named() if wanted in _haystack(person)]
        exact = self.get(f"person-{wanted}" if wanted.isascii() and wanted.isdecimal() else text.strip())
        if exact is not None and exact not in found:
            found.append(exact)
        return tuple(found[: max(limit, 0)])


def is_address(text: str) -> bool:
    """Whether it has the shape of an e-mail address: one @, no blanks, at most 254 characters."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None


def _by_number(person_id: str) -> Person | None:
    match = GENERATED_ID.fullmatch(person_id)
    return generated(int(match[1])) if match and int(match[1]) <= LAST_GENERATED else None


@lru_cache(maxsize=4)
def load_cast(folder: Path) -> dict[str, Person]:
    """The cast by id, in the order of the file. Raises ContractError for a file that is not as it should be."""
    path = folder / "cast.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        people = msgspec.convert(tables.get("person"), list[Person])
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ContractError(str(error), file=str(path), key="person") from error
    return {person.id: person for person in people}


@lru_cache(maxsize=1024)
def generated(number: int) -> Person:
    """`person-<number>`: the same in every process; the name is of one of many countries."""
    home = HOMES[number % len(HOMES)]
    gender = ("female", "male")[number // len(HOMES) % 2]
    given, family, job = _invent(home[0], number, gender)
    return _make(
        f"person-{number}",
        number=FIRST_GENERATED_NUMBER + number,
        username=f"user{number}",
        given=given,
        family=family,
        email=f"person-{number}@{GENERATED_DOMAIN}",
        note=f"Generated from the number {number}.",
        home=home,
        gender=gender,
        job=job,
    )


@lru_cache(maxsize=1024)
def typed(address: str) -> Person:
    """A person for an address that nobody has: the id is the address, the rest follows from it."""
    local = address.partition("@")[0]
    words = [word.capitalize() for word in re.split(r"[\W_]+", local.partition("+")[0]) if word] or ["Nobody"]
    unique = sha256(address.lower().encode()).hexdigest()
    return _make(
        address,
        number=FIRST_TYPED_NUMBER + int(unique[:12], 16),
        username=f"{re.sub('[^a-z0-9]+', '-', local.lower()).strip('-')[:24] or 'user'}-{unique[:8]}",
        given=words[0],
        family=" ".join(words[1:]) or "Example",
        email=address,
        note="Made of the e-mail address that was typed.",
    )


def _make(
    person_id: str,
    *,
    number: int,
    username: str,
    given: str,
    family: str,
    email: str,
    note: str,
    home: tuple[str, str, str] = HOMES[0],
    gender: str = "unknown",
    job: str = "Tester",
) -> Person:
    locale, zoneinfo, city = home
    born = datetime(1950, 1, 1, tzinfo=UTC) + timedelta(days=number * 7919 % 20_000)
    joined = EPOCH + timedelta(minutes=number % 5_000_000)
    return Person(
        id=person_id,
        number=number,
        username=username,
        email=email,
        email_verified=True,
        name=f"{family}{FAMILY_FIRST[locale]}{given}" if locale in FAMILY_FIRST else f"{given} {family}",
        given_name=given,
        family_name=family,
        nickname=f"{given} {number % 10_000}",
        picture=f"https://people.example.com/{username}.png",
        locale=locale.replace("_", "-"),
        language=locale[:2],
        zoneinfo=zoneinfo,
        gender=gender,
        birthdate=born.date().isoformat(),
        phone=f"+447700900{number % 1000:03d}",
        website=f"https://{username}.example.org/",
        company=f"{family} & Co.",
        job=job,
        bio=f"Signs in as {username}.",
        location=city,
        country=locale[3:],
        created=_rfc3339(joined),
        updated=_rfc3339(joined + timedelta(days=1 + number % 1000, seconds=number % 60)),
        note=note,
    )


def _additional(folder: Path, tables: Sequence[Mapping[str, object]]) -> Iterator[Person]:
    if not tables:
        return
    people = dict(load_cast(folder))
    seen: set[str] = set()
    for table in tables:
        person = _from_table(table, people)
        _refuse_twins(person, seen, people)
        seen.add(person.id)
        people[person.id] = person
        yield person


def _from_table(table: Mapping[str, object], people: Mapping[str, Person]) -> Person:
    person_id = table.get("id")
    if not isinstance(person_id, str) or not NAMED_ID.fullmatch(person_id) or GENERATED_ID.fullmatch(person_id):
        raise UsageError(
            f'A person needs an id of lower-case letters, digits, "-" and "_" (not person-N), not {person_id!r}.'
        )
    for field in table:
        if field not in Person.__struct_fields__:
            hint = nearest(str(field), Person.__struct_fields__)
            raise UsageError(f'Person "{person_id}" cannot have a field "{field}".{hint}')
    # TOML has no null: an empty text is how a configuration says "none".
    given = {field: None if value == "" else value for field, value in table.items()}
    start: dict[str, Any] = msgspec.structs.asdict(people.get(person_id) or _blank(person_id))
    _refuse_malformed(person_id, given)
    if given.get("email", "") is None and "email_verified" not in given:
        given["email_verified"] = False
    try:
        return msgspec.convert({**start, **given}, Person)
    except msgspec.ValidationError as error:
        raise UsageError(f'Person "{person_id}": {error}.') from error


def _refuse_malformed(person_id: str, given: Mapping[str, object]) -> None:
    """Refuse what no provider could have, and what its forms of a date, a place or an address cannot be made of."""
    for field, value in given.items():
        for text in _texts(value):
            if len(text) > LONGEST_FIELD or CONTROL.search(text):
                most = f"at most {LONGEST_FIELD} characters, all of which can be shown"
                raise UsageError(f'Person "{person_id}": {field} must have {most}.')
        if isinstance(value, str) and field in FORMS and not FORMS[field][1](value):
            raise UsageError(f'Person "{person_id}": {field} must be {FORMS[field][0]}.')
    others = given.get("other_emails", ())
    for row in others if isinstance(others, list | tuple) else ():
        if isinstance(row, list | tuple) and row and isinstance(row[0], str) and not is_address(row[0]):
            raise UsageError(f'Person "{person_id}": other_emails must be e-mail addresses.')


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_texts, value))


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and date.fromisoformat(text).year >= 1900
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    try:
        found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
        return found is not None and 1970 <= datetime.fromisoformat(text).year <= 2100
    except ValueError:
        return False


def _is_zone(text: str) -> bool:
    from zoneinfo import ZoneInfo  # lazy: few name one

    try:
        return bool(ZoneInfo(text).key)
    except (KeyError, ValueError, OSError):  # a folder of the database is an OSError
        return False


def _is(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


_web = _is(r"https?://[^\s/]+(/\S*)?")
_moment = ("a moment as in 2026-11-24T10:00:00Z, from 1970 to 2100", _is_moment)
_login_name = ("ASCII without blanks, / ? and #", _is(r"(?:(?![/?#])[!-~]){1,100}"))
_address = ("an e-mail address", is_address)
# What a text must be, in words and as a test; all other fields may be any text.
FORMS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "username": _login_name,
    "former_username": _login_name,
    "email": _address,
    "relay_email": _address,
    "picture": ("an http or https URL", _web),
    "website": ("an http or https URL", _web),
    "locale": ("a language tag, such as en-GB", _is(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")),
    "language": ("two or three small letters, such as en", _is(r"[a-z]{2,3}")),
    "country": ("two capital letters, such as GB", _is(r"[A-Z]{2}")),
    "zoneinfo": ("a time zone, such as Europe/London", _is_zone),
    "phone": ("digits with a + in front", _is(r"\+?[0-9][0-9 ()-]{1,28}[0-9]")),
    "birthdate": ("a day as in 1990-04-17, from 1900", _is_day),
    "created": _moment,
    "updated": _moment,
}


def _blank(person_id: str) -> Person:
    unique = int(sha256(person_id.encode()).hexdigest()[:12], 16)
    return _make(
        person_id,
        number=FIRST_TYPED_NUMBER + unique,
        username=f"{person_id}-{unique % 10_000:04d}",
        given=person_id.capitalize(),
        family="Example",
        email=f"{person_id}@{GENERATED_DOMAIN}",
        note="Added by the configuration.",
    )


def _refuse_twins(person: Person, seen: set[str], people: Mapping[str, Person]) -> None:
    if person.id in seen:
        raise UsageError(f'Person "{person.id}" is there twice.')
    for other in people.values():
        if other.id != person.id and other.number == person.number:
            raise UsageError(f'Person "{person.id}" has the number of "{other.id}", {other.number}.')
        if other.id != person.id and other.username == person.username:
            raise UsageError(f'Person "{person.id}" has the username of "{other.id}", "{other.username}".')


def _haystack(person: Person) -> str:
    return "\n".join((person.id, person.name, person.username, person.email or "", person.note)).casefold()


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


_faker_at_work = threading.Lock()


@lru_cache(maxsize=len(HOMES))
def _faker(locale: str) -> Any:  # Any: Faker adds its methods at run time
    from faker.factory import Factory  # lazy: a fifth of a second, and few runs need it

    return Factory.create(locale, providers=["faker.providers.person", "faker.providers.job"])


def _invent(locale: str, number: int, gender: str) -> tuple[str, str, str]:
    """A given name, a family name and a job."""
    with _faker_at_work:  # a seeded generator is a shared thing: two threads would mix their people
        fake = _faker(locale)
        fake.seed_instance(number)
        given, family = fake.format(f"first_name_{gender}"), fake.format(f"last_name_{gender}")
        return str(given), str(family), str(fake.job())
