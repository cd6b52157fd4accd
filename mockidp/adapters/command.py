"""Any program as a client, in any language: the authorize URL on its output, the callback on its input.

It is started anew for each login, in the environment of `mockidp run`, so that its requests to the provider's real
hosts reach the simulator. Beside that it finds MOCKIDP_PROVIDER, MOCKIDP_REDIRECT_URI, MOCKIDP_CLIENT_ID,
MOCKIDP_CLIENT_SECRET, further credentials as MOCKIDP_APP_<NAME>, and the provider's settings under their own names.

1. It writes one line: the authorize URL, or `{"url": …, "form": {…}}` for a form that the browser posts.
2. It reads one line: the callback URL, or `{"url": …, "form": {…}}` where the browser posts.
3. It writes one line, `{"uid": …, "email": …, "email_verified": …}`, and exits with 0; or it exits with another code,
   after a line `{"error": "access_denied"}` if it has a word for why.
"""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import subprocess
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from mockidp.browser import Callback
from mockidp.check.adapter import Job
from mockidp.errors import MockidpError, UsageError

if TYPE_CHECKING:
    from mockidp.simulator import Simulator
    from mockidp.wire import Request, Response

LIMIT = 60.0  # seconds that a line is waited for
SLOWEST = 1.0  # seconds of the fault `slow`: a client may wait for any time, and need not be waited for
LONGEST = 1 << 20  # characters of a line
ENDS = object()


class CommandError(MockidpError):
    """The login failed; `code` is the program's own word for it, if it wrote one."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class _Asked:
    """Whoever is asked just now: what the server takes for its simulator."""

    simulator: Simulator

    def handle(self, request: Request) -> Response:
        response = self.simulator.handle(request)
        response.delay = min(response.delay, SLOWEST)
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self.simulator, name)


class Command:
    """An adapter for one command line. UsageError where there is no such program."""

    def __init__(self, line: str = "", limit: float = LIMIT) -> None:
        try:
            self.words = shlex.split(line)
        except ValueError as error:
            raise UsageError(f"command:{line[:100]} cannot be read: {error}") from None
        if not self.words or shutil.which(self.words[0]) is None:
            raise UsageError(f"command:{line[:100]} names no program that is on PATH or can be executed")
        self.limit = limit
        self._asked = _Asked()
        self._running: list[_Running] = []
        self._env: dict[str, str] = {}

    @contextmanager
    def connected(self, simulator: Simulator) -> Iterator[None]:
        """One server and one environment for all logins of this adapter; each has a simulator of its own behind it."""
        self._asked.simulator = simulator
        if not self._env:
            self._serve(simulator)
        try:
            yield
        finally:
            while self._running:  # a login that ended at the provider has told the program nothing
                self._running.pop().end()

    def _serve(self, simulator: Simulator) -> None:
        from mockidp.cli_ca import authority_of  # lazy: the server and its authority, for a command only
        from mockidp.cli_run import environment
        from mockidp.mounts.server import Server

        authority, stack = authority_of(simulator.world), ExitStack()
        server = stack.enter_context(Server(self._asked, port=0, authority=lambda: authority))
        self._env = stack.enter_context(environment(server.url, simulator.world, authority, os.environ))
        weakref.finalize(self, stack.close)

    def begin(self, job: Job) -> str | tuple[str, Mapping[str, str]]:
        """Start the program and read where it sends the browser."""
        job.state = running = _Running(self.words, {**self._env, **_told(job)}, self.limit)
        self._running.append(running)
        line = running.read()
        if line[:1] != "{":
            return line
        document = _object(line)
        if "url" not in document:
            raise running.failed(document)
        return str(document["url"]), {str(k): str(v) for k, v in dict(document.get("form") or {}).items()}

    def finish(self, job: Job, callback: Callback) -> Mapping[str, Any]:
        """Tell the program what the browser brought back, and read whom it takes that for."""
        running: _Running = job.state
        running.write(json.dumps({"url": callback.url, "form": callback.form}) if callback.form else callback.url)
        document = _object(running.read())
        if "error" in document or running.code() != 0:
            raise running.failed(document)
        return document


def _told(job: Job) -> dict[str, str]:
    env = {
        "MOCKIDP_PROVIDER": job.provider,
        "MOCKIDP_REDIRECT_URI": job.redirect_uri,
        "MOCKIDP_CLIENT_ID": job.app.get("client_id", ""),
        "MOCKIDP_CLIENT_SECRET": job.app.get("client_secret", ""),
    }
    env |= {f"MOCKIDP_APP_{name.upper()}": value for name, value in job.app.items() if not name.startswith("client_")}
    return env | {name: str(value) for name, value in job.settings.items()}


def _object(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        raise CommandError("bad_output", "the command wrote a line that is neither JSON nor a URL") from None
    if not isinstance(document, dict):
        raise CommandError("bad_output", "the command wrote JSON that is no object")
    return document


class _Running:
    """One run of the program, read by a thread, so that a silent one cannot block."""

    def __init__(self, words: list[str], env: Mapping[str, str], limit: float) -> None:
        self.limit = limit
        self._process = subprocess.Popen(
            words, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lines: queue.Queue[Any] = queue.Queue()
        assert self._process.stdout is not None
        threading.Thread(target=self._pump, args=(self._process.stdout,), daemon=True).start()

    def _pump(self, stream: IO[str]) -> None:
        with suppress(ValueError, OSError):  # closed when the program is ended
            while line := stream.readline(LONGEST):
                if line.strip():
                    self._lines.put(line.strip())
        self._lines.put(ENDS)

    def read(self) -> str:
        """The next line. CommandError when the program ends, or says nothing for too long."""
        try:
            line = self._lines.get(timeout=self.limit)
        except queue.Empty:
            raise CommandError("silent", f"the command wrote no line within {self.limit:.0f} s") from None
        if line is ENDS:
            self._lines.put(ENDS)
            raise CommandError("ended", f"the command ended with exit code {self.code()} and no further line")
        return str(line)

    def write(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended: reading says so
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def code(self) -> int:
        try:
            return self._process.wait(self.limit)
        except subprocess.TimeoutExpired:
            raise CommandError("silent", f"the command did not end within {self.limit:.0f} s") from None

    def failed(self, document: Mapping[str, Any]) -> CommandError:
        code = str(document.get("error") or "failed")
        return CommandError(code, f"the command says {code!r} and ends with exit code {self.code()}")

    def end(self) -> None:
        """Nothing of it is left."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
