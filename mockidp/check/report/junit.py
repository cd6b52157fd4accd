"""A report as JUnit's XML, for the test tab of a CI system: a suite a provider, a test a case.

What a client would trip over (break, warn) and what a person must look at (review) is a failure. What could not be
asked is skipped and no error: CI systems count errors as failed tests, and a network that is down would look like a
provider that has changed. What a rule ignores is skipped too, with the rule's reason. Notes and old evidence pass, and
say so in their output.
"""

from __future__ import annotations

from collections import defaultdict
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # builds only: nothing is parsed

from mockidp.check.finding import FAILING, Severity
from mockidp.check.report.checks import in_checks
from mockidp.check.report.document import Report, Row
from mockidp.check.report.words import one_line, visible


def render(report: Report) -> str:
    """XML for the schemas of Jenkins (junit-10.xsd) and of Ant."""
    root = Element("testsuites", name="mockidp")
    times = _times(report)
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in report.findings:
        grouped[row.provider].append(row)
    for number, (provider, rows) in enumerate(grouped.items()):
        suite = SubElement(root, "testsuite", name=one_line(provider) or "-", id=str(number), package="mockidp")
        suite.set("timestamp", one_line(report.started).removesuffix("Z"))
        suite.set("hostname", "localhost")
        properties = SubElement(suite, "properties")
        SubElement(properties, "property", name="tool", value=one_line(report.tool))
        SubElement(properties, "property", name="complete", value=str(report.complete).lower())
        taken = [_case(suite, row, times.get((row.provider, row.case), 0.0)) for row in rows]
        SubElement(suite, "system-out").text = ""
        SubElement(suite, "system-err").text = ""
        _count(suite, rows, sum(taken))
    _count(root, report.findings, sum(times.values()))
    root.attrib.pop("skipped")  # what neither schema has there
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _times(report: Report) -> dict[tuple[str, str], float]:
    """The seconds that a check took, at the first case that it has."""
    spent: dict[tuple[str, str], float] = defaultdict(float)
    for question in report.asked:
        spent[question.provider, question.case] += question.seconds
    return {
        (check.provider, answer.rows[0].case): spent[check.provider, check.name]
        for check, answer in in_checks(report).items()
        if check.subject == "live" and (check.provider, check.name) in spent
    }


def _count(element: Element, rows: list[Row], seconds: float) -> None:
    failed = sum(_fails(row) for row in rows)
    skipped = sum(_is_skipped(row) for row in rows)
    counts = {"tests": len(rows), "failures": failed, "errors": 0, "skipped": skipped}
    for name, count in counts.items():
        element.set(name, str(count))
    element.set("time", f"{seconds:.3f}")


def _fails(row: Row) -> bool:
    return row.severity in FAILING and not row.reason


def _is_skipped(row: Row) -> bool:
    return bool(row.reason) or row.severity is Severity.INCONCLUSIVE


def _case(suite: Element, row: Row, seconds: float) -> float:
    classname = f"mockidp.{one_line(row.subject)}.{one_line(row.provider)}"
    case = SubElement(suite, "testcase", name=one_line(row.case) or "-", classname=classname, time=f"{seconds:.3f}")
    message = one_line(row.message) or str(row.severity)
    if row.reason:
        SubElement(case, "skipped", message=f"ignored: {one_line(row.reason)} ({message})")
    elif row.severity is Severity.INCONCLUSIVE:
        SubElement(case, "skipped", message=message)
    elif _fails(row):
        SubElement(case, "failure", message=message, type=str(row.severity)).text = _text(row)
    elif row.severity is not Severity.FINE:
        SubElement(case, "system-out").text = f"{row.severity}: {_text(row)}"
    return seconds


def _text(row: Row) -> str:
    where = f"{row.file}:{row.line}" if row.line else row.file
    return "\n".join(visible(part) for part in (row.message, where, row.next, row.curl) if part)
