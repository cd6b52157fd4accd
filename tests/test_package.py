"""What a user installs: the wheel carries both packages and the contracts, and a new provider is two short files."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked elsewhere."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_serves_a_login_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import mockidp, providers; assert mockidp.__file__.startswith(sys.argv[1]), mockidp.__file__;"
        "from mockidp.check.mock import Lab; print(Lab('github').walk('alice').run()['email'], *providers.ids())"
    )
    command = [sys.executable, "-P", "-c", code, str(installed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split()[:2] == ["alice@example.com", "500px"], done.stderr


def test_nothing_but_the_two_packages_is_installed(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"mockidp", "providers"}
    assert (installed / "mockidp" / "_contracts" / "github" / "contract.toml").is_file()
    assert (installed / "mockidp" / "py.typed").is_file()
    assert (installed / "providers" / "py.typed").is_file()


@pytest.mark.parametrize("package", ["mockidp", "providers"])
def test_templates_styles_and_preloads_come_along(installed: Path, package: str) -> None:
    files = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()}
    wanted = {path for path in files if "__pycache__" not in path.parts and path.suffix != ".pyc"}
    assert len({path.suffix for path in wanted}) > 2
    assert [str(path) for path in sorted(wanted) if not (installed / path).is_file()] == []


def test_a_plain_provider_is_two_files_of_under_forty_and_ninety_lines() -> None:
    client, contract = ROOT / "providers" / "github.py", ROOT / "contracts" / "github" / "contract.toml"
    assert len(client.read_text(encoding="utf-8").splitlines()) < 40
    exchanges, error, rest = contract.read_text(encoding="utf-8").partition("\n[error]")
    blocks = re.split(r"^(?=\[\[exchange\]\])", exchanges, flags=re.M)
    today = [block for block in blocks if not re.search(r"^(?:until|gone) = ", block, re.M)]
    assert len("".join([*today, error, rest]).splitlines()) < 90  # what it did formerly comes on top
    assert not (ROOT / "mockidp" / "quirks" / "p_github.py").exists()
