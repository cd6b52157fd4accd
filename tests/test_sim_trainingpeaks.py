"""TrainingPeaks as simulated, held against the wiki TrainingPeaks/PartnersAPI."""

from __future__ import annotations

import pytest

from mockidp.check.mock import Lab
from mockidp.check.walk import Walk, WalkError


def logged_in(lab: Lab, person: str = "alice") -> Walk:
    walk = lab.walk(person)
    walk.run()
    return walk


def test_the_sandbox_is_where_apps_are_unless_they_say_otherwise() -> None:
    walk = logged_in(Lab("trainingpeaks"))
    assert walk.opened.startswith("https://oauth.sandbox.trainingpeaks.com/OAuth/Authorize?")
    assert walk.wire.step("userinfo").urls[0] == "https://api.sandbox.trainingpeaks.com/v1/athlete/profile"
    walk = logged_in(Lab("trainingpeaks", settings={"trainingpeaks": {"USE_PRODUCTION": "true"}}))
    assert walk.opened.startswith("https://oauth.trainingpeaks.com/OAuth/Authorize?")
    assert walk.wire.step("token").urls[0] == "https://oauth.trainingpeaks.com/oauth/token"
    assert walk.wire.step("userinfo").urls[0] == "https://api.trainingpeaks.com/v1/athlete/profile"


def test_both_are_served_whatever_is_said() -> None:
    lab = Lab("trainingpeaks")
    for step in ("authorize", "token", "refresh", "revoke", "userinfo"):
        hosts = {url.split("/")[2] for url in lab.wire.step(step).urls}
        assert {host.replace("sandbox.", "") for host in hosts} < hosts


@pytest.mark.parametrize(("person", "month", "sex"), [("alice", "1990-04", "f"), ("bob", "1984-12", "m")])
def test_a_month_of_birth_and_a_letter(person: str, month: str, sex: str) -> None:
    profile = logged_in(Lab("trainingpeaks"), person).seen["userinfo"].document
    assert (profile["BirthMonth"], profile["Sex"]) == (month, sex)


def test_the_token_gives_up_itself() -> None:
    walk = logged_in(Lab("trainingpeaks"))
    walk.values["token"] = walk.values["access_token"]
    walk.do_step("revoke")
    with pytest.raises(WalkError, match="401"):
        walk.do_step("userinfo")
