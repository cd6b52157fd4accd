"""The cast is distinct and complete; generated people and typed addresses are the same in every process."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockidp import person as module
from mockidp.errors import ContractError, UsageError
from mockidp.people import LAST_GENERATED, People, Person, is_address, load_cast

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "contracts" / "_people"
CAST = People(FOLDER).cast()
MAY_BE_SHARED = {"gender", "email_verified", "denies", "deleted"}
RESERVED_HOST = re.compile(r"(?:[^/@]+\.)?example\.(?:com|net|org)")


@pytest.fixture
def people() -> People:
    return People(FOLDER)


def texts(person: Person) -> dict[str, str]:
    """Every value of a person that a wrong mapping could confuse with another, as text."""
    values = msgspec.structs.asdict(person)
    texts = {key: str(value) for key, value in values.items() if value is not None and key not in MAY_BE_SHARED}
    del texts["other_emails"]
    return texts | {f"other_emails/{nth}": address for nth, (address, _) in enumerate(person.other_emails)}


def ids(people: Sequence[Person]) -> list[str]:
    return [person.id for person in people]


@pytest.mark.parametrize("person", CAST, ids=ids(CAST))
def test_no_two_fields_of_a_person_of_the_cast_are_equal(person: Person) -> None:
    values = texts(person)
    assert [(a, b) for a, b in combinations(values, 2) if values[a] == values[b]] == []


def test_no_two_people_of_the_cast_share_a_value_but_for_eves_address() -> None:
    shared = [
        (one.id, two.id, value)
        for one, two in combinations(CAST, 2)
        for value in set(texts(one).values()) & set(texts(two).values())
    ]
    assert shared == [("alice", "eve", "alice@example.com")]


@pytest.mark.parametrize("person", CAST, ids=ids(CAST))
def test_the_cast_is_well_formed_and_lives_at_reserved_hosts(person: Person) -> None:
    assert re.fullmatch(r"[a-z]+", person.id)
    assert person.note.endswith(".")
    assert person.note.count(". ") == 0
    assert re.fullmatch(rf"{person.language}-{person.country}", person.locale)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", person.birthdate)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at) for at in (person.created, person.updated))
    assert person.created < person.updated
    assert re.fullmatch(r"\+447700900\d{3}", person.phone)
    assert RESERVED_HOST.fullmatch(person.picture.removeprefix("https://").split("/")[0])
    assert RESERVED_HOST.fullmatch(person.website.removeprefix("https://").split("/")[0])
    for address in filter(None, (person.email, person.relay_email, *dict(person.other_emails))):
        assert is_address(address)
        assert RESERVED_HOST.fullmatch(address.partition("@")[2])
        assert all(len(label) <= 63 for label in address.partition("@")[2].split("."))


def test_the_five_everybody_knows_come_first_and_are_what_their_names_promise(people: People) -> None:
    alice, bob, carol, dave, eve = people.cast()[:5]
    assert ids([alice, bob, carol, dave, eve]) == ["alice", "bob", "carol", "dave", "eve"]
    assert alice.email_verified
    assert bob.email is not None
    assert not bob.email_verified
    assert carol.email is None
    assert dave.denies
    assert (eve.email, eve.email_verified) == (alice.email, False)
    assert eve.number != alice.number


def test_the_cast_has_everybody_a_login_breaks_on(people: People) -> None:
    assert ids([person for person in people if person.number > 2**53]) == ["maxine"]
    assert float(people["maxine"].number) != people["maxine"].number
    assert ids([person for person in people if person.relay_email]) == ["robin"]
    assert ids([person for person in people if person.former_username]) == ["jordan"]
    assert ids([person for person in people if person.deleted]) == ["ghost"]
    assert ids([person for person in people if not person.family_name]) == ["surya"]
    assert "<script>" in people["mallory"].name
    assert '"' in people["mallory"].name
    assert "'" in people["mallory"].name
    assert len(people["pedro"].name) > 255
    assert len(people["pedro"].email or "") == 254
    assert any(ord(letter) > 0xFFFF for letter in people["sunny"].name)
    assert unicodedata.is_normalized("NFD", people["thuy"].name)
    assert not unicodedata.is_normalized("NFC", people["thuy"].name)
    mateo = people["mateo"]
    assert (mateo.email_verified, [verified for _, verified in mateo.other_emails]) == (False, [True, False])
    assert re.fullmatch(r"\w*[A-Z].*\+.*@.*[^\x00-\x7f].*", people["ursula"].email or "")


@pytest.mark.parametrize(
    ("person_id", "script"),
    [
        ("amal", "ARABIC"),
        ("eleni", "GREEK"),
        ("haruka", "CJK"),
        ("ilker", "LATIN SMALL LETTER DOTLESS I"),
        ("ling", "CJK"),
        ("minseo", "HANGUL"),
        ("niran", "THAI"),
        ("olena", "CYRILLIC"),
        ("priya", "DEVANAGARI"),
        ("zofie", "LATIN SMALL LETTER R WITH CARON"),
    ],
)
def test_a_name_is_written_in_the_script_of_its_language(person_id: str, script: str, people: People) -> None:
    assert any(unicodedata.name(letter, "").startswith(script) for letter in people[person_id].name)


def test_an_unknown_person_is_a_usage_error_with_the_nearest_name(people: People) -> None:
    with pytest.raises(UsageError, match=r'no person "alcie".*Did you mean "alice"'):
        people["alcie"]


@pytest.mark.parametrize(
    "nobody", ["", "person-0", "person-01", f"person-{LAST_GENERATED + 1}", "person-", "Alice", "a@b@c"]
)
def test_nobody_is_called(nobody: str, people: People) -> None:
    assert nobody not in people
    assert people.get(nobody) is None


def test_people_is_a_collection_of_the_named_ones(people: People) -> None:
    assert len(people) == len(CAST) == len(list(people))
    assert "alice" in people
    assert "person-7" in people
    assert 7 not in people


def test_the_cast_is_read_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    People(FOLDER).cast()
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("the cast was read again"))
    assert People(FOLDER)["bob"].id == "bob"


def test_making_people_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    load_cast.cache_clear()
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("read at once"))
    People(FOLDER)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('nickname = "Ali"', 'nickname = "Ali"\nnick = "Al"', "nick"),
        ("number = 5021847", "number = '5021847'", "number"),
        ('username = "alice-archer"', "", "username"),
        ('id = "alice"', "id = alice", "line"),
        ("[[person]]", "[[people]]", "array"),
    ],
)
def test_a_broken_cast_names_the_file_and_what_is_wrong(right: str, wrong: str, complaint: str, tmp_path: Path) -> None:
    text = (FOLDER / "cast.toml").read_text(encoding="utf-8")
    (tmp_path / "cast.toml").write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(ContractError, match=rf"cast\.toml.*{complaint}"):
        People(tmp_path).cast()


# -- generated


def elsewhere(code: str) -> str:
    """What that code prints in a fresh process."""
    start = f"from pathlib import Path; from mockidp.people import *; people = People(Path({str(FOLDER)!r}))\n"
    return subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def test_generated_people_are_the_same_in_every_process_and_order(people: People) -> None:
    here = [ascii(people[f"person-{number}"]) for number in (1, 20, LAST_GENERATED)]
    there = elsewhere("for n in (1_000_000, 3, 20, 1): print(ascii(people[f'person-{n}']))").splitlines()
    assert here == [there[3], there[2], there[0]]


def test_faker_is_not_imported_for_the_cast_or_for_a_typed_address() -> None:
    code = (
        "import sys; people['alice'], people['jo@example.com'], people['person-7@example.org']; print([*sys.modules])"
    )
    assert "'faker'" not in elsewhere(code)


def test_generated_people_differ_in_what_tells_people_apart(people: People) -> None:
    some = [people[f"person-{number}"] for number in range(1, 400)] + list(people.cast())
    for field in ("id", "number", "username", "picture", "website"):
        assert len({getattr(person, field) for person in some}) == len(some)
    assert len({person.email for person in some}) == len(some) - 1  # eve has alice's


def test_generated_people_come_from_many_countries_and_have_no_two_equal_fields(people: People) -> None:
    some = [people[f"person-{number}"] for number in range(1, 200)]
    assert len({person.locale for person in some}) == len(module.HOMES)
    for person in some:
        values = texts(person)
        assert len(set(values.values())) == len(values), person


def test_what_is_made_is_forgotten_again() -> None:
    assert module.generated.cache_info().maxsize == 1024
    assert module.typed.cache_info().maxsize == 1024


# -- by e-mail address


@pytest.mark.parametrize(
    ("address", "person_id"),
    [
        ("alice@example.com", "alice"),  # and not eve, who comes later
        ("ALICE@Example.com", "alice"),
        ("ursula.vogt+shop@bücher.example.com", "ursula"),
        ("person-12@people.example.com", "person-12"),
        ("person-12@example.com", "person-12@example.com"),
        ("person-0@people.example.com", "person-0@people.example.com"),
        (" jo@example.com ", "jo@example.com"),
    ],
)
def test_an_address_belongs_to(address: str, person_id: str, people: People) -> None:
    assert people.by_email(address).id == person_id
    assert people[people.by_email(address).id] == people.by_email(address)


def test_a_typed_address_makes_a_person_who_is_recognisable(people: People) -> None:
    jane = people["jane.doe+shop@example.net"]
    assert (jane.name, jane.email, jane.email_verified) == ("Jane Doe", "jane.doe+shop@example.net", True)
    assert people["Jane.Doe+Shop@example.net"].number == jane.number
    assert people["jane.doe+shop@example.com"].number != jane.number
    assert len(set(texts(jane).values())) == len(texts(jane)) - 1  # the id is the address


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "jo",
        "jo@",
        "@example.com",
        "a@b@c",
        "j o@example.com",
        "jo@exa\x00mple",
        "x" * 65 + "@y",
        "x@" + "y" * 253,
        "\ud800@x",
    ],
)
def test_what_is_no_address_is_refused(wrong: str, people: People) -> None:
    with pytest.raises(UsageError, match="not an e-mail address"):
        people.by_email(wrong)


anything = st.text(st.characters(), max_size=40)  # surrogates too


@given(anything | st.builds("{}@{}".format, anything, anything))
def test_no_text_breaks_the_lookup_or_the_search(text: str) -> None:
    people = People(FOLDER)
    found = people.get(text)
    assert found is None or text in people
    assert all(isinstance(person, Person) for person in people.search(text, 5))


# -- search


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ALICE", ["alice", "eve"]),
        ("佐々木", ["haruka"]),
        ("mononym", ["surya"]),
        ("person-42", ["person-42"]),
        ("42", ["person-42"]),
        ("jo@example.net", ["jo@example.net"]),
        ("nobody at all", []),
    ],
)
def test_searching_finds(text: str, found: list[str], people: People) -> None:
    assert ids(people.search(text)) == found


def test_a_search_is_limited(people: People) -> None:
    assert ids(people.search("", 3)) == ["alice", "bob", "carol"]
    assert people.search("", 0) == ()


# -- added by the configuration


def test_a_person_can_be_added_with_an_id_alone() -> None:
    people = People(FOLDER, [{"id": "zed"}])
    assert people.named()[-1].id == "zed"
    assert people["zed"].email == "zed@people.example.com"
    assert "zed" not in ids(people.cast())
    assert ids(people.search("zed")) == ["zed"]


def test_one_of_the_cast_can_be_changed_in_one_world_only() -> None:
    changed = People(FOLDER, [{"id": "alice", "email": "", "company": "Elsewhere"}])
    assert (changed["alice"].email, changed["alice"].email_verified) == (None, False)
    assert changed["alice"].name == People(FOLDER)["alice"].name
    assert People(FOLDER)["alice"].company != "Elsewhere"
    assert len(changed.named()) == len(CAST)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{"id": "zed", "emial": "z@example.com"}], 'Person "zed" cannot have a field "emial". Did you mean "email"'),
        ([{"id": "zed", "number": "7"}], r'Person "zed": Expected `int`.*number'),
        ([{"id": "zed", "number": -7}], r'Person "zed".*number'),
        ([{"id": "zed", "name": ""}], r'Person "zed".*name'),
        ([{"id": "person-7"}], "needs an id"),
        ([{"id": "Zed!"}], "needs an id"),
        ([{"name": "Zed"}], "needs an id"),
        ([{"id": "zed"}, {"id": "zed"}], 'Person "zed" is there twice'),
        ([{"id": "zed", "number": 5021847}], 'has the number of "alice"'),
        ([{"id": "zed", "username": "bob-baumann"}], 'has the username of "bob"'),
    ],
)
def test_a_wrong_addition_is_a_usage_error_that_says_what(tables: list[Mapping[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        People(FOLDER, tables)
