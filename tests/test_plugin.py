"""The pytest plugin, as a user's test run sees it: each test here runs a small test file of its own."""

from __future__ import annotations

import datetime
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from mockidp.check.walk import walk_class
from mockidp.contract.files import provider_ids
from mockidp.errors import UsageError
from mockidp.testing import Callback, Idp, NoCallbackError, Service
from mockidp.wire import Request, Response

BACK = "http://localhost:8000/callback"
GITHUB = "https://github.com/login/oauth/authorize?" + urlencode(
    {"client_id": "mockidp", "redirect_uri": BACK, "state": "s", "scope": "user:email"}
)
GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth?" + urlencode(
    {
        "client_id": "mockidp",
        "redirect_uri": BACK,
        "state": "s",
        "scope": "openid email",
        "response_type": "code",
        "nonce": "n",
    }
)
TOKEN = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK}
APP = f"""
import requests
GITHUB = {GITHUB!r}

def finish(callback):
    form = {{**{TOKEN!r}, "code": callback.params["code"]}}
    token = requests.post("https://github.com/login/oauth/access_token", form, headers={{"Accept": "application/json"}},
                          timeout=5).json()
    if "error" in token:
        raise ValueError(token["error"])
    answer = requests.get("https://api.github.com/user", headers={{"Authorization": "Bearer " + token["access_token"]}},
                          timeout=5)
    answer.raise_for_status()
    return answer.json()["login"]
"""

# What other plugins of this environment would add to each small run, in time or in output.
ALONE = [
    part
    for name in ("randomly", "hypothesispytest", "faker", "anyio", "valkey", "cacheprovider")
    for part in ("-p", f"no:{name}")
]
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run a test file that has the application at hand."""

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(app=APP)
        pytester.makepyfile(f"import pytest, requests, app\n{textwrap.dedent(text)}")
        return pytester.runpytest_inprocess(*ALONE, "-W", "error", *options)

    return run


def redeem(code: str) -> dict[str, str]:
    form, headers = {**TOKEN, "code": code}, {"Accept": "application/json"}
    return dict(requests.post("https://github.com/login/oauth/access_token", form, headers=headers, timeout=5).json())


# the plugin in a run


def test_a_run_that_uses_none_of_it_imports_none_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_unused():
            assert [name for name in sys.modules if name.startswith("mockidp")] == ["mockidp", "mockidp.pytest_plugin"]
            assert {"responses", "respx", "httpx", "uvicorn", "msgspec", "cryptography"} & set(sys.modules) == set()
    """)
    pytester.runpytest_subprocess(*ALONE, "-p", "no:respx").assert_outcomes(passed=1)


def test_the_testing_module_does_not_need_pytest() -> None:
    script = "import sys; sys.modules['pytest'] = None; from mockidp.testing import Idp; print(Idp(person='bob'))"
    answer = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "<Idp t1, mounted at nothing>\n"


def test_the_fixtures_and_the_marker_are_described(pytester: pytest.Pytester) -> None:
    fixtures = pytester.runpytest_inprocess(*ALONE, "--fixtures").stdout
    for name in ("idp", "idp_responses", "idp_respx", "idp_server", "idp_asgi"):
        fixtures.re_match_lines([rf"{name} .*\.\..*"])
        fixtures.no_re_match_line(rf"{name} .*no docstring available")
    fixtures.no_fnmatch_line("_idp*")
    pytester.runpytest_inprocess(*ALONE, "--markers").stdout.fnmatch_lines(["@pytest.mark.idp(mount, person, *): *"])


def test_it_works_under_xdist_and_in_any_order(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(app=APP)
    pytester.makepyfile("""
        import pytest, app

        @pytest.mark.parametrize("n", range(12))
        @pytest.mark.idp(mount=["responses", "server"], person="alice")
        def test_login(idp, n):
            assert len(idp.journal) == 0
            assert app.finish(idp.authorize(app.GITHUB)) == "alice-archer"
            assert idp.url.startswith("http://127.0.0.1:")
    """)
    pytester.runpytest_subprocess(*ALONE[2:], "-n", "2", "-W", "error").assert_outcomes(passed=12)


class TestFailureSection:
    REFUSED = """
        @pytest.mark.idp(mount="responses", person="alice")
        def test_login(idp):
            callback = idp.authorize(app.GITHUB)
            form = {**%r, "code": callback.params["code"], "redirect_uri": "http://localhost:8000/callback/"}
            answer = requests.post("https://github.com/login/oauth/access_token", form, timeout=5)
            assert "access_token" in answer.text
    """ % (TOKEN,)  # noqa: UP031  the text is full of braces

    def test_a_failed_test_tells_its_logins_and_the_two_values_that_differ(self, run: Run) -> None:
        result = run(self.REFUSED)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "*mockidp: the logins of this test*",
                "github: alice at app mockidp: refused",
                "  GET https://github.com/login/oauth/authorize?* -> 302 (authorize)",
                "  POST https://github.com/login/oauth/access_token -> 200 (redirect_mismatch)",
                "      refused, redirect_mismatch: redirect_uri at token is not the one at authorize",
                f"      expected '{BACK}', got '{BACK}/'",
            ]
        )

    def test_no_secret_is_in_it(self, run: Run) -> None:
        result = run("""
            @pytest.mark.idp(mount="responses", person="alice")
            def test_login(idp):
                callback = idp.authorize(app.GITHUB)
                requests.post("https://github.com/login/oauth/access_token?client_secret=very-secret-indeed", timeout=5)
                assert idp.journal.last("github").outcome == "logged_in"
        """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*client_secret=very…*"])
        result.stdout.no_fnmatch_line("*GET *very-secret-indeed*")
        result.stdout.no_fnmatch_line("*Entry(*very-secret-indeed*")

    def test_a_test_that_passes_or_asked_nothing_shows_nothing(self, run: Run) -> None:
        result = run(
            """
            @pytest.mark.idp(mount="responses", person="alice")
            def test_passes(idp):
                app.finish(idp.authorize(app.GITHUB))

            def test_asks_nothing(idp):
                assert False

            def test_has_no_idp():
                assert False
        """,
            "-rA",
        )
        result.assert_outcomes(passed=1, failed=2)
        result.stdout.no_fnmatch_line("*the logins of this test*")

    def test_a_long_story_is_cut_to_its_end(self) -> None:
        idp = Idp()
        for _ in range(13):
            idp.authorize(GITHUB)
        assert idp.story().splitlines()[0] == "(3 earlier logins left out)"
        assert idp.story().count("github: alice") == 10

    def test_no_secret_is_in_what_an_assertion_shows(self) -> None:
        with Idp().mounted("responses") as idp:
            requests.post("https://github.com/login/oauth/access_token?client_secret=very-secret-indeed", timeout=5)
        assert "client_secret=very…" in repr(idp.journal.last())
        assert "very-secret" not in repr(idp.journal.last())

    def test_a_long_url_does_not_fill_the_memory(self) -> None:
        idp = Idp()
        idp.authorize(GITHUB + "&login=" + "x" * 30_000)
        assert len(idp.story()) < 6000

    def test_it_travels_through_xdist(self, run: Run) -> None:
        result = run(self.REFUSED, "-n", "1")
        result.stdout.fnmatch_lines(["*mockidp: the logins of this test*", "*refused, redirect_mismatch:*"])

    def test_an_error_in_a_fixture_that_logs_in_shows_it_too(self, run: Run) -> None:
        result = run("""
            @pytest.fixture
            def user(idp_responses):
                return app.finish(idp_responses.authorize(app.GITHUB, deny=True))

            def test_login(user):
                pass
        """)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*mockidp: the logins of this test*", "github: * denied"])


class TestFaultsInARun:
    def test_a_fault_that_never_strikes_fails_the_test(self, run: Run) -> None:
        result = run("""
            @pytest.mark.idp(mount="responses")
            def test_login(idp):
                idp.fault("rate_limited", provider="github", step="userinfo", nth=2)
                app.finish(idp.authorize(app.GITHUB))
        """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*never struck: rate_limited, provider github, step userinfo, nth 2*"])

    def test_unless_it_was_optional_or_taken_back(self, run: Run) -> None:
        run("""
            def test_optional(idp):
                idp.fault("server_error", optional=True)

            def test_taken_back(idp):
                idp.fault("server_error")
                idp.world.faults.clear()
        """).assert_outcomes(passed=2)

    def test_a_test_that_fails_anyway_fails_for_its_own_reason(self, run: Run) -> None:
        result = run("""
            def test_login(idp):
                idp.fault("server_error")
                assert 1 == 2
        """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *assert 1 == 2", "*never struck: server_error*"])


class TestMarker:
    def test_it_configures_the_world(self, run: Run) -> None:
        run("""
            @pytest.mark.idp(person="bob", date="2021-11-15", apps="learn", strict=True,
                             settings={"github": {"GITHUB_URL": "https://git.example"}},
                             people=[{"id": "zoe", "email": "zoe@example.net"}])
            def test_all(idp):
                assert (idp.person, str(idp.date), idp.strict) == ("bob", "2021-11-15", True)
                assert idp.world.apps.mode == "learn"
                assert idp.simulator.knows("git.example") and not idp.simulator.knows("github.com")
                assert idp.people["zoe"].email == "zoe@example.net"
        """).assert_outcomes(passed=1)

    def test_the_nearest_marker_wins_argument_by_argument(self, run: Run) -> None:
        run("""
            pytestmark = pytest.mark.idp(person="bob", strict=True)

            @pytest.mark.idp(person="carol")
            def test_both(idp):
                assert (idp.person, idp.strict) == ("carol", True)
        """).assert_outcomes(passed=1)

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ('dat="2021-11-15"', 'no argument "dat". Did you mean "date"? There are mount, person,*'),
            ('"alice"', "takes its arguments by name: mount, person,*"),
            ('date="yesterday"', '"yesterday" is no date; write it as YYYY-MM-DD'),
            ('person="alise"', 'There is no person "alise". Did you mean "alice"?*'),
            ('apps="all"', 'apps is one of ready, learn, registered, not "all"'),
            ('mount="response"', 'no mount "response". Did you mean "responses"? There are responses, respx, server.'),
            ('settings={"githb": {}}', 'no provider "githb". Did you mean "github"?*'),
            ('settings={"github": {"GITHUB": "x"}}', '*"GITHUB"*Did you mean "GITHUB_URL"?*'),
            ('people=[{"id": "zoe", "emial": "z"}]', "*emial*"),
        ],
    )
    def test_a_wrong_argument_is_named_with_the_nearest_right_one(self, run: Run, arguments: str, told: str) -> None:
        result = run(f"""
            @pytest.mark.idp({arguments})
            def test_never(idp):
                raise RuntimeError("ran")
        """)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"E  *{told.replace('[', '[[]')}"])
        result.stdout.no_fnmatch_line("*mockidp/testing.py*")


class TestMounts:
    def test_the_fixtures_are_the_same_object(self, run: Run) -> None:
        run("""
            def test_same(idp, idp_responses, idp_respx, idp_server):
                assert idp is idp_responses is idp_respx is idp_server
        """).assert_outcomes(passed=1)

    def test_responses_is_strict_and_takes_other_rules(self, run: Run) -> None:
        run("""
            import responses

            def test_strict(idp_responses):
                with pytest.raises(requests.ConnectionError):
                    requests.get("https://unknown.example/", timeout=5)
                responses.get("https://unknown.example/", body="mine")
                assert requests.get("https://unknown.example/", timeout=5).text == "mine"
                assert requests.get("https://api.github.com/user", timeout=5).status_code == 401

            @responses.activate
            def test_activated_as_well(idp_responses):
                assert requests.get("https://api.github.com/user", timeout=5).status_code == 401

            def test_nothing_is_left():
                assert not responses.registered()
        """).assert_outcomes(passed=3)

    def test_respx_is_strict_and_takes_other_routes(self, run: Run) -> None:
        run("""
            import asyncio, httpx, respx

            def test_strict(idp_respx):
                with pytest.raises(AssertionError):
                    httpx.get("https://unknown.example/")
                respx.get("https://unknown.example/").respond(text="mine")
                assert httpx.get("https://unknown.example/").text == "mine"
                assert httpx.get("https://api.github.com/user").status_code == 401

            def test_async(idp_respx):
                async def ask():
                    async with httpx.AsyncClient() as client:
                        return await client.get("https://api.github.com/user")
                assert asyncio.run(ask()).status_code == 401

            def test_beside_the_fixture_of_respx(idp_respx, respx_mock):
                respx_mock.get("https://unknown.example/").respond(text="mine")
                assert httpx.get("https://unknown.example/").text == "mine"
                assert httpx.get("https://api.github.com/user").status_code == 401

            def test_nothing_is_left():
                assert not respx.mock.routes
        """).assert_outcomes(passed=4)

    def test_the_server_starts_once_and_each_test_has_its_own_address(self, run: Run) -> None:
        run("""
            from urllib.parse import urlsplit
            seen = []

            @pytest.mark.parametrize("person", ["alice", "bob"])
            def test_address(idp_server, person):
                idp_server.person = person
                url = idp_server.url + app.GITHUB.removeprefix("https:/")
                answer = requests.get(url, allow_redirects=False, timeout=5)
                assert answer.headers["location"].startswith("http://localhost:8000/callback?code=")
                assert idp_server.journal.last("github").person == person
                assert len(idp_server.journal) == 1
                seen.append(idp_server.url)

            def test_once():
                assert len(set(seen)) == 2
                assert len({urlsplit(url).port for url in seen}) == 1
        """).assert_outcomes(passed=3)

    def test_the_browser_may_be_sent_to_the_server(self, idp_server: Idp) -> None:
        url = f"{idp_server.url}{GITHUB.removeprefix('https:/')}"
        assert idp_server.authorize(url).params["iss"] == f"{idp_server.url}/github.com/login/oauth"
        with pytest.raises(UsageError, match="no contract knows the host"):
            idp_server.authorize(url.replace("/~", "x/~"))

    def test_nothing_of_a_test_is_left_when_it_is_over(self, run: Run) -> None:
        run("""
            import gc, weakref
            seen = []

            @pytest.mark.idp(mount="server", person="alice")
            def test_first(idp):
                seen.extend([idp.url + app.GITHUB.removeprefix("https:/"), weakref.ref(idp)])
                assert requests.get(seen[0], allow_redirects=False, timeout=5).status_code == 302

            def test_second(idp_server):
                assert requests.get(seen[0], allow_redirects=False, timeout=5).status_code == 404
                gc.collect()
                assert seen[1]() is None
        """).assert_outcomes(passed=2)

    def test_a_login_may_mix_the_server_and_responses(self, run: Run) -> None:
        run("""
            import urllib.request, urllib.error

            class Stay(urllib.request.HTTPRedirectHandler):
                def redirect_request(self, *args):
                    return None

            @pytest.mark.idp(mount=["responses", "server"], person="alice")
            def test_mixed(idp):
                from mockidp.testing import Callback
                with pytest.raises(urllib.error.HTTPError) as caught:
                    urllib.request.build_opener(Stay).open(idp.url + app.GITHUB.removeprefix("https:/"))
                caught.value.close()
                assert app.finish(Callback(caught.value.headers["location"])) == "alice-archer"
        """).assert_outcomes(passed=1)

    def test_asgi_answers_at_the_real_hosts(self, run: Run) -> None:
        run("""
            import asyncio, httpx

            def test_asgi(idp, idp_asgi):
                async def ask():
                    async with httpx.AsyncClient(transport=httpx.ASGITransport(idp_asgi)) as client:
                        return await client.get("https://api.github.com/user")
                assert asyncio.run(ask()).json()["message"] == "Requires authentication"
                assert len(idp.journal) == 1
        """).assert_outcomes(passed=1)

    def test_without_a_server_there_is_no_url(self) -> None:
        idp = Idp()
        with idp.mounted("server"):
            url = idp.url
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)
        with pytest.raises(UsageError, match="idp_server"):
            _ = idp.url

    def test_the_server_stops_with_the_run(self) -> None:
        with Service() as service, Idp(service=service).mounted("server") as idp:
            url = idp.url
            assert requests.get(url, timeout=5).status_code
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)

    def test_what_is_mounted_twice_stays_until_the_first_is_over(self) -> None:
        with Idp().mounted("responses") as idp:
            with idp.mounted("responses"):
                pass
            assert requests.get("https://api.github.com/user", timeout=5).status_code == 401


# the object itself


class TestIdp:
    @pytest.fixture
    def idp(self, idp_responses: Idp) -> Idp:
        return idp_responses

    def login(self, idp: Idp, url: str = GITHUB, **options: str) -> str:
        return redeem(idp.authorize(url, **options).params["code"])["access_token"]

    def user(self, token: str) -> requests.Response:
        return requests.get("https://api.github.com/user", headers={"Authorization": f"Bearer {token}"}, timeout=5)

    def test_a_whole_login(self, idp: Idp) -> None:
        assert self.user(self.login(idp, person="bob")).json()["login"] == idp.people["bob"].username
        last = idp.journal.last("github")
        assert last is not None
        assert (last.outcome, last.person) == ("logged_in", "bob")

    def test_the_callback_is_what_a_test_client_wants(self, idp: Idp) -> None:
        callback = idp.authorize(GITHUB)
        assert (callback.method, callback.form, callback.params["state"]) == ("GET", {}, "s")
        assert callback.url == f"http://localhost:8000{callback.path}"
        assert callback.path.startswith("/callback?code=")

    def test_parameters_may_be_in_the_query_the_form_or_the_fragment(self) -> None:
        callback = Callback("http://localhost/cb?a=&b=1#c=&d=2", "POST", {"e": "3"})
        assert callback.params == {"a": "", "b": "1", "e": "3"}
        assert callback.fragment == {"c": "", "d": "2"}
        assert Callback("http://localhost").path == "/"

    @pytest.mark.parametrize("provider", provider_ids())
    def test_every_provider_sends_the_browser_back(self, provider: str) -> None:
        idp = Idp()
        wire, seen = idp.world.wire(provider), list[Callback]()

        def send(request: Request) -> Response:
            """The walk's own requests, up to the one that is the browser's."""
            route = wire.route(request)
            if not route.exchanges or route.exchanges[0].step != "authorize":
                return idp.simulator.handle(request)
            seen.append(idp.authorize(request.url, person="bob", form=dict(request.form_pairs)))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            walk_class(provider, wire.family)(wire, idp.app(provider), send).run()
        assert seen[0].url.startswith("http://127.0.0.1:8000/callback")
        assert seen[0].params
        last = idp.journal.last(provider)
        assert last is not None
        assert last.person == "bob"

    def test_an_answer_by_form_post_is_read(self, idp: Idp) -> None:
        callback = idp.authorize(f"{GOOGLE}&response_mode=form_post")
        assert (callback.method, callback.url) == ("POST", BACK)
        assert callback.params["code"]

    def test_somebody_can_deny(self, idp: Idp) -> None:
        idp.person = "bob"
        for callback in (idp.authorize(GITHUB, deny=True), idp.authorize(GITHUB, person="dave")):
            assert callback.params["error"] == "access_denied"
        assert [login.outcome for login in idp.journal if login.entries[-1].refused] == ["denied", "denied"]
        assert idp.person == "bob"
        idp.authorize(GITHUB, person="carol", deny=True)
        last = idp.journal.last()
        assert last is not None
        assert last.person == "carol"

    def test_a_login_may_begin_with_a_form(self, idp: Idp) -> None:
        select = "http://specs.openid.net/auth/2.0/identifier_select"
        callback = idp.authorize(
            "https://steamcommunity.com/openid/login",
            form={
                "openid.ns": "http://specs.openid.net/auth/2.0",
                "openid.mode": "checkid_setup",
                "openid.identity": select,
                "openid.claimed_id": select,
                "openid.return_to": BACK,
                "openid.realm": "http://localhost:8000/",
            },
        )
        assert callback.params["openid.mode"] == "id_res"

    def test_alice_logs_in_if_nobody_is_named(self, idp: Idp) -> None:
        idp.authorize(GITHUB)
        assert [login.person for login in idp.journal if login.person] == ["alice"]
        assert idp.person is None

    def test_an_error_page_has_no_callback(self, idp: Idp) -> None:
        with pytest.raises(NoCallbackError) as caught:
            idp.authorize(GITHUB.replace("localhost", "elsewhere.example"))
        assert str(caught.value) == (
            "refused, redirect_unregistered: redirect_uri is not registered; expected 'any http(s) URI on loopback', "
            "got 'http://elsewhere.example:8000/callback'"
        )
        assert (caught.value.reason, caught.value.response.status) == ("redirect_unregistered", 400)

    def test_a_page_without_a_way_back_has_no_callback(self, idp: Idp) -> None:
        with pytest.raises(NoCallbackError):
            idp.authorize(GITHUB.replace("localhost", "elsewhere.example"))
        idp.fault("html_error", provider="github")
        with pytest.raises(NoCallbackError, match="502, and no way back"):
            idp.authorize(GITHUB)

    def test_an_unknown_host_is_named(self, idp: Idp) -> None:
        with pytest.raises(UsageError, match=r"no contract knows the host of https://unknown\.example/login$"):
            idp.authorize("https://unknown.example/login?secret=1")

    def test_nobody_is_logged_in_for_prompt_none_unless_said(self, idp: Idp) -> None:
        assert idp.authorize(f"{GOOGLE}&prompt=none").params["error"] == "login_required"
        assert "code" in idp.authorize(f"{GOOGLE}&prompt=none", person="alice").params

    def test_worlds_share_nothing(self) -> None:
        service = Service()
        one, two = (Idp(service=service, person="alice") for _ in range(2))
        one.app("github", redirect_uris=["https://app.example/cb"])
        code = one.authorize(GITHUB.replace(urlencode({"": BACK})[1:], "https%3A%2F%2Fapp.example%2Fcb")).params["code"]
        with two.mounted("responses"):
            assert redeem(code)["error"] == "bad_verification_code"
        assert [len(one.journal), len(two.journal)] == [1, 1]
        assert two.app("github").redirect_uris == []
        one.clock.advance(3600)
        assert one.clock.now() - two.clock.now() > 3000

    def test_a_registered_app_has_its_own_credentials(self, idp: Idp) -> None:
        app = idp.app("github", client_id="mine", client_secret="s3cret", redirect_uris=["https://app.example/cb"])
        assert (app.client_id, app.client_secret, app.redirect_uris) == ("mine", "s3cret", ["https://app.example/cb"])
        assert idp.app("github").client_id == "mockidp"
        with pytest.raises(UsageError, match="redirect_uris"):
            idp.app("github", redirect_uri="x")
        with pytest.raises(UsageError, match="github"):
            idp.app("gihub")

    def test_a_fault_strikes_where_it_was_asked_for(self, idp: Idp) -> None:
        token = self.login(idp)
        idp.fault("rate_limited", provider="github", step="userinfo", nth=2)
        assert [self.user(token).status_code for _ in range(3)] == [200, 403, 200]

    def test_any_error_of_the_contract_can_be_asked_for(self, idp: Idp) -> None:
        idp.fault("error:wrong_secret", provider="github", step="token")
        assert redeem(idp.authorize(GITHUB).params["code"])["error"] == "incorrect_client_credentials"

    @pytest.mark.parametrize(
        ("name", "options", "told"),
        [
            ("rate_limit", {}, 'no fault "rate_limit".*"rate_limited"'),
            ("slow", {"provider": "githb"}, 'no provider "githb".*"github"'),
            ("slow", {"provider": "github", "step": "user_info"}, 'no step "user_info".*"userinfo"'),
            ("slow", {"person": "alise"}, 'no person "alise".*"alice"'),
            ("error:bad_cod", {"provider": "github"}, 'no error "bad_cod".*"bad_code"'),
        ],
    )
    def test_a_fault_that_cannot_strike_is_refused(
        self, idp: Idp, name: str, options: dict[str, str], told: str
    ) -> None:
        with pytest.raises(UsageError, match=told):
            idp.fault(name, **options)  # type: ignore[arg-type]
        assert not idp.world.faults.rules

    def test_keys_can_be_rotated(self, idp: Idp) -> None:
        def kids() -> list[str]:
            keys = requests.get("https://www.googleapis.com/oauth2/v3/certs", timeout=5).json()["keys"]
            return [key["kid"] for key in keys]

        first = kids()
        second = [idp.rotate_keys("google").kid]
        assert kids() == first + second
        idp.rotate_keys("google", overlap=False)
        assert not {*first, *second} & set(kids())
        with pytest.raises(UsageError, match="github signs nothing"):
            idp.rotate_keys("github")

    def test_time_can_be_moved(self, idp: Idp) -> None:
        code = idp.authorize(GITHUB).params["code"]
        idp.clock.advance(601)
        assert redeem(code)["error"] == "bad_verification_code"
        assert [entry.refused for entry in idp.journal.refusals()] == ["code_expired"]

    def test_time_that_a_test_has_frozen_is_the_providers_too(self, idp: Idp, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "time", lambda: 1234567890.0)
        assert idp.clock.now() == 1234567890.0

    def test_a_token_expires(self, idp: Idp) -> None:
        code = idp.authorize(GOOGLE).params["code"]
        form = {**TOKEN, "code": code, "grant_type": "authorization_code"}
        token = requests.post("https://oauth2.googleapis.com/token", form, timeout=5).json()["access_token"]
        url, headers = "https://openidconnect.googleapis.com/v1/userinfo", {"Authorization": f"Bearer {token}"}
        assert requests.get(url, headers=headers, timeout=5).status_code == 200
        idp.clock.advance(3600)
        assert requests.get(url, headers=headers, timeout=5).status_code == 401
        assert idp.journal.refusals()[-1].refused == "token_expired"

    def test_the_date_picks_the_wire(self, idp: Idp) -> None:
        assert "iss" in idp.authorize(GITHUB).params
        idp.date = "2021-11-15"
        assert "iss" not in idp.authorize(GITHUB).params
        assert idp.date == datetime.date(2021, 11, 15)
        idp.date = None
        assert "iss" in idp.authorize(GITHUB).params

    def test_a_strict_world_refuses_what_the_provider_lets_pass(self, idp: Idp) -> None:
        idp.authorize(GITHUB)
        idp.strict = True
        parts = urlsplit(GITHUB)
        assert dict(parse_qsl(parts.query)).keys() == {"client_id", "redirect_uri", "state", "scope"}  # so no PKCE
        idp.authorize(GITHUB)
        assert [entry.refused for entry in idp.journal.refusals()] == ["bad_request"]

    def test_settings_move_a_provider(self, idp: Idp) -> None:
        idp.configure("github", GITHUB_URL="https://git.example")
        assert "code" in idp.authorize(GITHUB.replace("github.com", "git.example")).params
        with pytest.raises(UsageError, match="GITHUB_URL"):
            idp.configure("github", GITHUB_ULR="https://git.example")

    def test_the_journal_counts_the_requests_of_an_app(self, idp: Idp) -> None:
        idp.person = "alice"
        self.user(self.login(idp))
        last = idp.journal.last()
        assert last is not None
        assert [entry.step for entry in last.entries] == ["authorize", "token", "userinfo"]
        assert idp.journal.refusals() == []

    def test_an_application_that_is_learned_keeps_its_own_credentials(self) -> None:
        with Idp(apps="learn", person="alice").mounted("responses") as idp:
            code = idp.authorize(GITHUB.replace("client_id=mockidp", "client_id=mine")).params["code"]
            form = {**TOKEN, "client_id": "mine", "client_secret": "my own", "code": code}
            answer = requests.post("https://github.com/login/oauth/access_token", form, timeout=5)
        assert answer.text.startswith("access_token=gho_")

    def test_it_says_what_it_is(self) -> None:
        with Idp().mounted("responses", "respx") as idp:
            assert repr(idp) == f"<Idp {idp.world.name}, mounted at responses, respx>"
        assert repr(idp).endswith("mounted at nothing>")
