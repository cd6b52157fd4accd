"""Read a contract, lay it over its family, and say exactly where it is wrong.

A provider's file holds what differs. Three layers are merged, key by key: the family, the plain exchange of the
step, and a variant of it (`name = …`, or `until = …` for what was true before a date).
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mockidp.contract import schema
from mockidp.contract.files import card, contracts_folder
from mockidp.contract.template import fill_settings
from mockidp.contract.wire import Wire
from mockidp.errors import ContractError, UsageError, nearest

Table = dict[str, Any]
CONTENT = ("body", "raw", "redirect", "page")
SIGNED = ("id_token", "access_token")  # tables of claims
WIRES = 64  # of one provider that are kept, by settings and period
FORMER = "until-"  # a folder of that name and a date: the whole contract as it was before that day


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """Lay one table over another. `false` takes a key away; new content of an answer replaces the old as a whole."""
    out = dict(base)
    if any(key in over for key in CONTENT):
        for key in CONTENT:
            out.pop(key, None)
    for key, value in over.items():
        if value is False and key != "authenticated":
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict) and key != "redirect":
            out[key] = merge(out[key], value)
        elif key == "redirect" and isinstance(value, dict):
            out[key] = merge(base.get(key) or {}, value)
        else:
            out[key] = value
    return out


def merge_exchange(base: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """Lay one exchange over another: a new body brings its own bindings."""
    base = dict(base)
    if {"body", "raw"} & set(over.get("response", {})):
        for key in ("bind", "optional", "nullable", "blank", "needs", "select"):
            base.pop(key, None)
    return merge(base, over)


def aged(row: Mapping[str, Any], period: datetime.date | None) -> Table:
    """A row as it was in a period: what `before` says of later changes is laid over it, the latest first."""
    out = {key: value for key, value in row.items() if key != "before"}
    for old in older(row, period):
        out = merge(out, old)
    return out


def older(row: Mapping[str, Any], period: datetime.date | None) -> list[Table]:
    """What `before` says of the changes that came after a period, the latest first."""
    rows = [old for old in row.get("before", []) if period is not None and old["until"] >= period]
    rows.sort(key=lambda item: item["until"], reverse=True)
    return [{key: value for key, value in old.items() if key != "until"} for old in rows]


def _holds(row: Mapping[str, Any], period: datetime.date | None) -> bool:
    """Whether what may have ended (`until`) is still there in a period; None is today."""
    return not row.get("until") or (period is not None and row["until"] >= period)


class Source:
    """The files of one contract: its text for line numbers, its bodies, and what it was merged to."""

    def __init__(self, provider: str, folder: Path, text: str, table: Table) -> None:
        self.id, self.folder, self.text, self.table = provider, folder, text, table
        self.file = file_of(provider, folder)
        self._bodies: dict[str, bytes] = {}

    def read_body(self, name: str) -> bytes:
        """The bytes of a body file. ContractError when it is not in `bodies/`."""
        if name not in self._bodies:
            path = self.folder / "bodies" / name
            try:
                self._bodies[name] = path.read_bytes()
            except OSError:
                raise ContractError(f"no body file bodies/{name}", key="body") from None
        return self._bodies[name]

    @contextmanager
    def blame(self, *path: str) -> Iterator[None]:
        """Give an error from deeper down this file and the line of the table it is about."""
        try:
            yield
        except ContractError as error:
            if error.file:
                raise
            line = find_line(self.text, [*path, *([error.key] if error.key else [])])
            raise ContractError(str(error), file=self.file, line=line, key=".".join(filter(None, path))) from None
        except (msgspec.DecodeError, SyntaxError, ValueError) as error:  # of JSON, XML and key-value lines
            raise ContractError(
                f"body does not parse: {error}",
                file=self.file,
                line=find_line(self.text, path),
                key=".".join(filter(None, path)),
            ) from None


def file_of(provider: str, folder: Path) -> str:
    """How messages call the contract in that folder."""
    era = f"{folder.name}/" if folder.name.startswith(FORMER) else ""
    return f"contracts/{provider}/{era}contract.toml"


def find_line(text: str, path: list[str] | tuple[str, ...]) -> int:
    """The line (1-based) of a key: the table its path leads to, then the last part of the path that stands in it."""
    lines = text.splitlines()
    words = [word for word in path if word and word != "exchange"]
    best = 0
    start, end = _section(lines, path)
    for word in words:
        pattern = re.compile(rf"(?<![\w]){re.escape(word)}(?![\w])")
        hit = next((at for at in range(start, end) if pattern.search(lines[at])), None)
        if hit is not None:
            best = hit + 1
    return best or start + 1


def _section(lines: list[str], path: list[str] | tuple[str, ...]) -> tuple[int, int]:
    """The lines of the table that a path starts in: `exchange` by index or step, `error` and others by name."""
    heads = [at for at, line in enumerate(lines) if line.startswith("[")]
    if path and path[0] == "exchange":
        tables = [at for at in heads if lines[at].startswith("[[exchange]]")]
        chosen = [at for number, at in enumerate(tables) if _is_exchange(lines, at, heads, number, path[1:])]
        if chosen:
            return chosen[0], _end(heads, chosen[0], len(lines))
    for at in heads:
        if path and re.match(
            rf"\[+{re.escape(path[0])}(\.{re.escape(path[1])})?\]" if len(path) > 1 else rf"\[+{re.escape(path[0])}\b",
            lines[at],
        ):
            return at, _end(heads, at, len(lines))
    return 0, len(lines)


def _is_exchange(lines: list[str], at: int, heads: list[int], number: int, rest: tuple[str, ...] | list[str]) -> bool:
    if rest and rest[0].isdigit():
        return int(rest[0]) == number
    block = "\n".join(lines[at : _end(heads, at, len(lines))])
    step = bool(rest) and re.search(rf'^step\s*=\s*"{re.escape(rest[0])}"', block, re.M)
    name = re.search(r'^name\s*=\s*"([^"]*)"', block, re.M)
    wanted = rest[1] if len(rest) > 1 else ""
    return bool(step) and (name[1] if name else "") == wanted


def _end(heads: list[int], at: int, last: int) -> int:
    return next((head for head in heads if head > at), last)


def read_table(file: str, text: str) -> Table:
    """Parse TOML; ContractError with the line that the parser names."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ContractError(f"not TOML: {error}", file=file, line=int(found[1]) if found else 1) from None


def check_types(file: str, text: str, table: Table, kind: type[Any]) -> None:
    """Refuse wrong types and unknown keys, naming line and key."""
    try:
        msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `")
        path = re.findall(r"[\w@-]+", at.removeprefix("$").rstrip("`").replace("[...]", ""))
        unknown = re.search(r"unknown field `([^`]+)`", message)
        if unknown:
            known = [field.encode_name for field in msgspec.structs.fields(_struct_at(kind, path))]
            message = f"unknown key {unknown[1]!r}.{nearest(unknown[1], known)}"
            path.append(unknown[1])
        wrong = re.search(r"Invalid enum value '([^']*)'", message)
        if wrong and path:
            values = _values_at(kind, path)
            message = f"{wrong[1]!r} is none of {', '.join(values)}.{nearest(wrong[1], values)}"
        raise ContractError(message, file=file, line=find_line(text, path), key=".".join(path)) from None


def _values_at(kind: Any, path: list[str]) -> list[str]:
    """The texts that the field at the end of a path may have."""
    import typing

    fields = {f.encode_name: f.type for f in msgspec.structs.fields(_struct_at(kind, path[:-1]))}
    options, out = [fields.get(path[-1])], []
    while options:
        option = options.pop()
        out += [option] if isinstance(option, str) else []
        options += typing.get_args(option)
    return out


def _struct_at(kind: Any, path: list[str]) -> Any:
    """The struct type that a path of keys leads to; the innermost one found."""
    import typing

    here = kind
    for key in path:
        fields = {f.encode_name: f.type for f in msgspec.structs.fields(here)} if isinstance(here, type) else {}
        options = [fields.get(key)]
        while options:
            option = options.pop()
            if isinstance(option, type) and issubclass(option, msgspec.Struct):
                here = option
                break
            options += [arg for arg in typing.get_args(option) if arg is not type(None)]
    return here


@cache
def family_source(name: str) -> tuple[str, str, Table]:
    """What messages call a family's file, its text and its own table. ContractError where there is none."""
    path = contracts_folder() / "_families" / f"{name}.toml"
    file = f"contracts/_families/{name}.toml"
    if not path.is_file():
        known = sorted(item.stem for item in path.parent.glob("*.toml"))
        raise ContractError(f"no family {name!r}.{nearest(name, known)}", key=name)
    text = path.read_text(encoding="utf-8")
    table = read_table(file, text)
    check_types(file, text, table, schema.Family)
    return file, text, table


@cache
def family(name: str) -> Table:
    """A family's table, laid over the family it extends."""
    table = family_source(name)[2]
    base = family(table["extends"]) if table.get("extends") else {}
    out = merge(base, {key: value for key, value in table.items() if key not in ("exchange", "error")})
    out["exchange"] = _layered(base.get("exchange", {}), table.get("exchange", {}), merge_exchange)
    out["error"] = _layered(base.get("error", {}), table.get("error", {}), merge)
    return out


def _layered(base: Table, over: Table, how: Any) -> Table:
    return {key: how(base.get(key, {}), over.get(key, {})) for key in [*base, *(k for k in over if k not in base)]}


@cache
def load(provider: str) -> Loaded:
    """One provider's contract, read once per process. UsageError for an unknown id, ContractError for a broken file."""
    card(provider)
    return load_from(provider, contracts_folder() / provider)


def check_settings(provider: str, given: Mapping[str, str]) -> None:
    """Refuse an unknown provider or setting, and what is no URL where one is needed. Raises UsageError."""
    contract = load(provider)
    contract.settings(given)
    for name, value in given.items():
        default = contract.table["settings"][name]["default"]
        if default.startswith(("http://", "https://")) and not _is_url(value):
            raise UsageError(f"{provider}.{name} must be an http or https URL")


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def load_from(provider: str, folder: Path) -> Loaded:
    """A contract from any folder, for contracts of the user's own and for tests."""
    path, file = folder / "contract.toml", file_of(provider, folder)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot be read: {error.__class__.__name__}", file=file) from None
    table = read_table(file, text)
    check_types(file, text, table, schema.Contract)
    if table["id"] != provider:
        raise ContractError(
            f"id is {table['id']!r}, the folder is {provider!r}", file=file, line=find_line(text, ["id"])
        )
    return Loaded(Source(provider, folder, text, table))


def _setting(value: object) -> str:
    """A setting as text: a URL without its last slash, a flag as TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value).rstrip("/")


class Loaded:
    """A contract before settings and date are chosen; `at` compiles it for a choice and keeps the result."""

    def __init__(self, source: Source) -> None:
        self.source, self.table = source, source.table
        self.id: str = self.table["id"]
        with source.blame("family"):
            self.family = family(self.table["family"])
        self._wires: dict[tuple[Any, ...], Wire] = {}
        self.former = dict(self._former())
        self.boundaries = sorted({*self.former, *self._dates()})
        self.at()

    def _former(self) -> Iterator[tuple[datetime.date, Loaded]]:
        """The contracts of a provider that changed its protocol, by the day on which each ended; the oldest first."""
        for folder in sorted(self.source.folder.glob(f"{FORMER}*")):
            try:
                ended = datetime.date.fromisoformat(folder.name.removeprefix(FORMER))
            except ValueError:
                raise ContractError(f"{folder.name} is no folder {FORMER}YYYY-MM-DD", file=self.source.file) from None
            yield ended, load_from(self.id, folder)

    def _dates(self) -> Iterator[datetime.date]:
        """Every day on which something of the wire changed."""
        errors = self.table.get("error", {}).values()
        rows = [*self.table["exchange"], *errors, *(self.table.get(name, {}) for name in SIGNED)]
        read = self.table.get("identity", {}).values()
        for row in [*self.table["exchange"], *errors, *read, *(old for item in rows for old in item.get("before", []))]:
            yield from (row[key] for key in ("since", "until") if row.get(key))

    def settings(self, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """The provider's settings with the given ones in place. UsageError for a name it does not have."""
        declared = self.table.get("settings", {})
        given = dict(given or {})
        for name in given:
            if name in self._client_settings() and name not in declared:
                raise UsageError(f"{name} of {self.id} is a choice of the client's; the simulator has no such setting.")
            if name not in declared:
                raise UsageError(f'{self.id} has no setting "{name}".{nearest(name, list(declared))}')
        out = {name: _setting(given.get(name, row["default"])) for name, row in declared.items()}
        for name, row in declared.items():
            derive = row.get("derive")
            source = derive["when"] if derive else ""
            if derive and name not in given and out[source] != declared[source]["default"].rstrip("/"):
                out[name] = fill_settings(derive["value"], out)
        return out

    def _client_settings(self) -> Table:
        own: Table = self.table.get("client", {}).get("settings", {})
        return merge(self.family.get("client_settings", {}), own)

    def at(self, settings: Mapping[str, str] | None = None, date: datetime.date | None = None) -> Wire:
        """The wire for these settings as it is today, or as it was on a date; of what has ended, on its last day."""
        if date is None and (ended := self.table.get("retired")) is not None:
            date = ended - datetime.timedelta(days=1)
        for ended, former in self.former.items():
            if date is not None and date < ended:
                return former.at(settings, date)
        period = None if date is None else next((day for day in self.boundaries if date < day), None)
        key = (tuple(sorted((settings or {}).items())), period)
        if key not in self._wires:
            if len(self._wires) >= WIRES:
                del self._wires[next(iter(self._wires))]
            with self.source.blame():
                filled = self.settings(settings)
                self._wires[key] = Wire(self.source, filled, self._contract(period), self.family.get("missing", {}))
        return self._wires[key]

    def _contract(self, period: datetime.date | None) -> schema.Contract:
        table = dict(self.table)
        for key in ("forms", "lifetimes"):
            table[key] = merge(self.family.get(key, {}), table.get(key, {}))
        table["client"] = {**table.get("client", {}), "settings": self._client_settings()}
        table["exchange"] = self._exchanges(period)
        table["error"] = self._errors(period)
        table["identity"] = {name: row for name, row in table.get("identity", {}).items() if _holds(row, period)}
        table |= {name: aged(table[name], period) for name in SIGNED if name in table}
        try:
            return msgspec.convert(table, schema.Contract)
        except msgspec.ValidationError as error:
            raise ContractError(str(error), file=self.source.file) from None

    def _exchanges(self, period: datetime.date | None) -> list[Table]:
        """Every exchange merged, in the file's order; `until` rows are laid over the one in force after them."""
        out: list[Table] = []
        plain: dict[str, Table] = {}
        for row in (row for row in self.table["exchange"] if not row.get("until")):
            name, step = row.get("name", ""), row["step"]
            base = plain[step] if name and step in plain else self._family_exchange(step, row)
            merged = merge_exchange(base, {**row, "name": name, "before": []})
            for old in [*self._older(row, period), *older(row, period)]:
                merged = merge_exchange(merged, old)
            plain.setdefault(step, merged)
            if not (period is not None and row.get("since") and period <= row["since"]):
                out.append(merged)
        ended = [row for row in self.table["exchange"] if row.get("until") and not self._current(row)]
        for row in ended:
            if _holds(row, period):
                variant = row.get("name") and row["step"] in plain
                above = plain[row["step"]] if variant else self._family_exchange(row["step"], row)
                out.append(merge_exchange(above, row))
        return out

    def _current(self, row: Table) -> bool:
        key = (row["step"], row.get("name", ""))
        return any(
            (item["step"], item.get("name", "")) == key and not item.get("until") for item in self.table["exchange"]
        )

    def _older(self, row: Table, period: datetime.date | None) -> list[Table]:
        if period is None:
            return []
        key = (row["step"], row.get("name", ""))
        rows = [
            item
            for item in self.table["exchange"]
            if item.get("until") and (item["step"], item.get("name", "")) == key and item["until"] >= period
        ]
        return sorted(rows, key=lambda item: item["until"], reverse=True)

    def _family_exchange(self, step: str, row: Table) -> Table:
        """The family's exchange for a step, with how this provider's clients authenticate and prove possession."""
        known = self.family.get("exchange", {})
        base: Table = dict(known.get(step) or known.get("resource") or {})
        client = self.table.get("client", {})
        ways: list[Table] = []
        if row.get("authenticated", base.get("authenticated")):
            auth = client.get("auth", "post")
            ways.append(
                self.family.get("auth", {}).get(auth, {}).get(step)
                or self.family.get("auth", {}).get(auth, {}).get("any", {})
            )
        ways.append(self.family.get("pkce", {}).get(client.get("pkce", "ignored"), {}).get(step, {}))
        for way in ways:
            base = merge_exchange(base, {key: value for key, value in way.items() if key != "step"})
        return {**base, "step": step}

    def _errors(self, period: datetime.date | None) -> Table:
        known: Table = self.family.get("error", {})
        out: Table = {}
        for name, row in self.table.get("error", {}).items():
            if not _holds(row, period):
                continue
            row = aged(row, period)
            merged = merge(known.get(name) or known.get(name.partition(":")[0], {}), row)
            if {"raw", "body"} & row.keys() and "type" not in row:
                merged.pop("type", None)
            out[name] = merged
        return {**known, **out}


__all__ = ["Loaded", "Source", "check_settings", "family", "find_line", "load", "load_from", "merge"]
