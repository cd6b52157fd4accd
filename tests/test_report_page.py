"""The matrix in a real browser: keyboard, narrow windows, light and dark, and its policy."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reports import EVERYTHING, report, row

from mockidp.check.finding import Severity
from mockidp.check.report.render import rendered


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    import chromium
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, chromium.browser(playwright) as made:
        yield made


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the matrix of a run in which providers differ in what they have."""
    rows = [
        *(item for item in EVERYTHING.findings if item.severity is not Severity.INCONCLUSIVE),
        row("token", provider="bolt"),
        row("token-limited", "inconclusive", provider="cube"),
        row("unasked", message="retired", provider="dull"),
    ]
    path = tmp_path / "matrix.html"
    path.write_bytes(
        rendered(report(*rows, asked=("token", "userinfo", "discovery", "refresh", "emails", "authorize")), "html")
    )
    contexts = []

    def open_(**options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.on("console", lambda said: page.errors.append(said.text))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


def shown(page: Any) -> list[str]:
    return [name.inner_text() for name in page.locator("tbody th:visible").all()]


def test_the_matrix_is_filtered_with_the_keyboard_and_without_a_script(opened: Callable[..., Any]) -> None:
    page = opened(java_script_enabled=False)
    assert shown(page) == ["acme", "cube", "bolt"]
    page.locator("#f-all").focus()
    seen = []
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        chosen = page.locator("input:checked").get_attribute("id")
        seen.append((chosen, shown(page)))
    assert seen == [
        ("f-differs", ["acme"]),
        ("f-inconclusive", ["cube"]),
        ("f-stale", ["acme"]),
        ("f-note", ["acme"]),
        ("f-ignored", ["acme"]),
        ("f-quiet", ["bolt"]),
    ]
    assert page.errors == []


def test_a_cell_leads_to_its_findings(opened: Callable[..., Any]) -> None:
    page = opened()
    page.get_by_role("link", name="acme, token: break").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#p-acme")
    assert page.locator("#p-acme").get_by_text("acme-live-token-gone").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_fits_its_window_and_is_for_everybody(opened: Callable[..., Any], scheme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    broken = Counter(item["id"] for item in Axe().run(page).response["violations"])
    assert broken == {}
    assert page.errors == []


def test_the_policy_stands_where_something_got_through(opened: Callable[..., Any]) -> None:
    page = opened()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    time.sleep(0.3)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in page.errors)
