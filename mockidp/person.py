"""One person, and how somebody is made of no more than a number, an e-mail address or an id.

Ids, numbers, usernames and addresses follow from the id alone and survive an update of Faker; only names come from it.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any

import msgspec

LAST_GENERATED = 1_000_000
GENERATED_ID = re.compile(r"person-([1-9][0-9]{0,6})")
# Surrogates are left out because they cannot be sent as UTF-8.
ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,255}")
LONGEST_ADDRESS = 254
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


def is_address(text: str) -> bool:
    """Whether it has the shape of an e-mail address: one @, no blanks, at most 254 characters."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None


def by_number(person_id: str) -> Person | None:
    """Whom `person-N` names, or None for another id and for a number that is too large."""
    match = GENERATED_ID.fullmatch(person_id)
    return generated(int(match[1])) if match and int(match[1]) <= LAST_GENERATED else None


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


def blank(person_id: str) -> Person:
    """Somebody of whom no more is said than an id."""
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
