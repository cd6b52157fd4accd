"""Simple Registration 1.0 and 1.1 and Attribute Exchange 1.0: what a request asks for, and the fields that answer it.

What a provider knows of a person stands in its contract: "sreg.<field>" and the type URIs in [person].
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockidp.families.base import Call

SREG = ("http://openid.net/extensions/sreg/1.1", "http://openid.net/sreg/1.0")
AX = "http://openid.net/srv/ax/1.0"
NAME = re.compile(r"[\w-]+", re.ASCII)  # of an extension or attribute: others would break out of a signed line
LINE = re.compile(r"[^\x00-\x1f\x7f]+")


def fields(call: Call) -> dict[str, str]:
    """The `openid.*` fields of the request: of the form when there is one, else of the query."""
    pairs = call.request.form_pairs or call.request.query_pairs
    return {key: value for key, value in pairs if key.startswith("openid.")}


def alias(call: Call, *namespaces: str) -> str | None:
    """The name under which the request uses an extension."""
    return next(
        (
            key.removeprefix("openid.ns.")
            for key, value in fields(call).items()
            if NAME.fullmatch(key.removeprefix("openid.ns.")) and value in namespaces
        ),
        None,
    )


def listed(text: str | None) -> list[str]:
    return [item for item in re.split(r"\s*,\s*", (text or "").strip()) if NAME.fullmatch(item)]


def sreg_asked(call: Call) -> tuple[str, list[str]] | None:
    """The prefix and the fields asked for; version 1.0 needs no declaration."""
    sent, name = fields(call), alias(call, *SREG)
    prefix = name or "sreg"
    if name is None and not sent.keys() & {"openid.sreg.required", "openid.sreg.optional"}:
        return None
    return prefix, [*listed(sent.get(f"openid.{prefix}.required")), *listed(sent.get(f"openid.{prefix}.optional"))]


def sreg_answer(call: Call) -> Iterator[tuple[str, str]]:
    asked = sreg_asked(call)
    if asked is None:
        return
    prefix, names = asked
    found = [
        (f"openid.{prefix}.{name}", value)
        for name in dict.fromkeys(names)
        if (value := known_of(call, f"sreg.{name}")) is not None
    ]
    if found and (namespace := fields(call).get(f"openid.ns.{prefix}")):
        yield f"openid.ns.{prefix}", namespace
    yield from found


def ax_asked(call: Call) -> tuple[str, dict[str, str]] | None:
    """The prefix and, by the request's own names, the types asked for."""
    prefix = alias(call, AX)
    sent = fields(call)
    if prefix is None or sent.get(f"openid.{prefix}.mode") != "fetch_request":
        return None
    names = [*listed(sent.get(f"openid.{prefix}.required")), *listed(sent.get(f"openid.{prefix}.if_available"))]
    types = {name: sent.get(f"openid.{prefix}.type.{name}", "") for name in names}
    return prefix, {name: kind for name, kind in types.items() if LINE.fullmatch(kind)}


def ax_answer(call: Call) -> Iterator[tuple[str, str]]:
    """Attribute Exchange 1.0 section 5.2: a count where one was asked for, or where there is no value."""
    asked = ax_asked(call)
    if asked is None or not any(name.startswith("http") for name in call.wire.person):
        return
    prefix, types = asked
    yield f"openid.ns.{prefix}", AX
    yield f"openid.{prefix}.mode", "fetch_response"
    for name, kind in types.items():
        yield f"openid.{prefix}.type.{name}", kind
        most = fields(call).get(f"openid.{prefix}.count.{name}")
        values = ax_values(call, kind)[: how_many(most)]
        if most or not values:
            yield f"openid.{prefix}.count.{name}", str(len(values))
            yield from ((f"openid.{prefix}.value.{name}.{at}", value) for at, value in enumerate(values, 1))
        else:
            yield f"openid.{prefix}.value.{name}", values[0]


def how_many(count: str | None) -> int | None:
    """A count as asked for: one where none was, any number for `unlimited` and for what is no number."""
    return 1 if not count else int(count) if re.fullmatch("[0-9]{1,6}", count) else None


def ax_values(call: Call, kind: str) -> list[str]:
    """All values of a type that the person has."""
    first = known_of(call, kind)
    others = call.person.other_emails if call.person and kind.endswith("/contact/email") else ()
    return [*([first] if first is not None else []), *(address for address, _ in others)]


def known_of(call: Call, name: str) -> str | None:
    """A value of [person] that may be absent."""
    value = call.derived(name) if name in call.wire.person else None
    return None if value is None else " ".join(LINE.findall(str(value)))


def wanted(call: Call) -> list[str]:
    """What the login page says that the application asks for."""
    sreg, ax = sreg_asked(call), ax_asked(call)
    known = call.wire.person
    return [
        *(name for name in (sreg[1] if sreg else ()) if f"sreg.{name}" in known),
        *(kind for kind in (ax[1].values() if ax else ()) if kind in known),
    ]
