"""A live check: what it asks, how it asks, and what it makes of every way in which an answer can be another one.

The simulator stands in for the provider; a planted change is made to its answer on the way. What severity each change
has follows from what it does to a client, and is written here beside the change.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest
from live_host import CANARY, JSON, PAGE, Change, Provider, ask, edited, graver, page, quick, replaced, sandbox

from mockidp.check.finding import Finding, Severity
from mockidp.check.live.courier import Courier, Manners, StoppedError
from mockidp.check.live.run import Target, check_live
from mockidp.contract.files import contracts_folder, provider_ids
from mockidp.mounts.transport import Transport
from mockidp.simulator import Simulator
from mockidp.wire import Request
from mockidp.world import World

# what is asked


def test_a_provider_that_does_as_its_contract_says_has_nothing_to_report() -> None:
    run = ask(Provider(), *provider_ids())
    assert graver(run) == {}
    assert run.complete
    asked = {item.provider for item in run.asked}
    silent = {"retired", "stands for a server of yours"}
    told = [item.message for item in run.findings if item.provider not in asked]
    assert all(any(word in message for word in silent) for message in told)
    assert len(asked) > 70  # the rest are retired, or somebody's own server


def test_no_endpoint_is_asked_twice_in_one_run() -> None:
    provider = Provider()
    for name in provider_ids():
        provider.seen.clear()
        ask(provider, name)
        endpoints = Counter((item.method, item.url.host, item.url.path) for item in provider.seen)
        assert max(endpoints.values(), default=1) == 1, name


def test_nothing_that_is_sent_could_log_anybody_in() -> None:
    provider = Provider()
    ask(provider, *provider_ids())
    for request in provider.seen:
        sent = f"{request.url} {request.content.decode()} {request.headers.get('authorization', '')}"
        assert "mockidp-secret" not in sent
        assert "Bearer" not in sent


def test_an_authorize_url_leads_nowhere_but_to_a_reserved_name() -> None:
    provider = Provider()
    ask(provider, "github", "google", "apple")
    pages = [item for item in provider.seen if "redirect_uri" in item.url.params]
    assert len(pages) == 3
    assert {item.url.params["redirect_uri"] for item in pages} == {"https://mockidp.invalid/callback"}


def test_retired_and_own_servers_are_not_asked() -> None:
    provider = Provider()
    run = ask(provider, "windowslive", "keycloak")
    assert provider.seen == []
    told = {item.provider: item.message for item in run.findings}
    assert told["windowslive"].startswith("retired since 2018-11-01")
    assert "--set keycloak.KEYCLOAK_URL" in told["keycloak"]


def test_an_own_server_is_asked_where_it_is() -> None:
    world = World(settings={"keycloak": {"KEYCLOAK_URL": "https://sso.firm.test/auth"}})
    with Courier(Transport(Simulator(world)), manners=quick()) as courier:
        target = Target("keycloak", {"KEYCLOAK_URL": "https://sso.firm.test/auth"})
        run = check_live([target], courier, second_look=0.0)
    assert graver(run) == {}
    assert {item.request.split("/")[2] for item in run.asked} == {"sso.firm.test"}


# what is made of an answer

WALL = b"<!doctype html><title>Just a moment...</title>"
TOKEN, USER, LOGIN, KNOWN, KEYS = "access_token", "api.github.com/user", "authorize", "openid-configuration", "/certs"
ALGS, PKCE = "id_token_signing_alg_values_supported", "code_challenge_methods_supported"
EC_KEY = b'{"keys":[{"kty":"EC","crv":"P-256","kid":"1","use":"sig"}]}'
ISSUED = b'{"access_token":"x","scope":"","token_type":"bearer"}'
SUNSET = {"sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}
FOUND = b'{"issuer":"https://github.com"}'


def sent_to(status: int, location: str) -> Change:
    return replaced(status=status, body=b"", headers={"location": location})


def told(**values: Any) -> Change:
    return edited(lambda document: document.update(values))


def without(*names: str) -> Change:
    return edited(lambda document: [document.pop(name) for name in names])


def other_xrds(answer: httpx.Response) -> httpx.Response:
    return replaced(body=answer.content.replace(b"/openid/login</URI>", b"/openid/v3</URI>"))(answer)


PLANTED: dict[str, tuple[str, str, Change, str, str]] = {
    # what is changed: at which provider, in which answer, how; the finding, and its severity
    "endpoint gone": ("github", TOKEN, replaced(status=404, body=b"", type="text/plain"), "token-gone", "break"),
    "profile gone": ("github", USER, replaced(status=410, body=b"{}"), "userinfo-gone", "break"),
    "a page for JSON": ("github", TOKEN, page(status=200), "token-format", "break"),
    "cut JSON": ("github", TOKEN, replaced(body=b'{"error":"bad'), "token-format", "break"),
    "a form for JSON": ("github", TOKEN, replaced(body=b"error=bad", type="text/plain"), "token-format", "break"),
    "another status": ("github", USER, replaced(status=403), "userinfo-status", "warn"),
    "a field more": ("github", TOKEN, told(trace_id="1"), "token-added:/trace_id", "note"),
    "a field less": ("github", TOKEN, without("error"), "token-missing:/error", "warn"),
    "another place": ("github", TOKEN, sent_to(308, "https://id.github.com/token"), "token-moved", "break"),
    "another page": ("github", LOGIN, sent_to(301, "https://id.github.com/login"), "authorize-moved", "warn"),
    "no page": ("github", LOGIN, page(status=410), "authorize-gone", "break"),
    "an open door": ("github", LOGIN, sent_to(302, "https://mockidp.invalid/callback?code=1"), "authorize-", "review"),
    "made up, accepted": ("github", TOKEN, replaced(status=200, body=ISSUED), "token-missing:/error", "warn"),
    "an end announced": ("github", USER, replaced(headers=SUNSET), "userinfo-dated", "warn"),
    "discovery": ("github", "well-known", replaced(status=200, body=FOUND, type=JSON), "well-known-added", "note"),
    "a limit": ("github", TOKEN, replaced(status=429), "token-limited", "inconclusive"),
    "a failure": ("github", TOKEN, replaced(status=503, body=b""), "token-failing", "inconclusive"),
    "a wall": ("github", TOKEN, page(WALL, status=403), "token-wall", "inconclusive"),
    "another issuer": ("google", KNOWN, told(issuer="https://google.com"), "discovery-differs:issuer", "break"),
    "other address": ("google", KNOWN, told(token_endpoint="https://x.test"), "discovery-differs:token_", "warn"),
    "another algorithm": ("google", KNOWN, told(**{ALGS: ["ES256"]}), f"discovery-dropped:{ALGS}", "break"),
    "PKCE dropped": ("google", KNOWN, without(PKCE), f"discovery-missing:/{PKCE}", "warn"),
    "scopes of a kind": ("google", KNOWN, told(scopes_supported=["openid"]), "discovery-dropped:scopes", "break"),
    "a claim more": ("google", KNOWN, told(hd_supported=True), "discovery-added:/hd_supported", "note"),
    "no keys": ("google", KEYS, replaced(body=b'{"keys":[]}'), "jwks-keys", "break"),
    "keys of another kind": ("google", KEYS, replaced(body=EC_KEY), "jwks-keys", "break"),
    "a private key": ("google", KEYS, edited(lambda it: it["keys"][0].update(d="AQAB")), "jwks-secret", "warn"),
    "no document": ("google", KNOWN, replaced(status=404, body=b""), "discovery-gone", "break"),
    "no request tokens": ("twitter", "request_token", replaced(status=410, body=b""), "request_token-gone", "break"),
    "another XRDS": ("steam", "steamcommunity.com/openid", other_xrds, "discovery-differs:URI", "break"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_change_is_reported(what: str) -> None:
    provider, at, change, case, severity = PLANTED[what]
    run = ask(Provider(**{at: change}), provider)
    found = {name: str(value) for name, value in graver(run).items() if name.startswith(f"{provider}-live-{case}")}
    assert severity in found.values(), graver(run)


def test_a_finding_says_where_what_next_and_how_to_ask_again() -> None:
    run = ask(Provider(access_token=replaced(status=404, body=b"", type="text/plain")), "github")
    (found,) = [item for item in run.findings if item.severity is Severity.BREAK]
    assert found.id == "github-live-token-gone"
    assert (found.file, found.step) == ("contracts/github/contract.toml", "token")
    text = (contracts_folder().parent / found.file).read_text("utf-8").splitlines()[found.line - 1]
    assert "incorrect_client_credentials" in text
    assert found.next
    assert found.curl.startswith("curl -i https://github.com/login/oauth/access_token ")


def test_ids_hold_no_value_and_do_not_depend_on_any() -> None:
    runs = [ask(Provider(user=replaced(status=418)), "github", "google", "discord") for _ in range(2)]
    first, second = ({item.id for item in run.findings} for run in runs)
    assert first == second
    assert all(re.fullmatch(r"[\w.:/*-]+", name) for name in first)


def test_what_the_contract_only_guessed_is_for_a_person_to_look_at() -> None:
    """Evidence decides between a warning and a question: Steam's refusals are reconstructed."""
    run = ask(Provider(GetPlayerSummaries=replaced(status=418, body=PAGE, type="text/html")), "steam")
    severities = {item.severity for item in run.findings if item.case.startswith("userinfo-")}
    assert severities & {Severity.REVIEW, Severity.BREAK}
    assert Severity.WARN not in severities


# a second look


def test_what_is_not_so_a_second_time_is_inconclusive() -> None:
    count = Counter[str]()

    def once(answer: httpx.Response) -> httpx.Response:
        count["asked"] += 1
        return replaced(status=404, body=b"", type="text/plain")(answer) if count["asked"] == 1 else answer

    run = ask(Provider(access_token=once), "github")
    assert graver(run) == {"github-live-token-gone": Severity.INCONCLUSIVE}
    assert count["asked"] == 2


def test_only_what_is_grave_is_looked_at_again() -> None:
    provider = Provider(access_token=edited(lambda it: it.update(trace_id="1")))
    ask(provider, "github")
    assert sum("access_token" in str(item.url) for item in provider.seen) == 1


# manners


@dataclass
class Clock:
    """A clock that only sleeping moves."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

    def now(self) -> float:
        return self.at


def test_two_requests_to_a_host_lie_two_seconds_apart() -> None:
    clock, at = Clock(), []
    provider = Provider(**{"": lambda answer: (at.append(clock.at), answer)[1]})
    manners = Manners(sleep=clock.sleep, now=clock.now)
    run = ask(provider, "twitch", manners=manners)
    by_host: dict[str, list[float]] = {}
    for request, moment in zip(provider.seen, at, strict=True):
        by_host.setdefault(request.url.host, []).append(moment)
    gaps = [later - former for moments in by_host.values() for former, later in pairwise(moments)]
    assert run.complete
    assert gaps
    assert min(gaps) >= 2.0


def test_no_more_than_four_at_once() -> None:
    open_now, most = 0, 0

    class Busy(Provider):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(0.02)
            try:
                return await super().handle_async_request(request)
            finally:
                open_now -= 1

    ask(Busy(), *provider_ids()[:40])
    assert most == 4


@pytest.mark.parametrize("value", ["7", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_retry_after_is_obeyed(value: str) -> None:
    clock = Clock()
    provider = Provider(access_token=replaced(status=429, headers={"retry-after": value}))
    ask(provider, "github", manners=Manners(sleep=clock.sleep, now=clock.now, apart=1.0))
    assert (clock.at >= 7.0) == (value == "7")


def test_a_host_that_wants_to_be_left_alone_is_not_asked_again() -> None:
    clock = Clock()
    provider = Provider(authorize=replaced(status=429, headers={"retry-after": "3600"}))
    run = ask(provider, "github", manners=Manners(sleep=clock.sleep, now=clock.now))
    assert [item.url.host for item in provider.seen].count("github.com") == 1
    assert graver(run)["github-live-token-unreachable"] is Severity.INCONCLUSIVE
    assert max(clock.slept, default=0.0) < 60


def test_who_asks_is_told_honestly() -> None:
    provider = Provider()
    with Courier(provider, manners=quick(), contact="ci@example.com") as courier:
        check_live([Target("reddit")], courier, second_look=0.0)
    agents = {item.headers["user-agent"] for item in provider.seen}
    assert len(agents) == 1
    assert re.fullmatch(r"mockidp/[\w.]+ \(contract check of login endpoints; ci@example\.com\)", agents.pop())


# what never blocks, and never ends the run


class Dead(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)


def test_without_a_network_everything_is_inconclusive_and_nothing_else() -> None:
    run = ask(Dead(), *provider_ids())
    asked = {item.provider for item in run.asked}
    assert {item.severity for item in run.findings if item.provider in asked} == {Severity.INCONCLUSIVE}
    assert run.complete


@contextmanager
def peer(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server on loopback that does as `talk` does, and its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                with suppress(OSError):
                    talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()


def drip(connection: socket.socket) -> None:
    """A header that never ends, a byte at a time: no single read takes long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        time.sleep(0.02)
        connection.sendall(b"a")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BAD_PEERS: dict[str, Callable[[socket.socket], object]] = {
    "silent": lambda it: time.sleep(2),
    "drips": drip,
    "half a body": lambda it: it.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"name":'),
    "no HTTP": lambda it: it.sendall(b"\x00\x01\x02 SSH-2.0-server\r\n\r\n"),
    "nothing": lambda it: None,
    "endless": lambda it: [it.sendall(HEAD + b"\r\n"), *(it.sendall(b"0" * 65536) for _ in range(200))],
    "loop": lambda it: it.sendall(
        b"HTTP/1.1 302 Found\r\nLocation: ?\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ),
}


@pytest.mark.parametrize("name", BAD_PEERS)
def test_a_peer_that_behaves_badly_neither_blocks_nor_breaks_the_run(name: str) -> None:
    began = time.monotonic()
    with peer(BAD_PEERS[name]) as url, Courier(manners=Manners(apart=0.0, limit=0.5)) as courier:
        reply = courier.send(Request.of("GET", f"{url}/token"))
        run = check_live([Target("jupyterhub", {"API_URL": url})], courier, second_look=0.0)
    assert run.complete
    assert time.monotonic() - began < 20
    if name != "loop":
        assert reply.response is None
        assert reply.failure
        assert {item.severity for item in run.findings} == {Severity.INCONCLUSIVE}


def test_an_endpoint_that_redirects_to_itself_is_inconclusive() -> None:
    def loop(answer: httpx.Response) -> httpx.Response:
        return replaced(status=302, body=b"", headers={"location": "https://api.github.com/user"})(answer)

    run = ask(Provider(**{"api.github.com/user": loop}), "github")
    assert graver(run)["github-live-userinfo-loop"] is Severity.INCONCLUSIVE


def test_a_bug_in_one_conversation_does_not_end_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from mockidp.check.live import run as module

    judge = module.judge

    def broken(probe: Any, wanted: Any, reply: Any) -> Any:
        if reply.request.host == "github.com":
            raise ZeroDivisionError("with a secret")
        return judge(probe, wanted, reply)

    monkeypatch.setattr(module, "judge", broken)
    run = ask(Provider(), "github", "discord")
    told = graver(run)
    assert told == {"github-live-internal": Severity.INCONCLUSIVE}
    assert "with a secret" not in str(run.findings)


def test_a_run_that_is_ended_early_keeps_what_was_found() -> None:
    clock = Clock()
    provider = Provider()
    with Courier(provider, manners=Manners(sleep=clock.sleep, now=clock.now, at_once=1)) as courier:

        def ready(finding: Finding) -> None:
            if finding.provider == "discord":
                courier.stop()

        run = check_live([Target("discord"), *map(Target, provider_ids())], courier, ready=ready, second_look=0.0)
    assert not run.complete
    assert any(item.provider == "discord" for item in run.findings)
    assert len(provider.seen) < 100
    with pytest.raises(StoppedError):
        courier.send(Request.of("GET", "https://github.com/"))


# a sandbox app


@pytest.mark.parametrize("provider", ["github", "discord", "google", "twitch", "linkedin_oauth2"])
def test_a_sandbox_app_at_a_provider_that_has_not_changed_is_clean(provider: str) -> None:
    transport, target = sandbox(provider)
    run = ask(transport, provider, **target)
    assert graver(run) == {}
    cases = {item.case for item in run.findings}
    assert {"app-authorize", "app-userinfo" if provider != "apple" else "app-token"} <= cases


def test_a_fresh_token_is_used_for_what_comes_after() -> None:
    transport, target = sandbox("discord")
    del target["tokens"]["access_token"]
    run = ask(transport, "discord", **target)
    assert graver(run) == {}
    assert {"app-refresh", "app-userinfo"} <= {item.case for item in run.findings}


def test_a_field_that_clients_read_is_missed_gravely_and_another_is_not() -> None:
    transport, target = sandbox("discord")
    transport.changes = {"users/@me": edited(lambda it: (it.pop("id", None), it.update(new=1)))}
    found = graver(ask(transport, "discord", **target))
    assert found["discord-live-app-userinfo-missing:/id"] is Severity.BREAK
    assert found["discord-live-app-userinfo-added:/new"] is Severity.NOTE


def test_a_number_where_text_was_is_grave() -> None:
    transport, target = sandbox("discord")
    transport.changes = {"users/@me": edited(lambda it: it.update(id=7))}
    assert graver(ask(transport, "discord", **target))["discord-live-app-userinfo-type:/id"] is Severity.BREAK


def test_a_scope_that_is_refused_is_grave() -> None:
    transport, target = sandbox("discord")
    back = "https://app.example/callback?error=invalid_scope&error_description=no"
    transport.changes = {"oauth2/authorize": replaced(status=302, body=b"", headers={"location": back})}
    found = {item.id: item for item in ask(transport, "discord", **target).findings}
    assert found["discord-live-app-authorize-refused"].severity is Severity.BREAK
    assert "invalid_scope" in found["discord-live-app-authorize-refused"].message


def test_no_secret_of_a_sandbox_is_in_what_is_reported() -> None:
    transport, target = sandbox("discord")
    secrets = [*target["tokens"].values(), target["app"].client_secret]
    transport.changes = {"": replaced(status=418, body=b'{"error":"%s"}' % CANARY.encode(), type="application/json")}
    run = ask(transport, "discord", **target)
    told = json.dumps([item.as_dict() for item in run.findings]) + str(run.asked)
    assert any(item.curl for item in run.findings)
    assert not [secret for secret in secrets if secret in told]


def test_level_1_without_an_app_says_what_is_missing() -> None:
    run = ask(Provider(), "discord", level=1)
    (told,) = [item for item in run.findings if item.case == "app"]
    assert "MOCKIDP_LIVE_DISCORD_CLIENT_ID" in told.message
    assert told.severity is Severity.NOTE
