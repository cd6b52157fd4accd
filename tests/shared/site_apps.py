"""The ready-made apps as rows of SOCIALACCOUNT_PROVIDERS: `python tests/shared/site_apps.py` writes the example's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mockidp.contract.files import index
from mockidp.simulator import Simulator
from providers.registry import kind_of

FILE = Path(__file__).parents[2] / "examples" / "django-site" / "providers.json"
# What the ready-made app calls it: what an app of the site calls it.
CREDENTIALS = {"certificate_key": "certificate_key", "key_id": "secret", "team_id": "key", "key": "key"}
# What a person brings, what the site knows by itself, and what follows from another setting.
NOT_NEEDED = {"AUDIENCE", "AUTHORIZE_URL", "GRAPH_API_URL", "KEYCLOAK_URL_ALT", "OPENID_URL"}
STATELESS = {"id": "example", "name": "OpenID at example.org", "openid_url": "https://openid.example.org"}


def rows() -> dict[str, dict[str, Any]]:
    simulator = Simulator()
    made = {provider: row(simulator, provider) for provider in sorted(index())}
    made["openid"] = {"SERVERS": [{**STATELESS, "stateless": True}]}
    return made


def row(simulator: Simulator, provider: str) -> dict[str, Any]:
    """The app, and of the settings those without which, or with another value than which, the client would fail."""
    app, kind = simulator.world.apps.ready(provider), kind_of(provider)
    own = {"client_id": app.client_id, "secret": app.client_secret}
    own |= {CREDENTIALS[name]: value for name, value in app.facts.items() if name in CREDENTIALS and value}
    needed = {
        name: value
        for name, value in simulator.world.wire(provider).settings.items()
        if name in kind.settings and kind.settings[name].default is None and isinstance(value, str) and value
        and name not in NOT_NEEDED and name not in kind.derived
    }  # fmt: skip
    return {**needed, "APP": own}


def text() -> str:
    return json.dumps(rows(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
