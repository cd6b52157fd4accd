"""A port for a program that has to be told one before it starts.

Not one that the system would give out by itself: between the look and the start a server of another test would get it,
or a connection from somewhere here.
"""

from __future__ import annotations

import socket
from secrets import randbelow  # `random` says the same in each test, and in each worker

FROM, HOW_MANY = 15_000, 15_000  # below what Linux, macOS and Windows give out


def free_port() -> int:
    """A port that is free at both loopback addresses."""
    while True:
        port = FROM + randbelow(HOW_MANY)
        try:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                with socket.socket(family) as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        return port
