"""The walls: who may import whom, where a provider may be named, and that no import goes round in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from mockidp.contract.files import provider_ids

ROOT = Path(__file__).parent.parent
SOURCES = {package: sorted((ROOT / package).rglob("*.py")) for package in ("mockidp", "providers")}
WORDS = {"openid", "line", "box", "edx", "exist", "persona", "slack", "figma"}  # ids that are words of the protocols


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, *, lazy: bool = True) -> Iterator[str]:
    """The absolute names of what a file imports; those inside functions too, unless `lazy` is false."""
    package = module_of(path) if path.stem == "__init__" else module_of(path).rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(n)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for n in ast.walk(node)
    }
    inner = {
        id(n)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for n in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only or (not lazy and id(node) in inner):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("package", "other"), [("providers", "mockidp"), ("mockidp", "providers")])
def test_neither_side_imports_the_other(package: str, other: str) -> None:
    guilty = [str(path) for path in SOURCES[package] if any(name.split(".")[0] == other for name in imports(path))]
    assert guilty == []


def test_no_adapter_is_imported_by_anything_but_its_name() -> None:
    others = [path for path in SOURCES["mockidp"] if "adapters" not in path.parts]
    guilty = [str(path) for path in others if any(name.startswith("mockidp.adapters") for name in imports(path))]
    assert guilty == []


def test_the_clients_read_no_contract() -> None:
    guilty = [str(path) for path in SOURCES["providers"] if "contracts/" in path.read_text(encoding="utf-8")]
    assert guilty == []


@pytest.mark.parametrize("package", ["mockidp", "providers"])
def test_no_import_goes_round_in_a_circle_not_even_inside_functions(package: str) -> None:
    modules = {module_of(path): path for path in SOURCES[package]}
    graph = {
        name: {found for found in imports(path) if found in modules and found != name}
        for name, path in modules.items()
        if path.stem != "__init__"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def engine_files() -> list[Path]:
    """Everything that serves all providers alike: all code but the providers' own modules, the adapters and the Django
    application, which know how others call them, and the command line's texts, which may show an example."""
    apart = {"quirks", "adapters", "django"}
    ours = [path for path in SOURCES["mockidp"] if not apart & {*path.parts} and not path.stem.startswith("cli")]
    clients = [path for path in SOURCES["providers"] if path.stem.removeprefix("p_") not in provider_ids()]
    return ours + [path for path in clients if path.stem != "registry" and not apart & {*path.parts}]


@pytest.mark.parametrize("path", engine_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_family_or_engine_code_names_a_provider(path: Path) -> None:
    names = set(provider_ids()) - WORDS
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and id(node) not in docstrings
        and isinstance(node.value, str)
        and node.value in names
    ]
    assert found == []


def test_importing_the_plugin_and_the_clients_loads_no_third_party_code() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import mockidp.pytest_plugin, providers; "
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['mockidp', 'providers']"


def test_a_contracts_folder_and_a_providers_package_of_the_user_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "providers.py").write_text("raise SystemExit('the user\\'s own providers was imported')\n")
    code = "from mockidp.simulator import Simulator as S; print(S().knows('github.com'), len(S().world.people.named()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.split()[:1] == ["True"], done.stderr
