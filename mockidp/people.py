"""Who can log in: the cast, any number of generated people, anybody by e-mail address, and the user's own additions.

A person's id says where they come from, so no person has to be remembered: a word is one of the cast or of the
user's configuration, `person-17` is generated from the number, and an id with an @ is an address that somebody typed.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from pathlib import Path

import msgspec

from mockidp.errors import ContractError, UsageError, nearest
from mockidp.person import GENERATED_DOMAIN, GENERATED_ID, LAST_GENERATED, Person, by_number, is_address, typed
from mockidp.person_table import NAMED_ID, from_table, refuse_twins

LONGEST_NAME = 200
MOST_ADDITIONAL = 1000
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
WORD = re.compile(r"[^\W_]+")


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
        return self.by_email(person_id) if is_address(person_id) else by_number(person_id)

    def add(self, table: Mapping[str, object]) -> Person:
        """Add somebody, as a table of the configuration does, or change one of the cast. UsageError as for those."""
        person = from_table(table, {**load_cast(self._folder), **self._additional})
        refuse_twins(person, set(), {**load_cast(self._folder), **self._additional})
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
        return (by_number(local) if domain == GENERATED_DOMAIN else None) or typed(address)

    def search(self, text: str, limit: int = 20) -> tuple[Person, ...]:
        """The named people in whom `text` occurs, letter case ignored; then whose number, id or address it is."""
        wanted = text.strip().casefold()
        found = [person for person in self.named() if wanted in _haystack(person)]
        exact = self.get(f"person-{wanted}" if wanted.isascii() and wanted.isdecimal() else text.strip())
        if exact is not None and exact not in found:
            found.append(exact)
        return tuple(found[: max(limit, 0)])


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


def _additional(folder: Path, tables: Sequence[Mapping[str, object]]) -> Iterator[Person]:
    if not tables:
        return
    people = dict(load_cast(folder))
    seen: set[str] = set()
    for table in tables:
        person = from_table(table, people)
        refuse_twins(person, seen, people)
        seen.add(person.id)
        people[person.id] = person
        yield person


def _haystack(person: Person) -> str:
    return "\n".join((person.id, person.name, person.username, person.email or "", person.note)).casefold()


__all__ = ["GENERATED_ID", "LAST_GENERATED", "People", "Person", "is_address", "load_cast"]
