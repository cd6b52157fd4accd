"""The small programs that `bench/run.py` measures, each in a process of its own; each prints one JSON line."""

from __future__ import annotations

import http.client
import json
import re
import resource
import secrets
import socket
import ssl
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

WARM = 50
REDIRECT = "http://127.0.0.1:9/callback"
PAGE = "/o/oauth2/v2/auth"
AUTHORIZE = urlencode(
    {
        "client_id": "mockidp",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid email profile",
    }
)
DECISION = urlencode({"mockidp.person": "alice", "mockidp.decision": "allow"})
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def say(**figures: float) -> None:
    print(json.dumps(figures))


def mebibytes() -> float:
    """Resident memory now, MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text()) if sys.platform == "linux" else None
    return int(found[1]) / 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def first_answer(which: str) -> None:
    began = time.perf_counter()
    if which == "one":
        from mockidp.contract import files

        rows = {"github": files.index()["github"]}
        files.index.cache_clear()
        files.index = lambda: rows  # type: ignore[assignment]
        from mockidp import world

        world.index = files.index
    from mockidp.mounts.server import Server
    from mockidp.simulator import Simulator

    with Server(Simulator(), port=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 80)
        connection.request("GET", "/login/oauth/authorize?client_id=mockidp", headers={"Host": "github.com"})
        connection.getresponse().read()
        say(seconds=time.perf_counter() - began)


def memory(count: str) -> None:
    from mockidp.mounts.asgi import App
    from mockidp.simulator import Simulator
    from mockidp.world import World

    simulator = Simulator(World())
    App(simulator)
    login_in_process(simulator)
    start = mebibytes()
    for _ in range(int(count)):
        login_in_process(simulator)
    say(start=start, after=mebibytes())


def login_in_process(simulator: object) -> None:
    """The three requests of a GitHub login."""
    from mockidp.wire import Request

    handle = simulator.handle  # type: ignore[attr-defined]
    url = "https://github.com/login/oauth/authorize?" + urlencode(
        {"client_id": "mockidp", "redirect_uri": REDIRECT, "scope": "user:email", "state": secrets.token_hex(8)}
    )
    went = handle(Request.of("POST", url, FORM, DECISION.encode()))
    code = parse_qs(urlsplit(went.header("location")).query)["code"][0]
    body = urlencode(
        {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": code, "redirect_uri": REDIRECT}
    )
    answered = handle(
        Request.of(
            "POST", "https://github.com/login/oauth/access_token", {**FORM, "Accept": "application/json"}, body.encode()
        )
    )
    token = json.loads(answered.body)["access_token"]
    got = handle(
        Request.of("GET", "https://api.github.com/user", {"Authorization": f"Bearer {token}", "User-Agent": "bench"})
    )
    assert got.status == 200, got


def serve_mockidp(port: str) -> None:
    from mockidp.mounts.server import Server
    from mockidp.simulator import Simulator

    Server(Simulator(), port=int(port)).serve_forever()


def serve_bare(port: str) -> None:
    """The same four requests, with nothing behind them but a constant page and one RS256 signature.

    The page is the very one that the simulator shows, headers and all, so that as many bytes go over the wire.
    """
    import uvicorn

    from mockidp import jose
    from mockidp.keys import KeyRing
    from mockidp.simulator import Simulator
    from mockidp.wire import Request

    key = KeyRing().signing("RS256")
    headers = [(b"content-type", b"application/json")]
    shown = Simulator().handle(Request.of("GET", f"https://accounts.google.com{PAGE}?{AUTHORIZE}&state=s"))
    page_headers = [(name.lower().encode(), value.encode()) for name, value in shown.headers]

    async def app(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):  # type: ignore[operator]
            pass
        status, head, body = 200, page_headers, shown.body
        if scope["method"] == "POST" and b"client_id" in scope["query_string"]:
            status, head, body = 302, [(b"location", f"{REDIRECT}?code=c&state=s".encode())], b""
        elif scope["method"] == "POST":
            head = headers
            token = jose.sign(
                {
                    "iss": "https://accounts.google.com",
                    "aud": "mockidp",
                    "sub": "1",
                    "nonce": "n",
                    "iat": int(time.time()),
                    "exp": int(time.time()) + 3600,
                },
                key,
            )
            body = json.dumps({"access_token": "a", "id_token": token, "expires_in": 3599}).encode()
        elif scope["path"].endswith("userinfo"):
            head = headers
            body = b'{"sub":"1","email":"alice@example.com","email_verified":true}'
        await send(
            {
                "type": "http.response.start",
                "status": status,  # type: ignore[operator]
                "headers": [*head, (b"content-length", str(len(body)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error", access_log=False)


def load(port: str, count: str, way: str = "http") -> None:
    """Whole logins over kept connections: see the page, decide at authorize, redeem the code, read the profile.

    `http` is one connection; `https` one for each host, and `proxy` the same, each through a tunnel (CONNECT).
    """
    _wait(http.client.HTTPConnection("127.0.0.1", int(port)))
    to = WAYS[way](int(port))
    for _ in range(WARM):
        _login(to)
    began = time.perf_counter()
    for _ in range(int(count)):
        _login(to)
    say(rate=int(count) / (time.perf_counter() - began))


Way = Callable[[str], http.client.HTTPConnection]  # the connection for a host


def _plain(port: int) -> Way:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    return lambda host: connection


def _encrypted(port: int) -> Way:
    """HTTPS at the real names, as where name resolution leads them here."""
    context = _trusting()

    class AtName(http.client.HTTPSConnection):
        def connect(self) -> None:
            self.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=self.host)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    return lru_cache(lambda host: AtName(host, context=context))


def _tunnelled(port: int) -> Way:
    context = _trusting()

    def made(host: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        connection.set_tunnel(host, 443)
        return connection

    return lru_cache(made)


WAYS: dict[str, Callable[[int], Way]] = {"http": _plain, "https": _encrypted, "proxy": _tunnelled}


def _trusting() -> ssl.SSLContext:
    from mockidp import authority

    return ssl.create_default_context(cafile=str(authority.folder() / authority.CERTIFICATE))


def handshakes(port: str, count: str, way: str = "http") -> None:
    """One small request over each of many connections that are new."""
    _wait(http.client.HTTPConnection("127.0.0.1", int(port)))
    began = time.perf_counter()
    for _ in range(int(count)):
        connection = WAYS[way](int(port))("www.googleapis.com")
        connection.request("GET", "/oauth2/v3/certs", headers={"Host": "www.googleapis.com"})
        assert connection.getresponse().read()
        connection.close()
    say(rate=int(count) / (time.perf_counter() - began))


def _wait(connection: http.client.HTTPConnection) -> None:
    for _ in range(200):
        try:
            connection.connect()
            connection.close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server does not listen")


def _login(to: Way) -> None:
    url = f"{PAGE}?{AUTHORIZE}&state={secrets.token_hex(8)}&nonce={secrets.token_hex(8)}"  # new ones, as clients make
    page = _ask(to, "GET", "accounts.google.com", url)
    assert page.status == 200, page.status
    assert b"</html>" in page.read()
    went = _ask(to, "POST", "accounts.google.com", url, DECISION)
    went.read()
    code = parse_qs(urlsplit(went.headers["location"]).query)["code"][0]
    form = urlencode(
        {
            "grant_type": "authorization_code",
            "client_id": "mockidp",
            "client_secret": "mockidp-secret",
            "code": code,
            "redirect_uri": REDIRECT,
        }
    )
    answered = json.loads(_ask(to, "POST", "oauth2.googleapis.com", "/token", form).read())
    bearer = {"Authorization": f"Bearer {answered['access_token']}"}
    got = _ask(to, "GET", "openidconnect.googleapis.com", "/v1/userinfo", **bearer)
    got.read()
    assert got.status == 200, got.status


def _ask(
    to: Way, method: str, host: str, path: str, body: str | None = None, **headers: str
) -> http.client.HTTPResponse:
    connection = to(host)
    connection.request(method, path, body, {"Host": host, **(FORM if body else {}), **headers})
    return connection.getresponse()


def in_process(rounds: int = 300) -> None:
    """One GitHub login of our client: at the simulator through responses, and at canned answers in responses."""
    import requests
    import responses

    import providers
    from mockidp.browser import browse
    from mockidp.mounts.responses_mount import mocked
    from mockidp.simulator import Simulator

    client = providers.get("github", client_id="mockidp", client_secret="mockidp-secret")
    simulator = Simulator()

    def simulated() -> None:
        with requests.Session() as http:
            login = client.begin(redirect_uri=REDIRECT)
            callback = browse(simulator.handle, login.url, person="alice")
            assert client.finish(login.session, callback.url, http=http).email == "alice@example.com"

    def canned() -> None:
        with requests.Session() as http:
            login = client.begin(redirect_uri=REDIRECT)
            state = parse_qs(urlsplit(login.url).query)["state"][0]
            found = client.finish(login.session, f"{REDIRECT}?code=c&state={state}", http=http)
            assert found.email == "alice@example.com"

    with mocked(simulator):
        seconds = _each(simulated, rounds)
    with responses.RequestsMock() as mock:
        mock.post("https://github.com/login/oauth/access_token", json={"access_token": "a", "scope": "user:email"})
        mock.get("https://api.github.com/user", json={"id": 1, "login": "alice", "name": "Alice"})
        mock.get(
            "https://api.github.com/user/emails",
            json=[{"email": "alice@example.com", "primary": True, "verified": True, "visibility": None}],
        )
        say(simulated=seconds, canned=_each(canned, rounds))


def _each(act: object, rounds: int) -> float:
    for _ in range(20):
        act()  # type: ignore[operator]
    began = time.perf_counter()
    for _ in range(rounds):
        act()  # type: ignore[operator]
    return (time.perf_counter() - began) / rounds


def plugin() -> None:
    import pytest  # the run that the plugin joins has it already  # noqa: F401

    began = time.perf_counter()
    import mockidp.pytest_plugin  # noqa: F401

    say(milliseconds=(time.perf_counter() - began) * 1000)


def world(rounds: int = 2000) -> None:
    from mockidp.simulator import Simulator
    from mockidp.world import World

    simulator = Simulator()
    began = time.perf_counter()
    for number in range(rounds):
        simulator.add(World(f"w{number}"))
        simulator.drop(f"w{number}")
    say(milliseconds=(time.perf_counter() - began) * 1000 / rounds)


PROGRAMS = {
    "first-answer": first_answer,
    "memory": memory,
    "serve-mockidp": serve_mockidp,
    "serve-bare": serve_bare,
    "load": load,
    "handshakes": handshakes,
    "in-process": in_process,
    "plugin": plugin,
    "world": world,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
