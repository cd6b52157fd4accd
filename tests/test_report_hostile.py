"""Whatever a provider sends: no form of a report can be broken, or made to do something, by what is told in it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from defusedxml import ElementTree
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reports import FORMS, SCHEMA, blocks, junit_problems, page, report, sarif, text

from mockidp.check.finding import Severity
from mockidp.check.report.document import Report, Row

PIECES = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</style>", "</details>", "]]>", "<!--", "-->"),
    *(
        "|",
        "\\|",
        "`",
        "```",
        "~~~",
        "\n```\n",
        "\n````\n",
        "\n\n# h\n",
        "\r\n",
        "\n- x",
        "\n| a | b |\n|---|---|\n",
        "* _ ~~ **",
        "&amp;",
    ),
    *("[a](javascript:alert(1))", "](http://x)", "@someone", "#12", ":tada:", "$x$", "www.evil.example", "'\"", "\t"),
    *("https://evil.example", "\x00", "\x07", "\x1b[2J\x1b]0;t\x07", "\x7f", "\x85", "\x9b31m", "\u2028", "\ufeff"),
    *("\u202eabc", "\u2066", "\u200b", "\U0010ffff", "\ufffe", "e\u0301", "שלום", "مرحبا", "🙂", "👩\u200d👧", " "),
    *("{{ 7*7 }}", "{% raw %}", "%s", "$(touch x)"),
)
HOSTILE = (
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1, max_size=4).map("x".join).filter(str.strip)
)
FIELDS = ("provider", "case", "step", "message", "evidence", "file", "next", "curl", "reason", "tool")
TAME = dict.fromkeys(FIELDS, "x")


def told(words: dict[str, str]) -> Report:
    """A report with these words in every place that can hold any."""
    common = {name: words[name] for name in ("provider", "message", "file", "step", "evidence", "next", "curl")}
    rows = []
    for number, severity in enumerate(Severity):
        for reason in ("", words["reason"]):
            case = f"q{number}{bool(reason)}-{words['case']}"
            facts = {**common, "reason": reason, "case": case, "id": f"{words['provider']}-live-{case}"}
            rows.append(Row(subject="live", ok=False, severity=severity, line=3, **facts))
    unasked = Row(
        id="quiet", provider=f"{words['provider']}2", subject="live", case="unasked", ok=True, severity=Severity.FINE,
        message=words["message"],
    )  # fmt: skip
    made = report(*rows, unasked, asked=("q0False", words["case"]))
    made.tool = words["tool"]
    return made


def skeleton(of: Report, form: str) -> Any:
    """The structure of a form without any text: what must not depend on the words."""
    said = text(of, form)
    if form == "html":
        return page(said).tags
    if form == "markdown":
        tokens = blocks(said)
        inner = [child for token in tokens for child in token.children or [] if child.type not in ("text", "softbreak")]
        html = [token.content for token in (*tokens, *inner) if token.type in ("html_block", "html_inline")]
        tags = [re.findall(r"<(/?\w+)", one) for one in html]
        return [(token.type, token.level) for token in tokens], [child.type for child in inner], tags
    if form == "junit":
        assert junit_problems(said) == []
        return [(node.tag, len(node)) for node in ElementTree.fromstring(said).iter()]
    if form == "sarif":
        sarif(of)
        return None
    if form == "json":
        jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(json.loads(said))
        return [item.message for item in of.findings] == [item["message"] for item in json.loads(said)["findings"]]
    return len(re.findall(r"^\S+ +", said, re.M))


STRUCTURES = {form: skeleton(told(TAME), form) for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.fixed_dictionaries(dict.fromkeys(FIELDS, HOSTILE)))
@example(words=dict.fromkeys(FIELDS, "x".join(PIECES)))
def test_no_words_of_a_provider_s_change_the_structure_of_any_form(form: str, words: dict[str, str]) -> None:
    assert skeleton(told(words), form) == STRUCTURES[form]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.fixed_dictionaries(dict.fromkeys(FIELDS, HOSTILE)))
@example(words=dict.fromkeys(FIELDS, "x".join(PIECES)))
def test_nothing_that_steers_a_terminal_or_turns_a_line_leaves_as_it_came(form: str, words: dict[str, str]) -> None:
    said = text(told(words), form)
    if form == "json":
        return  # every character as it was, in JSON's escapes where it wants one
    steering = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe]", said)
    assert steering == []
