"""OpenStreetMap: one profile in three forms, more members since 2025, and another protocol until June 2024."""

from __future__ import annotations

import datetime
import json
from xml.etree import ElementTree

import pytest

from mockidp.check.mock import Lab
from mockidp.wire import Request, Response

API = "https://api.openstreetmap.org/api/0.6/user/details"
LAST_DAY_OF_OAUTH1 = datetime.date(2024, 5, 31)


def details(lab: Lab, path: str = "", accept: str = "*/*", **options: list[str]) -> Response:
    walk = lab.walk("alice", **options)
    walk.run()
    bearer = {"Authorization": f"Bearer {walk.values['access_token']}", "Accept": accept, "User-Agent": "test"}
    return lab.send(Request.of("GET", API + path, bearer))


def test_the_profile_is_xml_unless_the_path_or_accept_says_json() -> None:
    plain, named, asked = (
        details(Lab("openstreetmap"), *way) for way in (("",), (".json",), ("", "application/json, */*"))
    )
    user = ElementTree.fromstring(plain.body).find("user")
    assert user is not None
    assert user.get("display_name") == "alice-archer"
    assert (user.findtext("social-links/link"), user.findtext("company")) == (
        "https://alice.example.org/",
        "Archer Instruments",
    )
    for answer in (named, asked):
        told = json.loads(answer.body)["user"]
        assert (str(told["id"]), told["display_name"]) == (user.get("id"), "alice-archer")
        assert "email" not in told


def test_the_address_is_told_to_apps_that_may_read_it() -> None:
    answer = details(Lab("openstreetmap"), ".json", scope=["read_prefs", "read_email"])
    assert json.loads(answer.body)["user"]["email"] == "alice@example.com"


def test_company_and_links_came_in_october_2025() -> None:
    for day, there in ((datetime.date(2025, 10, 23), False), (datetime.date(2025, 10, 24), True)):
        told = json.loads(details(Lab("openstreetmap", date=day), ".json").body)["user"]
        assert ("company" in told, "social_links" in told) == (there, there)


def test_oauth_1_was_the_protocol_until_june_2024() -> None:
    def asked(day: datetime.date, url: str) -> int:
        return Lab("openstreetmap", date=day).send(Request.of("GET", url, {"User-Agent": "test"})).status

    one = "https://www.openstreetmap.org/oauth/authorize?oauth_token=x"
    two = "https://www.openstreetmap.org/oauth2/authorize"
    assert (asked(LAST_DAY_OF_OAUTH1, one), asked(LAST_DAY_OF_OAUTH1, two)) == (200, 404)
    assert (asked(datetime.date(2024, 6, 1), one), asked(datetime.date(2024, 6, 1), two)) == (404, 401)


@pytest.mark.parametrize("person", ["alice", "bob", "carol"])
def test_the_same_person_is_the_same_account_by_both_protocols(person: str) -> None:
    then, now = (
        Lab("openstreetmap", date=day).walk(person).run() for day in (LAST_DAY_OF_OAUTH1, datetime.date(2026, 1, 1))
    )
    assert then == now
    assert then["email"] is None
