"""The catalogue in docs/providers: fresh, complete, and true where somebody would look first."""

from __future__ import annotations

import re

import pytest

from docs import catalogue
from mockidp.contract.files import provider_ids


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return catalogue.pages()


def test_the_pages_are_as_they_would_be_written_now(made: dict[str, str]) -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in catalogue.FOLDER.glob("*.md")}
    stale = [name for name in made.keys() | there.keys() if made.get(name) != there.get(name)]
    assert stale == [], "run `make catalogue`"


def test_every_provider_has_a_page_and_a_row_without_a_hole(made: dict[str, str]) -> None:
    assert sorted(made) == sorted([*(f"{provider}.md" for provider in provider_ids()), "README.md"])
    rows = [line for line in made["README.md"].splitlines() if line.startswith("| [")]
    assert len(rows) == len(provider_ids())
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 13
        assert all(cells), row


def test_a_dash_for_an_outside_client_is_explained_below(made: dict[str, str]) -> None:
    matrix, _, why = made["README.md"].partition("## Where an outside client does not log in")
    unexplained = []
    for row in matrix.splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        for column, client in ((12, "allauth, current"), (13, "allauth 0.46")):
            found = re.match(r"\[(\w+)\]", cells[1]) if len(cells) > column else None
            if found and cells[column] == "–" and f"| {client} | {found[1]} |" not in why:
                unexplained.append((client, found[1]))
    assert unexplained == []


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("github.md", "| alice | 13986784 | alice@example.com | yes | alice-archer | Alice Archer |"),
        ("github.md", "| dave | *access_denied* |  |  |  |  |"),
        ("github.md", "- **PKCE**: optional S256"),
        ("openstreetmap.md", "- **the wire changed on**: 2024-06-01, 2025-10-24"),
        ("facebook.md", "- **scopes**: `email`, `public_profile`, asked with ',' between"),
    ],
)
def test_a_page_says_what_the_wire_does(made: dict[str, str], page: str, line: str) -> None:
    assert line in made[page].splitlines()
