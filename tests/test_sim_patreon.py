"""Patreon as simulated, held against its documentation: two versions of the API, and JSON:API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from mockidp.check.mock import Lab
from mockidp.wire import Request, Response

API = "https://www.patreon.com/api/oauth2"
V1 = ["users", "pledges-to-me", "my-campaign"]


def logged_in(person: str = "alice", scope: list[str] | None = None) -> tuple[Lab, str]:
    lab = Lab("patreon")
    walk = lab.walk(person, scope=scope)
    for step in ("authorize", "token"):
        getattr(walk, f"do_{step}", walk.do_step)(step)
    return lab, str(walk.values["access_token"])


def get(lab: Lab, path: str, token: str, **query: str) -> Response:
    pairs = urlencode({key.replace("__user", "[user]"): value for key, value in query.items()})
    return lab.send(Request.of("GET", f"{API}{path}?{pairs}", {"Authorization": f"Bearer {token}"}))


def read(lab: Lab, path: str, token: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(get(lab, path, token, **query).body)
    return found


def test_version_2_gives_the_attributes_that_are_asked_for_and_no_others() -> None:
    lab, token = logged_in()
    assert read(lab, "/v2/identity", token)["data"]["attributes"] == {}
    asked = read(lab, "/v2/identity", token, fields__user="email,full_name")["data"]["attributes"]
    assert asked == {"email": "alice@example.com", "full_name": "Alice Archer"}


def test_an_address_needs_its_own_scope() -> None:
    lab, token = logged_in(scope=["identity"])
    asked = read(lab, "/v2/identity", token, fields__user="email,full_name")["data"]["attributes"]
    assert asked == {"full_name": "Alice Archer"}


def test_a_membership_is_included_and_can_be_read_by_its_id() -> None:
    lab, token = logged_in()
    data = read(lab, "/v2/identity", token, include="memberships", fields__user="full_name")["data"]
    member = data["relationships"]["memberships"]["data"][0]
    assert member["type"] == "member"
    answer = get(lab, f"/v2/members/{member['id']}", token, include="currently_entitled_tiers")
    assert answer.status == 200
    assert json.loads(answer.body)["included"][0]["attributes"]["title"]
    assert get(lab, "/v2/members/00000000-0000-4000-8000-000000000000", token).status == 404


@pytest.mark.parametrize("scope", [V1, []])
def test_version_1_has_scopes_of_its_own_which_are_also_those_of_who_asks_for_none(scope: list[str]) -> None:
    lab, token = logged_in("bob", scope)
    attributes = read(lab, "/api/current_user", token)["data"]["attributes"]
    assert (attributes["email"], attributes["is_email_verified"]) == ("bob@example.org", False)
    assert get(lab, "/v2/identity", token).status == 403


def test_a_client_of_version_2_cannot_read_version_1() -> None:
    lab, token = logged_in()
    answer = get(lab, "/api/current_user", token)
    assert answer.status == 403
    error = json.loads(answer.body)["errors"][0]
    assert (answer.status, error["code_name"], error["status"]) == (403, "OAuthClientViewForbidden", "403")
