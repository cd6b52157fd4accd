"""Adapters: other people's clients, in this process and in any language, are driven and found wanting."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mockidp.check.adapter import find_adapter
from mockidp.check.client import drive
from mockidp.check.mock import Lab
from mockidp.errors import UsageError

CHECK = (sys.executable, "-m", "mockidp", "check", "--subject", "client", "--json")
EXAMPLE = Path(__file__).parent.parent / "examples" / "check-any-library"

# A login at Discord with the standard library: three lines on its streams, and the real hosts.
PROGRAM = """
import json, os, sys, urllib.parse, urllib.request
env = os.environ
back, client = env["MOCKIDP_REDIRECT_URI"], env["MOCKIDP_CLIENT_ID"]
query = urllib.parse.urlencode({"client_id": client, "redirect_uri": back, "response_type": "code",
                                "scope": "identify email", "state": "s"})
print("https://discord.com/api/oauth2/authorize?" + query, flush=True)
told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sys.stdin.readline().strip()).query))
if "error" in told:
    print(json.dumps({"error": told["error"]})); sys.exit(1)
form = {"grant_type": "authorization_code", "code": told["code"], "redirect_uri": back, "client_id": client,
        "client_secret": env["MOCKIDP_CLIENT_SECRET"]}
agent = {"User-Agent": "example"}
def ask(url, data=None, **headers):
    request = urllib.request.Request(url, data and urllib.parse.urlencode(data).encode(), {**agent, **headers})
    return json.load(urllib.request.urlopen(request))
token = ask("https://discord.com/api/oauth2/token", form)["access_token"]
who = ask("https://discord.com/api/users/@me", None, Authorization="Bearer " + token)
print(json.dumps({"uid": who["id"], "email": who["email"], "email_verified": who["verified"]}))
"""


def command(tmp_path: Path, program: str) -> str:
    file = tmp_path / "login.py"
    file.write_text(textwrap.dedent(program), encoding="utf-8")
    return f"command:{sys.executable} {file}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority of its own for each test."""
    monkeypatch.setenv("MOCKIDP_HOME", str(tmp_path / "home"))


def test_a_command_logs_in_at_the_real_hosts(tmp_path: Path) -> None:
    lab = Lab("discord")
    got = drive(lab, find_adapter(command(tmp_path, PROGRAM)))
    assert got.identity is not None, got.error
    assert (got.identity["email"], got.identity["email_verified"]) == ("alice@example.com", True)
    hosts = {entry.url.split("/")[2] for login in lab.world.journal for entry in login.entries}
    assert hosts == {"discord.com"}


def test_the_word_of_a_command_for_an_error_is_its_code(tmp_path: Path) -> None:
    got = drive(Lab("discord"), find_adapter(command(tmp_path, PROGRAM)), "dave", deny=True)
    assert got.identity is None
    assert got.code == "access_denied"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import sys; sys.exit(3)", "ended"),
        ("print('hello'); input()", "no_callback"),
        ("print('https://discord.com/api/oauth2/authorize?client_id=x')", "no_callback"),
        ("print('{'); input()", "bad_output"),
        ("print('[1]')", "no_callback"),
        (PROGRAM.rpartition("print(")[0] + "print('nonsense')", "bad_output"),
        (PROGRAM + "\nsys.exit(5)", "failed"),
    ],
    ids=["ends", "no URL", "unknown app", "half JSON", "no object", "nonsense at the end", "exit code"],
)  # fmt: skip
def test_a_command_that_does_not_keep_to_the_protocol_logs_nobody_in(tmp_path: Path, program: str, code: str) -> None:
    got = drive(Lab("discord"), find_adapter(command(tmp_path, program)))
    assert got.identity is None
    assert got.code == code


def test_a_silent_command_is_ended(tmp_path: Path) -> None:
    from mockidp.adapters.command import Command

    line = command(tmp_path, f"""
        import os, time
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    """).removeprefix("command:")  # fmt: skip
    began = time.monotonic()
    got = drive(Lab("discord"), Command(line, limit=2.0))
    assert got.code == "silent"
    assert time.monotonic() - began < 30
    pid = (tmp_path / "pid").read_text()
    assert not Path(f"/proc/{pid}").exists() or sys.platform != "linux"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("command:no-such-program-here", "names no program"),
        ("command:'unclosed", "cannot be read"),
        ("no_such_module:Adapter", "no adapter at no_such_module:Adapter"),
        ("command", "names no program"),
        ("nonsense", "one of: allauth, command, providers"),
    ],
)
def test_an_adapter_that_there_is_not_is_told(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        find_adapter(name)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
def test_the_example_in_another_language_is_checked_and_holds() -> None:
    done = subprocess.run(
        [*CHECK, "github", "--client", "command:node github.mjs"],
        cwd=EXAMPLE, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert [row["id"] + ": " + row["message"] for row in rows if not row["ok"]] == []
    assert len(rows) > 50
    assert done.returncode == 0


def allauth(*providers: str) -> dict[str, str]:
    """What `--client allauth` finds, in a process of its own, since Django is set up once in each."""
    done = subprocess.run(
        [*CHECK, *providers, "--client", "allauth"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return {row["id"]: row["message"] for row in json.loads(done.stdout) if not row["ok"]}


def test_django_allauth_is_driven_without_a_line_of_its_own() -> None:
    """Its known deviations are found by id; everything else of these providers holds."""
    found = allauth("discord", "shopify", "keycloak", "apple", "steam")
    weak = {  # what this release does not look at, each seen in its source
        "apple": {"wrong_nonce", "missing_nonce", "wrong_at_hash", "missing_id_token"},
        "keycloak": {"wrong_key", "unknown_kid", "alg_none", "hs256_public_key", "wrong_nonce", "missing_nonce",
                     "wrong_at_hash", "missing_id_token", "sub_differs", "id_token_not_yet_valid"},
        "steam": {"error_under_200"},
    }  # fmt: skip
    assert set(found) == {f"{of}-client-fault-{name}" for of, names in weak.items() for name in names}
