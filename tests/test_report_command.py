"""Several reports: together, compared, and on the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from reports import FORMS, ROOT, junit_problems, report, row, sarif, text

from mockidp.check.finding import Severity
from mockidp.check.report import document
from mockidp.check.report.checks import merged
from mockidp.check.report.document import Report, Row
from mockidp.check.report.matrix import matrix
from mockidp.check.report.render import of_many
from mockidp.cli import cli

DOCS = ROOT / "docs"

# several reports


FIRST = report(row("token"), row("userinfo"), row("discovery"), day=1, asked=("token", "userinfo", "discovery"))
SECOND = report(
    row("token-gone", "break"),
    row("userinfo"),
    row("discovery"),
    day=2,
    asked=("token", "userinfo", "discovery"),
)
THIRD = report(
    row("token-gone", "break", "404 still"),
    row("userinfo-unreachable", "inconclusive", step="userinfo"),
    row("discovery"),
    day=3,
    asked=("token", "userinfo", "discovery"),
)


def cells(*reports: Report) -> dict[str, tuple[str, str, str, str]]:
    """Column to severity, last seen, since, tried: the days only."""
    (line,) = matrix(reports).lines
    return {
        name: (str(cell.severity), cell.seen[8:10], cell.since[8:10], cell.tried[8:10])
        for name, cell in line.cells.items()
    }


def test_a_cell_says_when_it_was_last_seen_since_when_it_fails_and_that_a_later_try_had_no_answer() -> None:
    assert cells(THIRD, FIRST, SECOND) == {
        "discovery": ("fine", "03", "", ""),
        "token": ("break", "03", "02", ""),
        "userinfo": ("fine", "02", "", "03"),
    }
    (line,) = matrix([FIRST, SECOND, THIRD]).lines
    assert line.runs == ["fine", "break", "break"]
    assert line.times["acme-live-token-gone"] == ("2026-11-02T03:29:00Z", "2026-11-03T03:29:00Z")


def test_a_failure_that_was_gone_in_between_is_as_old_as_its_return() -> None:
    fourth = report(row("token-gone", "break"), day=4, asked=("token",))
    back = report(row("token"), day=3, asked=("token",))
    assert cells(SECOND, back, fourth)["token"] == ("break", "04", "04", "")


def test_a_provider_that_was_never_heard_was_never_seen() -> None:
    silent = report(row("token-unreachable", "inconclusive"), asked=("token",))
    assert cells(silent) == {"token": ("inconclusive", "", "", "")}


def test_who_is_not_asked_is_listed_with_the_reason_and_has_no_row() -> None:
    asked = report(row("token"), row("unasked", message="retired since 2018", provider="persona"), asked=("token",))
    found = matrix([asked])
    assert [line.provider for line in found.lines] == ["acme"]
    assert [(line.provider, line.unasked) for line in found.unasked] == [("persona", "retired since 2018")]
    assert "retired since 2018" in text(asked, "html")


def test_a_step_that_few_have_shares_a_column_with_others() -> None:
    providers = [row(step, provider=f"p{n}") for n in range(40) for step in ("token", "userinfo")]
    found = matrix([report(*providers, row("odd_step", provider="p1"), row("bent_step", provider="p2"))])
    assert found.columns == ["token", "userinfo", "other"]


def test_together_the_newest_answer_counts_and_no_answer_takes_nothing_back() -> None:
    findings = {item.id: item.message for item in merged([FIRST, SECOND, THIRD]).findings}
    assert findings == {
        "acme-live-token-gone": "404 still",
        "acme-live-userinfo": "",
        "acme-live-userinfo-unreachable": "told of userinfo-unreachable",
        "acme-live-discovery": "",
    }


def test_a_deeper_run_is_not_forgotten_for_a_shallow_one_nor_a_check_that_is_over_remembered() -> None:
    deep = report(row("token"), row("app-token-status", "warn"), day=1, asked=("token", "app-token"), level=1)
    shallow = report(row("token"), day=2, asked=("token",))
    assert "acme-live-app-token-status" in {item.id for item in merged([deep, shallow]).findings}
    again = report(row("token"), day=3, asked=("token",), level=1)
    assert "acme-live-app-token-status" not in {item.id for item in merged([deep, shallow, again]).findings}


def test_of_two_checks_whose_names_begin_alike_each_has_its_own_findings() -> None:
    rows = [row("token-retires", "warn"), row("token-json-gone", "break"), row("token_info-moved", "break")]
    found = sarif(report(row("token"), *rows, asked=("token", "token-json", "token_info")))["results"]
    assert {item["properties"]["id"].removeprefix("acme-live-"): item["ruleId"] for item in found} == {
        "token-retires": "live/retires",
        "token-json-gone": "live/gone",
        "token_info-moved": "live/moved",
    }


# diff


def compared(before: Report, after: Report, tmp_path: Path, *options: str) -> Result:
    for name, of in (("a.json", before), ("b.json", after)):
        document.write(tmp_path / name, document.encode(of))
    return CliRunner().invoke(cli, ["diff", str(tmp_path / "a.json"), str(tmp_path / "b.json"), *options])


def ids(found: dict[str, Any]) -> dict[str, list[str]]:
    names = ("new", "gone", "unclear")
    out = {name: [item["id"].removeprefix("acme-live-") for item in found[name]] for name in names}
    moved = {
        name: [f"{item['finding']['case']} {item['before']} {item['now']}" for item in found[name]]
        for name in ("graver", "milder")
    }
    return {name: rows for name, rows in {**out, **moved}.items() if rows}


STEPS = ("token", "userinfo", "emails")


@pytest.mark.parametrize(
    ("before", "after", "wanted", "code"),
    [
        ([row("token")], [row("token")], {}, 0),
        ([row("token")], [row("token-gone", "break")], {"new": ["token-gone"]}, 1),
        ([row("token")], [row("token-added:/x", "note")], {"new": ["token-added:/x"]}, 0),
        ([row("token-gone", "break")], [row("token")], {"gone": ["token-gone"]}, 0),
        ([row("token-x", "warn")], [row("token-x", "break")], {"graver": ["token-x warn break"]}, 1),
        ([row("token-x", "break")], [row("token-x", "review")], {"milder": ["token-x break review"]}, 0),
        ([row("token-x", "note")], [row("token-x", "stale")], {"graver": ["token-x note stale"]}, 0),
        ([row("token-x", "warn")], [row("token-x", "warn", reason="why")], {"milder": ["token-x warn ignored"]}, 0),
        ([row("token-x", "warn", reason="why")], [row("token-x", "warn")], {"graver": ["token-x ignored warn"]}, 1),
        ([row("token-x", "warn")], [row("token-unreachable", "inconclusive")], {"unclear": ["token-x"]}, 3),
        ([row("token-x", "break")], [row("token-x", "inconclusive")], {"unclear": ["token-x"]}, 3),
        ([row("token-x", "note")], [row("token-limited", "inconclusive")], {}, 0),
        ([row("token-limited", "inconclusive")], [row("token")], {}, 0),
        ([row("token-limited", "inconclusive")], [row("token-x", "warn")], {"new": ["token-x"]}, 1),
        ([row("token-x", "warn")], [row("token", provider="bolt")], {"unclear": ["token-x"]}, 3),
        ([row("token"), row("evidence-old", "stale")], [row("token")], {"gone": ["evidence-old"]}, 0),
    ],
)  # fmt: skip
def test_two_runs_are_compared_by_what_each_could_say(
    before: list[Row], after: list[Row], wanted: dict[str, list[str]], code: int, tmp_path: Path
) -> None:
    first, second = report(*before, day=1, asked=STEPS), report(*after, day=2, asked=STEPS)
    result = compared(first, second, tmp_path, "--json")
    assert (ids(json.loads(result.output)), result.exit_code) == (wanted, code)
    in_words = compared(first, second, tmp_path)
    assert in_words.exit_code == code
    assert all(f"acme-live-{name.partition(' ')[0]}: " in in_words.output for rows in wanted.values() for name in rows)
    assert ("no change" in in_words.output) == (not wanted)


def test_a_comparison_in_words_says_what_is_worse_first(tmp_path: Path) -> None:
    before = report(row("token-x", "warn"), row("emails-y", "warn"), day=1, asked=STEPS)
    after = report(row("token-x", "break"), row("userinfo-z", "warn"), row("emails"), day=2, asked=STEPS)
    lines = compared(before, after, tmp_path).output.splitlines()
    assert [line for line in lines if line.endswith(": 1")] == ["new: 1", "graver: 1", "gone: 1"]
    assert "             was warn" in lines
    assert lines[-1] == "from 2026-11-01T03:29:00Z to 2026-11-02T03:29:00Z"


# the command


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, of in enumerate((FIRST, SECOND, THIRD)):
        document.write(tmp_path / f"{number}.json", document.encode(of))
    return tmp_path


def invoke(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == code, result.output
    return result.output


BEGINS = {
    "txt": "break ",
    "md": "## ",
    "xml": "<?xml",
    "sarif": '{\n  "$schema": "https://docs.oasis-open.org/sarif',
    "html": "<!doctype html>",
    "json": '{\n  "format": 1',
}


@pytest.mark.parametrize("ending", list(BEGINS))
def test_the_ending_of_the_file_is_the_form(ending: str, runs: Path) -> None:
    invoke("report", "2.json", "-o", f"made/run.{ending}")
    assert (runs / "made" / f"run.{ending}").read_text(encoding="utf-8").startswith(BEGINS[ending])


def test_a_report_is_shown_and_several_are_one(runs: Path) -> None:
    assert "acme-live-token-gone" in invoke("report", "1.json")
    assert "acme-live-token-gone" not in invoke("report", "0.json")
    together = json.loads(invoke("report", "0.json", "1.json", "2.json", "--json"))
    assert together["ended"] == THIRD.ended
    assert invoke("report", "2.json", "--form", "markdown") == text(THIRD, "markdown")
    assert of_many([FIRST, SECOND, THIRD], "html").decode() == invoke(
        "report", "0.json", "1.json", "2.json", "--form", "html"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report"], "Missing argument"),
        (["report", "none.json"], "none.json cannot be read"),
        (["report", "0.json", "--form", "pdf"], "'pdf' is not one of"),
        (["diff", "0.json"], "Missing argument"),
        (["check", "github", "--report", "pdf=x"], "--report wants FORM=FILE"),
        (["check", "github", "--report", "html="], "--report wants FORM=FILE"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_line(words: list[str], said: str, runs: Path) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


def test_a_check_of_contract_and_mock_leaves_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("check", "steam", "--subject", "contract", "--out", "run.json", "--report", "junit=run.xml")
    made = document.read(tmp_path / "run.json")
    assert (made.subjects, made.providers, made.complete, made.level) == (["contract"], ["steam"], True, -1)
    assert junit_problems((tmp_path / "run.xml").read_text(encoding="utf-8")) == []
    assert matrix([made]).columns == ["contract"]


def test_the_page_about_live_checks_has_every_severity_form_and_exit_code() -> None:
    said = (DOCS / "live.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \|", said, re.M))
    assert rows == {*map(str, Severity), *FORMS} - {"fine"}
    assert all(f"`.{ending}`" in said for ending in BEGINS)
    links = re.findall(r"\]\(([^)#]+)\)", said)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []


# processes


def mockidp(*words: str) -> list[str]:
    return [sys.executable, "-m", "mockidp", *words]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, "MOCKIDP_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}


def test_an_interrupted_check_leaves_a_valid_report_of_what_it_had(tmp_path: Path, environment: dict[str, str]) -> None:
    out = tmp_path / "run.json"
    command = mockidp("check", "--subject", "mock", "--out", str(out), "--report", f"html={tmp_path / 'run.html'}")
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert "checked" in child.stdout.readline()  # the first provider is done
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    made = document.read(out)
    assert not made.complete
    assert made.findings
    assert "ended early" in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_a_live_check_under_run_asks_the_simulator_and_is_clean(tmp_path: Path, environment: dict[str, str]) -> None:
    out = tmp_path / "run.json"
    check = mockidp("check", "--live", "steam", "twitter", "--out", str(out))
    done = subprocess.run(
        mockidp("run", "--quiet", "--", *check),
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
    )
    made = document.read(out)
    assert (done.returncode, made.complete) == (0, True), done.stdout + done.stderr
    assert {str(item.severity) for item in made.findings} <= {"fine", "stale"}
    assert {item.status > 0 for item in made.asked} == {True}
    assert {item.provider for item in made.asked} == {"steam", "twitter"}
