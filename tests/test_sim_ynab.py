"""YNAB as simulated, held against ynab/ynab-sdk-js (open_api_spec.yaml) and Doorkeeper, which it runs."""

from __future__ import annotations

import datetime
import json

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError

OLD = datetime.date(2021, 11, 15)


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def test_nothing_is_told_but_an_id() -> None:
    lab = Lab("ynab")
    users = [logged_in(lab, person).seen["userinfo"].document for person in ("alice", "bob", "carol")]
    assert [list(user) for user in users] == [["data"]] * 3
    assert [list(user["data"]["user"]) for user in users] == [["id"]] * 3
    assert len({user["data"]["user"]["id"] for user in users}) == 3


@pytest.mark.parametrize(
    ("date", "app", "api"),
    [(None, "app.ynab.com", "api.ynab.com"), (OLD, "app.youneedabudget.com", "api.youneedabudget.com")],
)
def test_the_hosts_of_a_date(date: datetime.date | None, app: str, api: str) -> None:
    lab = Lab("ynab", date=date)
    assert logged_in(lab).opened.startswith(f"https://{app}/oauth/authorize?")
    for step, url in (
        ("token", f"https://{app}/oauth/token"),
        ("refresh", f"https://{app}/oauth/token"),
        ("revoke", f"https://{app}/oauth/revoke"),
        ("userinfo", f"https://{api}/v1/user"),
    ):
        urls = lab.wire.step(step).urls
        assert urls[0] == url
        assert len(urls) == (2 if date is None else 1)


@pytest.mark.parametrize(("scope", "told"), [(["read-only"], "read-only"), ([], None)])
def test_no_scope_is_everything_and_is_not_told(scope: list[str], told: str | None) -> None:
    walk = logged_in(Lab("ynab"), scope=scope)
    assert walk.seen["token"].document.get("scope") == told
    walk.do_step("refresh")
    assert walk.seen["refresh"].document.get("scope") == told
    assert (walk.seen["refresh"].document["token_type"], walk.seen["refresh"].document["expires_in"]) == (
        "Bearer",
        7200,
    )


@pytest.mark.parametrize(("waited", "words"), [(0, "invalid"), (7201, "expired")])
def test_the_header_tells_what_is_wrong_with_a_token_and_the_body_does_not(waited: int, words: str) -> None:
    lab = Lab("ynab")
    walk = logged_in(lab)
    lab.world.clock.advance(waited)
    if not waited:
        walk.values["access_token"] = "made-up"
    with pytest.raises(WalkError) as error:
        walk.do_step("userinfo")
    assert error.value.response is not None
    error_body = {"error": {"id": "401", "name": "unauthorized", "detail": "Unauthorized"}}
    assert json.loads(error.value.response.body) == error_body
    assert words in error.value.response.header("www-authenticate")


def test_a_token_of_another_app_cannot_be_revoked() -> None:
    lab = Lab("ynab")
    walk = logged_in(lab)
    lab.world.app("ynab", client_id="two", client_secret="two-secret", redirect_uris=[walk.redirect_uri])
    walk.values |= {"token": walk.values["access_token"], "app.id": "two", "app.secret": "two-secret"}
    with pytest.raises(WalkError, match="unauthorized_client"):
        walk.do_step("revoke")
    walk.values["token"] = "made-up"
    walk.do_step("revoke")
    assert walk.seen["revoke"].document == {}
