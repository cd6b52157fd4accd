"""The servers that the contracts are checked against: how each is started, who can log in there, and what it is.

Each is a context manager that gives a Target. What a test plants in one is a mapping of that server's own words; the
configurations beside this file say which there are. As a command this runs mockidp against one of them:

    python tests/live/targets.py jupyterhub record --errors --dry-run
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from form_browser import FormBrowser
from real_server import RealServer, free_port, serving

HERE = Path(__file__).parent
CALLBACK = f"http://127.0.0.1:{free_port()}/callback"  # mockidp listens there, though our browser stops before
SECRET = "only-for-this-run-0123456789abcdef"
CLIENT = "reading-room-41"
PERSON, PERSON_ID = "petra", "5f8d0c2b7a6e4d3c9b1a0f2e"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
LEMONLDAP = Path("/usr/share/perl5/Lemonldap/NG/Portal/Issuer/OpenIDConnect.pm")


@dataclass
class Target:
    """A server that runs, the contract that it is asked by, and an app and a person of it."""

    provider: str
    server: RealServer
    settings: dict[str, str]
    client_id: str = CLIENT
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    def browser(self) -> FormBrowser:
        """Somebody who can log in there."""
        return FormBrowser(self.answers)

    def options(self) -> list[str]:
        """The options of mockidp that say where the server is."""
        pairs = (f"{self.provider}.{name}={value}" for name, value in self.settings.items())
        return [word for pair in pairs for word in ("--set", pair)]

    def login_command(self) -> list[str]:
        """The option of mockidp that names the browser."""
        filled = [f"{name}={value}" for name, value in self.answers.items()]
        return ["--command", shlex.join([sys.executable, str(HERE / "form_browser.py"), CALLBACK, *filled])]

    def environ(self) -> dict[str, str]:
        """The app as mockidp reads it from the environment."""
        app = {"CLIENT_ID": self.client_id, "CLIENT_SECRET": SECRET, "REDIRECT_URI": CALLBACK}
        return {f"MOCKIDP_LIVE_{self.provider.upper()}_{name}": value for name, value in app.items()}


@contextmanager
def jupyterhub(folder: Path, planted: Mapping[str, Any] | None = None) -> Iterator[Target]:
    """A hub with one service; it starts no notebooks, and needs no proxy for a login."""
    planted = {"base": "/", "rename": {}, **(planted or {})}
    config = folder / "jupyterhub_config.py"
    shutil.copyfile(HERE / "jupyterhub_config.py", config)
    client = f"service-{CLIENT}"
    env = {"CLIENT_ID": client, "CLIENT_SECRET": SECRET, "REDIRECT_URI": CALLBACK, "PLANTED": json.dumps(planted)}
    env["PYTHONHASHSEED"] = "0"  # it writes the members of a user in the order of a set
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    ready = f"{planted['base']}hub/api/"
    with serving(command, folder, ready=ready, env=env) as server:
        server.version = f"JupyterHub {httpx.get(server.url + ready, trust_env=False).json()['version']}"
        answers = {"username": PERSON, "password": SECRET}
        yield Target("jupyterhub", server, {"API_URL": server.url}, client, answers)


@contextmanager
def oidc_provider(folder: Path, planted: Mapping[str, Any] | None = None) -> Iterator[Target]:
    """panva's oidc-provider, as installed by package-lock.json."""
    env = {"CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "REDIRECT_URI": CALLBACK, "PLANTED": json.dumps(planted or {})}
    package = json.loads((HERE / "node_modules/oidc-provider/package.json").read_text())
    command = ["node", str(HERE / "oidc_provider.mjs")]
    with serving(command, folder, ready="/.well-known/openid-configuration", env=env) as server:
        server.version = f"oidc-provider {package['version']}"
        settings = {"server_url": server.url, "authorization_endpoint": f"{server.url}/auth"}
        settings |= {"token_endpoint": f"{server.url}/token", "userinfo_endpoint": f"{server.url}/me"}
        yield Target("openid_connect", server, settings, answers={"login": PERSON_ID, "password": SECRET})


@contextmanager
def lemonldap(folder: Path, planted: Mapping[str, Any] | None = None) -> Iterator[Target]:
    """The portal of LemonLDAP::NG, from Debian's packages, under Plack's own server."""
    from lemonldap_settings import written

    env = {"LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini")}
    command = ["plackup", "-E", "deployment", "-o", "127.0.0.1", "-p", "$PORT", str(HERE / "lemonldap.psgi")]

    def prepare(url: str) -> None:
        written(folder, url, client_id=CLIENT, secret=SECRET, callback=CALLBACK, planted=planted or {})

    ready = "/.well-known/openid-configuration"
    with serving(command, folder, ready=ready, env=env, prepare=prepare) as server:
        server.version = f"LemonLDAP::NG {_debian('liblemonldap-ng-portal-perl')}"
        at = f"{server.url}/oauth2"
        settings = {"server_url": server.url, "authorization_endpoint": f"{at}/authorize"}
        settings |= {"token_endpoint": f"{at}/token", "userinfo_endpoint": f"{at}/userinfo", "jwks_uri": f"{at}/jwks"}
        yield Target("openid_connect", server, settings, answers={"user": PERSON, "password": PERSON})


@contextmanager
def openid2(folder: Path, planted: Mapping[str, Any] | None = None) -> Iterator[Target]:
    """A small site around the server half of python3-openid."""
    from importlib.metadata import version

    command = [sys.executable, "-W", "ignore", str(HERE / "openid2_site.py")]
    with serving(command, folder, ready="/xrds", env={"PLANTED": json.dumps(planted or {})}) as server:
        server.version = f"python3-openid {version('python3-openid')}"
        yield Target("openid", server, {"OPENID_URL": server.url}, answers={"user": PERSON})


TARGETS = {"jupyterhub": jupyterhub, "oidc_provider": oidc_provider, "lemonldap": lemonldap, "openid2": openid2}


def missing(name: str) -> str:
    """What this machine lacks for a target, or nothing."""
    if name == "oidc_provider" and shutil.which("node") is None:
        return "Node is not installed"
    if name == "oidc_provider" and not (HERE / "node_modules").is_dir():
        return "its packages are not installed (make examples)"
    if name == "lemonldap" and (shutil.which("plackup") is None or not LEMONLDAP.exists()):
        return "LemonLDAP::NG is not installed (.ci/run names its packages)"
    return ""


def _debian(package: str) -> str:
    told = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return re.split(r"[+-]", told.stdout)[0] or "of unknown version"


def main(name: str, verb: str, *more: str) -> int:
    """Start a target and run `mockidp VERB` for it."""
    with tempfile.TemporaryDirectory() as folder, TARGETS[name](Path(folder)) as target:
        software = ["--software", target.server.version] if verb == "record" else []
        words = [verb, target.provider, *target.options(), *target.login_command(), *software, *more]
        command = [sys.executable, "-m", "mockidp", *words]
        return subprocess.run(command, env={**os.environ, **target.environ()}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
