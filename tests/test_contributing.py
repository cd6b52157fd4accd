"""What CONTRIBUTING.md tells a newcomer to write works as it stands."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import requests

from mockidp.browser import browse
from mockidp.check.mock import Lab
from mockidp.contract.load import load_from
from mockidp.mounts.responses_mount import mocked

TEXT = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)
    assert found
    return found[1]


def bodies() -> dict[str, str]:
    found = re.findall(r"`(\w+\.json)`(?: is)?\s+`(\{.*?\})`", TEXT, re.S)
    return dict(found)


def test_the_contract_and_the_client_of_the_walk_through_log_alice_in(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    (folder / "bodies").mkdir(parents=True)
    (folder / "contract.toml").write_text(block("toml"), encoding="utf-8")
    for name, body in bodies().items():
        (folder / "bodies" / name).write_text(body, encoding="utf-8")
    lab = Lab("acme", loaded=load_from("acme", folder))
    lab.world.at_host = lambda host: ["acme"]  # type: ignore[method-assign]  # the index is not made anew for a test
    module = types.ModuleType("providers.acme")
    module.__package__ = "providers"
    sys.modules[module.__name__] = module
    exec(compile(block("python"), "acme.py", "exec"), module.__dict__)
    client = module.Acme(client_id="mockidp", client_secret="mockidp-secret")
    with mocked(lab.simulator):
        login = client.begin(redirect_uri="http://127.0.0.1:1/cb")
        callback = browse(lab.send, login.url, person="alice")
        identity = client.finish(login.session, callback.url, http=requests.Session())
    assert identity.email == "alice@example.com"
    assert identity.name == "Alice Archer"
    assert identity.uid == lab.walk("alice").run()["uid"]
