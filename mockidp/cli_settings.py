"""`mockidp settings`: what to paste into an application's settings, for the libraries that most of them use."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from mockidp.cli_options import PROVIDER, Setup, emit, json_option, shared, table


class LibraryName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """A client library, by any of its names."""

    name = "library"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from mockidp.client_settings import library_of  # lazy: reads the templates

        return library_of(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mockidp.client_settings import libraries  # lazy: reads the templates

        found = libraries().items()
        return [CompletionItem(name, help=row["title"]) for name, row in found if name.startswith(incomplete)]


@click.command("settings", short_help="Print ready settings for a client library.")
@click.argument("library", required=False, type=LibraryName())
@click.argument("providers", metavar="[ID]...", nargs=-1, type=PROVIDER)
@click.option(
    "--urls",
    "written",
    type=click.Choice(["real", "path"]),
    default="real",
    show_default=True,
    help="Providers' URLs as they are, for `mockidp run` and a proxy, or in path form, for `mockidp serve` alone.",
)
@click.option("--url", help="The simulator that path form is for.  [default: the port of mockidp.toml at this machine]")
@shared("world", "date", "config", "set")
@json_option
def settings_command(
    library: str | None, providers: tuple[str, ...], written: str, url: str | None, setup: Setup, as_json: bool
) -> None:
    """Print what to paste into an application's settings, for one provider or several.

    \b
    mockidp settings                                   the libraries that are known
    mockidp settings django-allauth github google      a part of settings.py
    mockidp settings authlib google --urls path        for `mockidp serve`, with no proxy

    JSON: an object with library, providers, urls and text; without a library an array of objects with library, title,
    aliases and families.
    """
    from mockidp import client_settings  # lazy: --help does not need it
    from mockidp.errors import UsageError

    if library is None:
        _list(as_json)
        return
    if not providers:
        raise UsageError(f"which provider? Such as `mockidp settings {library} github`; `mockidp list` names them all")
    world = setup.world()
    base = (url or f"http://127.0.0.1:{setup.config.server.port}").rstrip("/")
    if setup.world_name != "default":
        base = f"{base}/~{setup.world_name}"
    form: client_settings.Form = "path" if written == "path" else "real"
    text = client_settings.settings(library, providers, world, base=base, urls=form)
    if as_json:
        emit({"library": library, "providers": list(providers), "urls": written, "text": text})
        return
    click.echo(text, nl=False)
    how = (
        f"`mockidp serve` answers at {base}" if written == "path" else "`mockidp run -- COMMAND` answers at these URLs"
    )
    click.secho(f"{how}. The callback may be anywhere on this machine.", dim=True, err=True)


def _list(as_json: bool) -> None:
    from mockidp.client_settings import libraries

    if as_json:
        names = ("title", "families")
        rows = [
            {"library": name, **{key: row[key] for key in names}, "aliases": row.get("aliases", [])}
            for name, row in libraries().items()
        ]
        emit(rows)
        return
    table(
        ("LIBRARY", "ALSO", "WHAT"), [(n, ", ".join(r.get("aliases", [])), r["title"]) for n, r in libraries().items()]
    )
    click.secho("\n`mockidp settings LIBRARY ID` prints them for a provider.", dim=True)
