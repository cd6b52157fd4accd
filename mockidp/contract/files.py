"""Where the contracts are, and the one small index that start-up reads.

In a checkout they lie beside the package, in an installed wheel inside it. Both are found from this file's
own location, so a user's folder called `contracts` is never looked at.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from mockidp.errors import ContractError, UsageError, nearest

PACKAGE = Path(__file__).resolve().parent.parent
INDEX = "_index.json"


class Card(msgspec.Struct, frozen=True):
    """What is known of a provider before its contract is read. `hosts` may hold `*.` families."""

    id: str
    name: str
    family: str
    status: str
    colour: str
    hosts: list[str]


@cache
def contracts_folder() -> Path:
    """The folder `contracts`: of the wheel, else of the checkout. ContractError when neither is there."""
    for folder in (PACKAGE / "_contracts", PACKAGE.parent / "contracts"):
        if (folder / "_families").is_dir():
            return folder
    raise ContractError(f"no contracts beside {PACKAGE.name}; reinstall mockidp", file=str(PACKAGE))


@cache
def index() -> dict[str, Card]:
    """Every provider's card by id, from the generated index (`mockidp check --index` writes it)."""
    path = contracts_folder() / INDEX
    try:
        return {card.id: card for card in msgspec.json.decode(path.read_bytes(), type=list[Card])}
    except (OSError, msgspec.DecodeError) as error:
        raise ContractError(f"cannot be read ({error}); run `mockidp check --index`", file=INDEX) from None


def card(provider: str) -> Card:
    """The card of one provider. UsageError with the nearest id when there is none."""
    cards = index()
    if provider not in cards:
        raise UsageError(f'no provider "{provider}".{nearest(provider, list(cards))} `mockidp list` names them all.')
    return cards[provider]


def provider_ids() -> list[str]:
    """The folders that hold a contract, sorted; this looks at the disk and not at the index."""
    return sorted(path.parent.name for path in contracts_folder().glob("*/contract.toml"))
