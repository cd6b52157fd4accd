"""Real login servers, other people's software, started for a test on a free port of this machine and stopped after it.

What a server writes goes to a file in its own folder; a test that fails shows the part written while it ran.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

PATIENCE = 40.0  # seconds until a server must answer
GRACE = 5.0  # seconds between asking a server to end and making it
ATTEMPTS = 3  # ports that are tried: between the look and the start somebody may take one
TAIL = 8000  # characters of a log that a failure shows


@dataclass
class RealServer:
    """A server that runs: where it is, which software it is, and what it wrote."""

    url: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    version: str = ""
    _shown: int = field(default=0, repr=False)

    def told(self) -> str:
        """What the server has written since this was asked last."""
        text = self.log.read_text(errors="replace")
        new, self._shown = text[self._shown :], len(text)
        return new[-TAIL:]

    def answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=5, trust_env=False).status_code < 500
        except httpx.TransportError:
            return False


@contextmanager
def serving(
    command: Sequence[str],
    folder: Path,
    *,
    ready: str,
    env: Mapping[str, str] | None = None,
    prepare: Callable[[str], None] | None = None,
) -> Iterator[RealServer]:
    """Start a command on a free port, wait until the path `ready` answers; at the end stop all that it started.

    The port is PORT in its environment and `$PORT` in the command; `prepare` is called with the address before.
    AssertionError with the end of the log when the server does not come up.
    """
    for left in reversed(range(ATTEMPTS)):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        if prepare is not None:
            prepare(url)
        words = [word.replace("$PORT", str(port)) for word in command]
        server = _started(words, folder, url, {**(env or {}), "PORT": str(port)})
        try:
            if failure := _failure(server, ready):
                if left and server.process.poll() is not None:
                    continue
                raise AssertionError(f"{words[0]} {failure}:\n{server.told()}")
            yield server
            return
        finally:
            _end(server.process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _started(command: list[str], folder: Path, url: str, env: Mapping[str, str]) -> RealServer:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    log = folder / "server.log"
    with log.open("w") as told:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**kept, "HOME": str(folder), **env},
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return RealServer(url, log, process)


def _failure(server: RealServer, ready: str) -> str:
    """Wait until it answers; why it does not, or nothing."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answers = server.answers(ready)
        if (code := server.process.poll()) is not None:
            return f"ended with {code}"  # if something answers there, it is somebody else
        if answers:
            return ""
        time.sleep(0.05)
    return f"does not answer within {PATIENCE:.0f} s"


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group, since servers have helpers; whatever is left of it after a while is killed."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if not _lives(process):
            break
        os.killpg(process.pid, how)
        until = time.monotonic() + GRACE
        while time.monotonic() < until and _lives(process):
            time.sleep(0.02)
    process.wait(GRACE)


def _lives(process: subprocess.Popen[bytes]) -> bool:
    """Whether anything of the group is left; the leader is reaped here, or its group would never end."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
