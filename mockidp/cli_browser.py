"""`mockidp browser [URL]`: the browser that is installed, with a profile that is thrown away, at the real host names.

How it trusts: `--ignore-certificate-errors-spki-list` names the key of this server's certificates, and holds for this
one process and only with a profile of its own, so that nothing is left behind and no other browser trusts anything. A
certificate database would be the other way; on Linux Chromium has one a user, not one a profile, and elsewhere it asks
the system. The price is a bar that says so, which is no lie. The proxy is an option of the process too, and loopback
goes round it, as Chromium does by itself.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from mockidp.cli_options import DEFAULT, Setup, emit, json_option, shared
from mockidp.errors import UsageError

if TYPE_CHECKING:
    from mockidp.authority import Authority
    from mockidp.world import World

NAMES = (
    *("google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "brave-browser"),
)
PLACES = {  # where they are where they are not on PATH
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
    ),
}
QUIET = (  # what a fresh profile would ask its person or its maker, beside `environ.AWAY`
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-search-engine-choice-screen",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=OptimizationHints,NetworkTimeServiceQuerying",
)
PATIENCE = 5.0  # seconds for a server to show its certificate, and for a browser to close


@click.command(
    "browser",
    short_help="Open a browser that finds the providers at their real hosts.",
    options_metavar="[OPTIONS]",
)
@click.argument("url", required=False)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- BROWSER-OPTION]")
@click.option(
    "--server", metavar="URL", help="A running server.  [default: a new one, for as long as the browser is open]"
)
@click.option("--browser", "program", metavar="NAME", help="Chrome, Chromium or Edge, by name or path.")
@shared("as", "apps", "date", "strict", "world", "config", "set")
@json_option
def browser_command(
    url: str | None, options: tuple[str, ...], server: str | None, program: str | None, setup: Setup, as_json: bool
) -> int:
    """Open the installed Chrome, Chromium or Edge so that it finds the providers at their real host names.

    \b
    mockidp browser http://localhost:8000         your application
    mockidp browser --as alice                    every login is alice's, and shows no page
    mockidp browser --server http://127.0.0.1:8400 http://localhost:8000

    It has a profile of its own, which is thrown away when it is closed, a simulator as its proxy, and trusts that one
    only. Other hosts are refused, loopback is reached as always. `--world` names a world of the running server, or of
    the new one. What comes after `--` is given to the browser.
    JSON: one line with browser, url, server, pin and profile.
    """
    found = find(program)
    if url is not None and url.startswith("-"):  # it came after `--`
        options, url = (url, *options), None
    with at_server(server, setup) as (base, pin), proxy_of(base, server, setup) as via, throw_away_profile() as profile:
        url = url or home_of(base, server, setup)

        def started() -> None:
            if as_json:  # stdout is one document and nothing else
                emit({"browser": found, "url": url, "server": base, "pin": pin, "profile": str(profile)}, compact=True)
            else:
                click.echo(f"{Path(found).name} opens {url} and finds the providers at {base}", err=True)
                click.echo("Its profile is thrown away when you close it; Ctrl-C closes it.", err=True)
            sys.stdout.flush()

        until_closed(
            [found, *flags(via, pin, profile), *options, url], started, subprocess.DEVNULL if as_json else None
        )
    return 0


def find(program: str | None = None) -> str:
    """Where the browser is. UsageError, with what to do, where there is none."""
    if program is not None:
        found = shutil.which(program)
        if found is None:
            raise UsageError(f"no browser {program!r} can be found; give its path, or leave --browser out")
        return found
    places = [os.path.expandvars(place) for place in PLACES.get(sys.platform, ())]
    for name in (*NAMES, *places):
        if (found := shutil.which(name)) is not None:
            return found
    raise UsageError(
        "no Chrome, Chromium or Edge is installed where one is looked for; name it with --browser PATH. "
        "Other browsers: docs/browsers.md"
    )


def flags(server: str, pin: str, profile: Path) -> list[str]:
    """The options with which a Chromium of any make has a simulator as its proxy and trusts its key, and no other."""
    from mockidp.environ import switches  # lazy: --help needs none of them

    return [f"--user-data-dir={profile}", f"--proxy-server={urlsplit(server).netloc}", *switches(pin), *QUIET]


@contextmanager
def at_server(url: str | None, setup: Setup) -> Iterator[tuple[str, str]]:
    """The URL and the pin of a server: of that one, or of a new one for as long as it is needed."""
    from mockidp.cli_ca import authority_of  # lazy: --help needs none of these
    from mockidp.config import simulator
    from mockidp.environ import base_url
    from mockidp.mounts.server import Server

    if url is not None:
        base = base_url(url)
        yield base, pin_of(base, authority_of(setup.config.world()))
        return

    logging.basicConfig(format="mockidp: %(message)s", level=logging.ERROR)  # a browser asks for much by itself
    world: World = setup.world()
    host, authority = setup.config.server.host, authority_of(world)
    with Server(
        simulator(world, host), host, 0, authority=lambda: authority, pass_through=setup.config.server.pass_through
    ) as server:
        yield server.url, server.pin


@contextmanager
def proxy_of(base: str, server: str | None, setup: Setup) -> Iterator[str]:
    """What the browser is told to use as its proxy: the server, or a door to one of its worlds."""
    if server is None or setup.world_name == DEFAULT:
        yield base
        return
    from mockidp.cli_transport import answers  # lazy: most browsers are in the default world
    from mockidp.mounts.door import Door

    if not answers(base, setup.world_name):
        raise UsageError(f"there is no world {setup.world_name!r} at {base}; the control interface makes one")
    with Door(base, setup.world_name) as door:
        yield door.url


def home_of(base: str, server: str | None, setup: Setup) -> str:
    """The simulator's own page, of the world that is looked at."""
    return f"{base}/" if server is None or setup.world_name == DEFAULT else f"{base}/~{setup.world_name}/"


def pin_of(url: str, ours: Authority) -> str:
    """What the certificates of a running server are known by, once they are seen to be of this installation.

    UnreachableError when nothing answers there, UsageError when what does is of another authority.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import load_der_x509_certificate

    from mockidp.authority import pin
    from mockidp.cli_transport import UnreachableError

    parts = urlsplit(url)
    trust = ssl.create_default_context(cadata=ours.pem.decode())
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 80), timeout=PATIENCE) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            data = secure.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        raise UsageError(
            f"the server at {url} shows no certificate of this installation's authority ({error.reason}); "
            "start it with the mockidp that runs this command, or leave --server out"
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise UnreachableError(f"nothing answers at {url} ({why}); `mockidp serve` starts a server") from None
    key = load_der_x509_certificate(data or b"").public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return pin(key)


@contextmanager
def throw_away_profile() -> Iterator[Path]:
    """A folder of nobody else's; a browser that is still closing may write to it, so what resists stays behind."""
    with tempfile.TemporaryDirectory(prefix="mockidp-browser-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def until_closed(command: Sequence[str], started: Callable[[], None], stdout: int | None = None) -> None:
    """Run the browser until its person closes it, or Ctrl-C or SIGTERM does. UsageError when it could not start."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        started()
        _, said = process.communicate()
    except KeyboardInterrupt:
        _close(process)
        return
    finally:
        signal.signal(signal.SIGTERM, before)
    if process.returncode > 0:
        raise UsageError(f"{Path(command[0]).name} ended with {process.returncode}: {_last_line(said)}")


def _close(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _last_line(text: str) -> str:
    """The last thing that a program said, and for the best-known trouble what to do."""
    if "--no-sandbox" in text:
        return "it does not run as root; as another user, or in a container: `mockidp browser URL -- --no-sandbox`"
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it did not say why")
