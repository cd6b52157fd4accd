"""What a value looks like: an address, a URL, a date, a token. Placeholders and fakes look like what they stand for."""

from __future__ import annotations

import re
from typing import Any

from mockidp import jose

EMAIL = re.compile(r"[^\s@<>\"',;:/?#&=]+@[^\s@<>\"',;:/?#&=]+\.[A-Za-z]{2,}")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
TIME = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)(?:([T ])(\d\d):(\d\d)(?::(\d\d)(?:([.,])(\d+))?)?(Z| ?[+-]\d\d:?\d\d)?)?",
)
RFC_TIME = re.compile(r"[A-Z][a-z]{2},? .{5,40} (?:[+-]\d{4}|[A-Z]{1,4})(?: \d{4})?")
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
JWT = re.compile(r"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*")
PREFIX = re.compile(r"[A-Za-z]{1,6}_(?=[A-Za-z0-9]{12})")  # gho_, ghp_, sk_: which kind of token it is, not which token
PLACEHOLDERS = {
    "email": "someone@example.com",
    "url": "https://example.com/",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "digits": "0",
    "flag": "false",
    "empty": "",
    "rfc_time": "Thu, 02 Jan 2020 03:04:05 GMT",
}
DIGITS = "0123456789"
HEX = DIGITS + "abcdef"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
ALPHABETS = (
    DIGITS,
    HEX,
    HEX.upper(),
    LOWER,
    UPPER,
    LOWER + DIGITS,
    UPPER + DIGITS,
    LOWER + UPPER,
    LOWER + UPPER + DIGITS,
)


def kind(text: str) -> str:
    """email, url, time, rfc_time, uuid, jwt, digits, flag, empty, or text."""
    if text == "":
        return "empty"
    if text.lower() in ("true", "false"):
        return "flag"
    if text.isascii() and text.isdecimal():
        return "time" if TIME.fullmatch(text) and len(text) == 8 and text[:2] in ("19", "20") else "digits"
    for name, pattern in (("email", EMAIL), ("url", URL), ("time", TIME), ("rfc_time", RFC_TIME), ("uuid", UUID)):
        if pattern.fullmatch(text):
            return name
    return "jwt" if claims_of(text) is not None else "text"


def claims_of(text: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Header and claims, where the text is a signed token that can be read."""
    if not JWT.fullmatch(text):
        return None
    try:
        header, claims, _, _ = jose.split(text)
    except jose.JoseError:
        return None
    return header, claims


def time_like(text: str) -> str:
    """The second of January 2020, 03:04:05, written as `text` is."""
    found = TIME.fullmatch(text)
    if found is None:
        return PLACEHOLDERS["rfc_time"] if "," in text else "Thu Jan 02 03:04:05 +0000 2020"
    _, dash, _, _, gap, hour, _, second, point, fraction, zone = found.groups()
    out = f"2020{dash}01{dash}02"
    if hour is not None:
        out += f"{gap}03:04{':05' if second is not None else ''}"
        out += f"{point}{('678901234' * 3)[: len(fraction)]}" if fraction else ""
        out += "Z" if zone == "Z" else re.sub(r"\d", "0", zone).replace("-", "+") if zone else ""
    return out


def placeholder(value: Any) -> Any:
    """What stands for a value that no contract knows: its type, and the form of a text, and nothing of it.

    An object that nothing is known of may be a map whose keys are somebody's: it is empty, and so is an array.
    """
    if isinstance(value, bool) or value is None:
        return None if value is None else False
    if isinstance(value, int | float):
        return type(value)(0)
    if isinstance(value, str):
        name = kind(value)
        return time_like(value) if name in ("time", "rfc_time") else PLACEHOLDERS.get(name, "string")
    return {} if isinstance(value, dict) else []


def alphabet(text: str) -> str:
    """The smallest of the usual alphabets that the characters are from."""
    return next((letters for letters in ALPHABETS if set(text) <= set(letters)), ALPHABETS[-1])


def alike(one: str, other: str) -> bool:
    """Whether two texts are of one form: of one kind, and as long and from the same alphabet where they are tokens."""
    if kind(one) != kind(other):
        return False
    if kind(one) in ("email", "url"):
        return True
    if kind(one) == "time":
        return time_like(one) == time_like(other)
    if is_word(one) and is_word(other):
        return True
    prefix = PREFIX.match(one)
    return len(one) == len(other) and _fits(one, other) and (not prefix or other.startswith(prefix[0]))


def _fits(one: str, other: str) -> bool:
    """Whether the second has the marks of the first, and between them letters of its alphabets."""
    pairs = list(zip(_pieces(one), _pieces(other), strict=False))
    return all(set(b) <= set(alphabet(a)) if a.isalnum() else a == b for a, b in pairs)


def _pieces(text: str) -> list[str]:
    return [part for part in re.split(r"([A-Za-z0-9]+)", text) if part]


def is_word(text: str) -> bool:
    """Whether a text is a name or a sentence rather than a token: short words of letters."""
    words = re.split(r"[\s_.'-]+", text)
    return all(len(word) <= 14 and not re.search(r"\d", word) for word in words) and len(text) <= 60


def is_name(key: str) -> bool:
    """Whether a member's name reads like one: words, no number longer than two digits, no token, no address."""
    if not re.fullmatch(r"[A-Za-z$@_][A-Za-z0-9_.:$@-]{0,47}", key) or re.search(r"\d{3}|@.", key[1:]):
        return False
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", key)
    letters = [word for word in words if not word.isdecimal()]
    if not letters or len(words) > 7 or any(len(word) > 16 for word in words):
        return False
    mean = sum(len(word) for word in letters) / len(letters)
    return mean >= 2.5 or len(words) == 1
