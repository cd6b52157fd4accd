"""The Graph API's versions: each ends on a published day, and what asks for one that has ended is served by another."""

from __future__ import annotations

import datetime
import re

from mockidp.errors import Refusal
from mockidp.families.base import Call

# Version and the day it ends, oldest first (docs/graph-api/changelog/versions, 2026-11); from v25.0 on it is not known
# or far. A version that has ended is answered as the oldest that has not.
ENDS = {
    "v4.0": "2021-11-02",
    "v5.0": "2022-02-03",
    "v6.0": "2022-05-05",
    "v7.0": "2022-08-04",
    "v8.0": "2022-11-01",
    "v9.0": "2023-02-23",
    "v10.0": "2023-06-08",
    "v11.0": "2023-09-14",
    "v12.0": "2024-02-08",
    "v13.0": "2024-05-28",
    "v14.0": "2024-09-17",
    "v15.0": "2024-11-20",
    "v16.0": "2025-05-14",
    "v17.0": "2025-09-12",
    "v18.0": "2026-01-26",
    "v19.0": "2026-05-21",
    "v20.0": "2026-09-24",
    "v21.0": "2027-01-21",
    "v22.0": "2027-05-20",
    "v23.0": "2027-10-08",
    "v24.0": "2028-02-18",
    "v25.0": "2028-07-29",
    "v26.0": "9999-12-31",
}
VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
IN_PATH = re.compile(r"^/(v\d[^/]*)/")


def unknown_version(call: Call) -> Refusal | None:
    version = call.told("version")
    if version is None or VERSION.fullmatch(version):
        return None
    return Refusal(
        "unknown_version", "the first part of the path is no version", expected="v<number>.<number>", got=version
    )


def served_version(call: Call) -> str:
    """The version of the path while it lives; else, and without one, the oldest that lives."""
    found = IN_PATH.match(call.request.path)
    day = call.world.date or datetime.datetime.fromtimestamp(call.now, datetime.UTC).date()
    living = [name for name, ends in ENDS.items() if day < datetime.date.fromisoformat(ends)]
    if found is None or (found[1] not in living and older(found[1], living[0])):
        return living[0]
    return found[1]


def older(version: str, than: str) -> bool:
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def version_ended(call: Call) -> Refusal | None:
    """Answered all the same, by another version: never refused, only told."""
    found, served = IN_PATH.match(call.request.path), served_version(call)
    if found is not None and found[1] != served:
        call.entry.remarks.append(f"version {found[1]} has ended: this is answered as {served}")
    return None
