"""Fakes of the same form: the same secret has the same one throughout, and none can be computed back.

A fake follows from its number and its form alone, so that two recordings of the same login give the same bodies. Where
the contract has a sample of that form already, the sample is the fake.
"""

from __future__ import annotations

import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from mockidp import jose
from mockidp.apps import READY_SECRET
from mockidp.check.record import shape
from mockidp.contract.template import builder
from mockidp.keys import Key, KeyRing

TRIES = 200
SHORT = 8  # characters; a token has more


class Fakes:
    """The fake of each secret. `bad` tells a text that holds something captured; `public` is what may stay."""

    def __init__(self, public: set[str], bad: Callable[[str], bool]) -> None:
        self.public, self._bad = public, bad
        self.kept: set[str] = set()  # texts made of nothing but what is public
        self._of: dict[str, str] = {}
        self._rings: dict[str, KeyRing] = {}

    @property
    def made(self) -> set[str]:
        """Every fake that was given out."""
        return set(self._of.values())

    def known(self, value: str) -> str | None:
        """The fake that a value has already."""
        return self._of.get(value)

    def of(self, value: str, sample: object = None) -> str:
        """The fake of a text: the sample where that is of the same form, else one that is made."""
        if value not in self._of:
            self._of[value] = self._choose(value, sample if isinstance(sample, str) else "")
        return self._of[value]

    def filled(self, template: str, found: Mapping[str, str], text: str) -> str:
        """A text of several values, each with its fake."""
        made = str(builder(template)({name: self.of(value) for name, value in found.items()}))
        if made == text:
            self.kept.add(text)
        else:
            self._of.setdefault(text, made)
        return self._of.get(text, made)

    def number(self, value: float, sample: object = None) -> int | float:
        """The fake of a number: as many digits, on both sides of the point."""
        if abs(value) < 10 and isinstance(value, int):
            return value if isinstance(sample, bool) or not isinstance(sample, int) or abs(sample) >= 10 else sample
        hint = str(sample) if type(sample) is type(value) else None
        return type(value)(self.of(str(value), hint))

    def _choose(self, value: str, sample: str) -> str:
        if value in self.public and len(value) < 200:
            return value
        if (pair := _pair(value)) is not None:  # of HTTP Basic
            return b64encode(":".join(quote(self.of(part), safe="") for part in pair).encode()).decode()
        if value[:1] in ("{", "["):
            return _emptied(value)
        if sample and sample not in self.made and shape.alike(value, sample) and not self._bad(sample):
            return sample
        for number in range(len(self._of), len(self._of) + TRIES):
            made = _made(value, random.Random(f"{number} {_outline(value)}"))
            if made != value and made not in self.made and not self._bad(made):
                return made
        return str(shape.placeholder(value))

    def token(self, header: Mapping[str, Any], claims: Mapping[str, Any], sample: object = None) -> str:
        """A token over redacted claims, signed with the mock's own key; the sample where it says the same."""
        alg = str(header.get("alg", "RS256"))
        told = shape.claims_of(sample) if isinstance(sample, str) else None
        if told is not None and told[0].get("alg") == alg and told[1] == claims:
            return str(sample)
        extra = {"typ": header["typ"] if header.get("typ") in ("JWT", "at+jwt") else None}
        if alg.startswith("HS"):
            return jose.sign(claims, Key("", alg, READY_SECRET.encode()), header=extra)
        try:
            key = self._rings.setdefault(alg, KeyRing((alg,))).signing(alg)
        except Exception:  # an algorithm that nobody here signs with
            return jose.unsigned(claims)
        return jose.sign(claims, key, header={"kid": key.kid if header.get("kid") else None, **extra})


def _pair(value: str) -> list[str] | None:
    """The id and the secret of HTTP Basic, or None."""
    try:
        text = b64decode(value, validate=True).decode()
    except ValueError:
        return None
    parts = [unquote(part) for part in text.split(":")]
    return parts if len(parts) == 2 and text.isprintable() and all(parts) else None


def _emptied(value: str) -> str:
    """JSON within a text: the names of its members, placeholders for the rest."""
    try:
        document = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return "string"
    named = isinstance(document, dict)
    kept = {key: shape.placeholder(one) for key, one in document.items() if shape.is_name(key)} if named else []
    return msgspec.json.encode(kept).decode()


def _outline(value: str) -> str:
    """What a fake may depend on: kinds of characters and how many, not which."""
    return "".join(f"{shape.ALPHABETS.index(shape.alphabet(part))},{len(part)};" for part in value.split())


def _made(value: str, dice: random.Random) -> str:
    kind = shape.kind(value)
    if kind in ("time", "rfc_time"):
        return shape.time_like(value)
    if kind == "email":
        return f"{_letters(value.rpartition('@')[0], dice)}@example.com"
    if kind == "url":
        return f"https://example.com/{''.join(dice.choices(shape.LOWER, k=8))}"
    if kind == "jwt":
        return jose.unsigned({"jti": "".join(dice.choices(shape.HEX, k=16))})
    prefix = shape.PREFIX.match(value)
    head = prefix[0] if prefix else ""
    return head + _letters(value[len(head) :], dice)


def _letters(text: str, dice: random.Random) -> str:
    """The same marks, and between them as many characters of the same alphabet."""
    words = shape.is_word(text)
    return re.sub(r"[A-Za-z0-9]+|[^\x00-\x7f]+", lambda found: _part(found[0], dice, words), text)


def _part(part: str, dice: random.Random, word: bool) -> str:
    if not part.isascii():
        return "".join(_neighbour(char, dice) for char in part)
    if word:  # a name keeps its capitals and sounds like nothing
        vowels, others = "aeiou", "bdfgklmnprstvz"
        out = "".join(dice.choice(vowels if at % 2 else others) for at in range(len(part)))
        return "".join(new.upper() if old.isupper() else new for old, new in zip(part, out, strict=True))
    if len(part) < SHORT and not part.isdecimal():  # an id such as a17: its letters stay letters
        kinds = (shape.DIGITS, shape.LOWER, shape.UPPER)
        return "".join(dice.choice(next(kind for kind in kinds if char in kind)) for char in part)
    letters = shape.alphabet(part)
    out = "".join(dice.choices(letters, k=len(part)))
    if part.isdecimal() and part[0] != "0":
        out = dice.choice(shape.DIGITS[1:]) + out[1:]
    return out


def _neighbour(char: str, dice: random.Random) -> str:
    """Another letter of the same script."""
    if not char.isalnum():
        return char
    near = [chr(ord(char) & ~0xF | low) for low in range(16)]
    return dice.choice([one for one in near if one.isalnum()] or ["x"])
