"""Doximity as simulated, held against its discovery document and doximity/omniauth-doximity-oauth2 1.5.0."""

from __future__ import annotations

import datetime

import pytest

from mockidp import jose
from mockidp.check.mock import Lab
from mockidp.check.walk import Walk

PLAIN = {"code_challenge": None, "code_challenge_method": None}


def logged_in(lab: Lab, person: str = "alice", **options: object) -> Walk:
    walk = lab.walk(person, **options)
    walk.run()
    return walk


def test_the_profile_is_a_signed_token_of_the_same_person() -> None:
    lab = Lab("doximity")
    walk = logged_in(lab)
    walk.do_step("userinfo")
    response = walk.seen["userinfo"].response
    header, claims, _, _ = jose.split(response.body.decode())
    assert response.header("content-type") == "application/jwt"
    published = {jwk["kid"]: jwk for jwk in lab.world.keys("doximity").published()}
    jose.verify(response.body.decode(), jose.from_jwk(published[header["kid"]]), ["RS256"])
    assert claims["sub"] == walk.claims()["sub"]
    assert claims["primary_email"] == "alice@example.com"
    assert not {"nonce", "at_hash", "acr"} & claims.keys()


def test_the_identity_token_is_for_the_issuer_and_the_app() -> None:
    claims = logged_in(Lab("doximity")).claims()
    assert claims["aud"] == ["https://auth.doximity.com", "mockidp"]
    assert (claims["azp"], claims["acr"]) == ("mockidp", 1)
    assert claims["emails"] == ["alice@example.com"]


@pytest.mark.parametrize(("person", "scope"), [("carol", None), ("alice", ["openid", "profile:read:basic"])])
def test_no_address_where_there_is_none_or_its_scope_is_not_asked_for(person: str, scope: list[str] | None) -> None:
    claims = logged_in(Lab("doximity"), person, scope=scope).claims()
    assert not {"primary_email", "emails"} & claims.keys()
    assert claims["name"]


@pytest.mark.parametrize(("override", "there"), [({}, True), (PLAIN, False)])
def test_a_refresh_token_is_for_logins_with_pkce(override: dict[str, str | None], there: bool) -> None:
    walk = Lab("doximity").walk("alice")
    if override:
        for name in ("code_verifier", *PLAIN):
            walk.values.pop(name)
    walk.run()
    assert ("refresh_token" in walk.seen["token"].document) == there
    if there:
        old = walk.values["refresh_token"]
        walk.do_step("refresh")
        assert walk.values["refresh_token"] != old


@pytest.mark.parametrize("date", [None, datetime.date(2021, 11, 15)])
def test_the_older_api_has_the_whole_profile_in_json(date: datetime.date | None) -> None:
    walk = logged_in(Lab("doximity", date=date), scope=["basic", "email", *([] if date else ["openid"])])
    if date is None:
        walk.do_step("users_current")
    profile = walk.seen["userinfo" if date else "users_current"].document
    assert (profile["firstname"], profile["gender"], profile["email"]) == ("Alice", "F", "alice@example.com")
    assert isinstance(profile["id"], int)
    assert ("id_token" in walk.seen["token"].document) == (date is None)
