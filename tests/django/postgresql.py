"""A PostgreSQL server for a test run, in a temporary folder, on a free port of loopback, as no privileged user."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from typing import Any

UNPRIVILEGED = ("postgres", "nobody")  # PostgreSQL refuses to run as root
PATIENCE = 60  # seconds


class Server:
    """Started when it is made. RuntimeError where PostgreSQL is not installed."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="postgresql-")
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:
            known = {entry.pw_name for entry in pwd.getpwall()}
            self._user = {"user": next(name for name in UNPRIVILEGED if name in known), "extra_groups": []}
            shutil.chown(self.folder, self._user["user"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        data = os.path.join(self.folder, "data")
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [_program("initdb"), "-D", data, *options],
            check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._user,
        )  # fmt: skip
        quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        told = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, **quick}
        self._process = subprocess.Popen(
            [_program("postgres"), "-D", data, "-p", str(self.port), *(f"--{k}={v}" for k, v in told.items())],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._user,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False, cwd=self.folder).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._process.terminate()  # waits for no client to leave: the databases are thrown away
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _program(name: str) -> str:
    """A program of PostgreSQL: on the path, or where Debian puts it."""
    found = shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default="")
    if not found:
        raise RuntimeError("PostgreSQL is not installed; on Debian and Ubuntu: apt install postgresql")
    return found
