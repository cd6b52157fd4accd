"""The person's part of a login: the authorize URL goes to a browser, the callback comes back here.

It comes to a listener on loopback, from the output of a command that drives the browser, or from the keyboard.
"""

from __future__ import annotations

import queue
import shlex
import subprocess
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from mockidp.apps import LOOPBACK, is_loopback
from mockidp.check.record.capture import RecordError
from mockidp.errors import UsageError

PATIENCE = 300.0  # seconds that a person may take
ROOM = 1 << 20  # bytes of a posted callback
DONE = b"""<!doctype html><meta charset="utf-8"><title>mockidp</title><p>Recorded. You can close this page.
<script>if (location.hash.length > 1) location.replace(location.pathname + "?" + location.hash.slice(1))</script>"""
Tell = Callable[[str], None]
Wait = Callable[[str], str]


@contextmanager
def listening(redirect_uri: str) -> Iterator[queue.Queue[str]]:
    """What comes to a redirect URI on this machine, as URLs with all parameters in the query."""
    parts = urlsplit(redirect_uri)
    came: queue.Queue[str] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take(urlsplit(self.path).query)

        def do_POST(self) -> None:
            size = self.headers.get("content-length", "0")
            body = self.rfile.read(min(int(size), ROOM)).decode("utf-8", "replace") if size.isdecimal() else ""
            self._take("&".join(filter(None, (urlsplit(self.path).query, body))))

        def _take(self, query: str) -> None:
            here = urlsplit(self.path).path == (parts.path or "/")
            self.send_response(200 if here else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(DONE if here else b"")
            if here and query:
                came.put(f"{redirect_uri.partition('?')[0]}?{query}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the base class's
            """A callback is nobody's business."""

    try:
        server = ThreadingHTTPServer((parts.hostname or "127.0.0.1", parts.port or 80), Handler)
    except OSError as error:
        raise UsageError(f"{parts.netloc}, where the callback comes to, cannot be had: {error.strerror}") from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="mockidp-callback", daemon=True).start()
    try:
        yield came
    finally:
        server.shutdown()
        server.server_close()


def must_listen(redirect_uri: str) -> None:
    """UsageError where a callback to this address would not reach us."""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "http" or not is_loopback(redirect_uri):
        raise UsageError(
            f"nothing here hears a callback to {parts.scheme}://{parts.hostname}; use a redirect URI such as "
            f"http://{sorted(LOOPBACK)[0]}:8000/callback, or --paste and bring the URL yourself"
        )


def in_browser(redirect_uri: str, tell: Tell, *, opened: bool = True, patience: float = PATIENCE) -> Wait:
    """Open the URL in the person's browser, or print it, and wait for the callback."""
    must_listen(redirect_uri)

    def wait(url: str) -> str:
        with listening(redirect_uri) as came:
            tell(f"log in there: {url}" if not (opened and webbrowser.open(url)) else "log in in the browser")
            return _first(came, patience)

    return wait


def by_command(command: str, redirect_uri: str, *, patience: float = PATIENCE) -> Wait:
    """Give the URL to a command as its last argument. The callback is the last line that it prints, or comes to us."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise UsageError("--command wants a command, such as 'python login.py'")

    def wait(url: str) -> str:
        if not (urlsplit(redirect_uri).scheme == "http" and is_loopback(redirect_uri)):
            return _printed(_run([*words, url], patience)) or _nothing()
        with listening(redirect_uri) as came:
            printed = _printed(_run([*words, url], patience))
            return printed or _first(came, 2.0)

    return wait


def _run(words: list[str], patience: float) -> str:
    """What a command prints. It stays in memory; what it says on stderr is its own."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        raise RecordError(f"{words[0]} did not end within {patience:.0f} s") from None
    except OSError as error:
        raise UsageError(f"{words[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise RecordError(f"{words[0]} failed with exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _printed(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if "://" in line]
    return lines[-1] if lines else ""


def from_text(read: Callable[[], str], tell: Tell) -> Wait:
    """The person opens the URL wherever they like, and pastes the URL that they came back to."""

    def wait(url: str) -> str:
        tell(f"log in there: {url}")
        tell("then paste the whole URL that you are sent back to:")
        return read().strip() or _nothing()

    return wait


def _first(came: queue.Queue[str], patience: float) -> str:
    try:
        return came.get(timeout=patience)
    except queue.Empty:
        return _nothing(patience)


def _nothing(patience: float = 0) -> str:
    raise RecordError("no callback came" + (f" within {patience:.0f} s" if patience > 2 else ""))


def in_query(callback: str) -> str:
    """A callback with the parameters of its fragment in the query, where it has none there."""
    parts = urlsplit(callback.strip())
    pairs = parse_qsl(parts.query or parts.fragment, keep_blank_values=True)
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(pairs)}"
