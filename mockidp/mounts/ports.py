"""Listening sockets: at which addresses, at which port, and in words why one cannot be had."""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address

from mockidp.errors import UsageError

BACKLOG = 2048
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1", "localhost": "127.0.0.1"}  # how clients here reach it
FREE = 20  # ports to try until one is free at both loopback addresses


def url_of(host: str, port: int) -> str:
    """How clients on this machine reach what listens there."""
    here = HERE.get(host, host)
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def listen(host: str, port: int, option: str = "--port") -> list[socket.socket]:
    """Listening sockets, at both loopback addresses for `localhost`; UsageError, which names the option that chooses
    another port, when the address cannot be had."""
    if host != "localhost":
        return [_listen_at(host, port, option)]
    for _ in range(FREE):
        first = _listen_at("127.0.0.1", port, option)
        try:
            return [first, _listen_at("::1", first.getsockname()[1], option)]
        except UsageError as error:
            why = error.__cause__.errno if isinstance(error.__cause__, OSError) else None
            if why in _NO_IPV6:
                return [first]
            first.close()
            if port or why != errno.EADDRINUSE:
                raise
    raise UsageError("no port is free at both 127.0.0.1 and ::1; choose one with --port, or one address with --host")


def is_loopback(sock: socket.socket) -> bool:
    return ip_address(sock.getsockname()[0].partition("%")[0]).is_loopback


_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


def _listen_at(host: str, port: int, option: str) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UsageError(f"cannot listen on port {port}: there are 0 to 65535")
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, number)
    except OSError as error:
        raise UsageError(f"cannot listen on host {host!r}: {error}") from error
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise UsageError(_why_not(host, port, error, option)) from error
    return sock


def _why_not(host: str, port: int, error: OSError, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        any_ = f", or any free one with {option} 0" if option == "--port" else ""
        return f"port {port} of {host} is in use; choose another with {option}{any_}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than you have; choose one above 1023 with {option}"
    return f"cannot listen on port {port} of {host}: {error}"
