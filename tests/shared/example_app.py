"""An example as its README starts it, under `mockidp run`, and a visitor whose requests go where a browser's would."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mockidp.simulator import Simulator

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 30.0  # seconds until an application must answer
WAIT = 20  # seconds for one request


def environment(home: Path) -> dict[str, str]:
    """The environment of somebody who has set the credentials of the ready-made apps, and no proxy."""
    apple = Simulator().world.apps.ready("apple")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT") if name in os.environ}
    return {
        **kept,
        "MOCKIDP_HOME": str(home),
        "GITHUB_CLIENT_ID": "mockidp",
        "GITHUB_CLIENT_SECRET": "mockidp-secret",
        "GOOGLE_CLIENT_ID": "mockidp",
        "GOOGLE_CLIENT_SECRET": "mockidp-secret",
        "APPLE_CLIENT_ID": apple.client_id,
        "APPLE_TEAM_ID": apple.facts["team_id"],
        "APPLE_KEY_ID": apple.facts["key_id"],
        "APPLE_PRIVATE_KEY": apple.facts["certificate_key"],
    }


def mockidp_run(command: Sequence[str], *options: str) -> list[str]:
    return [sys.executable, "-m", "mockidp", "run", *options, "--", *command]


@dataclass(frozen=True)
class Running:
    """An application that runs: where it is, where the simulator is, and the file that its visitors trust."""

    origin: str
    simulator: str
    certificate: str
    log: Path

    @property
    def pin(self) -> str:
        """The key behind the simulator's certificates, as one who trusts its authority sees it."""
        at = urlsplit(self.simulator)
        context = ssl.create_default_context(cafile=self.certificate)
        with (
            socket.create_connection((at.hostname or "", at.port or 0), WAIT) as sock,
            context.wrap_socket(sock, server_hostname="localhost") as secure,
        ):
            found = secure.getpeercert(binary_form=True)
        assert found is not None
        key = x509.load_der_x509_certificate(found).public_key()
        return b64encode(
            hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        ).decode()

    @contextmanager
    def visitor(self) -> Iterator[Visitor]:
        with Visitor() as made:
            made.trust_env, made.verify = False, self.certificate
            made.proxies = {"https": self.simulator}
            made.origin = self.origin
            yield made


class Visitor(requests.Session):
    """Somebody with a browser: follows redirects and keeps cookies."""

    origin = ""

    def at(self, path: str) -> requests.Response:
        return self.get(urljoin(self.origin, path), timeout=WAIT)


@contextmanager
def running(
    folder: str, command: Sequence[str], home: Path, log: Path, *, person: str = "", port: int, **more: str
) -> Iterator[Running]:
    """Start an example under `mockidp run`, wait until it answers, and stop both with SIGTERM."""
    options = ["--json", *(["--as", person] if person else [])]
    with log.open("w") as told:
        process = subprocess.Popen(
            mockidp_run(command, *options),
            cwd=EXAMPLES / folder,
            env={**environment(home), **more},
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
        try:
            _wait(process, port, log)
            first: dict[str, Any] = next(row for row in _rows(log) if "url" in row)
            yield Running(f"http://127.0.0.1:{port}", first["url"], str(home / "ca.pem"), log)
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the example does not answer:\n{log.read_text()}")


def _rows(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            yield json.loads(line)
