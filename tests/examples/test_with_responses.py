"""Testing an application that logs in with `requests`. `webapp` is the application under test."""

import pytest
import webapp

pytestmark = pytest.mark.idp(mount="responses")


def login(idp, **browser):
    session = {}
    callback = idp.authorize(webapp.start_github(session), **browser)
    return webapp.finish_github(session, callback.params)


def test_alice_logs_in_with_her_primary_address(idp):
    user = login(idp, person="alice")
    assert (user["name"], user["email"]) == ("Alice Archer", "alice@example.com")
    assert idp.journal.last("github").outcome == "logged_in"


def test_an_address_that_github_has_not_verified_is_not_taken(idp):
    assert login(idp, person="bob")["email"] is None


def test_somebody_who_says_no_is_told_so(idp):
    with pytest.raises(webapp.LoginError, match="You did not allow it"):
        login(idp, deny=True)


def test_a_rate_limit_is_no_crash(idp):
    idp.fault("rate_limited", provider="github", step="emails")
    with pytest.raises(webapp.LoginError, match="try again later"):
        login(idp)
