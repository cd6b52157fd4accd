"""A live check of what an app asks for itself: the client credentials grant (RFC 6749 section 4.4) at level 1.

The simulator stands in for the provider, as in `test_live`; what a change does to a client is written beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from live_host import CANARY, Change, Provider, ask, edited, graver, page, replaced, sandbox

from mockidp import jose
from mockidp.check.finding import Severity
from mockidp.mounts.transport import Transport
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

GRANT = "app-client-credentials"
AT_TOKEN = {
    "twitch": "https://id.twitch.tv/oauth2/token",
    "discord": "https://discord.com/api/oauth2/token",
    "battlenet": "https://oauth.battle.net/token",
    "vimeo_oauth2": "https://api.vimeo.com/oauth/authorize/client",
    "facebook": "https://graph.facebook.com/v25.0/oauth/access_token",  # whose contract calls the step app_token
}


class Granting(Provider):
    """A provider that changes its answer to this grant alone: at most of them one address has all grants."""

    change: Change | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if self.change is None or not asks_for_itself(request):
            return answer
        await answer.aread()
        return self.change(answer)


def asks_for_itself(request: httpx.Request) -> bool:
    return "grant_type=client_credentials" in f"{request.url.query.decode()}&{request.content.decode()}"


def granting(provider: str, change: Change | None = None) -> tuple[Granting, dict[str, Any]]:
    """A sandbox whose tokens are known, at a provider with a change planted."""
    plain, target = sandbox(provider)
    changed = Granting()
    changed.inner, changed.change = plain.inner, change
    return changed, target


# clean


@pytest.mark.parametrize("provider", AT_TOKEN)
def test_an_app_that_asks_for_itself_is_clean(provider: str) -> None:
    transport, target = granting(provider)
    run = ask(transport, provider, **target)
    assert graver(run) == {}
    assert [item.severity for item in run.findings if item.case == GRANT] == [Severity.FINE]
    (sent,) = [request for request in transport.seen if asks_for_itself(request)]
    assert str(sent.url).partition("?")[0] == AT_TOKEN[provider]
    assert f"{CANARY}-secret" in f"{sent.url.query.decode()}&{sent.content.decode()}"


def test_an_own_server_is_asked_too() -> None:
    where = {"KEYCLOAK_URL": "https://sso.firm.test/auth"}
    transport = Granting()
    transport.inner = Transport(Simulator(World(settings={"keycloak": where})))
    app = transport.inner.simulator.world.apps.register(  # type: ignore[attr-defined]
        "keycloak", client_id="sandbox", client_secret="s", redirect_uris=["https://app.example/callback"]
    )
    run = ask(transport, "keycloak", settings=where, app=app, level=1)
    assert graver(run) == {}
    assert [item.severity for item in run.findings if item.case == GRANT] == [Severity.FINE]


def test_who_has_no_such_grant_is_not_asked_for_it() -> None:
    transport, target = granting("github")
    run = ask(transport, "github", **target)
    assert GRANT not in {item.case for item in run.findings}
    assert not [request for request in transport.seen if asks_for_itself(request)]


def test_without_an_app_nobody_asks_for_it() -> None:
    transport = Provider()
    ask(transport, "discord", level=1)
    assert transport.seen
    assert not [request for request in transport.seen if asks_for_itself(request)]


def test_the_token_of_a_login_is_used_for_what_comes_after_and_not_the_apps() -> None:
    got: list[str] = []

    def keep(answer: httpx.Response) -> httpx.Response:
        got.append(answer.json()["access_token"])
        return answer

    transport, target = granting("discord", keep)
    ask(transport, "discord", **target)
    own = next(index for index, request in enumerate(transport.seen) if asks_for_itself(request))
    after = [item for item in transport.seen[own:] if "users/@me" in str(item.url)]
    assert len(got) == len(after) == 1
    assert after[0].headers["authorization"].startswith("Bearer ")
    assert got[0] not in after[0].headers["authorization"]


# planted changes

PLANTED: dict[str, tuple[Change, str, Severity]] = {
    "no token": (edited(lambda it: it.pop("access_token")), "missing:/access_token", Severity.BREAK),
    "a number for a token": (edited(lambda it: it.update(access_token=7)), "type:/access_token", Severity.BREAK),
    "a page": (page(status=200), "format", Severity.BREAK),
    "half an answer": (replaced(body=b'{"access_token":"x'), "format", Severity.BREAK),
    "refused": (
        replaced(status=401, body=b'{"error":"access_denied"}', type="application/json"),
        "refused",
        Severity.BREAK,
    ),
    "not allowed": (  # the app is known; perhaps nobody has ever allowed it this grant
        replaced(status=401, body=b'{"error":"unauthorized_client"}', type="application/json"),
        "refused",
        Severity.REVIEW,
    ),
    "gone": (replaced(status=404, body=b"", type="text/plain"), "gone", Severity.BREAK),
    "a field less": (edited(lambda it: it.pop("token_type")), "missing:/token_type", Severity.WARN),
    "a field more": (edited(lambda it: it.update(jti="1")), "added:/jti", Severity.NOTE),
    "too often": (replaced(status=429, body=b"{}"), "limited", Severity.INCONCLUSIVE),
}


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("provider", ["twitch", "discord"])
def test_a_change_to_what_the_app_is_answered_is_reported(provider: str, what: str) -> None:
    change, kind, severity = PLANTED[what]
    transport, target = granting(provider, change)
    found = graver(ask(transport, provider, **target))
    assert found == {f"{provider}-live-{GRANT}-{kind}": severity}


def test_no_secret_is_in_what_is_said_of_it() -> None:
    transport, target = granting("discord", PLANTED["refused"][0])
    run = ask(transport, "discord", **target)
    (found,) = [item for item in run.findings if item.severity is Severity.BREAK]
    assert "client_credentials" in found.curl
    assert CANARY not in json.dumps(found.as_dict())
    assert found.file == "contracts/discord/contract.toml"


# the dry run


def test_a_dry_run_lists_it(tmp_path: Path) -> None:
    app = {"MOCKIDP_LIVE_DISCORD_CLIENT_ID": "sandbox", "MOCKIDP_LIVE_DISCORD_CLIENT_SECRET": f"{CANARY}-secret"}
    command = [sys.executable, "-m", "mockidp", "check", "--live", "discord", "--level", "1", "--dry-run"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path, env={**os.environ, **app}
    )
    (line,) = [row for row in done.stdout.splitlines() if GRANT in row]
    assert "POST https://discord.com/api/oauth2/token" in line
    assert CANARY not in done.stdout + done.stderr


# what such a token opens


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
READS: dict[str, tuple[str, int, bytes]] = {  # what reads the person, and how this is refused
    "twitch": ("https://api.twitch.tv/helix/users", 400, b"Must provide an ID, Login or OAuth Token"),
    "discord": ("https://discord.com/api/users/@me", 401, b"401: Unauthorized"),
    "battlenet": ("https://oauth.battle.net/userinfo", 403, b"insufficient_scope"),
    "vimeo_oauth2": ("https://api.vimeo.com/me", 401, b"No user credentials were provided."),
    "keycloak": ("https://keycloak.example.org/auth/realms/master/protocol/openid-connect/userinfo", 403, b""),
}
GIVES = {**AT_TOKEN, "keycloak": READS["keycloak"][0].replace("userinfo", "token")}


def itself(simulator: Simulator, provider: str, secret: str = "mockidp-secret", **more: str) -> Response:
    """The ready-made app asks for a token of its own."""
    app = simulator.world.apps.ready(provider)
    form = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": secret, **more}
    return simulator.handle(Request.of("POST", GIVES[provider], FORM, urlencode(form).encode()))


def read(simulator: Simulator, url: str, token: str) -> Response:
    return simulator.handle(Request.of("GET", url, {"Authorization": f"Bearer {token}", "Client-Id": "mockidp"}))


@pytest.mark.parametrize("provider", READS)
def test_the_token_of_an_app_reads_no_person(provider: str) -> None:
    simulator = Simulator(World(person="alice"))  # who would be logged in, if anybody were asked
    answer = itself(simulator, provider)
    assert answer.status == 200
    given = json.loads(answer.body)
    assert not {"refresh_token", "id_token"} & given.keys()  # RFC 6749 section 4.4.3
    url, status, said = READS[provider]
    refused = read(simulator, url, given["access_token"])
    assert refused.status == status
    assert said in refused.body
    assert b"alice" not in refused.body.lower()
    assert simulator.world.journal.newest.refused == "token_of_no_person"


@pytest.mark.parametrize("provider", READS)
def test_a_wrong_secret_and_an_unknown_app_are_given_nothing(provider: str) -> None:
    simulator = Simulator(World())
    assert itself(simulator, provider, secret="guessed").status in (400, 401, 403)
    assert simulator.world.journal.newest.refused == "wrong_secret"
    assert itself(simulator, provider, client_id="9999").status in (400, 401)
    assert simulator.world.journal.newest.refused == "unknown_client"


def test_which_grant_is_meant_is_told_by_its_name_at_one_address() -> None:
    simulator = Simulator(World())
    assert itself(simulator, "discord", grant_type="refresh_token", refresh_token="x").status == 400
    assert simulator.world.journal.newest.step == "refresh"
    assert itself(simulator, "discord", grant_type="authorization_code", code="x").status == 400
    assert simulator.world.journal.newest.step == "token"
    assert json.loads(itself(simulator, "discord", grant_type="password").body)["error"] == "unsupported_grant_type"


def test_what_tells_of_a_token_tells_of_an_apps_too_and_names_nobody() -> None:
    simulator = Simulator(World())
    simulator.world.clock.freeze(1_800_000_000)
    given = json.loads(itself(simulator, "twitch").body)
    assert given["expires_in"] == 5011271
    told = json.loads(read(simulator, "https://id.twitch.tv/oauth2/validate", given["access_token"]).body)
    assert told == {"client_id": "mockidp", "scopes": [], "expires_in": 5011271}


def test_the_token_of_an_app_ends_when_it_should() -> None:
    simulator = Simulator(World())
    token = json.loads(itself(simulator, "discord").body)["access_token"]
    simulator.world.clock.advance(604801)
    assert read(simulator, READS["discord"][0], token).status == 401
    assert simulator.world.journal.newest.refused == "token_expired"


def test_a_service_account_is_no_person_of_the_realm() -> None:
    claims = jose.split(json.loads(itself(Simulator(World()), "keycloak").body)["access_token"])[1]
    assert claims["preferred_username"] == "service-account-mockidp"
    assert (claims["azp"], claims["scope"], claims["email_verified"]) == ("mockidp", "profile email", False)
    assert not {"name", "given_name", "family_name", "email", "sid", "nonce"} & claims.keys()
