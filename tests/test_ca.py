"""`mockidp ca`: it says what it will do and asks, changes the stores that are here, and finds them again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockidp import authority, cli_ca
from mockidp.cli import cli

CERTUTIL = shutil.which("certutil")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the tools that stand in are shell scripts")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it: root, home and PATH are folders of this test's."""
    for name in ("home", "bin", "root"):
        (tmp_path / name).mkdir()
    for tool in ("cp", "rm", "sh", "cat"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("MOCKIDP_HOME", str(tmp_path / "mockidp"))
    monkeypatch.setattr(cli_ca, "ROOT", tmp_path / "root")
    monkeypatch.setattr(cli_ca.os, "geteuid", lambda: 0)
    monkeypatch.setattr(cli_ca.sys, "platform", "linux")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tool(machine: Path, name: str, does: str = "") -> None:
    """Put a command on PATH that writes down how it was called, then does something."""
    script = machine / "bin" / name
    script.write_text(f'#!/bin/sh\necho "{name} $*" >> "{machine}/calls"\n{does}\n')
    script.chmod(0o755)


def calls(machine: Path) -> list[str]:
    path = machine / "calls"
    told = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return told


def debian(machine: Path) -> Path:
    """The system's list of Debian; where a certificate goes."""
    folder = machine / "root" / "usr/local/share/ca-certificates"
    folder.mkdir(parents=True)
    tool(machine, "update-ca-certificates")
    return folder / "mockidp.crt"


def database(machine: Path, where: str) -> Path:
    folder = machine / "home" / where
    folder.mkdir(parents=True)
    (folder / "cert9.db").touch()
    return folder


def ca(*words: str, said: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["ca", *words], input=said)
    assert result.exit_code == code, result.output
    return result


def told(*words: str, code: int = 0) -> dict[str, object]:
    answer: dict[str, object] = json.loads(ca(*words, "--json", code=code).stdout)
    return answer


def name_of(machine: Path) -> str:
    return str(told("show")["name"])


# path and show


def test_path_is_that_of_a_certificate_which_is_made_on_first_use(machine: Path) -> None:
    path = Path(ca("path").stdout.strip())
    assert path == machine / "mockidp" / "ca.pem"
    assert path.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    before = path.read_bytes()
    assert told("path") == {"path": str(path)}
    assert path.read_bytes() == before


def test_show_tells_what_it_is_good_for_and_who_trusts_it(machine: Path) -> None:
    debian(machine)
    ca("install", "--yes")
    facts = told("show")
    assert facts["trusted"] == [f"system {machine}/root/usr/local/share/ca-certificates"]
    assert "github.com" in facts["domains"]  # type: ignore[operator]
    assert facts["uncovered"] == []
    text = ca("show").stdout
    assert str(facts["sha256"]) in text
    assert "trusted by the system's list (Debian" in text


def test_hosts_of_self_hosted_services_are_covered_unless_a_store_trusts_an_older_one(machine: Path) -> None:
    (machine / "mockidp.toml").write_text('[settings.github]\nGITHUB_URL = "https://git.example.com"\n')
    assert "git.example.com" in told("show")["domains"]  # type: ignore[operator]
    debian(machine)
    ca("install", "--yes")
    more = ["--set", "keycloak.KEYCLOAK_URL=https://login.example.org"]
    assert told("show", *more)["uncovered"] == ["login.example.org"]
    assert "not good for login.example.org" in ca("show", *more).stdout
    ca("rotate", "--yes", *more)
    facts = told("show", *more)
    assert facts["uncovered"] == []
    assert facts["trusted"]


# install and uninstall


def test_install_says_what_it_will_do_and_does_nothing_without_a_yes(machine: Path) -> None:
    there = debian(machine)
    for answer in ("n\n", "\n", ""):
        result = ca("install", said=answer, code=130)
        assert f"    cp {machine}/mockidp/ca.pem {there}\n    update-ca-certificates\n" in result.stderr
        assert "will be trusted by\n  the system's list (Debian" in result.stderr
        assert "ca-key.pem can then pass for those hosts" in result.stderr
    assert calls(machine) == []
    assert not there.exists()
    assert authority.trusted() == []


def test_install_and_uninstall_at_the_systems_list(machine: Path) -> None:
    there = debian(machine)
    assert "trusted by the system's list (Debian" in ca("install", said="y\n").stdout
    assert there.read_bytes() == (machine / "mockidp" / "ca.pem").read_bytes()
    assert calls(machine) == ["update-ca-certificates "]
    assert "every store here trusts it already" in ca("install").stdout
    assert calls(machine) == []
    result = ca("uninstall", said="y\n")
    assert f"rm -f {there}" in result.stderr
    assert not there.exists()
    assert calls(machine) == ["update-ca-certificates "]
    assert authority.trusted() == []
    assert "no store trusts it" in ca("uninstall").stdout


@pytest.mark.parametrize(("label", "folder", "take_in"), cli_ca.ANCHORS, ids=[row[0] for row in cli_ca.ANCHORS])
def test_every_system_has_its_folder_and_its_command(
    machine: Path, label: str, folder: str, take_in: list[str]
) -> None:
    (machine / "root" / folder).mkdir(parents=True)
    tool(machine, take_in[0])
    assert label in ca("install", "--yes").stderr
    assert (machine / "root" / folder / "mockidp.crt").is_file()
    assert calls(machine) == [" ".join(take_in) if len(take_in) > 1 else f"{take_in[0]} "]
    ca("uninstall", "--yes")
    assert not (machine / "root" / folder / "mockidp.crt").exists()


def test_who_is_no_administrator_becomes_one_for_the_system_and_not_for_a_browser(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_ca.os, "geteuid", lambda: 1000)
    debian(machine)
    database(machine, ".pki/nssdb")
    tool(machine, "certutil")
    tool(machine, "sudo", 'exec "$@"')
    ca("install", "--yes")
    told = calls(machine)
    assert [line.split()[0] for line in told] == ["sudo", "sudo", "update-ca-certificates", "certutil"]


def test_browsers_are_served_through_certutil(machine: Path) -> None:
    chrome = database(machine, ".pki/nssdb")
    firefox = database(machine, ".mozilla/firefox/x1.default release")
    (machine / "home" / ".mozilla/firefox/Crash Reports").mkdir()
    tool(machine, "certutil")
    answer = told("install", "--yes")
    assert answer["changed"] == answer["trusted"] == [f"nss {chrome}", f"nss {firefox}"]
    name, path = name_of(machine), machine / "mockidp" / "ca.pem"
    assert calls(machine) == [f"certutil -A -d sql:{where} -t C,, -n {name} -i {path}" for where in (chrome, firefox)]
    text = ca("uninstall", said="y\n")
    assert f"certutil -D -d 'sql:{firefox}' -n '{name}'" in text.stderr
    assert calls(machine) == [f"certutil -D -d sql:{where} -n {name}" for where in (chrome, firefox)]


@pytest.mark.skipif(CERTUTIL is None, reason="no certutil on this machine")
def test_the_real_certutil_takes_it_in_and_out(machine: Path) -> None:
    real = str(CERTUTIL)
    (machine / "bin" / "certutil").symlink_to(real)
    where = machine / "home" / ".pki/nssdb"
    where.mkdir(parents=True)
    subprocess.run([real, "-N", "-d", f"sql:{where}", "--empty-password"], check=True)
    ca("install", "--yes")
    listed = subprocess.run([real, "-L", "-d", f"sql:{where}"], capture_output=True, text=True, check=True).stdout
    assert name_of(machine) in listed
    ca("uninstall", "--yes")
    listed = subprocess.run([real, "-L", "-d", f"sql:{where}"], capture_output=True, text=True, check=True).stdout
    assert "mockidp" not in listed


def test_without_certutil_it_says_how_to_serve_the_browsers(machine: Path) -> None:
    debian(machine)
    database(machine, ".pki/nssdb")
    assert "libnss3-tools" in ca("install", "--yes").stdout


def test_where_there_is_no_store_it_says_what_to_do_by_hand(machine: Path) -> None:
    result = ca("install", code=2)
    assert f"import {machine}/mockidp/ca.pem into your browser by hand" in result.stderr


def test_a_store_that_fails_is_told_and_the_others_are_changed(machine: Path) -> None:
    debian(machine)
    database(machine, ".pki/nssdb")
    tool(machine, "certutil", "echo 'SEC_ERROR_BAD_DATABASE: security library'; exit 255")
    result = ca("install", "--yes", code=2)
    last = result.stderr.splitlines()[-1]
    assert last.startswith("mockidp: `certutil -A -d sql:")
    assert last.endswith("failed with exit code 255: SEC_ERROR_BAD_DATABASE: security library")
    assert [kept.split()[0] for kept in authority.trusted()] == ["system"]
    tool(machine, "certutil")
    assert "will be trusted by\n  Chrome" in ca("install", "--yes").stderr
    assert [kept.split()[0] for kept in authority.trusted()] == ["system", "nss"]


def test_a_tool_that_cannot_be_run_is_told(machine: Path) -> None:
    debian(machine)
    (machine / "bin" / "cp").unlink()
    assert "`cp " in ca("install", "--yes", code=2).stderr.splitlines()[-1]


@pytest.mark.parametrize("word", ["install", "uninstall", "rotate"])
def test_json_asks_nothing_and_so_needs_a_yes(machine: Path, word: str) -> None:
    debian(machine)
    if word != "install":
        ca("install", "--yes")
    calls(machine)
    assert "add --yes" in ca(word, "--json", code=2).stderr
    assert calls(machine) == []


def test_macos_uses_the_login_keychain(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_ca.sys, "platform", "darwin")
    tool(machine, "security")
    ca("install", "--yes")
    keychain, pem = machine / "home/Library/Keychains/login.keychain-db", machine / "mockidp" / "ca.pem"
    assert calls(machine) == [f"security add-trusted-cert -r trustRoot -p ssl -k {keychain} {pem}"]
    ca("uninstall", "--yes")
    assert calls(machine) == [f"security delete-certificate -Z {sha1(pem)} -t {keychain}"]


def test_windows_uses_the_users_list(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_ca.sys, "platform", "win32")
    tool(machine, "certutil")
    ca("install", "--yes")
    pem = machine / "mockidp" / "ca.pem"
    assert calls(machine) == [f"certutil -user -addstore Root {pem}"]
    ca("uninstall", "--yes")
    assert calls(machine) == [f"certutil -user -delstore Root {sha1(pem)}"]


def sha1(pem: Path) -> str:
    done = subprocess.run(
        ["/usr/bin/env", f"PATH={os.defpath}", "openssl", "x509", "-in", str(pem), "-noout", "-fingerprint", "-sha1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.partition("=")[2].strip().replace(":", "")


# rotate


def test_rotate_makes_a_new_one_that_takes_the_place_of_the_old(machine: Path) -> None:
    there = debian(machine)
    chrome = database(machine, ".pki/nssdb")
    tool(machine, "certutil")
    ca("install", "--yes")
    old, old_name = there.read_bytes(), name_of(machine)
    calls(machine)
    result = ca("rotate", said="y\n")
    assert "will take the place of the old one in\n  the system's list" in result.stderr
    assert there.read_bytes() == (machine / "mockidp" / "ca.pem").read_bytes() != old
    done = [line for line in calls(machine) if line.startswith("certutil")]
    assert done == [
        f"certutil -D -d sql:{chrome} -n {old_name}",
        f"certutil -A -d sql:{chrome} -t C,, -n {name_of(machine)} -i {machine}/mockidp/ca.pem",
    ]
    assert [kept.split()[0] for kept in authority.trusted()] == ["system", "nss"]


def test_rotate_without_a_yes_leaves_the_old_one(machine: Path) -> None:
    there = debian(machine)
    ca("install", "--yes")
    old = there.read_bytes()
    ca("rotate", said="n\n", code=130)
    assert there.read_bytes() == (machine / "mockidp" / "ca.pem").read_bytes() == old


@pytest.mark.parametrize("broken", [False, True])
def test_rotate_asks_nothing_where_nobody_trusts_it_and_mends_a_broken_one(machine: Path, broken: bool) -> None:
    old = Path(ca("path").stdout.strip()).read_bytes()
    if broken:
        (machine / "mockidp" / "ca-key.pem").write_bytes(b"nonsense")
    assert "is new" in ca("rotate").stdout
    kept = authority.stored()
    assert kept is not None
    assert kept.pem != old


def test_a_line_on_file_that_is_no_store_is_told(machine: Path) -> None:
    ca("path")
    (machine / "mockidp" / "trusted").write_text("the moon\n")
    assert "'the moon' is no store that can be changed" in ca("uninstall", code=2).stderr


@pytest.mark.parametrize("words", [["--help"], ["install", "--help"], ["rotate", "--help"]])
def test_it_explains_itself(machine: Path, words: list[str]) -> None:
    text = ca(*words).stdout
    assert "--json" in text
    assert "asks" in text or "trusted" in text or "trust" in text
