"""Each form of a report says what it is for, and is well-formed: schemas and parsers of others are the judges."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
from defusedxml import ElementTree
from reports import EVERYTHING, FACTS, SCHEMA, blocks, junit_problems, page, report, row, sarif, text

from mockidp.check.finding import Finding, Severity
from mockidp.check.report import document
from mockidp.check.report.terminal import render as terminal
from mockidp.errors import UsageError

# the terminal


def test_the_terminal_tells_failures_in_full_and_first() -> None:
    lines = terminal(EVERYTHING).splitlines()
    assert lines[0] == "break        acme-live-token-gone"
    assert lines[1] == "             404 where the contract has bad_code"
    assert lines[2] == "             contracts/acme/contract.toml:57, which is documented"
    assert lines[3:5] == ["             next: Look for the notice.", f"             {FACTS['curl']}"]
    labels = [line.split()[0] for line in lines if line[:1] not in (" ", "") and "cases" not in line]
    assert labels == ["break", "warn", "review", "inconclusive", "stale", "note", "ignored"]
    assert lines[-1].startswith("8 cases of 1 provider: 1 break, 1 warn, 1 review, 1 inconclusive, 1 stale, 1 note")


def test_a_reason_stands_beside_what_is_ignored_and_an_early_end_is_told() -> None:
    assert "because: rolled back soon" in terminal(EVERYTHING)
    assert "ended early" in terminal(report(row("token"), complete=False))


def test_with_no_network_each_provider_has_one_line() -> None:
    rows = [
        row(f"{step}-unreachable", "inconclusive", f"no connection to {name}.example", provider=name)
        for name in ("acme", "bolt")
        for step in ("discovery", "token", "userinfo")
    ]
    assert terminal(report(*rows)).splitlines()[:2] == [
        "inconclusive acme, 3 checks: no connection to acme.example",
        "inconclusive bolt, 3 checks: no connection to bolt.example",
    ]


def test_colour_adds_nothing_but_colour() -> None:
    coloured = terminal(EVERYTHING, colour=True)
    assert "\x1b[1;31mbreak" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == terminal(EVERYTHING)


def test_long_messages_are_wrapped_and_commands_are_not() -> None:
    address = "https://acme.example/?" + "a=b&" * 100
    long = report(row("token-gone", "break", f"{'many words ' * 40}{address}", curl=f"curl {address}"))
    wide = [line.strip() for line in terminal(long).splitlines() if len(line) > 110]
    assert wide == [address, f"curl {address}"]


# Markdown


def test_markdown_has_counts_a_table_and_folded_details() -> None:
    said = text(EVERYTHING, "markdown")
    assert said.startswith("## ❌ mockidp: 3 differences\n")
    tokens = blocks(said)
    assert sum(token.type == "table_open" for token in tokens) == 2
    assert sum(token.type == "tr_open" for token in tokens) == 2 + 1 + 7
    assert [token.content for token in tokens if token.type == "fence" and token.info == "sh"] == [
        f"{FACTS['curl']}\n"
    ] * 4
    assert said.count("<details>") == said.count("</details>") == 4


@pytest.mark.parametrize(
    ("severity", "headline"),
    [
        ("fine", "## ✅ mockidp: as the contracts say"),
        ("inconclusive", "## ❔ mockidp: not everything could be asked"),
        ("warn", "## ⚠️ mockidp: 1 difference"),
    ],
)
def test_markdown_s_headline_is_the_verdict(severity: str, headline: str) -> None:
    assert text(report(row("token-x", severity)), "markdown").startswith(f"{headline}\n")


def test_markdown_stays_below_what_github_takes() -> None:
    many = report(*(row(f"token-missing:/{n}", "warn", "long " * 200) for n in range(2000)))
    said = text(many, "markdown")
    assert len(said.encode()) < 1 << 20
    assert "1800 more in the JSON report" in said
    assert re.search(r"^\d+ more in full in the JSON report", said, re.M)


# JUnit


def test_junit_counts_failures_and_skips_what_says_nothing() -> None:
    said = text(EVERYTHING, "junit")
    assert junit_problems(said) == []
    suite = ElementTree.fromstring(said).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "3",
        "errors": "0",
        "skipped": "2",
    }
    verdicts = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert verdicts == {
        "discovery": [],
        "token-gone": ["failure"],
        "userinfo-missing:/email": ["failure"],
        "authorize-accepted": ["failure"],
        "jwks-limited": ["skipped"],
        "evidence-old": ["system-out"],
        "emails-added:/x": ["system-out"],
        "refresh-status": ["skipped"],
    }
    assert suite.get("time") == "1.750"  # seven questions of a quarter of a second


# SARIF


def test_sarif_points_at_the_line_of_the_contract_with_a_rule_for_each_kind() -> None:
    run = sarif(EVERYTHING)
    results = {item["properties"]["id"]: item for item in run["results"]}
    assert {id_: (item["ruleId"], item["level"]) for id_, item in results.items()} == {
        "acme-live-token-gone": ("live/gone", "error"),
        "acme-live-userinfo-missing:/email": ("live/missing", "warning"),
        "acme-live-authorize-accepted": ("live/accepted", "warning"),
        "acme-live-evidence-old": ("live/evidence-old", "note"),
        "acme-live-emails-added:/x": ("live/added", "note"),
        "acme-live-refresh-status": ("live/status", "error"),
    }
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rules[item["ruleIndex"]] == item["ruleId"] for item in run["results"])
    assert results["acme-live-token-gone"]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "contracts/acme/contract.toml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 57},
    }
    assert results["acme-live-evidence-old"]["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_sarif_keeps_the_unanswered_apart_and_suppresses_the_ignored() -> None:
    run = sarif(EVERYTHING)
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "jwks-limited" in notice["message"]["text"]
    suppressed = {item["properties"]["id"]: item["suppressions"] for item in run["results"] if "suppressions" in item}
    assert suppressed == {
        "acme-live-refresh-status": [
            {"kind": "external", "status": "accepted", "justification": "rolled back soon"},
        ]
    }


def test_a_fingerprint_stays_whatever_a_finding_says_and_wherever_it_stands() -> None:
    first = sarif(report(row("token-gone", "break", "404"), row("token-gone", "break", "404 again")))["results"]
    later = sarif(report(row("x"), row("token-gone", "warn", "410", line=99)))["results"]
    marks = [item["partialFingerprints"]["primaryLocationLineHash"] for item in (*first, *later)]
    assert marks[0] == marks[2]
    assert len(set(marks)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}:\d+", mark) for mark in marks)


def test_no_message_of_sarif_makes_a_link() -> None:
    assert "](" not in text(report(row("token-gone", "break", "[see](https://evil.example)")), "sarif")


# JSON


def test_the_published_schema_is_fresh() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == document.schema_text(), "run `make docs/report.schema.json`"


def test_json_is_as_its_schema_says_and_is_read_back() -> None:
    said = json.loads(text(EVERYTHING, "json"))
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(said)
    assert set(said) == {
        *("format", "tool", "subjects", "level", "started", "ended", "complete", "providers", "counts", "findings"),
        "asked",
    }


def test_half_a_surrogate_pair_in_an_answer_does_not_lose_the_report(tmp_path: Path) -> None:
    made = document.of_findings([Finding("acme", "live", "token-added:/\ud800", False, "\udfff")], started=0, ended=1)
    document.write(tmp_path / "run.json", document.encode(made))
    assert document.read(tmp_path / "run.json").findings[0].id == "acme-live-token-added:/\\ud800"


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"format": 1, "subjects": 3}'])
def test_what_is_no_report_is_refused_in_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(UsageError, match=r"x\.json is no report"):
        document.read(tmp_path / "x.json")


# HTML


def test_the_page_loads_and_runs_nothing() -> None:
    said = text(EVERYTHING, "html")
    seen = page(said)
    style = re.findall(r"<style>(.*?)</style>", said, re.S)
    assert len(style) == 1
    mark = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert seen.policy == f"default-src 'none'; style-src 'sha256-{mark}'; base-uri 'none'; form-action 'none'"
    assert {tag for tag, _ in seen.tags}.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert not [name for _, names in seen.tags for name in names if name == "style" or name.startswith("on")]
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    assert {link[:1] for link in seen.links} == {"#"}
    assert {link[1:] for link in seen.links} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))


def test_the_page_tells_every_finding_with_what_to_do() -> None:
    said = text(EVERYTHING, "html")
    for item in EVERYTHING.findings:
        if item.severity is not Severity.FINE:
            assert item.id in said
            assert item.message in said
    assert said.count("Look for the notice.") == said.count(FACTS["curl"]) == 7
