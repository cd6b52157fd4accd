import pytest

USER = {
    "id": "8c8ce076ca27823f",
    "name": "Alice Example",
    "first_name": "Alice",
    "last_name": "Example",
    "link": "https://profile.live.com/",
    "gender": None,
    "locale": "en_US",
    "updated_time": "2016-05-01T10:00:00+0000",
    "emails": {
        "preferred": "alice@example.com",
        "account": "alice@account.example",
        "personal": None,
        "business": None,
    },
}
ANSWER = {
    "token_type": "bearer",
    "expires_in": 3600,
    "scope": "wl.basic wl.emails",
    "access_token": "EwCAAq1DBAAU",
    "user_id": "8c8ce076ca27823f",
}
WIRE = {
    "authorize": "https://login.live.com/oauth20_authorize.srf",
    "scope": "wl.basic wl.emails",
    "pkce": False,
    "token": "https://login.live.com/oauth20_token.srf",
    "answer": ANSWER,
    "api": [("GET", "https://apis.live.net/v5.0/me", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("windowslive", **WIRE)
    assert (identity.uid, identity.name) == ("8c8ce076ca27823f", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


@pytest.mark.parametrize(
    ("emails", "email"), [({**USER["emails"], "preferred": None}, "alice@account.example"), ({}, None), (None, None)]
)
def test_there_may_be_no_preferred_email(one_login, emails, email):
    api = [("GET", "https://apis.live.net/v5.0/me", {"answer": {**USER, "emails": emails}})]
    assert one_login("windowslive", **{**WIRE, "api": api}).email == email


def live(status, code):
    return (status, {"error": {"code": code, "message": "x"}})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), live(400, "request_token_expired")], "invalid_token"),
        ([(200, ANSWER), live(400, "request_token_invalid")], "invalid_token"),
        ([(200, ANSWER), live(400, "request_parameter_missing")], "invalid_token"),
        ([(200, ANSWER), live(400, "request_url_invalid")], "invalid_request"),
        ([(200, ANSWER), live(404, "resource_not_found")], "not_found"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("windowslive", *answers).code == code


def test_a_refresh_repeats_the_redirect_uri(make, script, refused):
    live, callback = make("windowslive"), "https://app.example/cb"
    form = {"grant_type": "refresh_token", "refresh_token": "r", "redirect_uri": callback, "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    script.expect("POST", WIRE["token"], form=form, answer=ANSWER)
    assert script.refresh(live, "r", redirect_uri=callback).refresh == "r"
    assert refused(script.refresh, live, "r").code == "parameter_missing"


def test_a_user_who_declines(declined):
    assert declined("windowslive", "access_denied").code == "access_denied"
