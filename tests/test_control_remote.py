"""`mockidp.testing.Remote` against a running server: the verbs of `Idp` over the control interface."""

from __future__ import annotations

import inspect
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from mockidp.browser import Callback
from mockidp.errors import UsageError
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.testing import Idp, NoCallbackError, Remote, RemoteError
from mockidp.wire import Request, encoded
from mockidp.world import World

CB = "http://127.0.0.1:8000/cb"
TOKEN = "a-token-of-enough-letters"
FORM = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": CB}
ASK = f"https://github.com/login/oauth/authorize?client_id=mockidp&redirect_uri={CB}&state=s&scope=user"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Simulator(), port=0) as running:
        yield running


@pytest.fixture
def idp(server: Server) -> Iterator[Remote]:
    with Remote(server.url) as made:
        yield made


def worlds(server: Server) -> list[str]:
    return [row["name"] for row in httpx.get(f"{server.url}/_mockidp/api/worlds", trust_env=False).json()]


def token_for(idp: Remote, callback: Callback, **more: str) -> httpx.Response:
    """What the application gets for the code of a callback, in path form."""
    url = f"{idp.url}/github.com/login/oauth/access_token"
    accept = {"Accept": "application/json"}
    return httpx.post(url, data={**FORM, **more, "code": callback.params["code"]}, headers=accept, trust_env=False)


def test_a_login_at_a_running_server_reads_as_one_in_this_process(idp: Remote) -> None:
    callback = idp.authorize(ASK, person="bob")
    assert (callback.path.partition("?")[0], callback.params["state"]) == ("/cb", "s")
    assert "access_token" in token_for(idp, callback).json()
    login = idp.journal.last("github")
    assert login is not None
    assert (login.person, login.outcome, len(idp.journal)) == ("bob", "logged_in", 1)
    assert [entry.step for entry in login.entries] == ["authorize", "token"]
    here = Idp()
    again = here.authorize(ASK, person="bob")
    body = encoded([*FORM.items(), ("code", again.params["code"])]).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    here.simulator.handle(Request.of("POST", "https://github.com/login/oauth/access_token", kind, body))
    assert without_codes(idp.story()) == without_codes(here.story())


def without_codes(story: str) -> str:
    return re.sub(r"\w{4}…", "…", story)


def test_the_verbs_are_those_of_a_test_in_this_process() -> None:
    verbs = {name for name in vars(Remote) if not name.startswith("_")} & set(vars(Idp))
    assert verbs == {"url", "person", "date", "strict", "app", "configure", "rotate_keys", "fault", "idle_faults",
                     "authorize", "story"}  # fmt: skip
    for name in ("configure", "rotate_keys", "fault", "authorize"):
        ours, theirs = inspect.signature(getattr(Remote, name)), inspect.signature(getattr(Idp, name))
        assert list(ours.parameters) == list(theirs.parameters)


def test_a_world_ends_with_its_test_and_no_other_is_touched(server: Server) -> None:
    with Remote(server.url, person="alice") as one, Remote(server.url, person="bob", strict=True) as other:
        assert {one.world, other.world} < set(worlds(server))
        one.person, one.date = "carol", "2021-11-15"
        assert (one.person, str(one.date), one.strict) == ("carol", "2021-11-15", False)
        assert (other.person, other.date, other.strict) == ("bob", None, True)
        one.authorize(ASK)
        assert (len(one.journal), len(other.journal)) == (1, 0)
        one.reset()
        assert (one.person, len(one.journal)) == ("alice", 0)
    assert worlds(server) == ["default"]


def test_a_world_that_there_is_stays_as_it_is_left(server: Server) -> None:
    with Remote(server.url, world="default", person="bob") as idp:
        idp.authorize(ASK)
    with Remote(server.url, world="default") as idp:
        assert (idp.person, len(idp.journal)) == ("bob", 1)
        idp.person = None
        idp.journal.clear()
        assert idp.journal.last() is None
    with pytest.raises(RemoteError, match='no world "nobodys"'):
        Remote(server.url, world="nobodys")


def test_an_app_is_ready_or_registered_with_what_is_asked(idp: Remote) -> None:
    ready = idp.app("github")
    assert (ready.client_id, ready.client_secret, ready.ready) == ("mockidp", "mockidp-secret", True)
    own = idp.app("github", client_id="own", client_secret="a-secret-of-mine", redirect_uris=["https://app.example/cb"])
    assert (own.client_id, own.client_secret) == ("own", "a-secret-of-mine")
    callback = idp.authorize("https://github.com/login/oauth/authorize?client_id=own", person="alice")
    assert callback.url.startswith("https://app.example/cb?code=")
    with pytest.raises(UsageError, match="registered apps only"):
        Remote(idp.url.partition("/~")[0], world=idp.world, apps="registered").app("google")


def test_people_are_looked_up_added_and_taken_back(idp: Remote) -> None:
    assert idp.people["alice"].email == "alice@example.com"
    assert idp.people["jo@example.com"].email_verified
    assert idp.people.add({"id": "zoe", "name": "Zoe", "email": "zoe@example.com"}).name == "Zoe"
    assert [who.id for who in idp.people.search("zoe@")] == ["zoe"]
    assert {"alice", "zoe"} < {who.id for who in idp.people}
    idp.people.remove("zoe")
    with pytest.raises(UsageError, match='no person "zoe"'):
        idp.people["zoe"]


def test_settings_move_a_provider_to_hosts_of_ones_own(idp: Remote) -> None:
    idp.configure("github", GITHUB_URL="https://git.example.com")
    assert idp.authorize(ASK.replace("github.com", "git.example.com"), person="alice").params["code"]


def test_a_fault_strikes_and_one_that_never_did_fails_the_test(server: Server) -> None:
    with Remote(server.url) as idp:
        idp.fault("wrong_state", provider="github", nth=2)
        idp.fault("slow", provider="google", optional=True)
        states = [idp.authorize(ASK, person="alice").params["state"] for _ in range(3)]
    assert states == ["s", "another-state", "s"]
    with pytest.raises(AssertionError, match="never struck: slow"), Remote(server.url) as idp:
        idp.fault("slow", provider="google")
    failing = Remote(server.url)
    failing.fault("slow", provider="google")
    with pytest.raises(UsageError, match="nobody"), failing:  # what went wrong first is told
        failing.person = "nobody"
    assert worlds(server) == ["default"]


def test_time_is_turned(idp: Remote) -> None:
    callback = idp.authorize(ASK, person="alice")
    before = idp.clock.now()
    idp.clock.advance(3600)
    assert 3600 <= idp.clock.now() - before < 3630
    assert token_for(idp, callback).json()["error"] == "bad_verification_code"
    assert [entry.refused for entry in idp.journal.refusals()] == ["code_expired"]
    idp.clock.freeze(1_600_000_000)
    assert idp.clock.now() == idp.clock.now() == 1_600_000_000
    idp.clock.run()
    assert 1_600_000_000 < idp.clock.now() < 1_600_000_030
    idp.clock.reset()
    assert abs(idp.clock.now() - before) < 30


def test_keys_are_rotated(idp: Remote) -> None:
    first = idp.rotate_keys("google")
    assert len(first.published) == 2
    assert len(idp.rotate_keys("google", overlap=False).published) == 1


def test_a_provider_that_posts_back_gives_its_form_and_one_that_is_posted_to_takes_one(idp: Remote) -> None:
    url = (
        f"https://appleid.apple.com/auth/authorize?client_id=mockidp&redirect_uri={CB}&response_type=code"
        "&response_mode=form_post&scope=name%20email&state=s&nonce=n"
    )
    posted = idp.authorize(url, person="alice")
    assert (posted.method, posted.url, posted.params["state"]) == ("POST", CB, "s")
    any_id = "http://specs.openid.net/auth/2.0/identifier_select"
    form = {
        "openid.ns": "http://specs.openid.net/auth/2.0",
        "openid.mode": "checkid_setup",
        "openid.return_to": CB,
        "openid.claimed_id": any_id,
        "openid.identity": any_id,
        "openid.realm": "http://127.0.0.1:8000/",
    }
    assert idp.authorize("https://steamcommunity.com/openid/login", form=form).params["openid.mode"] == "id_res"


def test_a_login_that_does_not_come_back_says_why(idp: Remote) -> None:
    with pytest.raises(NoCallbackError, match=r"expected .*, got 'https://app.example/cb'") as stayed:
        idp.authorize(ASK.replace(CB, "https://app.example/cb"), person="alice")
    assert (stayed.value.reason, stayed.value.response.status) == ("redirect_unregistered", 400)
    assert idp.authorize(ASK, deny=True).params["error"] == "access_denied"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (lambda idp: idp.app("githbu"), 'Did you mean "github"'),
        (lambda idp: idp.app("github", client="x"), "unknown field"),
        (lambda idp: idp.configure("../worlds"), 'no provider "../worlds"'),
        (lambda idp: idp.fault("slwo"), 'Did you mean "slow"'),
        (lambda idp: idp.fault("slow", provider="github", step="tokn"), 'Did you mean "token"'),
        (lambda idp: idp.authorize(ASK, person="nobody"), 'no person "nobody"'),
        (lambda idp: idp.authorize("https://bank.example/"), "plays no provider"),
        (lambda idp: idp.rotate_keys("github"), "publishes no keys"),
        (lambda idp: setattr(idp, "person", "nobody"), 'no person "nobody"'),
        (lambda idp: setattr(idp, "date", "yesterday"), "date"),
        (lambda idp: idp.clock.advance(1e12), "3200000000"),
    ],
)
def test_what_there_is_not_is_a_usage_error_in_the_servers_words(idp: Remote, asked: object, told: str) -> None:
    assert callable(asked)
    with pytest.raises(UsageError, match=told):
        asked(idp)


def test_the_example_in_the_readme_does_what_it_says(server: Server) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(from mockidp.testing import Remote\n.*?)```", readme, re.DOTALL)
    assert found is not None
    settings: dict[str, str] = {}
    app = {"client_id": "mine", "redirect_uri": "https://app.example/cb"}

    def begun() -> str:
        return f"{settings['GITHUB_URL']}/login/oauth/authorize?{encoded([*app.items(), ('scope', 'user')])}"

    def opened(url: str) -> None:
        code = url.partition("code=")[2].partition("&")[0]
        form, accept = {**app, "client_secret": "a-secret", "code": code}, {"Accept": "application/json"}
        at = f"{settings['GITHUB_URL']}/login/oauth/access_token"
        token = httpx.post(at, data=form, headers=accept, trust_env=False).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{settings['GITHUB_API']}/user", headers=bearer, trust_env=False).status_code == 403

    names = {"start_my_app": settings.update, "begun_at_my_app": begun, "open_at_my_app": opened}
    exec(found[1].replace("http://127.0.0.1:8400", server.url), names)
    assert settings
    assert worlds(server) == ["default"]


# who is asked


def test_a_server_with_a_token_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = Simulator(World())
    simulator.token = TOKEN
    with Server(simulator, port=0) as server:
        for wrong in ("", "another-token-of-letters"):
            with pytest.raises(RemoteError, match="ask for its control token") as refused:
                Remote(server.url, token=wrong)
            assert (refused.value.status, refused.value.code) == (401, "token")
            assert "another-token" not in str(refused.value)
        with Remote(server.url, token=TOKEN) as idp:
            assert TOKEN not in repr(idp)
            assert idp.authorize(ASK, person="alice").params["code"]
        monkeypatch.setenv("MOCKIDP_CONTROL_TOKEN", TOKEN)
        with Remote(server.url) as idp:
            assert idp.strict is False


def test_no_proxy_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Remote(server.url) as idp:
        assert idp.people["alice"].id == "alice"


class Elsewhere(BaseHTTPRequestHandler):
    """Something that is no mockidp, and sends whoever asks on to another server."""

    seen: list[str]

    def do_POST(self) -> None:
        self.seen.append(self.headers.get("Authorization", ""))
        self.send_response(307)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/again")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def test_what_is_no_mockidp_gets_the_token_once_and_leads_nowhere() -> None:
    Elsewhere.seen = []
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(RemoteError, match="is no mockidp"):
            Remote(f"http://127.0.0.1:{other.server_address[1]}", token=TOKEN)
        other.shutdown()
    assert Elsewhere.seen == [f"Bearer {TOKEN}"]


def test_where_nothing_answers_it_says_what_to_do() -> None:
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(RemoteError, match="start one with `mockidp serve`"):
            Remote(f"http://127.0.0.1:{held.getsockname()[1]}")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8400", "https://127.0.0.1:8400", "http://u:hush@127.0.0.1:8400", "http://x/path", "", "http://"]
)
def test_what_is_no_server_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageError, match="is no server: write http://HOST:PORT") as refused:
        Remote(url)
    assert "hush" not in str(refused.value)


def test_a_header_cannot_be_smuggled_in_a_token(server: Server) -> None:
    with pytest.raises(UsageError, match="without blanks") as refused:
        Remote(server.url, token="x" * 16 + "\r\nX-Evil: hush")
    assert "hush" not in str(refused.value)
