"""ORCID as simulated, held against ORCID-Source v3.0.43, orcid-model and the published check digits of iDs."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from oauth2_login import BACK, callback, get, post

from mockidp.quirks.p_orcid import checked
from mockidp.simulator import Simulator
from mockidp.wire import Response
from mockidp.world import World

TYPE = "application/orcid+json"


def login(sim: Simulator, domain: str = "orcid.org", api: str = "", scope: str = "/authenticate") -> dict[str, str]:
    query = {"client_id": "mockidp", "redirect_uri": BACK, "response_type": "code", "state": "s", "scope": scope}
    code = callback(get(sim, f"https://{domain}/oauth/authorize?{urlencode(query)}"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    app = {"client_id": "mockidp", "client_secret": "mockidp-secret"}
    answer: dict[str, str] = json.loads(post(sim, f"https://{api}{domain}/oauth/token", form | app).body)
    return answer


def record(sim: Simulator, orcid: str, host: str = "pub.orcid.org", version: str = "v3.0", **headers: str) -> Response:
    return get(sim, f"https://{host}/{version}/{orcid}/record", **{"Accept": TYPE, **headers})


@pytest.fixture
def sim() -> Simulator:
    return Simulator(World(person="alice"))


@pytest.mark.parametrize(
    ("digits", "orcid"),  # of the registry's own pages
    [
        ("000000021825009", "0000-0002-1825-0097"),
        ("000000021694233", "0000-0002-1694-233X"),
        ("000000015109370", "0000-0001-5109-3700"),
    ],
)
def test_the_last_character_of_an_id_is_its_check_digit(digits: str, orcid: str) -> None:
    assert checked(digits) == orcid


def test_the_token_answer_says_who_it_is(sim: Simulator) -> None:
    answer = login(sim)
    assert (answer["name"], answer["expires_in"], answer["scope"]) == ("Alice Archer", 631138518, "/authenticate")
    assert "id_token" not in answer
    assert "id_token" in login(sim, scope="openid")


def test_the_public_record_needs_no_token_and_the_members_needs_one(sim: Simulator) -> None:
    answer = login(sim)
    public = record(sim, answer["orcid"])
    assert json.loads(public.body)["person"]["emails"]["email"][0]["email"] == "alice@example.com"
    assert record(sim, answer["orcid"], "api.orcid.org").status == 401
    member = record(sim, answer["orcid"], "api.orcid.org", Authorization=f"Bearer {answer['access_token']}")
    assert json.loads(member.body) == json.loads(public.body)


def test_whoever_has_logged_in_is_found_and_nobody_else() -> None:
    sim = Simulator(World(person="person-4711"))
    answer = login(sim)
    assert json.loads(record(sim, answer["orcid"]).body)["orcid-identifier"]["path"] == answer["orcid"]
    assert record(Simulator(World()), answer["orcid"]).status == 404


def test_the_sandbox_names_itself(sim: Simulator) -> None:
    answer = login(sim, "sandbox.orcid.org", "api.")
    found = json.loads(record(sim, answer["orcid"], "pub.sandbox.orcid.org").body)["orcid-identifier"]
    assert found == {
        "uri": f"https://sandbox.orcid.org/{answer['orcid']}",
        "path": answer["orcid"],
        "host": "sandbox.orcid.org",
    }


@pytest.mark.parametrize("kind", [TYPE, "application/vnd.orcid+json", "application/json"])
def test_a_record_is_labelled_as_it_was_asked_for(sim: Simulator, kind: str) -> None:
    assert record(sim, login(sim)["orcid"], Accept=kind).header("content-type") == f"{kind};charset=UTF-8"


def test_version_2_1_keeps_its_own_shape(sim: Simulator) -> None:
    orcid = login(sim)["orcid"]
    old, new = (json.loads(record(sim, orcid, version=version).body) for version in ("v2.1", "v3.0"))
    assert "education-summary" in old["activities-summary"]["educations"]
    assert "affiliation-group" in new["activities-summary"]["educations"]
    assert old["person"]["name"] == new["person"]["name"]


def test_an_address_that_is_not_public_is_not_there() -> None:
    sim = Simulator(World(person="carol"))
    emails = json.loads(record(sim, login(sim)["orcid"]).body)["person"]["emails"]
    assert (emails["email"], emails["last-modified-date"]) == ([], None)


def test_a_mononym_has_no_family_name() -> None:
    sim = Simulator(World(person="surya"))
    name = json.loads(record(sim, login(sim)["orcid"]).body)["person"]["name"]
    assert (name["given-names"], name["family-name"]) == ({"value": "Suryadharma"}, None)


@pytest.mark.parametrize("person", ["alice", "carol", "surya"])
def test_who_asks_for_no_json_is_given_xml(person: str) -> None:
    sim = Simulator(World(person=person))
    orcid = login(sim)["orcid"]
    answer = record(sim, orcid, Accept="*/*")
    assert answer.header("content-type") == "application/xml;charset=UTF-8"
    root = fromstring(answer.body)
    assert root.tag == "{http://www.orcid.org/ns/record}record"
    assert root.findtext("{*}orcid-identifier/{*}path") == orcid
    found = json.loads(record(sim, orcid).body)["person"]
    family = found["name"]["family-name"]
    assert root.findtext("{*}person/{*}name/{*}family-name") == (family["value"] if family else None)
    emails = [item.text for item in root.findall("{*}person/{*}emails/{*}email/{*}email")]
    assert emails == [item["email"] for item in found["emails"]["email"]]
    assert record(sim, orcid, "api.orcid.org", Accept="*/*").status == 401
