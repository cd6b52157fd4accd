"""The package itself: what importing it costs, who imports whom, and how short its pieces are."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import providers

HERE = Path(providers.__file__).parent
FILES = sorted(path for path in HERE.glob("*.py"))
TREES = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
FAMILIES = [
    "answers",
    "base",
    "callback",
    "errors",
    "http",
    "id_token",
    "identity",
    "oauth",
    "oauth1",
    "oauth1_signature",
    "oauth2",
    "oidc",
    "openid2",
    "openid2_association",
    "openid2_attributes",
    "settings",
    "xml",
    "yadis",
]
MODULES = {name if name.isidentifier() else f"p_{name}" for name in providers.ids()}
THIRD_PARTY = {"jwt", "cryptography", "defusedxml", "requests", "httpx"}


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent
    ).stdout


def test_importing_and_getting_a_provider_loads_no_third_party_package():
    loaded = python(
        "import sys, providers\n"
        "for name in ('github', 'google', 'steam', 'openid', 'twitter', 'facebook', 'weixin', 'shopify'):\n"
        "    providers.get(name, client_id='a', client_secret='b')\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    assert not THIRD_PARTY & set(loaded.split())


def test_importing_the_package_loads_three_of_its_modules():
    loaded = python("import sys, providers; print(*[name for name in sys.modules if name.startswith('providers')])")
    assert set(loaded.split()) == {"providers", "providers.errors", "providers.registry"}


def imports(tree, *, top_only=False):
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield node.module
            elif node.module:
                yield f".{node.module}"
            else:
                yield from (f".{name.name}" for name in node.names)


@pytest.mark.parametrize("name", TREES)
def test_a_client_never_imports_the_simulator_and_reads_no_contract(name):
    assert not [one for one in imports(TREES[name]) if one.startswith(("mockidp", "contracts"))]
    assert "contracts/" not in (HERE / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TREES)
def test_third_party_packages_are_imported_inside_functions(name):
    assert not [one for one in imports(TREES[name], top_only=True) if one.partition(".")[0] in THIRD_PARTY]


def test_imports_go_one_way():
    graph = {name: {one[1:] for one in imports(tree) if one.startswith(".")} for name, tree in TREES.items()}
    done = set()
    while graph:
        free = {name for name, needs in graph.items() if needs <= done}
        assert free, f"a cycle among {sorted(graph)}"
        done |= free
        graph = {name: needs for name, needs in graph.items() if name not in free}


@pytest.mark.parametrize("name", FAMILIES)
def test_no_provider_is_named_in_shared_code(name):
    strings = {
        node.value for node in ast.walk(TREES[name]) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    names = set(providers.ids()) - {"openid"}
    words = {
        word for one in strings if "\n" not in one and len(one) < 60 for word in re.findall(r"[a-z0-9]+", one.lower())
    }
    assert not words & names


def test_every_module_is_shared_code_a_provider_or_the_entrance():
    assert set(TREES) == {*FAMILIES, *MODULES, "__init__", "registry", "adapter"}


def test_files_and_functions_are_short():
    sizes = []
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path.name
        for node in ast.walk(TREES[path.stem]):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sizes.append(node.end_lineno - node.lineno + 1)
    assert 4 <= statistics.median(sizes) <= 12
    assert max(sizes) <= 40


def test_the_simplest_provider_is_a_few_lines():
    sizes = [len((HERE / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in MODULES]
    assert min(sizes) < 36


def test_the_public_names_are_all_there():
    assert all(getattr(providers, name) is not None for name in providers.__all__)
    assert not hasattr(providers, "nothing")


def test_public_functions_and_classes_say_what_they_are():
    for name, tree in TREES.items():
        assert name in MODULES or ast.get_docstring(tree), name
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{name}.{node.name}"
