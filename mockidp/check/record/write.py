"""From a plan to files: the difference shown, the result loaded before it counts, and all of it or nothing."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mockidp.check.contract import compiles, sourced
from mockidp.check.record.capture import RecordError
from mockidp.check.record.plan import Plan
from mockidp.contract.files import PACKAGE, contracts_folder
from mockidp.contract.load import Loaded, load_from
from mockidp.errors import ContractError, UsageError


def base(provider: str, into: Path | None) -> Loaded:
    """The contract that a recording changes: that of the user's own folder, or the one that would be copied there."""
    if into is not None and (into / provider / "contract.toml").is_file():
        return load_from(provider, into / provider)
    folder = contracts_folder()
    if into is None and folder.parent == PACKAGE:
        raise UsageError("the contracts of an installed mockidp are not written to; name a folder of yours with --into")
    return load_from(provider, folder / provider)


def difference(provider: str, plan: Plan) -> Iterator[str]:
    """The unified difference of every file, line by line."""
    for name in sorted(plan.files):
        old, new = ((data or b"").decode("utf-8", "replace") for data in plan.files[name])
        before, after = (f"{side}/{provider}/{name}" for side in ("a", "b"))
        rows = difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            before if old else "/dev/null",
            after if new else "/dev/null",
            lineterm="",
        )
        yield from rows


def write(loaded: Loaded, plan: Plan, into: Path | None) -> list[Path]:
    """Write every file of a plan, or none; the paths written. RecordError where the result would not load."""
    target = into / loaded.id if into is not None else loaded.source.folder
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{loaded.id}-"))
    except OSError as error:
        raise UsageError(f"{target.parent} cannot be written: {error.strerror}") from None
    try:
        whole = stage / loaded.id
        shutil.copytree(loaded.source.folder, whole)
        for name, (_, new) in plan.files.items():
            path = whole / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(new) if new is not None else path.unlink()
        _must_load(loaded, whole)
        if not target.exists():
            os.replace(whole, target)
            return sorted(target / name for name in plan.files)
        return _exchanged(whole, target, sorted(plan.files))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; nothing was changed") from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _must_load(before: Loaded, whole: Path) -> None:
    """The result is a contract, and no worse one than it was."""
    old = {text for rule in (compiles, sourced) for text, _ in rule(before)}
    try:
        loaded = load_from(before.id, whole)
        new = [text for rule in (compiles, sourced) for text, _ in rule(loaded)]
    except ContractError as error:
        raise RecordError(f"nothing was written, for the result does not load: {error}") from None
    if worse := [text for text in new if text not in old]:
        raise RecordError(f"nothing was written, for the result is no good contract: {worse[0]}")


def _exchanged(whole: Path, target: Path, names: list[str]) -> list[Path]:
    """Put each file in its place; where one cannot be, those before it get back what they held."""
    done: list[tuple[Path, bytes | None]] = []
    try:
        for name in [*(name for name in names if "/" in name), *(name for name in names if "/" not in name)]:
            path = target / name
            path.parent.mkdir(exist_ok=True)
            held = path.read_bytes() if path.exists() else None
            if (whole / name).exists():
                os.replace(whole / name, path)
            else:
                path.unlink(missing_ok=True)
            done.append((path, held))
    except OSError:
        for path, held in reversed(done):
            if held is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(held)
        raise
    return sorted(path for path, _ in done)
