"""Testing an application that logs in with `httpx` and checks id_tokens. `webapp` is the application under test."""

import pytest
import webapp

pytestmark = pytest.mark.idp(mount="respx")


def login(idp, **browser):
    session = {}
    callback = idp.authorize(webapp.start_google(session), **browser)
    return webapp.finish_google(session, callback.params)


def test_alice_logs_in_with_a_token_that_google_signed(idp):
    assert login(idp, person="alice")["email"] == "alice@example.com"


def test_somebody_who_says_no_is_told_so(idp):
    with pytest.raises(webapp.LoginError, match="You did not allow it"):
        login(idp, deny=True)


@pytest.mark.parametrize("fault", ["wrong_key", "unknown_kid", "alg_none", "wrong_aud", "wrong_iss", "wrong_nonce"])
def test_a_token_that_proves_nothing_logs_nobody_in(idp, fault):
    idp.fault(fault, provider="google")
    with pytest.raises(webapp.LoginError):
        login(idp)


def test_google_may_change_its_keys(idp):
    login(idp)
    idp.rotate_keys("google", overlap=False)
    assert login(idp)["name"] == "Alice Archer"
