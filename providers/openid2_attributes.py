"""Simple Registration 1.1 and Attribute Exchange 1.0: what is asked, and what the signed answer says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SREG = "http://openid.net/extensions/sreg/1.1"
AX = "http://openid.net/srv/ax/1.0"
# AX type URIs by the identity's own names: today's, then those of the draft schema that some servers still use.
TYPES = {
    "email": ("http://axschema.org/contact/email", "http://openid.net/schema/contact/email"),
    "fullname": ("http://axschema.org/namePerson", "http://openid.net/schema/namePerson"),
    "firstname": ("http://axschema.org/namePerson/first", "http://openid.net/schema/namePerson/first"),
    "lastname": ("http://axschema.org/namePerson/last", "http://openid.net/schema/namePerson/last"),
}


def questions(extra: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """The request parameters (SREG section 3, AX section 5.1). `extra` are (name, type URI, required)."""
    asked = [(f"{name}{place or ''}", uri, True) for name, uris in TYPES.items() for place, uri in enumerate(uris)]
    asked += [(f"ext{place}", uri, required) for place, (_, uri, required) in enumerate(extra)]
    optional = ",".join(alias for alias, _, required in asked if not required)
    return {
        "openid.ns.sreg": SREG,
        "openid.sreg.required": "email,fullname",
        "openid.sreg.optional": "nickname",
        "openid.ns.ax": AX,
        "openid.ax.mode": "fetch_request",
        "openid.ax.required": ",".join(alias for alias, _, required in asked if required),
        **({"openid.ax.if_available": optional} if optional else {}),
        **{f"openid.ax.type.{alias}": uri for alias, uri, _ in asked},
    }


def sreg_answers(signed: Mapping[str, str]) -> dict[str, str]:
    """The registration fields among the signed parameters (names without `openid.`)."""
    alias = _alias(signed, SREG, "sreg")
    prefix = f"{alias}."
    return {name.removeprefix(prefix): value for name, value in signed.items() if name.startswith(prefix)}


def ax_answers(signed: Mapping[str, str]) -> dict[str, str]:
    """The first value of each attribute by its type URI."""
    alias = _alias(signed, AX, "ax")
    if signed.get(f"{alias}.mode", "fetch_response") != "fetch_response":
        return {}
    prefix = f"{alias}.type."
    found = {}
    for name, uri in signed.items():
        if name.startswith(prefix):
            value = _first(signed, alias, name.removeprefix(prefix))
            if value:
                found[uri] = value
    return found


def _first(signed: Mapping[str, str], alias: str, attribute: str) -> str:
    count = signed.get(f"{alias}.count.{attribute}")
    suffix = "" if count is None else ".1"
    return signed.get(f"{alias}.value.{attribute}{suffix}", "")


def _alias(signed: Mapping[str, str], namespace: str, ours: str) -> str:
    """The alias of an extension; a server that signs no `ns.` field can only mean the alias we asked with."""
    aliases = (
        name.removeprefix("ns.") for name, value in signed.items() if name.startswith("ns.") and value == namespace
    )
    return next(aliases, ours)
