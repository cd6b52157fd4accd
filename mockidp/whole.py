"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file of that mode: a temporary one beside it, then a rename. Raises OSError."""
    number, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            if os.name == "posix":
                os.fchmod(number, mode)
            file.write(data)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
