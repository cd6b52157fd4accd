"""The server's own pages: what is at which path, and to whom they are not served."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from mockidp import __version__
from mockidp.browser import browse, decide
from mockidp.contract.files import index
from mockidp.simulator import Simulator
from mockidp.web.own import is_own_host
from mockidp.wire import Request, Response
from mockidp.world import World

BASE = "http://127.0.0.1:8400"
AUTHORIZE = f"{BASE}/github.com/login/oauth/authorize?client_id=mockidp&redirect_uri=http://127.0.0.1:1/cb&state=s"


def get(simulator: Simulator, path: str, host: str = "127.0.0.1:8400", **headers: str) -> Response:
    return simulator.handle(Request.of("GET", f"http://{host}{path}", {"Host": host, **headers}))


def told(response: Response) -> Any:
    assert response.header("content-type") == "application/json"
    return json.loads(response.body)


@pytest.fixture
def simulator() -> Simulator:
    made = Simulator()
    browse(made.handle, AUTHORIZE, person="alice")
    return made


def test_the_first_page_lists_every_provider_and_each_has_a_page_with_its_urls_in_path_form(
    simulator: Simulator,
) -> None:
    page = get(simulator, "/")
    text = page.body.decode()
    assert page.status == 200
    for card in index().values():
        assert f'id="{card.id}"' in text
        assert f'href="/_mockidp/providers/{card.id}"' in text
    assert "mockidp-secret" in text
    assert 'href="/_mockidp/logins"' in text
    provider = get(simulator, "/_mockidp/providers/github").body.decode()
    assert f"{BASE}/github.com/login/oauth/access_token" in provider


def test_health_is_json(simulator: Simulator) -> None:
    assert told(get(simulator, "/_mockidp/health")) == {
        "status": "ok",
        "version": __version__,
        "providers": len(index()),
        "world": "default",
    }


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_mockidp/logins.json", {}),
        ("/_mockidp/logins", {"Accept": "application/json"}),
        ("/_mockidp/logins/?provider=github", {"Accept": "application/json"}),
    ],
)
def test_the_logins_are_told_as_json(simulator: Simulator, path: str, headers: dict[str, str]) -> None:
    logins = told(get(simulator, path, **headers))
    assert [(login["provider"], login["person"], login["outcome"]) for login in logins] == [("github", "alice", "code")]


def test_logins_are_newest_first_and_chosen_by_provider(simulator: Simulator) -> None:
    browse(simulator.handle, AUTHORIZE, person="bob")
    people = [login["person"] for login in told(get(simulator, "/_mockidp/logins.json"))]
    assert people[:2] == ["bob", "alice"]
    assert told(get(simulator, "/_mockidp/logins.json?provider=google")) == []


def test_a_login_is_told_as_a_page_and_as_json(simulator: Simulator) -> None:
    login = told(get(simulator, "/_mockidp/logins.json"))[0]
    assert told(get(simulator, f"/_mockidp/logins/{login['id']}.json")) == login
    page = get(simulator, f"/_mockidp/logins/{login['id']}")
    assert page.header("content-type").startswith("text/html")
    assert "login/oauth/authorize" in page.body.decode()
    listed = get(simulator, "/_mockidp/logins").body.decode()
    assert f'href="/_mockidp/logins/{login["id"]}"' in listed


def test_an_unknown_login_is_not_found(simulator: Simulator) -> None:
    assert get(simulator, "/_mockidp/logins/github-99").status == 404
    answer = get(simulator, "/_mockidp/logins/github-99.json")
    assert (answer.status, told(answer)["error"]) == (404, "unknown_login")


def test_another_world_has_its_own_stories_and_links(simulator: Simulator) -> None:
    other = simulator.add(World("other"))
    assert told(get(simulator, "/~other/_mockidp/logins.json")) == []
    browse(simulator.handle, AUTHORIZE.replace(BASE, f"{BASE}/~other"), person="carol")
    assert [login["person"] for login in told(get(simulator, "/~other/_mockidp/logins.json"))] == ["carol"]
    assert len(other.journal) == 1
    assert 'href="/~other/_mockidp/logins/github-1"' in get(simulator, "/~other/_mockidp/logins").body.decode()
    assert told(get(simulator, "/~other/_mockidp/health"))["world"] == "other"
    assert f"{BASE}/~other/github.com/login" in get(simulator, "/~other/").body.decode()


@pytest.mark.parametrize("path", ["/nothing", "/_mockidp", "/_mockidp/else", "/~nobody/"])
def test_elsewhere_a_page_says_what_there_is(simulator: Simulator, path: str) -> None:
    page = get(simulator, path)
    assert page.status == 404
    assert "/_mockidp/logins" in page.body.decode()
    assert told(get(simulator, path, Accept="application/json"))["error"] == "not_found"


def test_an_unknown_provider_names_the_nearest_hosts(simulator: Simulator) -> None:
    page = get(simulator, "/githbu.com/login/oauth/authorize")
    assert page.status == 404
    assert "Hosts like it: github.com" in page.body.decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/_mockidp/health", "/_mockidp/providers/github", "/_mockidp/events"])
def test_nothing_but_get_is_answered(simulator: Simulator, method: str, path: str) -> None:
    answer = simulator.handle(Request.of(method, f"{BASE}{path}", {"Host": "127.0.0.1:8400"}))
    assert (answer.status, answer.header("allow")) == (405, "GET")


@pytest.mark.parametrize("page", ["people", "apps", "faults", "clock", "keys", "logins"])
def test_a_page_that_changes_something_takes_its_own_forms_too(simulator: Simulator, page: str) -> None:
    answer = simulator.handle(Request.of("PUT", f"{BASE}/_mockidp/{page}", {"Host": "127.0.0.1:8400"}))
    assert (answer.status, answer.header("allow")) == (405, "GET, POST")
    assert simulator.handle(Request.of("POST", f"{BASE}/_mockidp/{page}", {"Host": "127.0.0.1:8400"})).status == 403


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "127.0.0.1.rebound.example:8400",
        "localhost.rebound.example",
        "",
        "192.0.2.7:8400",
        "localhost:8400@rebound.example",
        "[2001:db8::1]:8400",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(simulator: Simulator, host: str) -> None:
    request = Request("GET", host, "/_mockidp/logins.json", "", {"host": host}, b"", "http")
    answer = simulator.handle(request)
    assert answer.status == 421
    assert b"alice" not in answer.body


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8400",
        "127.9.9.9",
        "localhost",
        "LOCALHOST:1",
        "localhost.:8400",
        "[::1]:8400",
        "[::1]",
        "app.localhost:8400",
    ],
)
def test_loopback_names_are_served(host: str) -> None:
    assert is_own_host(host.lower(), set())


def test_a_server_bound_to_a_name_is_served_at_it_and_at_no_other() -> None:
    assert is_own_host("box.lan:8400", {"box.lan"})
    assert not is_own_host("other.lan:8400", {"box.lan"})
    assert not is_own_host("192.0.2.7:8400", {"box.lan"})


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", ""])
def test_a_server_bound_to_all_addresses_is_served_at_addresses_but_not_at_names(bound: str) -> None:
    assert is_own_host("192.0.2.7:8400", {bound})
    assert is_own_host("[2001:db8::1]:8400", {bound})
    assert not is_own_host("rebound.example:8400", {bound})
    assert not is_own_host(bound and "", {bound}), "no name is no name"


def test_json_and_text_are_never_read_as_something_else(simulator: Simulator) -> None:
    for path in ("/_mockidp/logins.json", "/_mockidp/logins/none"):
        assert get(simulator, path).header("x-content-type-options") == "nosniff"


def test_answers_in_path_form_name_the_provider_really_where_that_is_asked_for() -> None:
    discovery = f"{BASE}/accounts.google.com/.well-known/openid-configuration"

    def issuer(simulator: Simulator, **headers: str) -> str:
        answer = simulator.handle(Request.of("GET", discovery, headers))
        return str(json.loads(answer.body)["issuer"])

    assert issuer(Simulator()) == f"{BASE}/accounts.google.com"
    assert issuer(Simulator(World(urls="real"))) == "https://accounts.google.com"
    assert issuer(Simulator(), **{"X-Mockidp-Urls": "real"}) == "https://accounts.google.com"
    real = browse(Simulator(World(urls="real")).handle, AUTHORIZE, person="alice")
    assert real.params["iss"] == "https://github.com/login/oauth"
    assert browse(Simulator().handle, AUTHORIZE, person="alice").params["iss"] == f"{BASE}/github.com/login/oauth"


def test_a_browser_without_the_token_gets_a_page_with_a_field_for_it(simulator: Simulator) -> None:
    simulator.token = "0123456789abcdef"
    page = get(simulator, "/_mockidp/logins?person=bob", Accept="text/html,*/*")
    assert (page.status, page.header("www-authenticate")) == (401, 'Bearer realm="mockidp"')
    assert '<form method="get"' in page.body.decode()
    assert 'name="token"' in page.body.decode()
    assert "form-action 'self'" in page.header("content-security-policy")
    elsewhere = get(simulator, "/", host="rebound.example:8400", Accept="text/html")
    assert elsewhere.status == 421
    assert "<form" not in elsewhere.body.decode()
    assert get(simulator, "/_mockidp/logins").header("content-type").startswith("text/plain")


@pytest.mark.parametrize(
    ("path", "words", "link"),
    [
        ("/_mockidp/providers/githbu", "There is no provider “githbu”", "/_mockidp/providers/github"),
        ("/_mockidp/logins/github-99", "No login “github-99” is remembered", "/_mockidp/logins"),
        ("/_mockidp/nothing", "Nothing is at this address", "/_mockidp/logins"),
        ("/_mockidp/providers/%3Cb%3E", "There is no provider “&lt;b&gt;”", "/#providers"),
    ],
)
def test_what_is_not_there_has_a_page_with_ways_on(simulator: Simulator, path: str, words: str, link: str) -> None:
    page = get(simulator, path)
    assert (page.status, page.header("content-type")) == (404, "text/html; charset=utf-8")
    assert words in page.body.decode()
    assert f'<li><a href="{link}">' in page.body.decode().partition("<main")[2]


def test_where_nobody_has_logged_in_there_is_a_login_to_try_that_leads_back() -> None:
    fresh = Simulator()
    for path in ("/", "/_mockidp/logins"):
        (link,) = re.findall(r'href="([^"]+)">try a sign-in page', get(fresh, path).body.decode())
        answer = fresh.handle(decide(unescape(link), "alice"))
        assert answer.header("location").startswith(f"{BASE}/_mockidp/logins?code=")
        assert "try a sign-in page" not in get(fresh, path).body.decode()
        fresh.world.journal.clear()
    fresh.world.apps.mode = "registered"
    assert "try a sign-in page" not in get(fresh, "/").body.decode()
