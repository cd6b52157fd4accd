"""Nextcloud as simulated, held against what nextcloud/server's own source says (apps/oauth2, OCS middleware)."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.etree.ElementTree import fromstring

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

SERVER = "https://nextcloud.example.org"
BACK = "http://127.0.0.1:9000/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636 appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
FORM = "application/x-www-form-urlencoded"


def get(sim: Simulator, url: str, **headers: str) -> Response:
    return sim.handle(Request.of("GET", url, {key.replace("_", "-"): value for key, value in headers.items()}))


def post(sim: Simulator, url: str, fields: dict[str, str], **headers: str) -> Response:
    return sim.handle(Request.of("POST", url, {"Content-Type": FORM, **headers}, urlencode(fields).encode()))


def authorize(sim: Simulator, server: str = SERVER, **params: str) -> Response:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s1", **params}
    return get(sim, f"{server}/apps/oauth2/authorize?{urlencode(query)}")


def callback(response: Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def exchange(sim: Simulator, server: str = SERVER, **fields: str) -> Response:
    form = {"grant_type": "authorization_code", "client_id": "mockidp", "client_secret": "mockidp-secret", **fields}
    return post(sim, f"{server}/apps/oauth2/api/v1/token", form)


def token(sim: Simulator) -> dict[str, object]:
    answer: dict[str, object] = json.loads(exchange(sim, code=callback(authorize(sim))["code"]).body)
    return answer


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def test_the_token_answer_has_exactly_the_five_members_of_the_source(sim: Simulator) -> None:
    answer = token(sim)
    assert {key: type(value) for key, value in answer.items()} == {
        "access_token": str,
        "token_type": str,
        "expires_in": int,
        "refresh_token": str,
        "user_id": str,
    }
    assert (answer["token_type"], answer["expires_in"], answer["user_id"]) == ("Bearer", 3600, "alice-archer")
    assert (len(str(answer["access_token"])), len(str(answer["refresh_token"]))) == (72, 128)


def test_the_callback_is_a_303_with_a_code_of_128_characters(sim: Simulator) -> None:
    response = authorize(sim)
    assert response.status == 303
    assert callback(response)["state"] == "s1"
    assert len(callback(response)["code"]) == 128


def test_a_profile_is_xml_unless_json_is_asked_for(sim: Simulator) -> None:
    access = token(sim)["access_token"]
    url = f"{SERVER}/ocs/v1.php/cloud/users/alice-archer"
    plain = get(sim, url, Authorization=f"Bearer {access}")
    assert plain.header("content-type") == "application/xml; charset=utf-8"
    document = fromstring(plain.body)
    assert document.findtext("meta/statuscode") == "100"
    assert document.findtext("data/displayname") == "Alice Archer"
    assert document.findtext("data/email") == "alice@example.com"
    assert document.find("data/enabled") is None, "only administrators are told"


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("?format=json", "application/xml", "json"),
        ("?format=xml", "application/json", "xml"),
        ("", "application/json", "json"),
        ("", "text/html, application/json", "json"),
        ("", "application/xml, application/json", "xml"),
        ("", "*/*", "xml"),
    ],
)
def test_format_decides_before_the_types_of_accept(sim: Simulator, query: str, accept: str, kind: str) -> None:
    access = token(sim)["access_token"]
    response = get(sim, f"{SERVER}/ocs/v1.php/cloud/user{query}", Authorization=f"Bearer {access}", Accept=accept)
    assert response.header("content-type") == f"application/{kind}; charset=utf-8"
    if kind == "json":
        assert json.loads(response.body)["ocs"]["data"]["id"] == "alice-archer"


def test_a_missing_address_is_null_in_json_and_an_empty_element_in_xml() -> None:
    sim = Simulator(World(person="carol"))
    answer = token(sim)
    url, bearer = f"{SERVER}/ocs/v1.php/cloud/user", f"Bearer {answer['access_token']}"
    assert json.loads(get(sim, url + "?format=json", Authorization=bearer).body)["ocs"]["data"]["email"] is None
    assert fromstring(get(sim, url, Authorization=bearer).body).findtext("data/email") == ""


def test_somebody_elses_profile_is_998_and_an_unknown_one_404_both_under_200(sim: Simulator) -> None:
    bearer = f"Bearer {token(sim)['access_token']}"
    for user, code in (("bob-baumann", 998), ("nobody-here", 404)):
        response = get(sim, f"{SERVER}/ocs/v1.php/cloud/users/{user}?format=json", Authorization=bearer)
        assert (response.status, json.loads(response.body)["ocs"]["meta"]["statuscode"]) == (200, code)
    assert [entry.refused for entry in sim.world.journal.refusals()] == ["other_user", "unknown_user"]


def test_a_made_up_token_is_997_under_401(sim: Simulator) -> None:
    response = get(sim, f"{SERVER}/ocs/v1.php/cloud/user", Authorization="Bearer nonsense")
    assert response.status == 401
    assert fromstring(response.body).findtext("meta/statuscode") == "997"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"code": "unknown"}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_grant"),
    ],
)
def test_every_refusal_at_token_is_400_with_a_bare_error(sim: Simulator, fields: dict[str, str], error: str) -> None:
    response = exchange(sim, **{"code": callback(authorize(sim))["code"], **fields})
    assert (response.status, json.loads(response.body)) == (400, {"error": error})


def test_the_second_use_of_a_code_is_refused_and_the_first_tokens_live_on(sim: Simulator) -> None:
    code = callback(authorize(sim))["code"]
    first, second = exchange(sim, code=code), exchange(sim, code=code)
    assert (second.status, json.loads(second.body)) == (400, {"error": "invalid_request"})
    bearer = f"Bearer {json.loads(first.body)['access_token']}"
    assert get(sim, f"{SERVER}/ocs/v1.php/cloud/user", Authorization=bearer).status == 200


def test_a_code_of_601_seconds_is_too_old(sim: Simulator) -> None:
    code = callback(authorize(sim))["code"]
    sim.world.clock.advance(601)
    assert json.loads(exchange(sim, code=code).body) == {"error": "invalid_request"}


def test_basic_credentials_win_over_those_in_the_body(sim: Simulator) -> None:
    basic = base64.b64encode(b"mockidp:mockidp-secret").decode()
    fields = {"grant_type": "authorization_code", "code": callback(authorize(sim))["code"], "client_secret": "wrong"}
    response = post(sim, f"{SERVER}/index.php/apps/oauth2/api/v1/token", fields, Authorization=f"Basic {basic}")
    assert response.status == 200


def test_a_wrong_verifier_is_invalid_grant_and_a_missing_one_invalid_request(sim: Simulator) -> None:
    for fields, error in (
        ({}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
    ):
        code = callback(authorize(sim, code_challenge=CHALLENGE, code_challenge_method="S256"))["code"]
        assert json.loads(exchange(sim, code=code, **fields).body) == {"error": error}
    code = callback(authorize(sim, code_challenge=CHALLENGE, code_challenge_method="S256"))["code"]
    assert exchange(sim, code=code, code_verifier=VERIFIER).status == 200


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"code_challenge_method": "S256"}, "code_challenge required"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "Invalid code_challenge"),
        ({"code_challenge": CHALLENGE}, "Transform algorithm not supported"),
    ],
)
def test_bad_challenges_go_back_with_the_words_of_the_source(
    sim: Simulator, params: dict[str, str], description: str
) -> None:
    response = authorize(sim, **params)
    assert response.status == 303
    assert callback(response) == {"error": "invalid_request", "error_description": description, "state": "s1"}


def test_a_server_before_pkce_takes_no_notice_of_it() -> None:
    sim = Simulator(World(person="alice", date=datetime.date(2021, 11, 15)))
    code = callback(authorize(sim, code_challenge=CHALLENGE, code_challenge_method="S256"))["code"]
    assert exchange(sim, code=code).status == 200


def test_the_registered_redirect_uri_is_used_whatever_is_asked_for(sim: Simulator) -> None:
    sim.world.app("nextcloud", client_id="own", redirect_uris=["https://app.example/cb?x=1"])
    response = authorize(sim, client_id="own", redirect_uri="https://evil.example/cb")
    assert response.header("location").startswith("https://app.example/cb?x=1&")
    remarks = [remark for login in sim.world.journal for entry in login.entries for remark in entry.remarks]
    assert any("redirect_uri is not read" in remark for remark in remarks)


def test_refreshing_gives_new_tokens_and_ends_both_old_ones(sim: Simulator) -> None:
    old = token(sim)
    form = {"grant_type": "refresh_token", "refresh_token": str(old["refresh_token"])}
    new = json.loads(exchange(sim, **form).body)
    assert new["refresh_token"] != old["refresh_token"]
    assert json.loads(exchange(sim, **form).body) == {"error": "invalid_request"}
    url = f"{SERVER}/ocs/v1.php/cloud/user"
    assert get(sim, url, Authorization=f"Bearer {old['access_token']}").status == 401
    assert get(sim, url, Authorization=f"Bearer {new['access_token']}").status == 200


def test_who_says_no_stays_at_the_server() -> None:
    response = authorize(Simulator(World(person="dave")))
    assert (response.status, response.header("location")) == (200, "")


def test_a_server_below_a_path_is_a_setting() -> None:
    server = "https://cloud.example.net/nc"
    sim = Simulator(World(person="alice", settings={"nextcloud": {"SERVER": server}}))
    access = json.loads(exchange(sim, server, code=callback(authorize(sim, server))["code"]).body)["access_token"]
    profile = get(sim, f"{server}/ocs/v1.php/cloud/users/alice-archer?format=json", Authorization=f"Bearer {access}")
    assert json.loads(profile.body)["ocs"]["meta"]["status"] == "ok"


def test_the_page_form_works_too(sim: Simulator) -> None:
    query = urlencode({"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s1"})
    path = "/nextcloud.example.org/index.php/apps/oauth2/authorize"
    response = sim.handle(Request("GET", "127.0.0.1:8400", path, query, scheme="http"))
    assert parse_qs(urlsplit(response.header("location")).query)["state"] == ["s1"]


def test_the_challenge_of_the_tests_is_that_of_the_verifier() -> None:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == CHALLENGE


def test_a_verifier_that_is_too_short_is_refused_although_it_fits(sim: Simulator) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"short").digest()).rstrip(b"=").decode()
    code = callback(authorize(sim, code_challenge=challenge, code_challenge_method="S256"))["code"]
    assert json.loads(exchange(sim, code=code, code_verifier="short").body) == {"error": "invalid_grant"}
