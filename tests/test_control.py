"""The control interface: what it does, whom it refuses, and that two worlds never see each other there."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from mockidp import config
from mockidp.check.walk import WalkError, walk_class
from mockidp.contract.files import index
from mockidp.control import operations, shapes
from mockidp.control.found import OperationError, problem
from mockidp.errors import UsageError
from mockidp.mounts.server import Server
from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

API = "/_mockidp/api"
HOST = "127.0.0.1:8400"
BASE = f"http://{HOST}"
CB = "http://127.0.0.1:1/cb"
GITHUB = f"https://github.com/login/oauth/authorize?client_id=mockidp&redirect_uri={CB}&state=s"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class Api:
    """The interface of one simulator; what it answers is JSON, always."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def send(
        self, method: str, path: str, body: object = None, *, host: str = HOST, prefix: str = "", **headers: str
    ) -> Response:
        sent = {"Host": host, "Content-Type": "application/json", **headers}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.simulator.handle(Request.of(method, f"http://{host}{prefix}{API}{path}", sent, data))

    def __call__(self, method: str, path: str, body: object = None, *, status: int = 200, **how: str) -> Any:
        """What is answered, with the `status` that a test expects; an error as every error must be."""
        response = self.send(method, path, body, **how)
        assert response.header("content-type") == "application/json"
        told = json.loads(response.body)
        assert response.status == status, told
        if status >= 400:
            assert told["error"]
            assert told["message"]
        return told


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def api(simulator: Simulator) -> Api:
    return Api(simulator)


def token_for(simulator: Simulator, callback: str, prefix: str = "", secret: str = "mockidp-secret") -> Response:
    """What the application gets for the code of a callback."""
    code = re.findall(r"[?&]code=([^&]+)", callback)[0]
    form = f"client_id=mockidp&client_secret={secret}&code={code}&redirect_uri={CB}"
    url = f"https://github.com{prefix}/login/oauth/access_token"
    return simulator.handle(Request.of("POST", url, FORM, form.encode()))


# worlds


def test_a_world_is_made_shown_changed_reset_and_dropped(api: Api) -> None:
    made = api("POST", "/worlds", {"name": "blue", "person": "bob", "strict": True, "date": "2021-11-15"}, status=201)
    assert (made["name"], made["person"], made["strict"], made["date"], made["default"]) == (
        "blue", "bob", True, "2021-11-15", False)  # fmt: skip
    assert api("GET", "/worlds/blue") == made | {"now": api("GET", "/worlds/blue")["now"]}
    changed = api("PATCH", "/worlds/blue", {"person": None, "apps": "learn"})
    assert (changed["person"], changed["apps"], changed["date"]) == (None, "learn", "2021-11-15")
    assert api("POST", "/worlds/blue/reset")["person"] == "bob"
    assert [world["name"] for world in api("GET", "/worlds")] == ["default", "blue"]
    assert api("DELETE", "/worlds/blue") == {"removed": 1}
    assert api("GET", "/worlds/blue", status=404)["error"] == "unknown_world"


def test_a_world_without_a_name_gets_one_that_its_prefix_leads_to(api: Api) -> None:
    made = api("POST", "/worlds", {}, status=201)
    assert made["prefix"] == f"/~{made['name']}"
    api("PUT", "/people/zoe", {"name": "Zoe"}, prefix=made["prefix"])
    assert api("GET", f"/people/zoe?world={made['name']}")["name"] == "Zoe"


def test_a_world_begins_as_the_server_was_started_and_not_as_the_default_one_has_become(api: Api) -> None:
    settings = config.Config(
        strict=True,
        app=[{"provider": "github", "client_id": "own", "redirect_uris": [CB]}],
        fault=[{"name": "slow"}],
        person=[{"id": "zoe", "name": "Zoe"}],
        settings={"github": {"GITHUB_URL": "https://git.example.com"}},
    )
    api.simulator = Simulator(settings.world())
    api("PATCH", "/worlds/default", {"strict": False})
    api("DELETE", "/faults")
    made = api("POST", "/worlds", {"name": "blue"}, status=201)
    assert (made["strict"], made["registered"], made["faults"]) == (True, 1, 1)
    assert made["settings"] == {"github": {"GITHUB_URL": "https://git.example.com"}}
    assert api("GET", "/people/zoe?world=blue")["name"] == "Zoe"
    again = api("POST", "/worlds/default/reset")
    assert (again["strict"], again["registered"], again["faults"]) == (True, 1, 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"name": "a/b"}, "invalid"),
        ({"name": "a~b"}, "invalid"),
        ({"name": ""}, "invalid"),
        ({"name": "x", "person": "nobody"}, "unknown_person"),
        ({"name": "x", "settings": {"github": {"NO": "x"}}}, "usage"),
        ({"name": "x", "settings": {"github": {"GITHUB_URL": "no url"}}}, "usage"),
        ({"name": "x", "settings": {"githbu": {}}}, "usage"),
        ({"name": "x", "date": "yesterday"}, "invalid"),
        ({"name": "x", "colour": "red"}, "invalid"),
        ({"name": "x", "apps": "all"}, "invalid"),
    ],
)
def test_a_world_that_cannot_be_is_not_made(api: Api, body: dict[str, Any], error: str) -> None:
    assert api("POST", "/worlds", body, status=400)["error"] == error
    assert len(api("GET", "/worlds")) == 1


def test_a_name_that_is_taken_and_the_default_world_are_refused(api: Api) -> None:
    api("POST", "/worlds", {"name": "blue"}, status=201)
    assert api("POST", "/worlds", {"name": "blue"}, status=409)["error"] == "world_exists"
    assert api("DELETE", "/worlds/default", status=409)["error"] == "default_world"


def test_what_was_issued_before_a_reset_is_worth_nothing_after_it(api: Api) -> None:
    callback = api("POST", "/authorize", {"url": GITHUB, "person": "alice"})["url"]
    api("POST", "/worlds/default/reset")
    assert "bad_verification_code" in token_for(api.simulator, callback).body.decode()
    assert api("GET", "/journal")[0]["person"] == ""


def test_a_new_world_of_an_old_name_honours_no_old_code(api: Api) -> None:
    api("POST", "/worlds", {"name": "blue"}, status=201)
    callback = api("POST", "/authorize?", {"url": GITHUB, "person": "alice"}, prefix="/~blue")["url"]
    api("DELETE", "/worlds/blue")
    api("POST", "/worlds", {"name": "blue"}, status=201)
    assert "bad_verification_code" in token_for(api.simulator, callback, "/~blue").body.decode()


def test_a_reset_keeps_whoever_watches_the_journal(api: Api) -> None:
    journal = api.simulator.world.journal
    api("POST", "/worlds/default/reset")
    api("POST", "/authorize", {"url": GITHUB})
    assert len(journal) == 1


def test_two_worlds_never_see_each_other(api: Api) -> None:
    """Everything that can be changed is changed in one world, and all else is as it was in every other."""
    for name in ("blue", "red"):
        api("POST", "/worlds", {"name": name}, status=201)
    paths = ["/people?text=zoe", "/apps", "/apps?provider=google", "/faults", "/journal", "/keys/google", "/providers"]
    others = ("red", "default")

    def seen(world: str) -> Any:
        view, clock = api("GET", f"/worlds/{world}"), api("GET", f"/clock?world={world}")
        view.pop("now")
        listed = [api("GET", f"{path}{'&' if '?' in path else '?'}world={world}") for path in paths]
        return [*listed, view, round(clock["shift"]), clock["frozen"]]

    before = {name: seen(name) for name in (*others, "blue")}
    api("PUT", "/people/zoe?", {"name": "Zoe"}, prefix="/~blue")
    api("POST", "/apps", {"provider": "google", "client_id": "own", "redirect_uris": [CB]}, status=201, prefix="/~blue")
    api("POST", "/faults", {"name": "slow", "provider": "github", "step": "token"}, status=201, prefix="/~blue")
    api("POST", "/clock", {"move": 1e6, "frozen": True}, prefix="/~blue")
    api("POST", "/keys/google/rotate", {"overlap": False}, prefix="/~blue")
    api("PATCH", "/providers/gitlab", {"settings": {"GITLAB_URL": "https://git.example.com"}}, prefix="/~blue")
    api("PATCH", "/worlds/blue", {"person": "bob", "strict": True, "apps": "learn", "urls": "real"})
    done = api("POST", "/authorize", {"url": GITHUB.replace("mockidp", "some-app") + "&code_challenge_method=S256"
               f"&code_challenge={'a' * 43}"}, prefix="/~blue")  # fmt: skip
    assert done["world"] == "blue"
    for name in others:
        assert seen(name) == before[name]
    assert all(now != then for now, then in zip(seen("blue")[:-2], before["blue"][:-2], strict=True))
    assert "bad_verification_code" in token_for(api.simulator, done["url"], "/~red").body.decode()


def test_a_request_that_names_two_worlds_is_refused(api: Api) -> None:
    for name in ("blue", "red"):
        api("POST", "/worlds", {"name": name}, status=201)
    assert api("GET", "/people?world=red", status=400, prefix="/~blue")["error"] == "two_worlds"
    assert api("GET", "/people?world=red&world=blue", status=400)["error"] == "two_worlds"
    assert api("GET", "/people?world=green", status=404)["error"] == "unknown_world"
    other = f"{BASE}/~red/github.com/login/oauth/authorize?client_id=mockidp&redirect_uri={CB}"
    assert api("POST", "/authorize", {"url": other}, status=400, prefix="/~blue")["error"] == "two_worlds"


# people


def test_people_are_searched_added_changed_and_taken_back(api: Api) -> None:
    assert [who["id"] for who in api("GET", "/people?text=luthier")] == []
    assert [who["id"] for who in api("GET", "/people?text=Alice%20Archer")] == ["alice"]
    assert len(api("GET", "/people?limit=3")) == 3
    assert api("GET", "/people/person-17")["email"] == "person-17@people.example.com"
    assert api("GET", "/people/jo@example.com")["id"] == "jo@example.com"
    api("PUT", "/people/alice", {"email": None})
    changed = api("PUT", "/people/alice", {"name": "Someone Else"})
    assert (changed["name"], changed["email"], changed["email_verified"]) == ("Someone Else", None, False)
    assert api("DELETE", "/people/alice") == {"removed": 1}
    assert api("GET", "/people/alice")["email"] == "alice@example.com"
    assert api("DELETE", "/people/alice", status=404)["error"] == "not_added"
    assert api("DELETE", "/people/nobody", status=404)["error"] == "unknown_person"


@pytest.mark.parametrize(
    "fields",
    [
        {"birthdate": "tomorrow"},
        {"created": "2026-02-30T00:00:00Z"},
        {"updated": "now"},
        {"number": 0},
        {"number": 2**70},
        {"email": "no address"},
        {"email_verified": "yes"},
        {"name": "x" * 3000},
        {"username": "alice-archer"},
        {"colour": "red"},
        {"picture": "javascript:alert(1)"},
        {"name": "\u0000"},
        {"locale": "deutsch"},
        {"country": "Germany"},
    ],
    ids=lambda fields: next(iter(fields)) + str(next(iter(fields.values())))[:12],
)
def test_a_person_who_cannot_be_is_refused(api: Api, fields: dict[str, Any]) -> None:
    api("PUT", "/people/zoe", fields, status=400)
    assert api("GET", "/people/zoe", status=404)["error"] == "unknown_person"


@pytest.mark.parametrize("person", ["person-5", "Zoe", "a@b.example", "-"])
def test_an_id_that_is_taken_or_no_word_is_refused(api: Api, person: str) -> None:
    assert api("PUT", f"/people/{person}", {}, status=400)["error"] in ("invalid", "usage")


def test_the_token_of_somebody_who_was_removed_is_refused_as_the_provider_does(api: Api) -> None:
    api("PUT", "/people/zoe", {"name": "Zoe"})
    callback = api("POST", "/authorize", {"url": GITHUB, "person": "zoe"})["url"]
    api("DELETE", "/people/zoe")
    assert "bad_verification_code" in token_for(api.simulator, callback).body.decode()
    assert api.simulator.world.journal.refusals()[-1].got == "zoe"


# providers and apps


def test_a_providers_settings_are_changed_and_its_hosts_follow(api: Api) -> None:
    card = api("PATCH", "/providers/github", {"settings": {"GITHUB_URL": "https://git.example.com"}})
    assert "git.example.com" in card["hosts"]
    assert api.simulator.knows("git.example.com")
    assert api("GET", "/providers/github")["defaults"]["GITHUB_URL"]["value"] == "https://git.example.com"
    assert api("GET", "/providers/githbu", status=404)["message"].startswith('no provider "githbu". Did you mean')


def test_settings_that_are_refused_change_nothing(api: Api) -> None:
    both = {"GITHUB_URL": "https://git.example.com", "API_URL": "nowhere"}
    api("PATCH", "/providers/github", {"settings": both}, status=400)
    with pytest.raises(UsageError):
        api.simulator.world.configure("github", NO_SUCH="x", GITHUB_URL="https://git.example.com")
    assert api.simulator.world.settings == {}
    assert api("POST", "/authorize", {"url": GITHUB})["params"]["code"]


def test_apps_are_registered_used_and_removed(api: Api) -> None:
    own = {"provider": "github", "client_id": "own", "client_secret": "very-secret-thing",
           "redirect_uris": ["https://app.example/cb"]}  # fmt: skip
    api("POST", "/apps", own, status=201)
    assert [app["client_id"] for app in api("GET", "/apps?provider=github")] == ["mockidp", "own"]
    url = "https://github.com/login/oauth/authorize?client_id=own&redirect_uri=https://app.example/cb"
    assert api("POST", "/authorize", {"url": url})["url"].startswith("https://app.example/cb?code=")
    assert api("DELETE", "/apps/github/own") == {"removed": 1}
    assert api("POST", "/authorize", {"url": url}, status=422)["refused"] == "unknown_client"
    assert api("DELETE", "/apps/github/own", status=404)["error"] == "unknown_app"


@pytest.mark.parametrize("secret", ["x", "abcd", "abcdefgh", "a-secret-that-is-long"])
def test_no_registered_secret_is_told_in_full_anywhere(api: Api, secret: str) -> None:
    key = f"-----BEGIN PRIVATE KEY-----{secret * 3}"
    api("POST", "/apps", {"provider": "github", "client_id": "own", "client_secret": secret}, status=201)
    api("POST", "/apps", {"provider": "apple", "client_id": "own", "facts": {"certificate_key": key}}, status=201)
    for path in ("/apps", "/apps?provider=github", "/apps?provider=apple"):
        for app in api("GET", path):
            assert secret not in (app["client_secret"].rstrip("…"), *app["facts"].values())
            assert key not in app["facts"].values()


@pytest.mark.parametrize(
    "uri",
    ["/relative", "https://", "https://x/\r\nSet-Cookie:a=b", "https://x/#f", "http://[::bad/cb", "http://x:99999/",
     "https://x/é", "https://x/ y", "", "://x", "javascript:alert(1)"],
)  # fmt: skip
def test_a_redirect_uri_that_no_provider_would_take_is_refused(api: Api, uri: str) -> None:
    api("POST", "/apps", {"provider": "github", "client_id": "own", "redirect_uris": [uri]}, status=400)
    assert api("GET", "/apps") == []


def test_a_credential_that_a_provider_does_not_have_is_refused_with_those_it_has(api: Api) -> None:
    told = api("POST", "/apps", {"provider": "apple", "client_id": "own", "facts": {"teem": "x"}}, status=400)
    assert 'no credential "teem"' in told["message"]
    assert "team" in told["message"]


def test_no_more_apps_and_faults_than_the_limit_fit_into_a_world(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "APPS", 2)
    monkeypatch.setattr(operations, "FAULTS", 2)
    for number in range(2):
        api("POST", "/apps", {"provider": "github", "client_id": f"own{number}"}, status=201)
        api("POST", "/faults", {"name": "slow"}, status=201)
    assert api("POST", "/apps", {"provider": "github", "client_id": "own2"}, status=409)["error"] == "too_many"
    api("POST", "/apps", {"provider": "github", "client_id": "own1"}, status=201)
    assert api("POST", "/faults", {"name": "slow"}, status=409)["error"] == "too_many"


# faults


def test_a_fault_strikes_only_where_it_was_asked_for_and_is_taken_back(api: Api) -> None:
    asked = {"name": "error:rate_limited", "provider": "github", "step": "userinfo", "person": "bob", "nth": 2}
    made = api("POST", "/faults", asked, status=201)
    assert {name: made[name] for name in asked} == asked
    other = api("POST", "/faults", {"name": "denied", "person": "carol", "times": 1}, status=201)
    assert api("POST", "/authorize", {"url": GITHUB, "person": "carol"})["params"]["error"] == "access_denied"
    assert "code" in api("POST", "/authorize", {"url": GITHUB, "person": "carol"})["params"]
    assert [fault["done"] for fault in api("GET", "/faults")] == [0, 1]
    assert api("DELETE", f"/faults/{other['id']}") == {"removed": 1}
    assert api("DELETE", f"/faults/{other['id']}", status=404)["error"] == "unknown_fault"
    assert api("DELETE", "/faults") == {"removed": 1}
    assert api("GET", "/faults") == []


def test_every_known_fault_says_what_deviates(api: Api) -> None:
    known = api("GET", "/faults/known")
    assert {"slow", "wrong_key", "denied"} <= {fault["name"] for fault in known}
    assert all(fault["about"] for fault in known)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "slwo"},
        {"name": "slow", "provider": "githbu"},
        {"name": "slow", "provider": "github", "step": "tokn"},
        {"name": "error:no_such", "provider": "github"},
        {"name": "slow", "person": "nobody"},
        {"name": "slow", "nth": -1},
        {"name": "slow", "times": "3"},
    ],
)
def test_a_fault_that_cannot_strike_is_refused(api: Api, body: dict[str, Any]) -> None:
    api("POST", "/faults", body, status=400)
    assert api("GET", "/faults") == []


# clock and keys


def test_the_clock_is_set_moved_stopped_and_put_right(api: Api) -> None:
    assert api("POST", "/clock", {"at": "2030-01-01T01:00:00+01:00", "move": 10, "frozen": True})["now"] == (
        "2030-01-01T00:00:10Z")  # fmt: skip
    assert api("POST", "/clock", {"move": -20})["seconds"] == pytest.approx(1893456000 - 10, abs=1e-3)
    running = api("POST", "/clock", {"frozen": False})
    assert not running["frozen"]
    assert running["shift"] > 1e6
    assert abs(api("DELETE", "/clock")["shift"]) < 1


@pytest.mark.parametrize(
    "body",
    [{"at": "1999-12-31T23:59:59Z"}, {"at": "2100-01-01T00:00:00Z"}, {"move": 3e9}, {"move": -3e9}, {"move": 1e300},
     {"at": "2030-01-01T00:00:00"}, {"at": "0001-01-01T00:00:00+23:59"}, {"at": "9999-12-31T23:59:59Z"}],
)  # fmt: skip
def test_time_stays_where_keys_are_valid(api: Api, body: dict[str, Any]) -> None:
    api("POST", "/clock", body, status=400)
    assert abs(api("GET", "/clock")["shift"]) < 1


def test_keys_are_rotated_with_and_without_overlap(api: Api) -> None:
    def kids(keys: Any) -> list[str]:
        return [key["kid"] for key in keys["published"]]

    first = api("GET", "/keys/google")
    second = api("POST", "/keys/google/rotate", {})
    assert kids(second) == [*kids(first), second["signing"]]
    third = api("POST", "/keys/google/rotate", {"overlap": False})
    assert kids(third) == [third["signing"]]
    jwks = api.simulator.handle(Request.of("GET", "https://www.googleapis.com/oauth2/v3/certs"))
    assert [key["kid"] for key in json.loads(jwks.body)["keys"]] == kids(third)
    assert "private" not in json.dumps(third)
    assert '"d"' not in json.dumps(third)
    assert api("GET", "/keys/github", status=404)["error"] == "no_keys"
    assert third in api("GET", "/keys")


# journal


def test_logins_are_listed_by_app_person_provider_and_outcome(api: Api) -> None:
    api("POST", "/authorize", {"url": GITHUB, "person": "bob"})
    api("POST", "/authorize", {"url": GITHUB, "person": "alice", "decision": "deny"})
    api("POST", "/authorize", {"url": GITHUB.replace("mockidp", "nobodys")}, status=422)
    assert [login["person"] for login in api("GET", "/journal")][1:] == ["alice", "bob"]
    assert [login["person"] for login in api("GET", "/journal?person=bob")] == ["bob"]
    assert [login["person"] for login in api("GET", "/journal?outcome=denied")] == ["alice"]
    assert len(api("GET", "/journal?app=mockidp&provider=github")) == 2
    assert api("GET", "/journal?provider=google") == []
    assert len(api("GET", "/journal?limit=1")) == 1
    refused = api("GET", "/journal?outcome=refused")[0]["refused"]
    assert (refused["name"], refused["got"]) == ("unknown_client", "nobodys")
    story = api("GET", "/journal/github-1")
    assert [entry["step"] for entry in story["entries"]] == ["authorize"]
    assert api("DELETE", "/journal") == {"removed": 3}
    assert api("GET", "/journal") == []
    assert api("GET", "/journal/github-1", status=404)["error"] == "unknown_login"


def test_a_login_whose_secret_was_wrong_is_told_as_refused_until_it_is_right(api: Api) -> None:
    callback = api("POST", "/authorize", {"url": GITHUB, "person": "bob"})["url"]
    api("POST", "/authorize", {"url": GITHUB, "person": "carol"})  # the last login is another
    token_for(api.simulator, callback, secret="a-wrong-secret-of-mine")
    story = api("GET", "/journal/github-1")
    refused = story["entries"][-1]["refused"]
    assert (story["outcome"], refused["name"]) == ("refused", "wrong_secret")
    assert refused["expected"].startswith("14 characters, sha256 ")
    assert refused["got"].startswith("22 characters, sha256 ")
    assert "wrong-secret-of" not in json.dumps(story)
    assert api("GET", "/journal/github-2")["outcome"] == "code"
    token_for(api.simulator, callback)
    assert api("GET", "/journal/github-1")["outcome"] == "logged_in"


def test_a_code_that_was_mangled_is_told_with_the_login_that_waits_for_it(api: Api) -> None:
    callback = api("POST", "/authorize", {"url": GITHUB, "person": "bob"})["url"]
    token_for(api.simulator, callback.replace("code=", "code=0"))
    told = api("GET", "/journal/github-1")
    assert (told["outcome"], told["entries"][-1]["refused"]["name"]) == ("refused", "bad_code")


@pytest.mark.parametrize("provider", sorted(index()))
def test_no_wrong_secret_leaves_a_login_as_if_nothing_was_refused(api: Api, provider: str) -> None:
    world = api.simulator.world
    world.person, wire = "alice", world.wire(provider)
    secret = "some-other-secret-1234"
    app = msgspec.structs.replace(world.apps.ready(provider), client_secret=secret)
    with contextlib.suppress(WalkError):
        walk_class(provider, wire.family)(wire, app, api.simulator.handle).run()
    for card in api("GET", "/journal"):
        assert card["outcome"] != "code" or card["refused"] is None
        assert secret not in json.dumps(api("GET", f"/journal/{card['id']}"))


# a login without a browser


def test_a_login_is_completed_and_its_code_is_good(api: Api) -> None:
    done = api("POST", "/authorize", {"url": GITHUB, "person": "bob"})
    assert (done["method"], done["params"]["state"], done["world"], done["login"]) == (
        "GET", "s", "default", "github-1")  # fmt: skip
    assert "access_token" in token_for(api.simulator, done["url"]).body.decode()
    assert api("GET", "/journal/github-1")["person"] == "bob"


def test_a_login_in_path_form_belongs_to_the_world_in_its_path(api: Api) -> None:
    api("POST", "/worlds", {"name": "blue"}, status=201)
    url = f"{BASE}/~blue/github.com/login/oauth/authorize?client_id=mockidp&redirect_uri={CB}"
    done = api("POST", "/authorize", {"url": url})
    assert (done["world"], done["params"]["iss"]) == ("blue", f"{BASE}/~blue/github.com/login/oauth")


def test_a_denied_login_comes_back_with_the_providers_error(api: Api) -> None:
    assert api("POST", "/authorize", {"url": GITHUB, "decision": "deny"})["params"]["error"] == "access_denied"


def test_a_fault_for_one_login_strikes_in_it_and_in_no_other(api: Api) -> None:
    assert api("POST", "/authorize", {"url": GITHUB, "fault": "wrong_state"})["params"]["state"] == "another-state"
    assert api("POST", "/authorize", {"url": GITHUB})["params"]["state"] == "s"


def test_a_provider_that_posts_back_gives_the_form(api: Api) -> None:
    url = (
        f"https://appleid.apple.com/auth/authorize?client_id=mockidp&redirect_uri={CB}&response_type=code"
        "&response_mode=form_post&scope=name%20email&state=s&nonce=n"
    )
    done = api("POST", "/authorize", {"url": url})
    assert (done["method"], done["url"], done["form"]["state"]) == ("POST", CB, "s")
    assert json.loads(done["form"]["user"])["email"] == "alice@example.com"


def test_a_form_to_post_reaches_the_provider(api: Api) -> None:
    form = {
        "openid.ns": "http://specs.openid.net/auth/2.0",
        "openid.mode": "checkid_setup",
        "openid.claimed_id": "http://specs.openid.net/auth/2.0/identifier_select",
        "openid.identity": "http://specs.openid.net/auth/2.0/identifier_select",
        "openid.return_to": CB,
        "openid.realm": "http://127.0.0.1:1/",
    }
    done = api("POST", "/authorize", {"url": "https://steamcommunity.com/openid/login", "form": form})
    assert done["params"]["openid.mode"] == "id_res"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"url": "https://unknown.example/authorize"}, 400, "no_provider"),
        ({"url": f"{BASE}{API}/worlds"}, 400, "no_provider"),
        ({"url": f"{BASE}/"}, 400, "no_provider"),
        ({"url": f"{BASE}/~nobody/github.com/"}, 404, "unknown_world"),
        ({"url": "github.com"}, 400, "bad_url"),
        ({"url": "ftp://github.com/"}, 400, "bad_url"),
        ({"url": "https://[bad"}, 400, "bad_url"),
        ({"url": GITHUB, "person": "nobody"}, 400, "unknown_person"),
        ({"url": GITHUB, "fault": "slwo"}, 400, "usage"),
        ({"url": GITHUB, "fault": "wrong_key"}, 422, "no_callback"),
        ({"url": GITHUB, "decision": "maybe"}, 400, "invalid"),
        ({"url": "https://github.com/elsewhere"}, 422, "no_callback"),
        ({}, 400, "invalid"),
    ],
)
def test_a_login_that_cannot_be_completed_says_why(api: Api, body: dict[str, Any], status: int, error: str) -> None:
    assert api("POST", "/authorize", body, status=status)["error"] == error


def test_a_login_that_the_provider_refuses_tells_the_two_values_that_differ(api: Api) -> None:
    told = api("POST", "/authorize", {"url": GITHUB.replace(CB, "https://app.example/cb")}, status=422)
    assert (told["error"], told["refused"], told["got"], told["provider_status"]) == (
        "no_callback", "redirect_unregistered", "https://app.example/cb", 400)  # fmt: skip


# whom it refuses

CHANGE = ("POST", "/faults", {"name": "slow"})


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.rebound.example:8400", "192.0.2.7:8400", ""])
def test_a_name_that_was_rebound_to_this_machine_is_refused(api: Api, host: str) -> None:
    request = Request("GET", host, f"{API}/worlds", "", {"host": host}, b"", "http")
    answer = api.simulator.handle(request)
    assert (answer.status, json.loads(answer.body)["error"]) == (421, "wrong_host")


NAMES = ["mockidp", "idp.test"]


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "127.0.0.1"])
@pytest.mark.parametrize("host", ["mockidp:8400", "MockIdP:8400", "idp.test", "idp.test.:8400", "127.0.0.1:8400"])
def test_a_further_host_that_was_named_is_answered(bound: str, host: str) -> None:
    simulator = config.simulator(World(), bound, TOKEN, NAMES)
    told = Api(simulator)("GET", "/worlds", host=host.lower(), Authorization=f"Bearer {TOKEN}")
    assert told[0]["name"] == "default"
    for page in ("/", "/_mockidp/logins"):
        sent = Request.of("GET", f"http://{host}{page}", {"Host": host, "Authorization": f"Bearer {TOKEN}"})
        assert simulator.handle(sent).status == 200


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "127.0.0.1"])
@pytest.mark.parametrize(
    "host",
    ["rebound.example", "mockidp.rebound.example:8400", "x.mockidp", "xmockidp", "idp.test.rebound.example", "idp",
     "mockidp:8400@rebound.example", "mockidp..", "mockidp:x", "\uff4dockidp", "0.0.0.0.rebound.example", ""],
)  # fmt: skip
def test_a_further_host_lets_no_rebound_name_in(bound: str, host: str) -> None:
    simulator = config.simulator(World(), bound, TOKEN, NAMES)
    for path in (f"{API}/worlds", "/", "/_mockidp/logins", "/_mockidp/events", "/_mockidp/health"):
        headers = {"host": host, "authorization": f"Bearer {TOKEN}"}
        assert simulator.handle(Request("GET", host, path, "", headers, b"", "http")).status == 421


def test_a_page_at_a_further_host_may_ask_and_one_at_another_may_not() -> None:
    api = Api(config.simulator(World(), "0.0.0.0", TOKEN, NAMES))
    told = {"host": "mockidp:8400", "Authorization": f"Bearer {TOKEN}"}
    assert api(*CHANGE, status=201, **told, Origin="http://mockidp:8400")["name"] == "slow"
    assert api(*CHANGE, status=403, **told, Origin="http://idp.test:8400")["error"] == "foreign_origin"
    assert len(api.simulator.world.faults.rules) == 1


@pytest.mark.parametrize(
    "name", ["", "*", "http://mockidp", "mockidp:8400", "a b", "-x", "ümlaut", "*.example.com", "x" * 64, "[::1]"]
)
def test_a_further_host_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no control host: write one name"):
        config.simulator(World(), "0.0.0.0", TOKEN, [name])


def test_the_host_of_a_provider_is_no_further_host() -> None:
    with pytest.raises(UsageError, match=r"github\.com is the host of a provider"):
        config.simulator(World(), "0.0.0.0", TOKEN, ["GitHub.com"])


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1", "http://127.0.0.1:8401",
     "https://evil.example/127.0.0.1:8400", "http://evil@127.0.0.1:8400", "file://", ""],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_site_is_refused(api: Api, origin: str, method: str) -> None:
    assert api(method, "/faults", {"name": "slow"}, status=403, Origin=origin)["error"] == "foreign_origin"
    assert not api.simulator.world.faults.rules


def test_a_page_of_this_server_may_ask(api: Api) -> None:
    assert api(*CHANGE, status=201, Origin=BASE)["name"] == "slow"
    assert len(api.simulator.world.faults.rules) == 1


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json"]
)
def test_what_a_form_can_send_changes_nothing(api: Api, kind: str) -> None:
    assert api(*CHANGE, status=415, **{"Content-Type": kind})["error"] == "media_type"
    assert api("POST", "/worlds/default/reset", None, status=415, **{"Content-Type": kind})["error"] == "media_type"
    assert not api.simulator.world.faults.rules


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b"null", b"\xff", b'{"name": "\\ud800"}', b"[" * 5000, b'{"name": 1}', b'{"name": NaN}',
     b'{"name":"slow","name2":1}'],
)  # fmt: skip
def test_a_body_that_is_no_such_object_is_refused(api: Api, body: bytes) -> None:
    assert api("POST", "/faults", body, status=400)["error"] == "invalid"


def test_a_body_without_measure_is_refused(api: Api) -> None:
    assert api("POST", "/faults", b'{"name": "' + b"x" * (64 << 10) + b'"}', status=413)["error"] == "too_large"


@pytest.mark.parametrize(
    "path", ["/people?limit=0", "/people?limit=x", "/people?colour=red", "/people?text=a&text=b", "/journal?outcome=x",
             "/worlds/default?name=x", "/faults/known?x="],
)  # fmt: skip
def test_a_query_that_means_nothing_is_refused(api: Api, path: str) -> None:
    assert api("GET", path, status=400)["error"] == "invalid"


def test_a_field_has_one_place(api: Api) -> None:
    assert "in the path already" in api("PATCH", "/worlds/default", {"name": "x"}, status=400)["message"]
    assert "JSON body" in api("POST", "/faults?name=slow", {"name": "slow"}, status=400)["message"]


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/worlds/a/b", "/worlds//reset"])
def test_elsewhere_there_is_nothing(api: Api, path: str) -> None:
    assert api("GET", path, status=404)["error"] == "not_found"


def test_a_slash_at_the_end_changes_nothing(api: Api) -> None:
    assert api("GET", "/people/?text=alice") == api("GET", "/people?text=alice")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/faults", "DELETE, GET, POST"), ("DELETE", "/faults/known", "GET"), ("POST", "/openapi.json", "GET"),
     ("OPTIONS", "/worlds", "GET, POST")],
)  # fmt: skip
def test_a_method_that_is_not_there_is_refused_with_those_that_are(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.send(method, path, {})
    assert (answer.status, answer.header("allow")) == (405, allowed)


def test_no_answer_may_be_read_by_another_site_or_kept(api: Api) -> None:
    for answer in (api.send("GET", "/worlds"), api.send("GET", "/nothing")):
        assert answer.header("access-control-allow-origin") == ""
        assert answer.header("cross-origin-resource-policy") == "same-origin"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("cache-control") == "no-store"


# a server that other machines can reach

TOKEN = "a-token-of-enough-letters"


@pytest.fixture
def guarded(api: Api) -> Api:
    api.simulator.token = TOKEN
    return api


@pytest.mark.parametrize(
    "told", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer é"]
)
def test_without_the_token_nothing_is_told_and_nothing_is_changed(guarded: Api, told: str) -> None:
    headers = {"Authorization": told} if told else {}
    for method, path, body in (CHANGE, ("GET", "/journal", None), ("GET", "/openapi.json", None)):
        answer = guarded.send(method, path, body, **headers)
        assert (answer.status, answer.header("www-authenticate")) == (401, 'Bearer realm="mockidp"')
        assert json.loads(answer.body)["error"] == "token"
    for path in ("/", "/_mockidp/logins", "/_mockidp/logins.json", "/_mockidp/events", "/nothing"):
        page = guarded.simulator.handle(Request.of("GET", f"{BASE}{path}", {"Host": HOST, **headers}))
        assert page.status == 401
        assert TOKEN.encode() not in page.body
    assert not guarded.simulator.world.faults.rules


def test_with_the_token_everything_is_there(guarded: Api) -> None:
    guarded(*CHANGE, status=201, Authorization=f"bearer {TOKEN}")
    page = Request.of("GET", f"{BASE}/_mockidp/logins", {"Host": HOST, "Authorization": f"Bearer {TOKEN}"})
    assert guarded.simulator.handle(page).status == 200


def test_providers_and_health_ask_for_no_token(guarded: Api) -> None:
    assert guarded.simulator.handle(Request.of("GET", f"{BASE}/_mockidp/health", {"Host": HOST})).status == 200
    assert guarded.simulator.handle(Request.of("GET", GITHUB)).status == 200


def test_a_browser_that_brings_the_token_once_is_known_by_a_cookie_that_is_not_it(guarded: Api) -> None:
    def get(path: str, **headers: str) -> Response:
        return guarded.simulator.handle(Request.of("GET", f"{BASE}{path}", {"Host": HOST, **headers}))

    came = get(f"/_mockidp/logins?provider=github&token={TOKEN}")
    assert (came.status, came.header("location")) == (303, "/_mockidp/logins?provider=github")
    cookie = came.header("set-cookie")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert get("/_mockidp/logins", Cookie=f"other=1; {cookie.split(';')[0]}").status == 200
    assert get("/_mockidp/logins", Cookie="mockidp_pages=wrong").status == 401
    assert get("/_mockidp/logins?token=wrong-wrong-wrong-wrong").status == 401
    assert get(f"//evil.example/?token={TOKEN}").header("location") == "/evil.example/"


def test_a_token_that_is_easily_guessed_is_no_token() -> None:
    for weak in ("short", "with blanks in it all over", "ümläute-are-not-sent-well"):
        with pytest.raises(UsageError, match="at least 16"):
            config.simulator(World(), "0.0.0.0", weak)
    assert config.simulator(World(), "127.0.0.1", TOKEN).token == TOKEN


# over a live server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server(Simulator(), "127.0.0.1", 0) as server:
        yield server


def test_a_test_tool_drives_a_login_over_http(running: Server) -> None:
    with httpx.Client(base_url=f"{running.url}{API}", trust_env=False) as client:
        world = client.post("/worlds", json={"strict": False}).json()
        at = f"{running.url}{world['prefix']}/github.com/login/oauth"
        url = f"{at}/authorize?client_id=mockidp&redirect_uri={CB}&state=s"
        done = client.post("/authorize", json={"url": url, "person": "carol"}).json()
        form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": done["params"]["code"],
                "redirect_uri": CB}  # fmt: skip
        assert "access_token" in client.post(f"{at}/access_token", data=form).text
        told = client.get("/journal", params={"world": world["name"]}).json()
        assert [(login["person"], login["outcome"]) for login in told] == [("carol", "logged_in")]
        assert client.delete(f"/worlds/{world['name']}").json() == {"removed": 1}
        assert client.head("/worlds").status_code == 200


def test_a_server_on_loopback_asks_for_no_token_and_one_on_all_addresses_makes_one() -> None:
    with Server(Simulator(), "localhost", 0) as server:
        assert server.token == ""
    with Server(Simulator(), "0.0.0.0", 0) as server:
        assert len(server.token) >= 32
        url = f"{server.url}{API}/worlds"
        assert httpx.get(url, trust_env=False).status_code == 401
        assert httpx.get(url, headers={"Authorization": f"Bearer {server.token}"}, trust_env=False).status_code == 200
        assert httpx.get(f"{server.url}/_mockidp/health", trust_env=False).status_code == 200


def test_nothing_that_is_refused_is_logged_as_a_failure(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        api("POST", "/faults", {}, status=400)
    assert not caplog.records


# the operations, as the inspector calls them


def test_an_operation_that_cannot_be_done_is_an_error_with_a_status(simulator: Simulator) -> None:
    with pytest.raises(OperationError) as caught:
        operations.remove_fault(simulator, simulator.world, shapes.OneFault(id=7))
    assert problem(caught.value)[0] == 404
