"""`mockidp list`, `show`, `people` and `apps`: what there is. The JSON shapes are those of `cli_facts`."""

from __future__ import annotations

from typing import Any

import click

from mockidp.cli_options import PROVIDER, Setup, emit, json_option, next_step, shared, table


@click.command("list", short_help="List every provider and its evidence.")
@shared("date", "config", "set")
@json_option
def list_command(setup: Setup, as_json: bool) -> None:
    """List every provider and on what evidence it stands.

    JSON: an array of objects with id, name, family, status, hosts, evidence (a count for each kind, and the oldest
    date) and settings (names).
    """
    from mockidp.cli_facts import summary
    from mockidp.contract.files import index

    world = setup.world()
    rows = [summary(world, provider) for provider in index()]
    if as_json:
        emit(rows)
        return
    table(
        ("ID", "NAME", "FAMILY", "STATUS", "EVIDENCE", "SETTINGS"),
        [
            (
                *(row[name] for name in ("id", "name", "family", "status")),
                _counts(row["evidence"]),
                ", ".join(world.wire(row["id"]).spec.settings),
            )
            for row in rows
        ],
    )
    next_step(f"{len(rows)} providers. `mockidp show ID` tells all of one, `mockidp login ID` logs in at it.")


def _counts(evidence: dict[str, Any]) -> str:
    kinds = [f"{count} {kind}" for kind, count in evidence.items() if kind != "oldest"]
    return ", ".join([*kinds, *([f"oldest {evidence['oldest']}"] if "oldest" in evidence else [])])


@click.command("show")
@click.argument("provider", metavar="ID", type=PROVIDER)
@shared("date", "config", "set")
@json_option
def show_command(provider: str, setup: Setup, as_json: bool) -> None:
    """Show all that is known of one provider.

    JSON: the object of `list`, and defaults (of the settings that the simulator has), client_settings, auth, pkce,
    scopes, lifetimes, credentials, steps, errors, waived, identity, sources and history.
    """
    from mockidp.cli_facts import full

    facts = full(setup.world(), provider)
    if as_json:
        emit(facts)
    else:
        _show(facts)
        next_step(f"`mockidp login {provider} --as alice` logs in at it, `mockidp apps {provider}` has credentials.")


def _show(facts: dict[str, Any]) -> None:
    status = facts["status"] + (f" since {facts['retired']}: {facts['reason']}" if facts["retired"] else "")
    click.secho(f"{facts['name']} ({facts['id']})", bold=True)
    scopes = facts["scopes"]
    rows = [
        ("family", facts["family"]),
        ("status", status),
        ("evidence", _counts(facts["evidence"])),
        ("hosts", ", ".join(facts["hosts"])),
        ("client auth", facts["auth"]),
        ("PKCE", " ".join([facts["pkce"]["rule"], *facts["pkce"]["methods"]])),
        ("scopes", f"{' '.join(scopes['default']) or 'none'} (asked with {scopes['delimiter']!r} between)"),
        ("lifetimes", ", ".join(f"{name} {_seconds(value)}" for name, value in facts["lifetimes"].items())),
        ("credentials", ", ".join(facts["credentials"])),
        ("history", ", ".join(facts["history"]) or "none known"),
    ]
    for name, value in rows:
        click.echo(f"  {name:<12} {value}")
    _section(
        "settings",
        [
            (name, f"{row['value']}{'  ' + row['about'] if row['about'] else ''}")
            for name, row in facts["defaults"].items()
        ],
    )
    _section("settings of the client", list(facts["client_settings"].items()))
    _section("steps", [(_label(row), f"{row['method']} {' | '.join(row['urls'])}") for row in facts["steps"]])
    _section("errors", [(row["name"], _error(row)) for row in facts["errors"]])
    _section("waived", list(facts["waived"].items()))
    _section("identity", [(name, f"{where['from']} {where['at']}") for name, where in facts["identity"].items()])
    _section("sources", [(row["name"], _source(row)) for row in facts["sources"]])


def _label(row: dict[str, Any]) -> str:
    return f"{row['step']}.{row['name']}" if row["name"] else str(row["step"])


def _error(row: dict[str, Any]) -> str:
    means = f", means {row['means']}" if row["means"] else ""
    return f"{row['status'] or 'redirect'} at {', '.join(row['steps']) or 'any step'}{means}"


def _source(row: dict[str, Any]) -> str:
    note = f" ({row['note']})" if row["note"] else ""
    return f"{row['kind']}, {row['date']}: {row['source']}{note}"


def _seconds(value: int) -> str:
    return f"{value} s" if value else "without end"


def _section(title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    click.secho(f"\n{title}", bold=True)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name:<{width}}  {value}")


@click.command("people", short_help="List who can log in, or search them.")
@click.argument("text", default="")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most that many.")
@shared("config")
@json_option
def people_command(text: str, limit: int, setup: Setup, as_json: bool) -> None:
    """List who can log in, or those in whom TEXT occurs. There are also person-1 to person-1000000.

    JSON: an array of objects with every field of a person.
    """
    from mockidp.cli_facts import person

    found = setup.world().people.search(text, limit)
    if as_json:
        emit([person(who) for who in found])
        return
    table(
        ("ID", "NAME", "E-MAIL", "WHY"),
        [(who.id, who.name, _address(who.email, who.email_verified), who.note) for who in found],
    )
    next_step(
        "`mockidp login github --as alice` logs one of them in; so does any e-mail address."
        if found
        else "Nobody. person-17 and any e-mail address can log in too; [[person]] in mockidp.toml adds others."
    )


def _address(email: str | None, verified: bool) -> str:
    return "none" if email is None else email if verified else f"{email} (not verified)"


@click.command("apps", short_help="List the clients known at one provider, and their credentials.")
@click.argument("provider", metavar="ID", type=PROVIDER)
@shared("apps", "config", "set")
@json_option
def apps_command(provider: str, setup: Setup, as_json: bool) -> None:
    """List the clients that are known at a provider, and their credentials.

    JSON: an array of objects with client_id, client_secret, redirect_uris, name, loopback (any redirect URI on this
    machine) and what else this provider calls a credential.
    """
    from mockidp.cli_facts import credentials

    apps = setup.world().apps
    rows = [credentials(app, apps.ready(provider)) for app in apps.of(provider)]
    if as_json:
        emit(rows)
        return
    for row in rows:
        uris = [*row.pop("redirect_uris"), *(["any on loopback"] if row.pop("loopback") else [])]
        click.secho(row.pop("name") or row["client_id"], bold=True)
        for name, value in {**row, "redirect_uris": ", ".join(uris) or "none"}.items():
            head, *rest = str(value).rstrip().splitlines() or [""]
            click.echo(f"  {name:<16} {head}")
            for line in rest:
                click.echo(f"  {'':<16} {line}")
    next_step(
        "[[app]] in mockidp.toml registers others; `mockidp serve --apps learn` takes any at first sight."
        if rows
        else "None: [[app]] in mockidp.toml registers one."
    )
