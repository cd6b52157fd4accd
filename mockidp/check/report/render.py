"""The forms of a report, by name; each is a module with `render(report) -> str`, loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from mockidp.check.report.checks import merged
from mockidp.check.report.document import Report, encode
from mockidp.errors import UsageError, nearest

FORMS = {name: f"mockidp.check.report.{name}" for name in ("terminal", "markdown", "junit", "sarif", "html")}
ENDINGS = {".txt": "terminal", ".md": "markdown", ".xml": "junit", ".sarif": "sarif", ".html": "html", ".json": "json"}


def rendered(report: Report, form: str) -> bytes:
    """A report in one of its forms. UsageError for a form that there is not."""
    if form == "json":
        return encode(report)
    if form not in FORMS:
        known = ["json", *FORMS]
        raise UsageError(f'no form "{form}" of a report; there are {", ".join(known)}.{nearest(form, known)}')
    text: str = import_module(FORMS[form]).render(report)
    return text.encode()


def of_many(reports: Sequence[Report], form: str) -> bytes:
    """Several reports in one form, of which the newest answer to each check counts."""
    if form != "html":
        return rendered(merged(reports), form)
    from mockidp.check.report.html import render_all  # lazy: brings jinja2

    return render_all(reports).encode()


def destinations(given: Iterable[str]) -> list[tuple[str, Path]]:
    """`FORM=FILE` texts, checked before a run begins. UsageError for anything else."""
    out = []
    for text in given:
        form, equals, path = text.partition("=")
        if not equals or not path or form not in ("json", *FORMS):
            known = ", ".join(["json", *FORMS])
            raise UsageError(f"--report wants FORM=FILE, such as json=run.json, not {text!r}; forms: {known}")
        out.append((form, Path(path)))
    return out
