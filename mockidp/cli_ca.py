"""`mockidp ca`: the authority of this installation, and the stores of this machine that shall trust it.

A store is a row: what people call it, and the commands that add and remove a certificate. Nothing is run before it was
printed and agreed to. Which stores trust the authority is kept beside it, so that `uninstall` and
`rotate` find them again, and so that an authority that is trusted is not replaced behind anybody's back.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mockidp.cli_options import Setup, emit, json_option, next_step, shared
from mockidp.errors import MockidpError, UsageError

if TYPE_CHECKING:
    from mockidp.authority import Authority
    from mockidp.world import World

ROOT = Path("/")
Command = list[str]


class StoreError(MockidpError):
    """A store could not be changed."""

    code = "store"


@dataclass(frozen=True)
class Certificate:
    """What a store is given: the file, and the names by which it is found again."""

    path: Path
    name: str
    sha1: str

    @classmethod
    def of(cls, authority: Authority, path: Path) -> Certificate:
        from cryptography.hazmat.primitives import hashes  # lazy: the command line starts without it
        from cryptography.x509.oid import NameOID

        name = authority.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        fingerprint = authority.certificate.fingerprint(hashes.SHA1())  # what macOS and Windows call it by
        return cls(path, str(name), fingerprint.hex().upper())


@dataclass(frozen=True)
class Store:
    """A list of trusted authorities; `id` is how it is kept on file, `root` whether it takes an administrator."""

    id: str
    label: str
    add: Callable[[Certificate], list[Command]]
    remove: Callable[[Certificate], list[Command]]
    root: bool = False


# The system's list on Linux: who has it, where a certificate is put, and what takes it in.
ANCHORS = (
    ("Debian, Ubuntu, Alpine", "usr/local/share/ca-certificates", ["update-ca-certificates"]),
    ("Fedora, Red Hat", "etc/pki/ca-trust/source/anchors", ["update-ca-trust", "extract"]),
    ("openSUSE", "etc/pki/trust/anchors", ["update-ca-certificates"]),
    ("Arch", "etc/ca-certificates/trust-source/anchors", ["update-ca-trust", "extract"]),
)
# Where browsers keep lists of their own, below the home folder. All are in the format of NSS.
DATABASES = (
    ("Chrome and Chromium", ".pki/nssdb"),
    ("Chromium (snap)", "snap/chromium/current/.pki/nssdb"),
    ("Firefox", ".mozilla/firefox/*"),
    ("Firefox", ".config/mozilla/firefox/*"),
    ("Firefox (snap)", "snap/firefox/common/.mozilla/firefox/*"),
    ("Firefox (flatpak)", ".var/app/org.mozilla.firefox/.mozilla/firefox/*"),
    ("Firefox", "Library/Application Support/Firefox/Profiles/*"),
)
PACKAGE = "libnss3-tools (Debian, Ubuntu), nss-tools (Fedora) or nss (Arch, Homebrew)"


def stores() -> list[Store]:
    """Every store that is here and can be changed."""
    if sys.platform == "win32":
        return [WINDOWS]
    system = [MACOS] if sys.platform == "darwin" else list(_anchors())
    return system + ([_nss(label, path) for label, path in databases()] if shutil.which("certutil") else [])


def _anchors() -> Iterator[Store]:
    for label, folder, take_in in ANCHORS:
        if (ROOT / folder).is_dir() and shutil.which(take_in[0]):
            yield _anchor(label, ROOT / folder, take_in)
            return


def _anchor(label: str, folder: Path, take_in: Command) -> Store:
    there = str(folder / "mockidp.crt")
    return Store(
        f"system {folder}",
        f"the system's list ({label})",
        lambda ours: [["cp", str(ours.path), there], take_in],
        lambda ours: [["rm", "-f", there], take_in],
        root=True,
    )


def databases() -> list[tuple[str, Path]]:
    """The browsers' own lists that are here, each with whose it is."""
    home = Path.home()
    found = [(label, path) for label, where in DATABASES for path in sorted(home.glob(where))]
    return [(label, path) for label, path in found if (path / "cert9.db").is_file()]


def _nss(label: str, path: Path) -> Store:
    there = ["-d", f"sql:{path}"]
    return Store(
        f"nss {path}",
        f"{label} ({path})",
        lambda ours: [["certutil", "-A", *there, "-t", "C,,", "-n", ours.name, "-i", str(ours.path)]],
        lambda ours: [["certutil", "-D", *there, "-n", ours.name]],
    )


def _keychain() -> str:
    return str(Path.home() / "Library/Keychains/login.keychain-db")


MACOS = Store(
    "macos login",
    "your login keychain",
    lambda ours: [["security", "add-trusted-cert", "-r", "trustRoot", "-p", "ssl", "-k", _keychain(), str(ours.path)]],
    lambda ours: [["security", "delete-certificate", "-Z", ours.sha1, "-t", _keychain()]],
)
WINDOWS = Store(
    "windows user",
    "your list of trusted root authorities",
    lambda ours: [["certutil", "-user", "-addstore", "Root", str(ours.path)]],
    lambda ours: [["certutil", "-user", "-delstore", "Root", ours.sha1]],
)


def store(kept: str) -> Store:
    """A store by its id on file. UsageError for one that this machine cannot have."""
    kind, _, where = kept.partition(" ")
    if kind == "nss":
        return _nss("a browser's list", Path(where))
    anchor = next((row for row in ANCHORS if kept == f"system {ROOT / row[1]}"), None)
    if anchor is not None:
        return _anchor(anchor[0], ROOT / anchor[1], anchor[2])
    fixed = {one.id: one for one in (MACOS, WINDOWS)}
    if kept not in fixed:
        raise UsageError(f"{kept!r} is no store that can be changed; remove its line from the file `trusted`")
    return fixed[kept]


# what is done


def steps(commands: Iterable[Command], root: bool) -> list[Command]:
    """The commands as they will be run: by an administrator where that is needed."""
    sudo = ["sudo"] if root and os.name == "posix" and os.geteuid() != 0 else []
    return [[*sudo, *command] for command in commands]


def perform(commands: Iterable[Command]) -> None:
    """Run commands until one fails. StoreError says which, and what it said."""
    for command in commands:
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            )
        except OSError as error:
            raise StoreError(f"`{shlex.join(command)}` cannot be run: {error.strerror}") from error
        if done.returncode != 0:
            said = " ".join(done.stdout.split())[-300:]
            raise StoreError(f"`{shlex.join(command)}` failed with exit code {done.returncode}: {said}")


def agreed(lines: Sequence[str], yes: bool) -> None:
    """Say what will be done, and go on only with a yes."""
    for line in lines:
        click.echo(line, err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


def plan(rows: Iterable[tuple[Store, list[Command]]]) -> list[str]:
    out = []
    for where, commands in rows:
        out.append(f"  {where.label}")
        out += [f"    {shlex.join(command)}" for command in steps(commands, where.root)]
    return out


@contextmanager
def each(rows: Iterable[tuple[Store, list[Command]]], done: list[str]) -> Iterator[None]:
    """Change store after store; those that were changed are in `done`, also when a later one fails."""
    failed = None
    for where, commands in rows:
        try:
            perform(steps(commands, where.root))
        except StoreError as error:
            failed = failed or error
        else:
            done.append(where.id)
    yield
    if failed is not None:
        raise failed


def authority_of(world: World) -> Authority:
    """The authority for all hosts of a world; says which hosts it is not good for."""
    from mockidp import authority  # lazy: cryptography

    found = authority.ensure(world.hosts())
    if missing := authority.uncovered(found, world.hosts()):
        text = f"no certificates for {', '.join(missing)}, which the authority is older than; `mockidp ca rotate`"
        click.secho(f"mockidp: warning: {text}", fg="yellow", err=True)
    return found


# the commands


@click.group(
    "ca",
    short_help="The certificate authority: where it is, who trusts it.",
    subcommand_metavar="COMMAND",
)
def ca_command() -> None:
    """The certificate authority that signs for the providers' hosts, made on first use and kept on this machine.

    It is good for the hosts of the contracts and of your settings, and for nothing else. `mockidp run` and `env` tell
    programs to trust it; `install` tells this machine's browsers. Each command speaks --json.
    """


def _ours(setup: Setup) -> tuple[Authority, Path]:
    """The authority and its folder; made if there is none."""
    from mockidp import authority  # lazy: cryptography

    return authority.ensure(setup.config.world().hosts()), authority.folder()


@ca_command.command("path")
@shared("config", "set")
@json_option
def ca_path(setup: Setup, as_json: bool) -> None:
    """Print where the authority's certificate is. JSON: path."""
    from mockidp.authority import CERTIFICATE

    _, where = _ours(setup)
    path = where / CERTIFICATE
    emit({"path": str(path)}) if as_json else click.echo(path)


@ca_command.command("show")
@shared("config", "set")
@json_option
def ca_show(setup: Setup, as_json: bool) -> None:
    """Print what the authority is good for, and who trusts it.

    JSON: path, name, sha256, until, domains (each with all below it), uncovered (hosts that it is not good for),
    trusted (stores).
    """
    from mockidp import authority  # lazy: cryptography

    ours, where = _ours(setup)
    facts = {
        "path": str(where / authority.CERTIFICATE),
        "name": Certificate.of(ours, where).name,
        "sha256": ours.fingerprint,
        "until": ours.ends.date().isoformat(),
        "domains": sorted(ours.domains),
        "uncovered": authority.uncovered(ours, setup.config.world().hosts()),
        "trusted": authority.trusted(where),
    }
    if as_json:
        emit(facts)
        return
    click.secho(str(facts["name"]), bold=True)
    for line in _described(ours, where):
        click.echo(f"  {line}")
    for kept in authority.trusted(where):
        click.echo(f"  trusted by {store(kept).label}")
    if facts["uncovered"]:
        click.echo(f"  not good for {', '.join(authority.uncovered(ours, setup.config.world().hosts()))}")
    next_step("`mockidp ca install` lets this machine's browsers trust it; `mockidp run` needs no such thing.")


def _described(ours: Authority, where: Path) -> list[str]:
    from mockidp.authority import CERTIFICATE

    return [
        f"SHA-256 {ours.fingerprint}",
        f"good until {ours.ends.date().isoformat()} for {len(ours.domains)} domains and for this machine, no others",
        str(where / CERTIFICATE),
    ]


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@ca_command.command("install")
@yes_option
@shared("config", "set")
@json_option
def ca_install(yes: bool, setup: Setup, as_json: bool) -> None:
    """Add the authority to what this machine's browsers and programs trust; says what it will do, and asks.

    JSON: changed and trusted (stores); it needs --yes.
    """
    from mockidp import authority  # lazy: cryptography

    ours, where = _ours(setup)
    certificate = Certificate.of(ours, where / authority.CERTIFICATE)
    here, before = stores(), authority.trusted(where)
    if not here:
        raise UsageError(f"no store was found that can be changed; import {certificate.path} into your browser by hand")
    rows = [(one, one.add(certificate)) for one in here if one.id not in before]
    done: list[str] = []
    if rows:
        _needs_yes(yes, as_json)
        lines = [f"{certificate.name} will be trusted by", *plan(rows), *_described(ours, where)]
        agreed([*lines, f"Whoever has {where / authority.KEY} can then pass for those hosts on this machine."], yes)
    with each(rows, done):
        authority.trust(where, [*before, *done])
    _told(done, authority.trusted(where), as_json, "trusted by", "every store here trusts it already")
    if not as_json and sys.platform != "win32" and not shutil.which("certutil"):
        next_step(f"Chrome and Firefox have lists of their own: with certutil, of {PACKAGE}, those are served too.")


@ca_command.command("uninstall")
@yes_option
@shared("config", "set")
@json_option
def ca_uninstall(yes: bool, setup: Setup, as_json: bool) -> None:
    """Take the authority out of every store that `install` put it into; says what it will do, and asks.

    JSON: changed and trusted (stores); it needs --yes.
    """
    from mockidp import authority  # lazy: cryptography

    where = authority.folder()
    ours = authority.stored(where)
    rows = _removals(ours, where)
    done: list[str] = []
    if rows:
        _needs_yes(yes, as_json)
        agreed(["The authority will no longer be trusted by", *plan(rows)], yes)
    with each(rows, done):
        left = [kept for kept in authority.trusted(where) if kept not in done]
        if rows:
            authority.trust(where, left)
    _told(done, left, as_json, "no longer trusted by", "no store trusts it")


def _removals(ours: Authority | None, where: Path) -> list[tuple[Store, list[Command]]]:
    from mockidp import authority

    if ours is None:
        return []
    certificate = Certificate.of(ours, where / authority.CERTIFICATE)
    return [(one, one.remove(certificate)) for one in map(store, authority.trusted(where))]


@ca_command.command("rotate")
@yes_option
@shared("config", "set")
@json_option
def ca_rotate(yes: bool, setup: Setup, as_json: bool) -> None:
    """Make a new authority for the hosts of today; where the old one was trusted the new one takes its place.

    JSON: path, sha256, changed and trusted (stores); it needs --yes where a store trusts the old one.
    """
    from mockidp import authority  # lazy: cryptography

    where = authority.folder()
    try:
        old = authority.stored(where)
    except authority.AuthorityError as error:  # it cannot be used, so nobody can be told by its name to forget it
        click.echo(f"mockidp: {error}", err=True)
        old = None
    rows = _removals(old, where)
    if rows:
        _needs_yes(yes, as_json)
        agreed(["A new authority will take the place of the old one in", *(f"  {one.label}" for one, _ in rows)], yes)
    removed: list[str] = []
    with each(rows, removed):
        authority.trust(where, [kept for kept in authority.trusted(where) if kept not in removed])
    ours = authority.replace(setup.config.world().hosts(), where)
    certificate = Certificate.of(ours, where / authority.CERTIFICATE)
    done: list[str] = []
    with each([(one, one.add(certificate)) for one, _ in rows], done):
        authority.trust(where, done)
    if as_json:
        emit({"path": str(certificate.path), "sha256": ours.fingerprint, "changed": done, "trusted": done})
        return
    click.secho(f"{certificate.name} is new", bold=True)
    for line in _described(ours, where):
        click.echo(f"  {line}")
    next_step("Start running servers anew, and `mockidp env` where you used it.")


def _needs_yes(yes: bool, as_json: bool) -> None:
    if as_json and not yes:
        raise UsageError("--json asks no questions; add --yes when you have seen what it will do")


def _told(changed: list[str], trusted: list[str], as_json: bool, words: str, nothing: str) -> None:
    if as_json:
        emit({"changed": changed, "trusted": trusted})
        return
    for kept in changed:
        click.echo(f"{words} {store(kept).label}")
    if not changed:
        click.echo(nothing)
