"""Make `contracts/_index.json` and `contracts/schema.json` from the contracts; `mockidp check --index` calls it."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from pathlib import Path

from mockidp.contract.files import INDEX, contracts_folder, provider_ids
from mockidp.contract.load import Loaded, load_from
from mockidp.contract.schema import json_schema


def rows() -> list[dict[str, object]]:
    """The index as it should be: one row a contract on disk, with the hosts of all its days for the usual settings."""
    out: list[dict[str, object]] = []
    for provider in provider_ids():
        loaded = load_from(provider, contracts_folder() / provider)
        spec = loaded.at().spec
        eras = [loaded, *loaded.former.values()]
        out.append(
            {
                "id": spec.id,
                "name": spec.name,
                "family": spec.family,
                "status": spec.status,
                "colour": spec.colour,
                "hosts": list(dict.fromkeys(host for era in eras for host in _hosts(era))),
            }
        )
    return out


def _hosts(era: Loaded) -> Iterator[str]:
    """The hosts of today, and those of the days before something of the wire changed."""
    for day in (None, *(day - datetime.timedelta(days=1) for day in era.boundaries if day not in era.former)):
        yield from era.at(None, day).hosts


def generated() -> dict[str, str]:
    """The generated files by name, as they should be."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    return {
        INDEX: f"[\n{lines}\n]\n",
        "schema.json": json.dumps(json_schema(), indent=1, sort_keys=True) + "\n",
    }


def write() -> list[str]:
    """Write what is not as it should be, each file whole or not at all; return the names written."""
    changed = [name for name, text in generated().items() if _read(contracts_folder() / name) != text]
    for name in changed:
        path = contracts_folder() / name
        part = path.with_suffix(".part")
        part.write_text(generated()[name], encoding="utf-8")
        os.replace(part, path)
    return changed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
