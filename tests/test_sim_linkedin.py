"""LinkedIn with OAuth 1.0a, held against developer.linkedin.com (archived): field selectors, formats, permissions."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from oauth1_login import BACK, Client

UAS, PEOPLE = "https://api.linkedin.com/uas/oauth", "https://api.linkedin.com/v1/people/~"
BOTH = "r_basicprofile r_emailaddress"


def client(person: str = "alice", scope: str = BOTH) -> Client:
    out = Client(
        f"{UAS}/requestToken", "https://www.linkedin.com/uas/oauth/authenticate", f"{UAS}/accessToken", person=person
    )
    out.login(**({"scope": scope} if scope else {}))
    return out


def tags(body: bytes) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(body)]


def test_only_the_selected_fields_are_sent() -> None:
    answer = client().signed("GET", f"{PEOPLE}:(id,picture-urls::(original),location:(name,country:(code)),last-name)")
    assert tags(answer.body) == ["id", "last-name", "location", "picture-urls"]
    assert ElementTree.fromstring(answer.body).findtext("last-name") == "Archer"


def test_without_a_selector_there_are_four() -> None:
    answer = client().signed("GET", PEOPLE)
    assert tags(answer.body) == ["first-name", "last-name", "headline", "site-standard-profile-request"]


@pytest.mark.parametrize(("query", "headers"), [({"format": "json"}, {}), ({}, {"x-li-format": "json"})])
def test_json_has_the_same_fields_in_camel_case(query: dict[str, str], headers: dict[str, str]) -> None:
    answer = client().signed("GET", f"{PEOPLE}:(id,first-name,email-address)", headers, **query)
    told = json.loads(answer.body)
    assert sorted(told) == ["emailAddress", "firstName", "id"]
    assert told["firstName"] == "Alice"


@pytest.mark.parametrize(
    ("person", "scope", "there"),
    [("alice", BOTH, True), ("alice", "", False), ("alice", "r_basicprofile", False), ("bob", BOTH, False)],
)
def test_the_address_needs_a_permission_and_a_confirmation(person: str, scope: str, there: bool) -> None:
    answer = client(person, scope).signed("GET", f"{PEOPLE}:(id,email-address)")
    assert ("email-address" in tags(answer.body)) is there


def test_an_error_comes_in_json_where_that_is_asked_for() -> None:
    linkedin = client()
    linkedin.token = ("made-up", "secret")
    answer = linkedin.signed("GET", PEOPLE, format="json")
    told = json.loads(answer.body)
    assert (answer.status, told["status"], told["errorCode"]) == (401, 401, 0)
    assert ElementTree.fromstring(linkedin.signed("GET", PEOPLE).body).findtext("status") == "401"


def test_without_a_callback_the_registered_one_is_taken() -> None:
    linkedin = Client(f"{UAS}/requestToken", f"{UAS}/authorize", f"{UAS}/accessToken")
    assert linkedin.signed("POST", f"{UAS}/requestToken").status == 400
    linkedin.world.apps.register(
        "linkedin", client_id="mockidp", client_secret="mockidp-secret", redirect_uris=[BACK], facts={}
    )
    linkedin.begin(callback="")
    assert linkedin.consent().header("location").startswith(f"{BACK}?oauth_token=")


def test_a_problem_says_which_times_would_do() -> None:
    linkedin = Client(f"{UAS}/requestToken", f"{UAS}/authorize", f"{UAS}/accessToken", ahead=301)
    answer = linkedin.signed("POST", f"{UAS}/requestToken", oauth_callback=BACK)
    assert answer.body == b"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1789999700-1790000300"
