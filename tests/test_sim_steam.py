"""Steam as simulated, held against what is known of its OpenID and of GetPlayerSummaries."""

from __future__ import annotations

import datetime
import json
import re
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockidp.simulator import Simulator
from mockidp.wire import Request, Response
from mockidp.world import World

LOGIN = "https://steamcommunity.com/openid/login"
API = "https://api.steampowered.com/ISteamUser/GetPlayerSummaries"
NS = "http://specs.openid.net/auth/2.0"
SELECT = f"{NS}/identifier_select"
BACK = "http://127.0.0.1:9000/back"
KEY = "0123456789ABCDEF0123456789ABCDEF"
LOCAL = "http://127.0.0.1:8400/steamcommunity.com"


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


def login(sim: Simulator, url: str = LOGIN, **more: str) -> Response:
    fields = {
        "ns": NS,
        "mode": "checkid_setup",
        "claimed_id": SELECT,
        "identity": SELECT,
        "return_to": BACK,
        "realm": "http://127.0.0.1:9000",
        **more,
    }
    query = urlencode({f"openid.{key}": value for key, value in fields.items()})
    return sim.handle(Request.of("GET", f"{url}?{query}"))


def came_back(response: Response) -> dict[str, str]:
    assert response.status == 302, response.body
    return dict(parse_qsl(urlsplit(response.header("location")).query))


def post(sim: Simulator, fields: dict[str, str], **headers: str) -> Response:
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return sim.handle(Request.of("POST", LOGIN, headers, urlencode(fields).encode()))


def check(sim: Simulator, fields: dict[str, str], **headers: str) -> Response:
    return post(sim, {**fields, "openid.mode": "check_authentication"}, **headers)


def summaries(sim: Simulator, version: str = "v0002/", **query: str) -> Response:
    return sim.handle(Request.of("GET", f"{API}/{version}?{urlencode({'key': KEY, **query})}"))


def players(response: Response) -> list[dict[str, Any]]:
    assert (response.status, response.header("content-type")) == (200, "application/json")
    found: list[dict[str, Any]] = json.loads(response.body)["response"]["players"]
    return found


def steamid(sim: Simulator, person: str = "alice") -> str:
    sim.world.person = person
    return came_back(login(sim))["openid.claimed_id"].rpartition("/")[2]


# OpenID


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://steamcommunity.com/openid", "server"),
        ("https://steamcommunity.com/openid/id/76561198012345678", "signon"),
    ],
)
def test_discovery_leads_to_the_endpoint(sim: Simulator, url: str, kind: str) -> None:
    response = sim.handle(Request.of("GET", url))
    assert response.header("content-type") == "application/xrds+xml;charset=utf-8"
    assert f"<Type>{NS}/{kind}</Type>" in response.body.decode()
    assert f"<URI>{LOGIN}</URI>" in response.body.decode()


def test_the_assertion_has_steams_fields_in_steams_order(sim: Simulator) -> None:
    fields = came_back(login(sim))
    assert list(fields) == [
        f"openid.{name}"
        for name in (
            "ns",
            "mode",
            "op_endpoint",
            "claimed_id",
            "identity",
            "return_to",
            "response_nonce",
            "assoc_handle",
            "signed",
            "sig",
        )
    ]
    assert fields["openid.op_endpoint"] == LOGIN
    assert re.fullmatch(r"https://steamcommunity\.com/openid/id/7656119\d{10}", fields["openid.claimed_id"])
    assert fields["openid.identity"] == fields["openid.claimed_id"]
    assert fields["openid.assoc_handle"] == "1234567890"
    assert fields["openid.signed"] == "signed,op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle"
    assert len(b64decode(fields["openid.sig"])) == 20
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ[\w+/]{27}=", fields["openid.response_nonce"])


def test_the_provider_checks_an_assertion_once(sim: Simulator) -> None:
    fields = came_back(login(sim))
    first, second = check(sim, fields), check(sim, fields)
    assert (first.status, first.header("content-type")) == (200, "text/plain;charset=utf-8")
    assert first.body == f"ns:{NS}\nis_valid:true\n".encode()
    assert second.body == f"ns:{NS}\nis_valid:false\n".encode()


def test_two_assertions_with_the_one_handle_are_kept_apart(sim: Simulator) -> None:
    alice = came_back(login(sim))
    sim.world.person = "bob"
    bob = came_back(login(sim))
    mixed = {**alice, "openid.claimed_id": bob["openid.claimed_id"], "openid.identity": bob["openid.identity"]}
    assert b"is_valid:false" in check(sim, mixed).body
    assert b"is_valid:true" in check(sim, alice).body
    assert b"is_valid:true" in check(sim, bob).body


def test_there_are_no_associations(sim: Simulator) -> None:
    response = post(
        sim,
        {
            "openid.ns": NS,
            "openid.mode": "associate",
            "openid.assoc_type": "HMAC-SHA1",
            "openid.session_type": "DH-SHA1",
            "openid.dh_consumer_public": "Ag==",
        },
    )
    assert response.status == 200
    assert response.body == f"ns:{NS}\nerror_code:unsupported-type\nerror:Associations not supported\n".encode()
    assert "openid.invalidate_handle" not in came_back(login(sim, assoc_handle="from-somewhere"))


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"realm": "http://127.0.0.1:9001"}, "realm and return_to do not match"),
        ({"identity": "https://example.com/"}, "Invalid claimed_id or identity"),
    ],
)
def test_what_is_refused_is_told_in_steams_words(sim: Simulator, more: dict[str, str], error: str) -> None:
    fields = came_back(login(sim, **more))
    assert (fields["openid.mode"], fields["openid.error"]) == ("error", error)


def test_a_person_who_says_no_is_a_cancel(sim: Simulator) -> None:
    sim.world.person = "dave"
    assert came_back(login(sim)) == {"openid.ns": NS, "openid.mode": "cancel"}


def test_no_extension_is_answered(sim: Simulator) -> None:
    fields = came_back(
        login(
            sim,
            **{
                "ns.sreg": "http://openid.net/extensions/sreg/1.1",
                "sreg.required": "email,nickname",
                "ns.ax": "http://openid.net/srv/ax/1.0",
                "ax.mode": "fetch_request",
                "ax.required": "e",
                "ax.type.e": "http://axschema.org/contact/email",
            },
        )
    )
    assert not [name for name in fields if ".sreg" in name or ".ax" in name]


def test_in_path_form_every_url_is_in_path_form(sim: Simulator) -> None:
    response = sim.handle(Request.of("GET", f"{LOCAL}/openid"))
    assert f"<URI>{LOCAL}/openid/login</URI>" in response.body.decode()
    fields = came_back(login(sim, f"{LOCAL}/openid/login"))
    assert fields["openid.op_endpoint"] == f"{LOCAL}/openid/login"
    assert fields["openid.claimed_id"].startswith(f"{LOCAL}/openid/id/7656119")
    assert b"is_valid:true" in check(sim, fields).body


@pytest.mark.parametrize(
    ("day", "origin", "status"),
    [
        (datetime.date(2021, 11, 15), "", 200),
        (datetime.date(2025, 2, 11), "", 200),
        (datetime.date(2025, 2, 12), "", 403),
        (datetime.date(2025, 2, 12), "https://steamcommunity.com", 200),
        (datetime.date(2025, 2, 13), "", 200),
    ],
)
def test_for_one_day_an_origin_was_wanted(day: datetime.date, origin: str, status: int) -> None:
    sim = Simulator(World(person="alice", date=day))
    headers = {"Origin": origin} if origin else {}
    assert check(sim, came_back(login(sim)), **headers).status == status


# the Web API


@pytest.mark.parametrize("version", ["v0002/", "v0002", "v2/", "v2"])
def test_a_public_profile_has_all_members(sim: Simulator, version: str) -> None:
    me = steamid(sim)
    (player,) = players(summaries(sim, version, steamids=me, format="json"))
    assert player["steamid"] == me
    assert (player["communityvisibilitystate"], player["profilestate"]) == (3, 1)
    assert (player["personaname"], player["realname"], player["loccountrycode"]) == ("Ali", "Alice Archer", "GB")
    assert player["timecreated"] == datetime.datetime(2012, 3, 5, 9, 41, 17, tzinfo=datetime.UTC).timestamp()
    assert player["profileurl"].endswith("/")
    assert player["avatarfull"].endswith(f"{player['avatarhash']}_full.jpg")
    assert "lastlogoff" not in player


def test_a_private_profile_tells_less(sim: Simulator) -> None:
    (player,) = players(summaries(sim, steamids=steamid(sim, "robin")))
    assert player["communityvisibilitystate"] == 1
    assert not {"realname", "timecreated", "primaryclanid", "loccountrycode"} & player.keys()
    assert player["personaname"]


def test_several_players_come_in_one_answer_and_strangers_are_left_out(sim: Simulator) -> None:
    ids = [steamid(sim, person) for person in ("bob", "person-17", "alice")]
    found = players(summaries(sim, steamids=",".join([ids[0], "76561190000000000", *ids[1:]])))
    assert [player["steamid"] for player in found] == ids
    assert len({player["personaname"] for player in found}) == 3
    assert players(summaries(sim, steamids="76561190000000000,nonsense")) == []


def test_one_of_the_cast_is_known_before_the_first_login() -> None:
    me = steamid(Simulator(World()), "alice")
    assert players(summaries(Simulator(World()), steamids=me))[0]["realname"] == "Alice Archer"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"key": "F" * 32}, 403, "Please verify your <pre>key=</pre> parameter."),
        ({"key": ""}, 403, "<pre>key=</pre>"),
    ],
)
def test_a_wrong_key_is_a_page(sim: Simulator, query: dict[str, str], status: int, words: str) -> None:
    response = summaries(sim, **{"steamids": "76561198012345678", **query})
    assert (response.status, response.header("content-type")) == (status, "text/html; charset=UTF-8")
    assert words in response.body.decode()
    assert KEY not in sim.world.journal.text()


def test_a_missing_parameter_is_named(sim: Simulator) -> None:
    response = sim.handle(Request.of("GET", f"{API}/v2/?steamids=1"))
    assert (response.status, b"Required parameter 'key' is missing" in response.body) == (400, True)
    assert summaries(sim).status == 400


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("server_error", 500), ("error:bad_key", 403)])
def test_a_fault_is_a_page(sim: Simulator, fault: str, status: int) -> None:
    sim.world.faults.add(fault, provider="steam", step="userinfo")
    response = summaries(sim, steamids=steamid(sim))
    assert response.status == status
    assert response.header("content-type").startswith("text/html")


def test_the_profile_may_be_somebody_elses(sim: Simulator) -> None:
    sim.world.faults.add("sub_differs", provider="steam", step="userinfo")
    me = steamid(sim)
    assert players(summaries(sim, steamids=me))[0]["steamid"] != me


def test_any_key_is_learned_where_apps_are_learned() -> None:
    sim = Simulator(World(person="alice", apps="learn"))
    me = steamid(sim)
    response = sim.handle(Request.of("GET", f"{API}/v2/?key=theirs&steamids={me}"))
    assert players(response)[0]["steamid"] == me
