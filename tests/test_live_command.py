"""`mockidp check --live`: what it lists, what it exits with, and rules by which a finding is expected for a while."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mockidp.check.finding import Finding, Severity
from mockidp.check.ignore import apply, read
from mockidp.errors import ContractError

TODAY = datetime.date(2026, 11, 24)
DEAD = "http://127.0.0.1:9"  # the discard port: nothing listens there


def run(cwd: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command where every way out is closed: what it sends ends at a dead proxy."""
    closed = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"), DEAD)
    return subprocess.run(
        [sys.executable, "-m", "mockidp", "check", "--live", *words],
        capture_output=True, text=True, timeout=120, check=False, cwd=cwd,
        env={**os.environ, **closed, "NO_PROXY": "", "no_proxy": "", **env},
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_without_a_network_the_exit_code_is_3_and_everything_is_inconclusive(tmp_path: Path) -> None:
    done = run(tmp_path, "--json")
    report = told(done)
    assert done.returncode == 3
    asked = {row["provider"] for row in report["asked"]}
    assert len(asked) > 70
    assert {row["severity"] for row in report["findings"] if row["provider"] in asked} == {"inconclusive"}
    assert report["complete"] is True


def test_a_dry_run_lists_what_a_run_sends_and_sends_nothing(tmp_path: Path) -> None:
    names = ("github", "twitter", "steam", "google")
    listed = told(run(tmp_path, *names, "--dry-run", "--json"))
    sent = told(run(tmp_path, *names, "--json"))["asked"]
    assert [f"{row['method']} {row['url']}" for row in listed] != []
    assert {f"{row['method']} {row['url']}" for row in listed} >= {row["request"] for row in sent}
    assert {row["case"] for row in listed} >= {row["case"] for row in sent}


def test_a_dry_run_says_who_is_not_asked_and_why(tmp_path: Path) -> None:
    done = run(tmp_path, "windowslive", "keycloak", "github", "--dry-run")
    assert done.returncode == 0
    assert "windowslive        not asked: retired since 2018-11-01" in done.stdout
    assert "--set keycloak.KEYCLOAK_URL=" in done.stdout
    assert "5 requests to 2 hosts, and none was sent" in done.stdout


def test_a_dry_run_at_level_1_lists_what_needs_an_answer(tmp_path: Path) -> None:
    app = {"MOCKIDP_LIVE_DISCORD_CLIENT_ID": "sandbox", "MOCKIDP_LIVE_DISCORD_CLIENT_SECRET": "canary-secret"}
    done = run(tmp_path, "discord", "--level", "1", "--dry-run", **app)
    assert "app-authorize" in done.stdout
    assert "app-wrong-secret" in done.stdout
    assert "canary-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("nonsense",), {}, "nonsense"),
        (("githob",), {}, 'Did you mean "github"?'),
        (("github", "--report", "pdf=x"), {}, "forms:"),
        (("github", "--ignore", "none.toml"), {}, "none.toml"),
        (("github", "--set", "github.NONSENSE=1"), {}, "NONSENSE"),
        (("github", "--level", "1"), {"MOCKIDP_LIVE_GITHUB_CLIENT_SECRET": "canary"}, "CLIENT_ID is missing"),
    ],
    ids=["no provider", "nearly one", "no form", "no rules", "no setting", "half an app"],
)
def test_what_is_wrong_with_the_command_is_told_before_anything_is_sent(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    done = run(tmp_path, *words, **env)
    assert done.returncode == 2
    assert said in done.stderr
    assert "canary" not in done.stderr
    assert done.stdout == ""


# rules


def rules(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "mockidp-ignore.toml"
    file.write_text(text, encoding="utf-8")
    return read(file)


GONE = Finding("github", "live", "token-gone", False, "404", severity=Severity.BREAK)
FINE = Finding("github", "live", "userinfo")
LOST = Finding("discord", "live", "token-unreachable", False, "no", severity=Severity.INCONCLUSIVE)
RULE = '[[ignore]]\nid = "{id}"\nuntil = {until}\nreason = "ticket 17"\n'


def applied(tmp_path: Path, *found: Finding, id: str = "github-live-token-gone", until: str = "2026-12-31") -> Any:  # noqa: A002
    return apply(rules(tmp_path, RULE.format(id=id, until=until)), found, TODAY)


def test_a_finding_that_a_rule_expects_is_ignored_with_its_reason(tmp_path: Path) -> None:
    first, second = applied(tmp_path, GONE, FINE)
    assert (first.ok, first.reason, first.severity) == (True, "ticket 17", Severity.BREAK)
    assert second == FINE


@pytest.mark.parametrize("pattern", ["github-live-token-*", "*-live-token-gone", "github-*"])
def test_a_star_stands_for_any_characters(tmp_path: Path, pattern: str) -> None:
    assert applied(tmp_path, GONE, id=pattern)[0].reason == "ticket 17"


def test_the_last_day_of_a_rule_counts_and_the_next_does_not(tmp_path: Path) -> None:
    assert applied(tmp_path, GONE, until="2026-11-24")[0].ok
    kept, about = applied(tmp_path, GONE, until="2026-11-23")
    assert (kept.ok, kept.reason) == (False, "")
    assert (about.ok, about.severity, about.id) == (
        False,
        Severity.WARN,
        "github-ignore-expired:github-live-token-gone",
    )
    assert about.line == 1


def test_a_rule_that_matches_nothing_is_a_finding(tmp_path: Path) -> None:
    _, about = applied(tmp_path, FINE)
    assert (about.severity, about.case) == (Severity.WARN, "unused:github-live-token-gone")
    assert about.file.endswith("mockidp-ignore.toml")


def test_a_rule_is_not_judged_where_nobody_could_be_asked(tmp_path: Path) -> None:
    assert applied(tmp_path, LOST, id="discord-live-token-gone") == [LOST]
    assert applied(tmp_path, LOST, id="*-gone") == [LOST]


def test_what_is_inconclusive_cannot_be_expected(tmp_path: Path) -> None:
    assert applied(tmp_path, LOST, id="discord-*")[0].reason == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[ignore]]\nid = "a"\nuntil = 2027-01-01\nreason = " "\n', "reason"),
        ('[[ignore]]\nid = "*"\nuntil = 2027-01-01\nreason = "all"\n', "id"),
        ('[[ignore]]\nid = "a"\nreason = "b"\n', "until"),
        ('[[ignore]]\nid = "a"\nuntil = "soon"\nreason = "b"\n', "until"),
        ('[[ignore]]\nid = "a"\nuntill = 2027-01-01\nreason = "b"\n', "until"),
        ("[[ignore]\n", "not TOML"),
        ('[[ignored]]\nid = "a"\n', "ignore"),
    ],
    ids=["no reason", "everything", "no end", "no date", "misspelt", "no TOML", "no table"],
)
def test_a_broken_rule_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContractError, match=said) as error:
        rules(tmp_path, text)
    assert error.value.file.endswith("mockidp-ignore.toml")
    assert error.value.line >= 1


def test_rules_in_the_working_folder_are_found(tmp_path: Path) -> None:
    (tmp_path / "mockidp-ignore.toml").write_text('[[ignore]]\nid = "x"\n', encoding="utf-8")
    done = run(tmp_path, "github", "--dry-run")
    assert done.returncode == 2
    assert "mockidp-ignore.toml:1" in done.stderr
