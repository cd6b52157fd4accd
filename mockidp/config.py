"""`mockidp.toml`: how the simulator is set up on this machine. Read strictly; every error names file, line and key.

as = "alice"                      # logs in without a page; likewise: date, apps, strict, urls
[server]
port = 8400                       # likewise: host, quiet
pass_through = ["api.example"]    # hosts that the proxy passes on; `*.example.com` for all below
control_host = ["mockidp"]        # names at which the control interface answers too, such as a compose service's
[settings.github]                 # a provider's settings by its id
GITHUB_URL = "https://git.example.com"
[[app]]                           # a registered client beside the ready-made ones
provider = "github"
client_id = "Iv1.example"
redirect_uris = ["https://app.example/callback"]
[[person]]                        # somebody else who can log in, or a change to one of the cast
id = "zoe"
[[fault]]                         # a deviation from the start
name = "slow"
provider = "github"
step = "token"
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import field

from mockidp.apps import App, Mode
from mockidp.contract.files import card
from mockidp.contract.load import check_settings, check_types, find_line, read_table
from mockidp.errors import ContractError, UsageError
from mockidp.faults import check_fault
from mockidp.simulator import Simulator
from mockidp.world import World

NAME = "mockidp.toml"
LIMIT = 1 << 20  # bytes
HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
Settings = dict[str, dict[str, str]]


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """Base of every table: unknown keys are errors."""


class Listen(Part):
    """`localhost` is both loopback addresses, IPv4 and IPv6. `pass_through` names hosts that the proxy passes on.

    `control_host` names those at which the server's own pages and the control interface answer beside this machine's.
    """

    host: str = "localhost"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8400
    quiet: bool = False
    pass_through: list[str] = []
    control_host: list[str] = []


class Config(Part, kw_only=True):
    """All of a configuration. Apps, people and faults are kept as tables: their fields are those that the control
    interface takes for them."""

    server: Listen = field(default_factory=Listen)
    settings: Settings = {}
    app: list[dict[str, Any]] = []
    person: list[dict[str, Any]] = []
    fault: list[dict[str, Any]] = []
    date: datetime.date | None = None
    apps: Mode = "ready"
    strict: bool = False
    as_: str | None = field(default=None, name="as")
    urls: Literal["path", "real"] = "path"

    def world(self, name: str = "default") -> World:
        """A new world set up so. Raises UsageError for what does not exist."""
        world = World(
            name,
            apps=self.apps,
            person=self.as_,
            date=self.date,
            strict=self.strict,
            urls=self.urls,
            settings=self.settings,
            people=self.person,
        )
        world.begin(self._begin)
        return world

    def _begin(self, world: World) -> None:
        for app in self.app:
            register(world, app)
        for fault in self.fault:
            world.faults.add(**fault)


def register(world: World, row: dict[str, Any]) -> App:
    """Add an app to a world. UsageError when its provider is unknown or a field is wrong."""
    card(row["provider"])
    return world.apps.register(**row)


def simulator(world: World, host: str, token: str | None = None, control_hosts: Iterable[str] = ()) -> Simulator:
    """A simulator whose own pages are served at the host that it will be bound to, and ask for a token if there is one.

    `control_hosts` are further names that it is reached by. Raises UsageError for one that is no name or is a
    provider's, and for a token that is too easily guessed.
    """
    made = Simulator(world)
    made.own_hosts |= {host.lower(), *(_control_host(world, name) for name in control_hosts)}
    if token:
        from mockidp.web.guard import check_token  # lazy: most runs have none

        made.token = check_token(token)
    return made


def _control_host(world: World, name: str) -> str:
    low = name.lower().rstrip(".")
    if len(low) > 253 or not HOST_NAME.fullmatch(low):
        raise UsageError(f'"{name[:80]}" is no control host: write one name, such as mockidp, without scheme and port')
    if world.at_host(low):
        raise UsageError(f"{low} is the host of a provider, and cannot be a control host too")
    return low


def find(given: Path | None = None) -> Path | None:
    """The file to read: the one that was named, else `mockidp.toml` of the working folder if there is one."""
    return given or (Path(NAME) if Path(NAME).is_file() else None)


def read(path: Path | None) -> Config:
    """The configuration of a file, or the plain one. Raises ContractError with file, line and key."""
    if path is None:
        return Config()
    text = _text(path)
    file = str(path)
    table = read_table(file, text)
    check_types(file, text, table, Config)
    config = msgspec.convert(table, Config)
    for check in (_settings, _server, _apps, _people, _person, _faults):
        check(config, file, text)
    return config


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LIMIT:
            raise ContractError(f"larger than {LIMIT} bytes", file=str(path))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise ContractError("cannot be read: it is not UTF-8", file=str(path)) from None


def _server(config: Config, file: str, text: str) -> None:
    world = World(settings=config.settings)
    for name in config.server.control_host:
        _blamed(file, text, ["server", "control_host"], lambda: _control_host(world, name))  # noqa: B023


def _settings(config: Config, file: str, text: str) -> None:
    for provider, given in config.settings.items():
        for name in given or [""]:
            path = ["settings", provider, name]
            _blamed(file, text, path, lambda: check_settings(provider, {name: given[name]} if name else {}))  # noqa: B023


def _apps(config: Config, file: str, text: str) -> None:
    if not config.app:
        return
    from mockidp.control.shapes import RegisterApp  # lazy: most files have none

    world = World()
    for row, section in _rows(file, text, "app", config.app, RegisterApp):
        _blamed(file, section, ["provider"], lambda: register(world, row))  # noqa: B023


def _people(config: Config, file: str, text: str) -> None:
    rows = []
    for row, section in _rows(file, text, "person", config.person, None):
        rows.append(row)
        _blamed(file, section, list(row)[:1], lambda: World(people=rows).people, row)


def _person(config: Config, file: str, text: str) -> None:
    if config.as_ is not None:
        _blamed(file, text, ["as"], lambda: World(people=config.person).people[config.as_ or ""])


def _faults(config: Config, file: str, text: str) -> None:
    if not config.fault:
        return
    from mockidp.control.shapes import AddFault  # lazy: most files have none

    world = World(people=config.person)
    for row, section in _rows(file, text, "fault", config.fault, AddFault):
        _blamed(file, section, ["name"], lambda: world.faults.add(**row))  # noqa: B023
        if "provider" in row:
            _blamed(file, section, ["provider"], lambda: card(row["provider"]))  # noqa: B023
            wire, step = world.wire(row["provider"]), row.get("step", "")
            _blamed(file, section, ["step" if step else "name"], lambda: check_fault(wire, row["name"], step))  # noqa: B023
        if "person" in row:
            _blamed(file, section, ["person"], lambda: world.people[row["person"]])  # noqa: B023


def _rows(
    file: str,
    text: str,
    name: str,
    tables: list[dict[str, Any]],
    kind: type[Any] | None,
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each table of an array, its types checked, with the file's text blanked out but for that table."""
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines) if line.lstrip().startswith("[")]
    starts = [at for at in heads if "".join(lines[at].split()).startswith(f"[[{name}]]")]
    for number, table in enumerate(tables):
        section, start = text, 0
        if number < len(starts):
            start = starts[number]
            end = next((at for at in heads if at > start and not lines[at].strip().startswith(f"[{name}.")), len(lines))
            section = "\n" * (start + 1) + "\n".join(lines[start + 1 : end])
        if kind is not None:
            for key in (one.name for one in msgspec.structs.fields(kind) if one.required):
                if key not in table:
                    raise ContractError(f"a [[{name}]] needs {key!r}", file=file, line=start + 1, key=name)
            check_types(file, section, table, kind)
        yield table, section


def _blamed(
    file: str, text: str, path: list[str], act: Callable[[], object], row: dict[str, Any] | None = None
) -> None:
    """Give a usage error the line of the key that it is about: the row's key it quotes, else the path's."""
    try:
        act()
    except UsageError as error:
        quoted = [key for key in row or {} if f'"{key}"' in str(error) or f"$.{key}`" in str(error)]
        path = quoted[:1] or path
        key = ".".join(filter(None, path))
        raise ContractError(str(error), file=file, line=find_line(text, path), key=key) from None


__all__ = ["NAME", "Config", "check_settings", "find", "read", "register", "simulator"]
