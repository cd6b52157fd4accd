"""Facebook as simulated, held against its documentation (login flow, access tokens, error handling, versions)."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

DIALOG = "https://www.facebook.com/v25.0/dialog/oauth"
GRAPH = "https://graph.facebook.com/v25.0"
BACK = "http://127.0.0.1:9000/back"
TODAY = datetime.date(2026, 11, 24)


def ask(sim: Simulator, url: str, method: str = "GET", **params: str) -> Response:
    headers = {name: params.pop(name) for name in ("Authorization",) if name in params}
    return sim.handle(Request.of(method, f"{url}?{urlencode(params)}", headers))


def read(sim: Simulator, url: str, method: str = "GET", **params: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ask(sim, url, method, **params).body)
    return answer


def dialog(sim: Simulator, url: str = DIALOG, **params: str) -> Response:
    return ask(sim, url, **{"client_id": "mockidp", "redirect_uri": BACK, "state": "s1", "scope": "email", **params})


def code(sim: Simulator, **params: str) -> str:
    return dict(parse_qsl(urlsplit(dialog(sim, **params).header("location")).query))["code"]


def token_answer(sim: Simulator, **params: str) -> Response:
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK, **params}
    return ask(sim, f"{GRAPH}/oauth/access_token", **form)


def token(sim: Simulator, **params: str) -> str:
    return str(json.loads(token_answer(sim, code=code(sim, **params)).body)["access_token"])


def short_token(sim: Simulator, **params: str) -> str:
    """As the JavaScript SDK gets one: out of the fragment of the dialog."""
    parts = urlsplit(dialog(sim, response_type="token", **params).header("location"))
    assert parts.query == ""
    return dict(parse_qsl(parts.fragment))["access_token"]


def error(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)["error"]
    return found


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice", date=TODAY))


def test_the_callback_has_code_and_state_and_the_famous_fragment(sim: Simulator) -> None:
    location = dialog(sim).header("location")
    assert set(dict(parse_qsl(urlsplit(location).query))) == {"code", "state"}
    assert location.endswith("#_=_")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.facebook.com/dialog/oauth",
        "https://www.facebook.com/v7.0/dialog/oauth",
        "https://m.facebook.com/v3.1/dialog/oauth",
    ],
)
def test_the_dialog_answers_at_any_version_and_without_one(sim: Simulator, url: str) -> None:
    assert "code=" in dialog(sim, url).header("location")


def test_a_denial_says_why_in_four_parameters() -> None:
    location = dialog(Simulator(World(person="dave"))).header("location")
    assert dict(parse_qsl(urlsplit(location).query)) == {
        "error": "access_denied",
        "error_code": "200",
        "error_description": "Permissions error",
        "error_reason": "user_denied",
        "state": "s1",
    }


def test_a_token_is_given_by_get_and_by_post(sim: Simulator) -> None:
    answer = json.loads(token_answer(sim, code=code(sim)).body)
    assert {key: type(value) for key, value in answer.items()} == {
        "access_token": str,
        "token_type": str,
        "expires_in": int,
    }
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "redirect_uri": BACK, "code": code(sim)}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = Request.of("POST", f"{GRAPH}/oauth/access_token", headers, urlencode(form).encode())
    assert json.loads(sim.handle(posted).body)["token_type"] == "bearer"


@pytest.mark.parametrize(
    ("params", "number", "subcode"),
    [
        ({"code": "AQmadeup"}, 100, None),
        ({"client_secret": "wrong"}, 1, None),
        ({"client_id": "999"}, 101, None),
        ({"redirect_uri": "http://127.0.0.1:9000/other"}, 100, 36008),
    ],
)
def test_an_error_is_an_object_with_code_and_trace(
    sim: Simulator, params: dict[str, str], number: int, subcode: int | None
) -> None:
    response = token_answer(sim, **{"code": code(sim), **params})
    found = error(response)
    assert response.status == 400
    assert (found["type"], found["code"], found.get("error_subcode")) == ("OAuthException", number, subcode)
    assert len(found["fbtrace_id"]) >= 11
    assert response.header("www-authenticate").startswith('OAuth "Facebook Platform" "invalid_')


def test_a_used_code_and_a_missing_redirect_uri_have_their_own_numbers(sim: Simulator) -> None:
    used = code(sim)
    token_answer(sim, code=used)
    assert error(token_answer(sim, code=used))["error_subcode"] == 36009
    form = {"client_id": "mockidp", "client_secret": "mockidp-secret", "code": code(sim)}
    assert error(ask(sim, f"{GRAPH}/oauth/access_token", **form)) | {"fbtrace_id": ""} == {
        "message": "Missing redirect_uri parameter.",
        "type": "OAuthException",
        "code": 191,
        "fbtrace_id": "",
    }


def test_only_the_fields_that_were_asked_for_are_answered_and_always_the_id(sim: Simulator) -> None:
    access = token(sim)
    assert set(read(sim, f"{GRAPH}/me", access_token=access)) == {"id", "name"}
    assert set(read(sim, f"{GRAPH}/me", access_token=access, fields="email")) == {"id", "email"}
    wanted = "first_name,picture.width(100).height(100){url,width}"
    nested = read(sim, f"{GRAPH}/me", access_token=access, fields=wanted)
    assert set(nested) == {"id", "first_name", "picture"}


def test_a_field_that_never_was_is_an_error_and_one_that_is_empty_is_absent(sim: Simulator) -> None:
    access = token(sim)
    assert set(read(sim, f"{GRAPH}/me", access_token=access, fields="locale,timezone,verified")) == {"id"}
    found = error(ask(sim, f"{GRAPH}/me", access_token=access, fields="id,shoe_size"))
    assert (found["code"], found["message"]) == (100, "(#100) Tried accessing nonexisting field (shoe_size)")


@pytest.mark.parametrize(("person", "scope"), [("carol", "email"), ("bob", "email"), ("alice", "public_profile")])
def test_an_address_is_absent_when_it_is_not_there_not_confirmed_or_not_granted(person: str, scope: str) -> None:
    sim = Simulator(World(person=person))
    assert set(read(sim, f"{GRAPH}/me", access_token=token(sim, scope=scope), fields="id,email")) == {"id"}


def test_the_token_may_travel_in_the_header(sim: Simulator) -> None:
    assert read(sim, f"{GRAPH}/me", Authorization=f"Bearer {token(sim)}")["name"] == "Alice Archer"


def test_a_proof_of_the_app_secret_must_be_right_and_is_needed_when_the_app_says_so(sim: Simulator) -> None:
    access = token(sim)
    proof = hmac.new(b"mockidp-secret", access.encode(), hashlib.sha256).hexdigest()
    assert read(sim, f"{GRAPH}/me", access_token=access, appsecret_proof=proof)["name"] == "Alice Archer"
    wrong = error(ask(sim, f"{GRAPH}/me", access_token=access, appsecret_proof="0" * 64))
    assert (wrong["type"], wrong["code"]) == ("GraphMethodException", 100)
    sim.world.app("facebook", facts={"require_proof": "true"}, redirect_uris=[BACK])
    missing = error(ask(sim, f"{GRAPH}/me", access_token=access))
    assert missing["message"] == "API calls from the server require an appsecret_proof argument"
    assert ask(sim, f"{GRAPH}/me", access_token=access, appsecret_proof=proof).status == 200


@pytest.mark.parametrize(
    ("prepare", "number", "subcode"),
    [
        (lambda sim: "EAAmadeup", 190, None),
        (lambda sim: "", 190, None),
        (lambda sim: "mockidp|mockidp-secret", 2500, None),
    ],
)
def test_tokens_that_are_no_good(sim: Simulator, prepare: Any, number: int, subcode: int | None) -> None:
    found = error(ask(sim, f"{GRAPH}/me", access_token=prepare(sim)))
    assert (found["code"], found.get("error_subcode")) == (number, subcode)


def test_no_token_is_2500_and_an_old_one_190_463(sim: Simulator) -> None:
    assert error(ask(sim, f"{GRAPH}/me"))["code"] == 2500
    access = short_token(sim)
    sim.world.clock.advance(2 * 3600)
    found = error(ask(sim, f"{GRAPH}/me", access_token=access))
    assert (found["code"], found["error_subcode"]) == (190, 463)


def test_a_token_of_the_javascript_sdk_is_short_and_can_be_exchanged_for_a_long_one(sim: Simulator) -> None:
    short = short_token(sim)
    assert read(sim, f"{GRAPH}/me", access_token=short, fields="email")["email"] == "alice@example.com"
    form = {"grant_type": "fb_exchange_token", "client_id": "mockidp", "client_secret": "mockidp-secret"}
    long = read(sim, f"{GRAPH}/oauth/access_token", fb_exchange_token=short, **form)
    assert long["expires_in"] == 60 * 86400
    sim.world.clock.advance(2 * 3600)
    assert read(sim, f"{GRAPH}/me", access_token=long["access_token"], fields="email")["email"] == "alice@example.com"
    assert error(ask(sim, f"{GRAPH}/oauth/access_token", fb_exchange_token="EAAx", **form))["code"] == 190
    wrong = {**form, "client_secret": "wrong"}
    assert error(ask(sim, f"{GRAPH}/oauth/access_token", fb_exchange_token=short, **wrong))["code"] == 1


def test_the_granted_scopes_come_back_when_they_are_asked_for(sim: Simulator) -> None:
    location = dialog(sim, response_type="code granted_scopes").header("location")
    assert dict(parse_qsl(urlsplit(location).query))["granted_scopes"] == "email,public_profile"


def test_an_app_token_debugs_the_tokens_of_its_app(sim: Simulator) -> None:
    access = token(sim)
    form = {"grant_type": "client_credentials", "client_id": "mockidp", "client_secret": "mockidp-secret"}
    issued = read(sim, f"{GRAPH}/oauth/access_token", **form)["access_token"]
    assert issued.startswith("mockidp|")
    assert len(issued.partition("|")[2]) == 27
    for app_token in (issued, "mockidp|mockidp-secret"):
        data = read(sim, f"{GRAPH}/debug_token", input_token=access, access_token=app_token)["data"]
        assert (data["app_id"], data["type"], data["is_valid"]) == ("mockidp", "USER", True)
        assert data["scopes"] == ["email", "public_profile"]
        assert data["user_id"] == read(sim, f"{GRAPH}/me", access_token=access)["id"]
        assert data["expires_at"] - data["issued_at"] == 60 * 86400


def test_debugging_tells_a_made_up_token_and_an_ended_one(sim: Simulator) -> None:
    access = short_token(sim)
    good = {"access_token": "mockidp|mockidp-secret"}
    unknown = read(sim, f"{GRAPH}/debug_token", input_token="EAAx", **good)["data"]
    assert (unknown["is_valid"], unknown["error"]["code"]) == (False, 190)
    sim.world.clock.advance(86400)
    ended = read(sim, f"{GRAPH}/debug_token", input_token=access, **good)["data"]
    assert (ended["is_valid"], ended["error"]["subcode"]) == (False, 463)


def test_debugging_needs_the_token_of_the_same_app(sim: Simulator) -> None:
    access = token(sim)
    sim.world.app("facebook", client_id="other", client_secret="s2")
    url = f"{GRAPH}/debug_token"
    assert error(ask(sim, url, input_token=access, access_token="other|s2"))["code"] == 100
    assert error(ask(sim, url, input_token=access, access_token="mockidp|wrong"))["code"] == 190
    assert error(ask(sim, url, input_token=access, access_token=access))["code"] == 100
    assert [entry.refused for entry in sim.world.journal.refusals()] == [
        "token_of_another_app",
        "bad_token",
        "not_app_token",
    ]


def test_an_id_is_of_one_app(sim: Simulator) -> None:
    first = read(sim, f"{GRAPH}/me", access_token=token(sim))["id"]
    sim.world.app("facebook", client_id="other", client_secret="s2", redirect_uris=[BACK])
    other = token_answer(sim, code=code(sim, client_id="other"), client_id="other", client_secret="s2")
    access = json.loads(other.body)["access_token"]
    assert read(sim, f"{GRAPH}/me", access_token=access)["id"] != first
    assert first.isdecimal()


def test_withdrawing_all_permissions_ends_every_token_of_the_person(sim: Simulator) -> None:
    sim.world.clock.freeze()
    first, second = token(sim), short_token(sim)
    user = read(sim, f"{GRAPH}/me", access_token=first)["id"]
    assert read(sim, f"{GRAPH}/{user}/permissions", "DELETE", access_token=first) == {"success": True}
    for access in (first, second):
        found = error(ask(sim, f"{GRAPH}/me", access_token=access))
        assert (found["code"], found["error_subcode"]) == (190, 458)
    assert ask(sim, f"{GRAPH}/me", access_token=token(sim)).status == 200


def test_the_app_can_withdraw_by_the_id(sim: Simulator) -> None:
    access = token(sim)
    user = read(sim, f"{GRAPH}/me", access_token=access)["id"]
    app_token = "mockidp|mockidp-secret"
    assert read(sim, f"{GRAPH}/{user}/permissions", "DELETE", access_token=app_token) == {"success": True}
    assert ask(sim, f"{GRAPH}/me", access_token=access).status == 400


def test_withdrawing_one_permission_leaves_the_others(sim: Simulator) -> None:
    access = token(sim)
    read(sim, f"{GRAPH}/me/permissions/email", "DELETE", access_token=access)
    assert read(sim, f"{GRAPH}/me/permissions", access_token=access) == {
        "data": [{"permission": "public_profile", "status": "granted"}]
    }
    assert set(read(sim, f"{GRAPH}/me", access_token=access, fields="email,id")) == {"id"}


def test_a_picture_is_a_redirect_or_json_and_is_found_by_the_id(sim: Simulator) -> None:
    access = token(sim)
    user = read(sim, f"{GRAPH}/me", access_token=access)["id"]
    response = ask(sim, f"{GRAPH}/{user}/picture", type="square")
    assert response.status == 302
    told = read(sim, f"{GRAPH}/me/picture", access_token=access, redirect="0")
    assert told["data"]["url"] == response.header("location")
    assert error(ask(sim, f"{GRAPH}/1234567/picture"))["error_subcode"] == 33


def test_the_nonce_of_a_reauthentication_is_told(sim: Simulator) -> None:
    access = short_token(sim, auth_type="reauthenticate", auth_nonce="n0nce")
    told = read(sim, f"{GRAPH}/oauth/access_token_info", client_id="mockidp", access_token=access)
    assert told["auth_nonce"] == "n0nce"


@pytest.mark.parametrize(
    ("path", "date", "served"),
    [
        ("v25.0/me", TODAY, "v25.0"),
        ("v7.0/me", TODAY, "v21.0"),
        ("me", TODAY, "v21.0"),
        ("v7.0/me", datetime.date(2021, 11, 15), "v7.0"),
        ("me", datetime.date(2021, 11, 15), "v5.0"),
    ],
)
def test_a_version_that_has_ended_is_answered_as_the_oldest_that_lives(
    path: str, date: datetime.date, served: str
) -> None:
    sim = Simulator(World(person="alice", date=date))
    response = ask(sim, f"https://graph.facebook.com/{path}", access_token=token(sim))
    assert (response.status, response.header("facebook-api-version")) == (200, served)


def test_what_is_no_version_is_an_unknown_path(sim: Simulator) -> None:
    found = error(ask(sim, "https://graph.facebook.com/latest/me", access_token=token(sim)))
    assert (found["code"], found["message"]) == (2500, "Unknown path components: /latest/me")


def test_the_version_is_a_setting() -> None:
    wire = World(settings={"facebook": {"VERSION": "v19.0"}}).wire("facebook")
    assert wire.settings["GRAPH_API_URL"] == "https://graph.facebook.com/v19.0"
    assert wire.settings["AUTHORIZE_URL"] == "https://www.facebook.com/v19.0/dialog/oauth"


def test_a_response_type_that_the_dialog_does_not_know_stays_at_facebook(sim: Simulator) -> None:
    response = dialog(sim, response_type="code id_token")
    assert (response.status, response.header("location")) == (400, "")


def test_a_token_opens_nothing_of_another_person(sim: Simulator) -> None:
    sim.world.person = "bob"
    other = read(sim, f"{GRAPH}/me", access_token=token(sim))["id"]
    sim.world.person = "alice"
    found = error(ask(sim, f"{GRAPH}/{other}/permissions", access_token=token(sim)))
    assert (found["code"], found["error_subcode"]) == (100, 33)


def test_a_token_of_somebody_who_removed_the_app_cannot_be_exchanged(sim: Simulator) -> None:
    short = short_token(sim)
    read(sim, f"{GRAPH}/me/permissions", "DELETE", access_token=token(sim))
    form = {"grant_type": "fb_exchange_token", "client_id": "mockidp", "client_secret": "mockidp-secret"}
    assert error(ask(sim, f"{GRAPH}/oauth/access_token", fb_exchange_token=short, **form))["error_subcode"] == 458
