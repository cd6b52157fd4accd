"""`mockidp login`: a whole login over real HTTP with no browser and no client library.

It walks the contract's own exchanges in path form, at a simulator of its own or at one that runs (`--url`), reads the
identity by the contract's map, and tells the story of the login.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mockidp.cli_options import PROVIDER, Setup, emit, json_option, next_step, shared

if TYPE_CHECKING:
    from mockidp.check.walk import Walk
    from mockidp.cli_transport import PathForm
    from mockidp.world import World

Login = dict[str, Any]
REFUSED = 1


@click.command("login", short_help="Log somebody in with no browser, and show how it went.")
@click.argument("provider", metavar="ID", type=PROVIDER)
@click.option("--scope", multiple=True, help="Ask for this scope instead of the usual ones. May be repeated.")
@click.option(
    "--redirect-uri",
    default="http://127.0.0.1:8000/callback",
    show_default=True,
    help="Where the app wants the browser back; nothing needs to listen there.",
)
@click.option("--url", help="Log in at this running simulator instead of a private one.", metavar="URL")
@click.option(
    "--control-token",
    envvar="MOCKIDP_CONTROL_TOKEN",
    metavar="TOKEN",
    help="The token that the server at --url asks for.  [env: MOCKIDP_CONTROL_TOKEN]",
)
@shared("as", "date", "strict", "world", "config", "set")
@json_option
def login_command(
    provider: str,
    scope: tuple[str, ...],
    redirect_uri: str,
    url: str | None,
    control_token: str | None,
    setup: Setup,
    as_json: bool,
) -> None:
    """Log somebody in at provider ID and print the identity that it proves.

    JSON: an object with provider, person, outcome (logged_in, denied or refused), identity (uid, email,
    email_verified, username, name, first_name, last_name, picture; null when refused), error (null, or step, name and
    message) and journal (the requests, each with step, method, url, status, exchange, refused, remarks).
    """
    world = setup.world()
    person, world.person = world.person or "alice", None  # the walk fills in the page, as a browser would
    with _simulator(world, url, setup.world_name, control_token or "") as send:
        before = {login["id"] for login in _logins(send, provider)}
        result = _walk(_walker(world, provider, person, send, redirect_uri, list(scope) or None))
        login = _newest([login for login in _logins(send, provider) if login["id"] not in before], person)
    result["person"], result["journal"] = login.get("person") or person, login.get("entries", [])
    if result["error"] and login.get("outcome") == "denied":  # in whatever words the provider says it
        result["outcome"] = "denied"
    if as_json:
        emit(result)
    else:
        who = world.people[person]
        _print(result, f"{person}: {who.note}" if who.denies or who.deleted else "")
    sys.exit(REFUSED if result["error"] else 0)


@contextmanager
def _simulator(world: World, url: str | None, name: str, token: str = "") -> Iterator[PathForm]:
    """A way to the simulator: the running one at `url`, or a private one for as long as it is needed."""
    from mockidp.cli_transport import PathForm

    if url is not None:
        with PathForm(url if name == "default" else f"{url.rstrip('/')}/~{name}", token) as send:
            yield send
        return
    from mockidp.mounts.server import Server
    from mockidp.simulator import Simulator

    with Server(Simulator(world), port=0) as server, PathForm(server.url) as send:
        yield send


def _walker(
    world: World, provider: str, person: str, send: PathForm, redirect_uri: str, scope: list[str] | None
) -> Walk:
    from mockidp.check.walk import walk_class

    wire = world.wire(provider)
    kind = walk_class(provider, wire.family)
    return kind(wire, world.apps.ready(provider), send, person, redirect_uri=redirect_uri, scope=scope)


def _walk(walk: Walk) -> dict[str, Any]:
    """Run it: the identity, or the step at which it ended and why."""
    from mockidp.check.walk import WalkError

    out: dict[str, Any] = {
        "provider": walk.wire.id,
        "person": walk.person,
        "outcome": "logged_in",
        "identity": None,
        "error": None,
    }
    try:
        out["identity"] = walk.run()
    except WalkError as error:
        out["outcome"] = "refused"
        out["error"] = {"step": error.step, "name": error.error or None, "message": str(error)}
    return out


def _logins(send: PathForm, provider: str) -> list[Login]:
    """The logins at a provider that the simulator remembers, newest first."""
    import msgspec

    from mockidp.cli_transport import UnreachableError

    answer = send.get(f"/_mockidp/logins.json?provider={provider}")
    try:
        if answer.status == 200:
            return msgspec.json.decode(answer.body, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        pass
    if answer.status == 401:
        raise UnreachableError(f"{send.base} asks for its control token; `mockidp serve` printed it: --control-token")
    raise UnreachableError(f"no mockidp answers at {send.base}: GET /_mockidp/logins.json gives {answer.status}")


def _newest(logins: list[Login], person: str) -> Login:
    """The login that was just made: others may be under way at a running simulator."""
    return next((login for login in logins if login["person"] == person), logins[0] if logins else {})


def _print(result: dict[str, Any], note: str) -> None:
    error, identity = result["error"], result["identity"]
    if error is None:
        click.secho(f"{result['person']} is logged in at {result['provider']}", fg="green", bold=True)
        for name, value in identity.items():
            shown = {True: "yes", False: "no", None: "-"}.get(value, value) if not isinstance(value, str) else value
            click.echo(f"  {name:<15} {shown}")
    else:
        title = f"{result['person']} is not logged in at {result['provider']}: {result['outcome']}"
        click.secho(title, fg="red", bold=True)
        click.echo("\n".join(f"  {line}" for line in (error["message"], note) if line))
    click.secho("\nthe requests", bold=True)
    for entry in result["journal"]:
        for line in _lines(entry):
            click.echo(f"  {line}")
    next_step(
        "Another person: `mockidp people`. In a browser: `mockidp serve`."
        if error is None
        else f"What {result['provider']} wants: `mockidp show {result['provider']}`."
    )


def _lines(entry: dict[str, Any]) -> Iterator[str]:
    yield f"{entry['status']}  {entry['step'] or 'no step':<13} {entry['method']} {entry['url']}"
    refused = entry["refused"]
    if refused:
        yield f"     refused, {refused['name']}: {refused['why']}"
        if refused["expected"] is not None or refused["got"] is not None:
            yield f"     expected {refused['expected']!r}, got {refused['got']!r}"
    for remark in entry["remarks"]:
        yield f"     remark: {remark}"


__all__ = ["login_command"]
