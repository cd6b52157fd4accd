"""What is known of a provider, as JSON-safe tables: the documented shapes of `list`, `show`, `apps` and `people`."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

import msgspec

from mockidp.apps import App
from mockidp.contract.files import index
from mockidp.contract.load import load
from mockidp.contract.wire import Exchange, Wire
from mockidp.journal import cut
from mockidp.people import Person
from mockidp.world import World

Table = dict[str, Any]
EXAMPLE = "github"  # what the banner and the first page show; any provider would do


def summary(world: World, provider: str) -> Table:
    """`id name family status hosts evidence settings`; `evidence` counts the facts of each kind, and `oldest`."""
    wire = world.wire(provider)
    return {
        "id": wire.id,
        "name": wire.name,
        "family": wire.family,
        "status": wire.spec.status,
        "hosts": wire.hosts,
        "evidence": evidence(wire),
        "settings": [*wire.spec.settings, *client_settings(wire)],
    }


def client_settings(wire: Wire) -> list[str]:
    """The settings that are a choice of the client's and no part of the simulated service."""
    return [name for name in wire.client.settings if name not in wire.spec.settings]


def evidence(wire: Wire) -> Table:
    """How many exchanges, errors and identity tokens rest on each kind of evidence, and the oldest date of all."""
    known = wire.spec.evidence
    rows = [item.spec.evidence for item in wire.exchanges] + [item.spec.evidence for item in wire.errors.values()]
    if wire.spec.id_token is not None:
        rows.append(wire.spec.id_token.evidence)
    used = [known[name] for name in rows if name in known]
    out: Table = dict(sorted(Counter(item.kind for item in used).items()))
    if used:
        out["oldest"] = min(item.date for item in used).isoformat()
    return out


def full(world: World, provider: str) -> Table:
    """All that the contract says, in this world: the summary, and every other table but the bodies."""
    wire, contract = world.wire(provider), load(provider)
    spec, client = wire.spec, wire.client
    return {
        **summary(world, provider),
        "retired": spec.retired.isoformat() if spec.retired else None,
        "reason": spec.reason or None,
        "defaults": {
            name: {
                "value": wire.settings[name],
                "default": row.default,
                "about": row.about,
                "derive": msgspec.to_builtins(row.derive),
            }
            for name, row in spec.settings.items()
        },
        "client_settings": {name: client.settings[name] for name in client_settings(wire)},
        "auth": client.auth,
        "pkce": {
            "rule": client.pkce,
            "methods": client.pkce_methods if client.pkce in ("optional", "required") else [],
        },
        "scopes": msgspec.to_builtins(client.scope),
        "lifetimes": dict(wire.lifetimes),
        "credentials": ["client_id", "client_secret", *_facts(wire)],
        "steps": [_step(item) for item in wire.exchanges],
        "errors": [
            {
                "name": item.name,
                "steps": item.steps,
                "status": item.spec.status,
                "means": item.means or None,
                "also": item.spec.also or [],
                "evidence": item.evidence or None,
            }
            for item in wire.errors.values()
        ],
        "waived": dict(spec.waive),
        "identity": {name: {"from": where.source, "at": where.at} for name, where in spec.identity.items()},
        "sources": [
            {"name": name, "kind": item.kind, "source": item.source, "date": item.date.isoformat(), "note": item.note}
            for name, item in spec.evidence.items()
        ],
        "history": [day.isoformat() for day in contract.boundaries],
    }


def _facts(wire: Wire) -> list[str]:
    return [name for name in wire.app_facts if name not in ("id", "secret")]


def _step(item: Exchange) -> Table:
    return {
        "step": item.step,
        "name": item.name or None,
        "method": item.method,
        "urls": item.urls,
        "when": dict(item.when),
        "scope": sorted(item.scope),
        "evidence": item.evidence or None,
    }


def credentials(app: App, ready: App) -> Table:
    """`client_id client_secret redirect_uris name loopback`, and what else this provider calls a credential.

    `loopback` accepts any redirect URI on this machine. What is yours and not the ready-made app's is cut short.
    """
    facts = {name: _known(value, ready.facts.get(name)) for name, value in app.facts.items()}
    secret = _known(app.client_secret, ready.client_secret)
    return {
        "client_id": app.client_id,
        "client_secret": secret,
        "redirect_uris": list(app.redirect_uris),
        "name": app.name,
        "loopback": app.loopback,
        **facts,
    }


def _known(secret: str, public: str | None) -> str:
    return secret if secret in ("", public) else cut(secret)


def person(who: Person) -> Table:
    """Every field of a person."""
    out: Table = msgspec.to_builtins(who)
    return out


def shown() -> str:
    """The provider that examples show."""
    return EXAMPLE if EXAMPLE in index() else next(iter(index()))


def sample_login(world: World, url: str, back: str) -> str:
    """A sign-in page to look at, in path form behind a server's `url`; it leads back to the redirect URI `back`."""
    app, wire = world.apps.ready(shown()), world.wire(shown())
    query = urlencode(
        {
            "client_id": app.client_id,
            "redirect_uri": back,
            "state": "s1",
            "response_type": "code",
            "scope": wire.client.scope.delimiter.join(wire.client.scope.default),
        }
    )
    return f"{url}/{step_url(wire, 'authorize').partition('://')[2]}?{query}"


def step_url(wire: Wire, step: str) -> str:
    """The first URL of a step, or nothing."""
    exchange = wire.step(step)
    return exchange.urls[0] if exchange is not None and exchange.urls else ""
