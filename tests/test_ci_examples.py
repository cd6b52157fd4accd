"""The workflows of examples/ci: as their schemas want, careful with secrets, and each of their shell steps runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from reports import EVERYTHING, junit_problems, report, row

from mockidp.check.report import document
from mockidp.check.report.document import Report

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "ci"
GITHUB = yaml.safe_load((FOLDER / "github-actions.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text(encoding="utf-8"))
STARTS = GITHUB[True]  # YAML 1.1 takes `on` for a truth value
FINE = report(row("token"), asked=("token",))
RUNS = {  # the exit code of a check, and what it leaves
    0: FINE,
    1: EVERYTHING,
    2: None,
    3: report(row("token-unreachable", "inconclusive"), asked=("token",)),
    130: report(row("token"), asked=("token",), complete=False),
}


@pytest.mark.parametrize(
    ("file", "schema"), [("github-actions.yml", "github-workflows"), ("gitlab-ci.yml", "gitlab-ci")]
)
def test_a_workflow_is_as_its_published_schema_says(file: str, schema: str) -> None:
    more = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *more, FOLDER / file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# what may be done with whose rights


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = GITHUB["jobs"][job]["steps"]
    return found


def test_it_runs_at_night_and_on_mondays_and_asks_nobody_for_a_pull_request() -> None:
    assert set(STARTS) == {"schedule", "workflow_dispatch", "pull_request"}
    nightly, weekly = (item["cron"] for item in STARTS["schedule"])
    assert re.fullmatch(r"\d+ \d+ \* \* \*", nightly)
    assert re.fullmatch(r"\d+ \d+ \* \* 1", weekly)
    jobs = {name: job["if"] for name, job in GITHUB["jobs"].items()}
    assert jobs == {
        "plan": "github.event_name == 'pull_request'",
        "nightly": f"github.event_name == 'workflow_dispatch' || github.event.schedule == '{nightly}'",
        "weekly": f"github.event.schedule == '{weekly}'",
    }
    asking = {job: [step["run"] for step in steps(job) if "--live" in step.get("run", "")] for job in jobs}
    assert ["--dry-run" in command for command in asking["plan"]] == [True]
    assert ["--level 0" in command for command in asking["nightly"]] == [True]
    assert ["--level 1" in command for command in asking["weekly"]] == [True]


def test_secrets_are_in_one_step_of_the_weekly_job_and_behind_its_environment() -> None:
    with_secrets = [(name, step["name"]) for name in GITHUB["jobs"] for step in steps(name) if "secrets." in str(step)]
    assert with_secrets == [("weekly", "Ask the providers")]
    assert GITHUB["jobs"]["weekly"]["environment"] == "mockidp-live"
    assert str(GITHUB).count("secrets.") == 3


def test_a_job_may_do_what_it_needs_and_actions_are_of_one_version() -> None:
    assert GITHUB["permissions"] == {}
    rights = {name: job["permissions"] for name, job in GITHUB["jobs"].items()}
    upload = {"contents": "read", "security-events": "write"}
    assert rights == {"plan": {"contents": "read"}, "nightly": upload, "weekly": upload}
    used = [step for name in GITHUB["jobs"] for step in steps(name) if "uses" in step]
    assert used
    for step in used:
        assert re.fullmatch(r"(actions|github)/[\w/-]+@v\d+\.\d+\.\d+", step["uses"])
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    assert len({step["uses"] for step in used if "checkout" in step["uses"]}) == 1
    assert all("timeout-minutes" in job for job in GITHUB["jobs"].values())


def test_nothing_from_outside_is_put_into_a_shell_script() -> None:
    assert not [step for name in GITHUB["jobs"] for step in steps(name) if "${{" in step.get("run", "")]


def test_at_gitlab_credentials_need_a_protected_branch_and_3_is_a_warning() -> None:
    rules = {name: [rule["if"] for rule in GITLAB[name]["rules"]] for name in GITLAB if name.startswith("mockidp ")}
    assert rules == {
        "mockidp plan": ['$CI_PIPELINE_SOURCE == "merge_request_event"'],
        "mockidp nightly": ['$CI_PIPELINE_SOURCE == "schedule" && $MOCKIDP_LEVEL != "1"'],
        "mockidp weekly": [
            '$CI_PIPELINE_SOURCE == "schedule" && $MOCKIDP_LEVEL == "1" && $CI_COMMIT_REF_PROTECTED == "true"'
        ],
    }
    assert GITLAB["mockidp weekly"]["environment"] == {"name": "mockidp-live", "action": "access"}
    assert "environment" not in {**GITLAB["mockidp nightly"], **GITLAB["mockidp plan"]}
    assert GITLAB[".mockidp-check"]["allow_failure"] == {"exit_codes": 3}
    assert GITLAB[".mockidp-check"]["artifacts"]["reports"] == {"junit": "report.xml"}
    assert [("--dry-run" in line) for line in GITLAB["mockidp plan"]["script"]] == [True]


# the shell steps


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout with `mockidp` on PATH, and a `python` that installs nothing."""
    (tmp_path / "bin").mkdir()
    put(tmp_path / "bin" / "mockidp", f'exec "{sys.executable}" -m mockidp "$@"')
    installs = (
        f'case "$*" in "-m pip install"*) echo "$*" > "{tmp_path}/installed";; *) exec "{sys.executable}" "$@";; esac'
    )
    put(tmp_path / "bin" / "python", installs)
    (tmp_path / "work").mkdir()
    return tmp_path


def put(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def stands_in(place: Path, code: int, left: Report | None) -> None:
    """Let `mockidp check` leave this and exit so; all else is the real one."""
    if left is not None:
        (place / "left.json").write_bytes(document.encode(left))
    copy = f'cp "{place}/left.json" report.json; echo "<testsuites/>" > report.xml; ' if left is not None else ""
    real = f'exec "{sys.executable}" -m mockidp "$@"'
    put(place / "bin" / "mockidp", f'[ "$1" = check ] || {real}\necho "$*" >> "{place}/asked"\n{copy}exit {code}')


def environment(place: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    path = f"{place / 'bin'}{os.pathsep}{kept['PATH']}"
    own = {"PATH": path, "MOCKIDP_HOME": str(place / "home"), "GITHUB_STEP_SUMMARY": str(place / "summary.md")}
    contact = {"CONTACT": "https://example.com/acme/shop", "CI_PROJECT_URL": "https://example.com/acme/shop"}
    return {**kept, **own, **contact, **more}


def shell(
    script: str, place: Path, *before: str, pipefail: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a script as the CI does: GitHub with `bash -e`, GitLab with `set -eo pipefail`."""
    command = [*before, "bash", "-e", *(["-o", "pipefail"] if pipefail else []), "-c", script]
    return subprocess.run(
        command, cwd=place / "work", env=environment(place, **more), capture_output=True, text=True, timeout=110
    )


def job_of_github(name: str, place: Path, **more: str) -> tuple[dict[str, int], str]:
    """Run every shell step of a job, as `!cancelled()` lets them; their exit codes and what was printed."""
    codes, said, failed = {}, "", False
    for step in steps(name):
        if "run" in step and (not failed or "if" in step):
            done = shell(step["run"], place, PROVIDERS="", **more)
            codes[step["name"]], said, failed = done.returncode, said + done.stdout, failed or done.returncode > 0
            assert "command not found" not in done.stderr
    return codes, said


@pytest.mark.parametrize("job", ["nightly", "weekly"])
@pytest.mark.parametrize("code", list(RUNS))
def test_a_job_ends_as_the_check_does_but_for_a_night_without_answers(job: str, code: int, place: Path) -> None:
    stands_in(place, code, RUNS[code])
    codes, said = job_of_github(job, place)
    assert codes == {
        "Install": 0,
        "Ask the providers": 0 if code == 3 else code,
        "Write the summary and the matrix": 0,
    }
    assert ("::warning" in said) == (code == 3)
    assert "mockidp[live]" in (place / "installed").read_text()
    asked = (place / "asked").read_text()
    assert f"--level {int(job == 'weekly')} --contact https://example.com/acme/shop" in asked
    left = {path.name for path in (place / "work").glob("report.*")}
    if RUNS[code] is None:
        assert left == set()
    else:
        assert left == {"report.json", "report.xml", "report.html", "report.sarif"}
        assert (place / "summary.md").read_text(encoding="utf-8").startswith("## ")


def test_the_nightly_job_keeps_sixty_reports_and_shows_what_they_know_together(place: Path) -> None:
    (place / "work" / "runs").mkdir()
    older = report(row("userinfo-gone", "break", provider="bolt"), asked=("userinfo",), level=1)
    for number in range(70):
        name = f"20260101T{number:06}Z.json"
        (place / "work" / "runs" / name).write_bytes(document.encode(older))
    stands_in(place, 0, FINE)
    job_of_github("nightly", place)
    kept = sorted(path.name for path in (place / "work" / "runs").iterdir())
    assert len(kept) == 60
    assert kept[0] == "20260101T000011Z.json"
    assert "bolt-live-userinfo-gone" in (place / "work" / "report.sarif").read_text(encoding="utf-8")
    assert "bolt" not in (place / "summary.md").read_text(encoding="utf-8")


def script_of_gitlab(job: str) -> str:
    base = GITLAB[job].get("script") or GITLAB[GITLAB[job]["extends"]]["script"]
    return "\n".join([*GITLAB[".mockidp"]["before_script"], *base])


@pytest.mark.parametrize("job", ["mockidp nightly", "mockidp weekly"])
@pytest.mark.parametrize("code", list(RUNS))
def test_at_gitlab_a_job_ends_as_the_check_does(job: str, code: int, place: Path) -> None:
    stands_in(place, code, RUNS[code])
    given = {**GITLAB["variables"], **GITLAB[job]["variables"]}
    done = shell(script_of_gitlab(job), place, pipefail=True, **given)
    assert done.returncode == code, done.stderr
    assert f"--level {given['LEVEL']} --contact" in (place / "asked").read_text()
    kept = [place / "work" / path for path in GITLAB[".mockidp-check"]["artifacts"]["paths"]]
    assert [path.exists() for path in kept] == [RUNS[code] is not None] * 4


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_request_to_merge_lists_what_would_be_asked_and_checks_the_rules(forge: str, place: Path) -> None:
    script = steps("plan")[-1]["run"] if forge == "github" else script_of_gitlab("mockidp plan")
    names = {"PROVIDERS": "steam github", "MOCKIDP_PROVIDERS": "steam github"}
    done = shell(script, place, **names)
    assert done.returncode == 0, done.stderr
    assert "https://github.com/login/oauth/access_token" in done.stdout
    (place / "work" / "mockidp-ignore.toml").write_text(
        '[[ignore]]\nid = "github-live-token-status"\nuntil = 2030-01-01\n'
    )
    assert shell(script, place, **names).returncode == 2


def test_the_steps_run_against_the_simulator(place: Path) -> None:
    ask, write = (step["run"] for step in steps("nightly") if step.get("name") in ("Ask the providers", WRITE))
    simulated = (sys.executable, "-m", "mockidp", "run", "--quiet", "--")
    done = shell(ask, place, *simulated, PROVIDERS="steam github")
    assert done.returncode == 0, done.stdout + done.stderr
    assert shell(write, place).returncode == 0
    made = document.read(place / "work" / "report.json")
    assert {item.provider for item in made.asked} == {"steam", "github"}
    assert junit_problems((place / "work" / "report.xml").read_text(encoding="utf-8")) == []
    assert "mockidp: as the contracts say" in (place / "summary.md").read_text(encoding="utf-8")


WRITE = "Write the summary and the matrix"


def test_with_no_network_the_night_is_a_warning(place: Path) -> None:
    dead = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    (ask,) = (step["run"] for step in steps("nightly") if step.get("name") == "Ask the providers")
    done = shell(ask, place, PROVIDERS="steam github", **dead)
    assert (done.returncode, "::warning title=mockidp::" in done.stdout) == (0, True), done.stderr
    made = document.read(place / "work" / "report.json")
    assert {str(item.severity) for item in made.findings} == {"inconclusive"}
