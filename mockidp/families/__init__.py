"""The stateful rules of each protocol. A family knows no provider; what is one provider's own is in `quirks/`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from mockidp.errors import ContractError
from mockidp.families.base import Family

FAMILIES = {
    "oauth2": "mockidp.families.oauth2:OAuth2",
    "oidc": "mockidp.families.oidc:Oidc",
    "oauth1": "mockidp.families.oauth1:OAuth1",
    "openid2": "mockidp.families.openid2:OpenID2",
    "custom": "mockidp.families.base:Family",
}


@cache
def family_of(provider: str, family: str) -> Family:
    """The rules for a provider: those of its own module in `quirks/` where there is one, else its family's."""
    own = f"mockidp.quirks.p_{provider}"
    if find_spec(own) is not None:
        rules = import_module(own).Rules
    elif family in FAMILIES:
        module, _, name = FAMILIES[family].partition(":")
        rules = getattr(import_module(module), name)
    else:
        raise ContractError(f"no family {family!r}; known: {', '.join(FAMILIES)}", key="family")
    made: Family = rules()
    return made
