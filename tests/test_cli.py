"""The command line: what it prints, its exit codes, and that every mistake is one clear line."""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mockidp import __version__, cli_check, cli_serve
from mockidp.check.finding import Finding
from mockidp.check.walk import walk_class
from mockidp.cli import COMMANDS, cli, exit_with
from mockidp.cli_options import Setup
from mockidp.cli_transport import PathForm, UnreachableError
from mockidp.contract.files import index
from mockidp.contract.load import load_from
from mockidp.errors import UsageError
from mockidp.journal import Entry
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no mockidp.toml of anybody's


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def fine(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*words: str, code: int = 0) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def wrong(*words: str, code: int = 2) -> str:
    """The one line on stderr of a command that fails."""
    result = run(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("mockidp: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@contextmanager
def process(*words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, warnings being errors."""
    command = [sys.executable, "-W", "error", "-m", "mockidp", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
                          env={**os.environ, "PYTHONUTF8": "1", **env}) as started:  # fmt: skip
        overdue = threading.Timer(60, started.kill)  # reading a line of it never hangs for ever
        overdue.start()
        try:
            yield started
        finally:
            overdue.cancel()
            started.kill()


# the command as a whole


def test_without_a_command_it_says_what_there_is() -> None:
    text = fine()
    for name in COMMANDS:
        assert f"  {name} " in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_speaks_json(name: str) -> None:
    text = fine(name, "--help")
    assert "--json" in text
    assert "..." not in text.splitlines()[0].replace("[ID]...", "")


def test_the_version_is_told() -> None:
    assert fine("--version") == f"mockidp {__version__}\n"


def test_help_and_version_load_no_simulator() -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom mockidp.cli import cli\n"
        "assert CliRunner().invoke(cli, ['--version']).exit_code == 0\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "print([name for name in ('rich', 'jinja2', 'uvicorn', 'cryptography', 'faker', 'mockidp.simulator')"
        " if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["lits"], 'no command "lits". Did you mean "list"? See `mockidp --help`.'),
        (["show", "githbu"], 'no provider "githbu". Did you mean "github"?'),
        (["show"], "Missing argument 'ID'. See `mockidp show --help`."),
        (["login", "github", "--as", "alcie"], 'There is no person "alcie". Did you mean "alice"?'),
        (["list", "--jsno"], "--jsno"),
        (["login", "github", "--date", "yesterday"], "write YYYY-MM-DD"),
        (["list", "--set", "github.GITHUB_ULR=https://x.example"], 'Did you mean "GITHUB_URL"'),
        (["list", "--set", "githbu.GITHUB_URL=https://x.example"], 'Did you mean "github"'),
        (["list", "--set", "github.GITHUB_URL=x.example"], "must be an http or https URL"),
        (["list", "--set", "GITHUB_URL"], "ID.NAME=VALUE"),
        (["list", "--config", "none.toml"], "none.toml: cannot be read"),
        (["login", "github", "--url", "https://127.0.0.1:1"], "must be like http://127.0.0.1:8400"),
        (["login", "github", "--url", "ftp://x"], "must be like"),
        (["check", "githbu"], 'Did you mean "github"'),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--as", "alcie"], 'Did you mean "alice"'),
        (["serve", "--host", "no.such.host.invalid"], "cannot listen"),
        (["people", "--limit", "0"], "0"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words: list[str], hint: str) -> None:
    assert hint in wrong(*words)


def test_a_broken_configuration_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mockidp.toml").write_text("[server]\nprot = 1\n")
    assert "mockidp.toml:2: server.prot: unknown key 'prot'" in wrong("list")


def test_a_bug_is_one_line_without_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("hush-hush")

    monkeypatch.setattr("mockidp.cli_facts.summary", broken)
    line = wrong("list", code=3)
    assert "internal error, KeyError at test_cli.py:" in line
    assert "hush" not in line
    monkeypatch.setenv("MOCKIDP_DEBUG", "1")
    assert isinstance(run("list").exception, KeyError)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (click.UsageError("x"), 2),
        (UnreachableError("x"), 3),
        (ValueError("x"), 3),
        (click.Abort(), 130),
    ],
)
def test_an_error_has_its_exit_code(error: Exception, code: int) -> None:
    with pytest.raises(SystemExit) as caught:
        exit_with(error)
    assert caught.value.code == code


def test_options_are_laid_over_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mockidp.toml").write_text('as = "bob"\ndate = 2020-01-01\n[settings.keycloak]\nKEYCLOAK_REALM = "a"\n')
    plain = Setup().world()
    assert (plain.person, plain.date, plain.strict, plain.urls, plain.apps.mode) == (
        "bob",
        datetime.date(2020, 1, 1),
        False,
        "path",
        "ready",
    )
    given = Setup(person="carol", date=datetime.date(2021, 11, 15), strict=True, urls="real", apps="learn",
                  world_name="mine", settings=["github.API_URL=https://api.example"]).world()  # fmt: skip
    assert (given.name, given.person, given.date, given.strict, given.urls, given.apps.mode) == (
        "mine",
        "carol",
        datetime.date(2021, 11, 15),
        True,
        "real",
        "learn",
    )
    assert given.settings == {"keycloak": {"KEYCLOAK_REALM": "a"}, "github": {"API_URL": "https://api.example"}}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_script(shell: str) -> None:
    assert "_MOCKIDP_COMPLETE" in fine("completion", shell)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mockidp lo", "login"),
        ("mockidp show git", "github"),
        ("mockidp login github --as car", "carol"),
        ("mockidp serve --ap", "--apps"),
    ],
)
def test_commands_providers_and_people_are_completed(line: str, expected: str) -> None:
    env = {"_MOCKIDP_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    code = "from mockidp.cli import main; main()"
    env = {**os.environ, **env}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert expected in re.findall(r"plain,(\S+)", out.stdout)


# list, show, people, apps


def test_list_has_the_documented_shape() -> None:
    rows = {row["id"]: row for row in told("list")}
    assert list(rows) == list(index())
    github = rows["github"]
    assert (github["name"], github["family"], github["status"]) == ("GitHub", "oauth2", "alive")
    assert github["settings"] == ["GITHUB_URL", "API_URL", "SCOPE", "AUTH_PARAMS", "VERIFIED_EMAIL"]
    assert github["hosts"] == ["api.github.com", "github.com"]
    for row in rows.values():
        kinds = set(row["evidence"]) - {"oldest"}
        assert kinds <= {"recorded", "specified", "documented", "reconstructed"}
        assert all(row["evidence"][kind] > 0 for kind in kinds)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["evidence"]["oldest"])


def test_list_in_words_names_every_provider_in_one_line_each() -> None:
    lines = fine("list").splitlines()
    assert lines[0].split()[:4] == ["ID", "NAME", "FAMILY", "STATUS"]
    assert [line.split()[0] for line in lines[1 : 1 + len(index())]] == list(index())
    assert "mockidp show ID" in lines[-1]


def test_show_is_the_row_of_list_in_full() -> None:
    row = next(row for row in told("list") if row["id"] == "github")
    full = told("show", "github")
    assert row.items() <= full.items()
    token = next(step for step in full["steps"] if step["step"] == "token")
    assert (token["method"], token["urls"]) == ("POST", ["https://github.com/login/oauth/access_token"])
    assert full["pkce"] == {"rule": "optional", "methods": ["S256"]}
    assert full["defaults"]["API_URL"]["value"] == "https://api.github.com"
    bad_code = next(error for error in full["errors"] if error["name"] == "bad_code")
    assert (bad_code["status"], bad_code["means"]) == (200, "invalid_grant")
    assert full["history"]


@pytest.mark.parametrize("provider", [card.id for card in index().values() if card.family != "oidc"])
def test_evidence_counts_what_the_steps_and_errors_rest_on(provider: str) -> None:
    full = told("show", provider)
    dates = {row["name"]: row["date"] for row in full["sources"]}
    used = [dates[row["evidence"]] for row in (*full["steps"], *full["errors"]) if row["evidence"] in dates]
    counts = {kind: count for kind, count in full["evidence"].items() if kind != "oldest"}
    assert (sum(counts.values()), full["evidence"]["oldest"]) == (len(used), min(used))


def test_show_follows_a_setting() -> None:
    full = told("show", "github", "--set", "github.GITHUB_URL=https://git.example.com")
    assert full["defaults"]["API_URL"]["value"] == "https://git.example.com/api/v3"
    assert full["hosts"] == ["git.example.com"]


@pytest.mark.parametrize("provider", list(index()))
def test_show_in_words_tells_every_step_and_what_to_do_next(provider: str) -> None:
    text = fine("show", provider)
    for step in told("show", provider)["steps"]:
        assert step["step"] in text
    assert f"mockidp login {provider} --as alice" in text


def test_people_lists_the_cast_and_searches() -> None:
    everybody = told("people")
    assert [who["id"] for who in everybody[:5]] == ["alice", "bob", "carol", "dave", "eve"]
    assert everybody[0]["email"] == "alice@example.com"
    assert [who["id"] for who in told("people", "person-17")] == ["person-17"]
    assert len(told("people", "--limit", "3")) == 3
    assert "not verified" in fine("people", "bob")
    assert "Nobody" in fine("people", "no such person")


def test_people_of_the_configuration_are_listed(tmp_path: Path) -> None:
    (tmp_path / "mockidp.toml").write_text('[[person]]\nid = "zoe"\nname = "Zoë Zauner"\n')
    assert told("people", "zoë")[0]["id"] == "zoe"


def test_apps_lists_the_ready_app_with_its_credentials() -> None:
    assert told("apps", "github") == [
        {
            "client_id": "mockidp",
            "client_secret": "mockidp-secret",
            "redirect_uris": [],
            "name": "Example app",
            "loopback": True,
        }
    ]
    assert "mockidp-secret" in fine("apps", "github")


@pytest.mark.parametrize("provider", list(index()))
def test_apps_has_the_documented_keys_for_every_provider(provider: str) -> None:
    for app in told("apps", provider):
        assert {"client_id", "client_secret", "redirect_uris"} <= set(app)
        assert set(told("show", provider)["credentials"]) <= set(app)


def test_the_secret_of_an_app_of_yours_is_cut_short(tmp_path: Path) -> None:
    row = '[[app]]\nprovider = "github"\nclient_id = "mine"\nclient_secret = "hush-hush"\nfacts.key = "hush-key"\n'
    (tmp_path / "mockidp.toml").write_text(row + 'redirect_uris = ["https://app.example/cb"]\n')
    apps = told("apps", "github", "--apps", "registered")
    assert [(app["client_id"], app["redirect_uris"]) for app in apps] == [("mine", ["https://app.example/cb"])]
    text = fine("apps", "github")
    assert "hush-" not in text.replace("hush…", "")
    assert text.count("hush…") == 2


# login


@pytest.mark.parametrize("provider", list(index()))
def test_alice_logs_in_at_every_provider(provider: str) -> None:
    result = told("login", provider, "--as", "alice")
    assert (result["provider"], result["person"], result["outcome"]) == (provider, "alice", "logged_in")
    assert result["error"] is None
    assert result["identity"]["uid"]
    assert result["identity"]["email"] in (None, "alice@example.com")
    assert {"step", "method", "url", "status", "exchange", "refused", "remarks"} <= set(result["journal"][0])


def test_the_login_is_a_process_over_http_and_reads_the_identity() -> None:
    with process("login", "github", "--as", "bob", "--json") as started:
        out, err = started.communicate(timeout=30)
    assert (started.returncode, err) == (0, "")
    result = json.loads(out)
    who = result["identity"]
    assert (who["email"], who["email_verified"], who["username"]) == ("bob@example.org", False, "bob-baumann")
    requests = [(entry["method"], entry["step"]) for entry in result["journal"]]
    assert requests == [
        ("GET", "authorize"),
        ("GET", "authorize"),
        ("POST", "token"),
        ("GET", "userinfo"),
        ("GET", "emails"),
    ]


def test_a_login_in_words_tells_identity_and_story() -> None:
    text = fine("login", "github")
    assert "alice is logged in at github" in text
    assert re.search(r"email_verified +yes", text)
    assert re.search(r"200 +token +POST https://github.com/login/oauth/access_token", text)


def test_who_denies_is_not_logged_in_and_the_exit_code_is_1() -> None:
    result = told("login", "github", "--as", "dave", code=1)
    assert (result["outcome"], result["identity"], result["error"]["step"]) == ("denied", None, "authorize")
    assert [entry["refused"] and entry["refused"]["name"] for entry in result["journal"]] == [None, "denied"]
    text = run("login", "github", "--as", "dave")
    assert text.exit_code == 1
    assert "dave is not logged in at github: denied" in text.output
    assert "Always says no" in text.output


@pytest.mark.parametrize("provider", list(index()))
def test_a_denial_is_one_in_every_provider_s_own_words(provider: str) -> None:
    result = told("login", provider, "--as", "dave", code=1)
    assert (result["outcome"], result["identity"]) == ("denied", None)


def test_a_refused_login_tells_the_two_values() -> None:
    result = run("login", "github", "--redirect-uri", "https://app.example/cb")
    assert result.exit_code == 1
    assert "refused, redirect_unregistered: redirect_uri is not registered" in result.output
    assert "got 'https://app.example/cb'" in result.output


def test_other_scopes_are_asked_for() -> None:
    result = told("login", "github", "--scope", "read:user", code=1)
    assert "scope=read%3Auser" in result["journal"][0]["url"]
    assert (result["error"]["step"], result["error"]["name"]) == ("emails", "missing_scope")


def test_an_old_wire_can_be_asked_for() -> None:
    assert told("login", "github", "--date", "2021-11-15")["outcome"] == "logged_in"


def test_the_person_of_the_configuration_logs_in(tmp_path: Path) -> None:
    (tmp_path / "mockidp.toml").write_text('as = "zoe"\n[[person]]\nid = "zoe"\nemail = "zoe@example.com"\n')
    assert told("login", "github")["identity"]["email"] == "zoe@example.com"
    assert told("login", "github", "--as", "bob")["person"] == "bob"


def test_a_running_simulator_is_used_with_its_worlds() -> None:
    simulator = Simulator()
    other = simulator.add(World("other"))
    with Server(simulator, port=0) as server:
        assert told("login", "github", "--url", server.url)["person"] == "alice"
        assert told("login", "github", "--url", f"{server.url}/", "--as", "bob", "--world", "other")["person"] == "bob"
        assert [login.person for login in simulator.world.journal] == ["alice"]
        assert [login.person for login in other.journal] == ["bob"]


def test_a_simulator_that_logs_in_by_itself_is_believed() -> None:
    with Server(Simulator(World(person="eve")), port=0) as server:
        assert told("login", "github", "--url", server.url)["person"] == "eve"


def test_a_login_that_never_arrived_is_not_told_with_the_story_of_an_older_one() -> None:
    moved = World(settings={"github": {"GITHUB_URL": "https://git.example.com"}})
    older = moved.journal.begin("github", 0.0)
    moved.journal.add(older, Entry(0.0, "authorize", "GET", "https://git.example.com/login/oauth/authorize"))
    with Server(Simulator(moved), port=0) as server:
        result = told("login", "github", "--url", server.url, code=1)
    assert (result["outcome"], result["journal"]) == ("refused", [])


def test_no_simulator_is_inconclusive() -> None:
    assert "is `mockidp serve` running?" in wrong("login", "github", "--url", "http://127.0.0.1:9", code=3)


def test_something_else_at_the_address_is_inconclusive() -> None:
    class Other:
        def handle(self, request: Request) -> Response:
            return Response(200, [("Content-Type", "text/html")], b"<p>hello</p>")

        def knows(self, host: str) -> bool:
            return False

    with Server(Other(), port=0) as server:
        assert "no mockidp answers at" in wrong("login", "github", "--url", server.url, code=3)


def test_path_form_over_http_names_the_provider_as_it_is() -> None:
    with Server(Simulator(), port=0) as server, PathForm(server.url) as send:
        url = "https://accounts.google.com/.well-known/openid-configuration"
        assert json.loads(send(Request.of("GET", url)).body)["issuer"] == "https://accounts.google.com"


# serve


def test_serve_says_where_and_tells_every_request() -> None:
    with process("serve", "--port", "0", "--as", "carol", "--date", "2021-11-15") as started:
        assert started.stdout is not None
        banner = [started.stdout.readline()]
        while banner[-1] and "Ctrl-C" not in banner[-1]:
            banner.append(started.stdout.readline())
        text = "".join(banner)
        url = re.search(r"http://127\.0\.0\.1:\d+", text)
        assert url is not None
        assert "client id mockidp, secret mockidp-secret" in text
        assert "logs in without a page: carol" in text
        assert "as it was on 2021-11-15" in text
        assert "Ctrl-C stops" in text
        assert "a proxy for HTTPS_PROXY, certificates by " in text
        assert f'eval "$(mockidp env --url {url[0]})"' in text
        assert text.count(url[0]) >= 4
        login = told("login", "github", "--url", url[0], "--date", "2021-11-15")
        lines = [started.stdout.readline() for _ in login["journal"]]
        assert [line.split()[:4] for line in lines[:2]] == [
            ["302", "github", "authorize", "carol"],
            ["200", "github", "token", "carol"],
        ]
        started.send_signal(signal.SIGINT)
        assert started.wait(timeout=10) == 0


def test_serve_in_json_prints_a_line_for_the_address_and_one_a_request() -> None:
    with process("serve", "--port", "0", "--json") as started:
        assert started.stdout is not None
        first = json.loads(started.stdout.readline())
        assert {"url", "host", "port", "world", "home", "logins", "example"} <= set(first)
        run("login", "github", "--url", first["url"], "--as", "dave")
        page, denied = (json.loads(started.stdout.readline()) for _ in range(2))
        assert (page["status"], page["login"]) == (200, denied["login"])
        assert (denied["provider"], denied["person"], denied["refused"]["name"]) == ("github", "dave", "denied")
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=10) == 0


def test_serve_warns_where_others_can_reach_it() -> None:
    with process("serve", "--port", "0", "--host", "0.0.0.0", "--quiet") as started:
        assert started.stderr is not None
        assert "reachable from other machines" in started.stderr.readline()


def test_serve_on_a_port_in_use_says_what_to_do() -> None:
    with Server(Simulator(), port=0) as server:
        assert "--port 0" in wrong("serve", "--port", str(server.port))


def test_serve_takes_what_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[server]\nport = 0\n[[fault]]\nname = "server_error"\nprovider = "github"\n')
    with process("serve", "--config", str(tmp_path / "mine.toml"), "--json") as started:
        assert started.stdout is not None
        url = json.loads(started.stdout.readline())["url"]
        assert told("login", "github", "--url", url, code=1)["error"]["message"]


def test_a_journal_line_masks_secrets_and_cuts_long_urls(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.journal = cli_serve.ToldJournal(cli_serve._tell)
    secret = "hush" * 40
    Simulator(world).handle(Request.of("GET", f"https://github.com/login/oauth/authorize?client_secret={secret}"))
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert secret not in line
    assert "hushhush" not in line
    assert "refused unknown_client" in line


# check


def findings(monkeypatch: pytest.MonkeyPatch, *rows: Finding) -> list[tuple[Any, ...]]:
    """Let the check engine find these, and keep what it was asked."""
    asked: list[tuple[Any, ...]] = []

    def check(ids: Any, subjects: Any, client: str, ready: Any) -> list[Finding]:
        asked.append((list(ids), tuple(subjects), client))
        for row in rows if ready else ():
            ready(row)
        return list(rows)

    monkeypatch.setattr("mockidp.check.run.check", check)
    return asked


GOOD = Finding("github", "mock", "login-alice")
BAD = Finding(
    "google", "contract", "sourced", False, "exchange token names no evidence", "contracts/google/contract.toml", 31
)


def test_check_is_fine_when_nothing_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = findings(monkeypatch, GOOD)
    text = fine("check", "github")
    assert re.search(r"^github +mock +1 checked +fine$", text, re.M)
    assert asked == [(["github"], ("contract", "mock"), "")]


def test_check_tells_a_finding_with_file_and_line_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    findings(monkeypatch, GOOD, BAD)
    result = run("check")
    assert result.exit_code == 1
    assert re.search(r"^google +contract +1 checked +1 differ$", result.output, re.M)
    assert "contracts/google/contract.toml:31: google-contract-sourced: exchange token names no evi" in result.output
    wanted = {
        "id": "google-contract-sourced",
        "provider": "google",
        "subject": "contract",
        "case": "sourced",
        "ok": False,
        "severity": "break",
        "message": "exchange token names no evidence",
        "file": "contracts/google/contract.toml",
        "line": 31,
        **dict.fromkeys(("step", "evidence", "next", "curl", "reason"), ""),
    }
    assert told("check", code=1)[1] == wanted


def test_check_asks_a_client_when_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = findings(monkeypatch, GOOD)
    fine("check", "--client", "mine:adapter")
    fine("check", "--subject", "client", "--client", "mine:adapter")
    assert [subjects for _, subjects, _ in asked] == [("contract", "mock", "client"), ("client",)]
    assert {client for _, _, client in asked} == {"mine:adapter"}


def test_progress_is_one_line_that_is_rewritten_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = cli_check.Progress(live=True)
    for finding in (GOOD, GOOD, BAD):
        progress(finding)
    progress.end()
    out = capsys.readouterr().out
    assert out.count("\n") == 2
    assert out.count("\r") > 2


def test_check_really_checks_the_contract_of_a_provider() -> None:
    rows = told("check", "github", "--subject", "contract")
    assert len(rows) > 3
    assert {row["provider"] for row in rows} == {"github"}


def test_check_index_says_what_it_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockidp.contract.indexing.write", lambda: ["_index.json"])
    assert "contracts/_index.json written" in fine("check", "--index")
    monkeypatch.setattr("mockidp.contract.indexing.write", list)
    assert "nothing to write" in fine("check", "--index")
    assert told("check", "--index") == {"written": []}


# what is written about it


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_names_every_command_and_counts_the_providers() -> None:
    readme = text_of("README.md")
    for name in (*COMMANDS, f"plays {len(index())} login providers", "(docs/providers/README.md)"):
        assert name in readme


def test_the_walk_through_of_contributing_is_a_contract_that_logs_in(tmp_path: Path) -> None:
    text = text_of("CONTRIBUTING.md")
    found = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    bodies = {name: re.search(rf"`{name}`(?: is)?\s+`(\{{.*?\}})`", text) for name in ("token.json", "me.json")}
    assert found is not None
    (tmp_path / "bodies").mkdir()
    (tmp_path / "contract.toml").write_text(found[1], encoding="utf-8")
    for name, body in bodies.items():
        assert body is not None
        (tmp_path / "bodies" / name).write_text(body[1], encoding="utf-8")
    contract = load_from("acme", tmp_path)
    world = World(loader=lambda _: contract)
    world._hosts = {"acme.example": ["acme"]}
    walk = walk_class("acme", "oauth2")(world.wire("acme"), world.apps.ready("acme"), Simulator(world).handle)
    assert walk.run()["email"] == "alice@example.com"
