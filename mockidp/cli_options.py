"""Options that mean the same wherever they fit, and how results are printed."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.config import Config
    from mockidp.world import World

DEFAULT = "default"  # the world that a request is in which names none
F = TypeVar("F", bound=Callable[..., Any])


class ProviderId(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A provider's id; the nearest one is named when there is none."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from mockidp.contract.files import card  # lazy: reads the index

        return card(value).id

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mockidp.contract.files import index  # lazy: reads the index

        return [CompletionItem(item.id, help=item.name) for item in index().values() if item.id.startswith(incomplete)]


class PersonId(click.ParamType):  # type: ignore[type-arg]
    """A person's id; checked by the command, which knows the configuration's own people."""

    name = "person"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mockidp.config import Config  # lazy: reads the cast

        people = Config().world().people.named()
        return [CompletionItem(who.id, help=who.note) for who in people if who.id.startswith(incomplete)]


class Day(click.ParamType):  # type: ignore[type-arg]
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        try:
            return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write YYYY-MM-DD", param, ctx)


PROVIDER, PERSON, DAY = ProviderId(), PersonId(), Day()
OPTIONS: dict[str, Callable[[F], F]] = {
    "as": click.option("--as", "person", type=PERSON, help="Who logs in: alice, person-17, jo@example.com …"),
    "apps": click.option(
        "--apps",
        type=click.Choice(["ready", "learn", "registered"]),
        help="Which clients are known: ready-made ones and yours, any at first sight, or only yours.",
    ),
    "date": click.option("--date", type=DAY, help="Speak as the providers did on that day."),
    "strict": click.option("--strict", is_flag=True, help="Refuse also what is against best practice."),
    "world": click.option("--world", "world_name", default=DEFAULT, metavar="NAME", help="The world to use."),
    "urls": click.option(
        "--urls",
        type=click.Choice(["path", "real"]),
        help="How answers to path-form requests name "
        "the provider: in path form too, or really, for a client that puts the base in front itself.",
    ),
    "config": click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration to read instead of ./mockidp.toml.",
    ),
    "set": click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="ID.NAME=VALUE",
        help="A provider's setting, such as github.GITHUB_URL=https://git.example.com. May be repeated.",
    ),
}
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")

control_token_option = click.option(
    "--control-token",
    envvar="MOCKIDP_CONTROL_TOKEN",
    metavar="TOKEN",
    help="Ask for this token at /_mockidp, the control interface and the pages; by default one is made up where other "
    "machines can reach the server, and none is asked for elsewhere.  [env: MOCKIDP_CONTROL_TOKEN]",
)
control_host_option = click.option(
    "--control-host",
    multiple=True,
    envvar="MOCKIDP_CONTROL_HOST",
    metavar="NAME",
    help="Answer at this name too at /_mockidp, the control interface and the pages: a service's name in Compose, one "
    "in the hosts file. May be repeated; other names are refused.  [env: MOCKIDP_CONTROL_HOST]",
)
pass_through_option = click.option(
    "--pass-through",
    multiple=True,
    metavar="HOST",
    help="Let the proxy pass on to this host, or to all below `*.example.com`. May be repeated.",
)


@dataclass
class Setup:
    """What the shared options ask for, over the configuration file."""

    config_file: Path | None = None
    person: str | None = None
    apps: str | None = None
    date: datetime.date | None = None
    strict: bool = False
    urls: str | None = None
    world_name: str = DEFAULT
    settings: Sequence[str] = ()
    _config: Config | None = field(default=None, repr=False)

    @property
    def config(self) -> Config:
        """The configuration with the options laid over it. Raises ContractError or UsageError."""
        if self._config is None:
            from mockidp.config import find, read  # lazy: pulls in the simulator

            self._config = config = read(find(self.config_file))
            for provider, name, value in map(parse_setting, self.settings):
                self._set(config, provider, name, value)
            given = {"as_": self.person, "apps": self.apps, "date": self.date, "urls": self.urls}
            for name, choice in given.items():
                if choice is not None:
                    setattr(config, name, choice)
            config.strict = config.strict or self.strict
        return self._config

    def _set(self, config: Config, provider: str, name: str, value: str) -> None:
        from mockidp.config import check_settings

        check_settings(provider, {name: value})
        config.settings.setdefault(provider, {})[name] = value

    def world(self) -> World:
        """A new world as asked for; the person must be there."""
        world = self.config.world(self.world_name)
        if world.person is not None:
            world.person = world.people[world.person].id
        return world


def parse_setting(text: str) -> tuple[str, str, str]:
    """`github.GITHUB_URL=https://…` in its three parts."""
    left, equals, value = text.partition("=")
    provider, dot, name = left.partition(".")
    if not (equals and dot and provider and name):
        raise UsageError(f"--set wants ID.NAME=VALUE, such as github.GITHUB_URL=https://git.example.com, not {left!r}")
    return provider, name, value


def shared(*names: str) -> Callable[[F], F]:
    """Add shared options to a command; their values come as one `setup`."""

    def decorate(command: F) -> F:
        @wraps(command)
        def wrapped(**given: Any) -> Any:
            fields = {key: given.pop(key) for key in list(given) if key in Setup.__dataclass_fields__}
            return command(setup=Setup(**fields), **given)

        out: Any = wrapped
        for name in reversed(names):
            out = OPTIONS[name](out)
        return out  # type: ignore[no-any-return]

    return decorate


# printing


def emit(document: object, *, compact: bool = False, err: bool = False) -> None:
    """Print a JSON document; in ASCII where the output is not UTF-8."""
    stream = sys.stderr if err else sys.stdout
    plain = (getattr(stream, "encoding", "") or "").lower().replace("-", "") not in ("utf8", "")
    click.echo(json.dumps(document, ensure_ascii=plain, indent=None if compact else 2, default=str), err=err)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: a table on a terminal, aligned lines elsewhere."""
    lines = [list(heads), *(list(row) for row in rows)]
    if sys.stdout.isatty():
        _rich_table(heads, lines[1:])
        return
    widths = [max(len(row[at]) for row in lines) for at in range(len(heads))]
    for row in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich_table(heads: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console  # lazy: only a terminal needs it
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for number, head in enumerate(heads):
        made.add_column(head, no_wrap=number == 0, style="cyan" if number == 0 else None)
    for row in rows:
        made.add_row(*(escape(cell) for cell in row))
    Console().print(made)


def next_step(text: str) -> None:
    """Say what to do next, apart from the result."""
    click.secho(f"\n{text}", dim=True)
