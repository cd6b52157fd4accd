"""Measure the budgets as ratios in one run and print a table: `python -m bench.run` (or `make bench`).

Every row compares two things measured minutes apart on the same machine; no row is a bare time but the three that the
budget states so. Nothing here is a test: a loaded machine changes figures, not results.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LOGINS_HTTP, WARM = 2000, 50
LOGINS_MEMORY = 100_000


@dataclass
class Row:
    what: str
    measured: str
    bar: str
    ok: bool


def child(name: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, float]:
    """Run one of the small programs in `bench/child.py` in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.child", name, *arguments],
        capture_output=True,
        text=True,
        cwd=HERE.parent,
        env=env,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def best(measure: Callable[[], float], rounds: int = 5) -> float:
    return min(measure() for _ in range(rounds))


def start_up() -> Row:
    """From the start of a process to the first answer, every provider against a single one."""
    every = best(lambda: child("first-answer", "all")["seconds"])
    one = best(lambda: child("first-answer", "one")["seconds"])
    return Row("start to first answer, all providers / one", f"{every / one:.2f}", "≤ 1.05", every / one <= 1.05)


def memory() -> list[Row]:
    seen = child("memory", str(LOGINS_MEMORY))
    grown = seen["after"] - seen["start"]
    return [
        Row("memory after start", f"{seen['start']:.0f} MiB", "≤ 60 MiB", seen["start"] <= 60),
        Row(f"memory after {LOGINS_MEMORY} logins", f"+ {grown:.1f} MiB", "≤ + 10 MiB", grown <= 10),
    ]


def throughput() -> list[Row]:
    """Logins over HTTP, page with form and RS256 token included, against a bare application that only signs.

    The rate is per second of the server's own processor time: what one core would do with nothing else to do. The
    rounds of the two alternate, and the median of each counts.
    """
    rates: dict[str, list[float]] = {"mockidp": [], "bare": []}
    for _ in range(5):
        for kind in rates:
            rates[kind].append(_rate(kind))
    simulated, bare = statistics.median(rates["mockidp"]), statistics.median(rates["bare"])
    ratio = simulated / bare
    shown = f"{ratio:.2f} ({simulated:.0f} / {bare:.0f} logins/s)"
    return [Row("logins/s over HTTP / bare uvicorn that only signs", shown, "≥ 0.75", ratio >= 0.75)]


def ways() -> list[Row]:
    """The same logins over HTTPS and through the proxy, as shares of those over plain HTTP.

    Connections are kept, as clients keep them; what a new one costs is a row of its own. Encryption is no budget of
    ours, so the bar is only that it stays of the same order.
    """
    names = {"https": "HTTPS at the real names", "proxy": "the proxy (CONNECT, then HTTPS)"}
    with tempfile.TemporaryDirectory(prefix="mockidp-bench-") as home:
        rates = {way: [_rate("mockidp", way, home=home) for _ in range(3)] for way in ("http", *names)}
        fresh = {way: _rate("mockidp", way, "handshakes", home=home) for way in ("http", *names)}
    plain, rows = statistics.median(rates["http"]), []
    for way, name in names.items():
        rate = statistics.median(rates[way])
        shown = f"{rate / plain:.2f} ({rate:.0f} / {plain:.0f} logins/s)"
        rows.append(Row(f"logins/s over {name} / plain HTTP", shown, "≥ 0.50", rate / plain >= 0.5))
    for way, name in names.items():
        ratio = fresh[way] / fresh["http"]
        shown = f"{ratio:.2f} ({fresh[way]:.0f} / {fresh['http']:.0f} a second)"
        rows.append(Row(f"new connections over {name} / plain HTTP", shown, "≥ 0.10", ratio >= 0.1))
    return rows


def _rate(kind: str, way: str = "http", program: str = "load", home: str = "") -> float:
    """Logins (or new connections) for each second of the server's processor time. `home` keeps its authority."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "MOCKIDP_HOME": home} if home else None
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.child", f"serve-{kind}", str(port)],
        cwd=HERE.parent,
        stdout=subprocess.DEVNULL,
        env=env,
    )
    try:
        if way != "http":
            _make_authority(port)
        child(program, str(port), "100", way, env=env)
        before = _processor_seconds(server.pid)
        child(program, str(port), str(LOGINS_HTTP), way, env=env)
        done = LOGINS_HTTP + (WARM if program == "load" else 0)
        return done / (_processor_seconds(server.pid) - before)
    finally:
        server.terminate()
        server.wait(10)


def _make_authority(port: int) -> None:
    """The server makes it with the first handshake, which this client ends since it trusts nobody yet."""
    for _ in range(200):
        try:
            ssl.create_default_context().wrap_socket(
                socket.create_connection(("127.0.0.1", port)), server_hostname="localhost"
            )
        except ssl.SSLError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server does not listen")


def _processor_seconds(pid: int) -> float:
    """User and system time of a running process (Linux: /proc/PID/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def in_process() -> Row:
    seen = child("in-process")
    ratio = seen["simulated"] / seen["canned"]
    return Row("one login in process / canned answers in responses", f"{ratio:.2f}", "≤ 3", ratio <= 3)


def plugin() -> Row:
    cost = best(lambda: child("plugin")["milliseconds"])
    return Row("pytest plugin imported and unused", f"{cost:.1f} ms", "< 5 ms", cost < 5)


def world() -> Row:
    cost = child("world")["milliseconds"]
    return Row("a world made and dropped", f"{cost:.3f} ms", "< 1 ms", cost < 1)


def main() -> int:
    rows = [start_up(), *memory(), *throughput(), *ways(), in_process(), plugin(), world()]
    width = max(len(row.what) for row in rows)
    print(f"{'what':{width}}  {'measured':34}  {'bar':11}")
    for row in rows:
        print(f"{row.what:{width}}  {row.measured:34}  {row.bar:11}  {'ok' if row.ok else 'MISSED'}")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
