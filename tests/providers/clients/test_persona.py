import re

import pytest

import providers

VERIFY = "https://verifier.login.persona.org/verify"
SITE = "https://app.example"


def verdict(now, **changes):
    body = {"audience": SITE, "expires": now * 1000 + 60_000, "issuer": "login.persona.org"}
    return {**body, "email": "alice@example.com", "status": "okay", **changes}


def test_a_login(any_script, make, now):
    persona = make("persona", {"REQUEST_PARAMETERS": {"siteName": "</script><b>", "oncancel": None}})
    login = any_script.begin(persona, redirect_uri='https://app.example/cb?a="b"')
    assert "navigator.id.get(function (assertion)" in login.page
    assert "form.submit()" in login.page
    assert '<form method="post"' in login.page
    assert 'action="https://app.example/cb?a=&quot;b&quot;"' in login.page
    assert f'name="state" value="{login.session["state"]}"' in login.page
    assert '<script src="https://login.persona.org/include.js"></script>' in login.page
    assert '{"siteName": "\\u003c/script>\\u003cb>", "oncancel": null}' in login.page
    assert re.findall(r"</?script", login.page) == ["<script", "</script", "<script", "</script"]
    any_script.expect("POST", VERIFY, form={"assertion": "cert~assertion", "audience": SITE}, answer=verdict(now))
    posted = {"state": login.session["state"], "assertion": "cert~assertion"}
    identity = any_script.finish(persona, login.session, posted)
    any_script.done()
    assert (identity.uid, identity.email, identity.email_verified) == ("alice@example.com", "alice@example.com", True)
    assert (identity.token, identity.raw["userinfo"]["issuer"]) == (None, "login.persona.org")


@pytest.mark.parametrize("given", ["https://app.example:8443", "http://127.0.0.1:8000/"])
def test_the_audience_is_what_the_verifier_is_told(script, make, now, given):
    persona = make("persona", {"AUDIENCE": given})
    session = script.begin(persona).session
    audience = given.rstrip("/")
    form = {"assertion": "a~b", "audience": audience}
    script.expect("POST", VERIFY, form=form, answer=verdict(now, audience=audience))
    assert script.finish(persona, session, {"state": session["state"], "assertion": "a~b"}).uid == "alice@example.com"
    script.done()


@pytest.mark.parametrize(
    "settings",
    [
        {"AUDIENCE": "app.example"},
        {"AUDIENCE": "https://app.example/cb"},
        {"AUDIENCE": 7},
        {"REQUEST_PARAMETERS": ["siteName"]},
        {"REQUEST_PARAMETERS": {"siteName": {1, 2}}},
    ],
    ids=str,
)
def test_a_setting_of_another_type_is_refused(make, refused, settings):
    assert refused(make, "persona", settings).code == "setting"


def test_the_audience_is_needed(refused):
    assert refused(providers.get, "persona").code == "setting"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"status": "failure", "reason": "assertion has expired"}), "invalid_grant"),
        ((200, {"status": "failure", "reason": "audience mismatch: domain mismatch"}), "invalid_grant"),
        ((400, {"status": "failure", "reason": "need assertion and audience"}), "invalid_request"),
        ((415, {"status": "failure", "reason": "x"}), "bad_response"),
        ((503, {"status": "failure", "reason": "too busy"}), "server_error"),
        ((503, "too busy"), "server_error"),
        ((200, "<html>", "text/html"), "bad_response"),
        ((200, {"status": "okay"}), "bad_response"),
        ((200, {"email": "alice@example.com", "audience": SITE}), "bad_response"),
    ],
    ids=str,
)
def test_refusals(error_after, answer, code):
    error = error_after("persona", answer, assertion="a~b", drop=("code",))
    assert (error.code, error.step) == (code, "userinfo")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"audience": "https://evil.example"}, "bad_response"),
        ({"expires": 1_790_000_000_000}, "expired"),
        ({"expires": True}, "expired"),
        ({"expires": None}, "expired"),
        ({"email": None, "unverified-email": "mallory@example.com"}, "uid_missing"),
    ],
    ids=str,
)
def test_a_verdict_that_proves_nothing(error_after, now, changes, code):
    answer = (200, verdict(now, **changes))
    assert error_after("persona", answer, assertion="a~b", drop=("code",)).code == code


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ({"assertion": "a~b"}, "state_missing"),
        ({"assertion": "a~b", "state": "another"}, "state_mismatch"),
        ({"assertion": "a~b", "code": "c0de"}, "foreign_parameter"),
        ({"assertion": "a~b", "openid.mode": "id_res"}, "foreign_parameter"),
        ({"assertion": "a~b", "oauth_token": "t"}, "foreign_parameter"),
        ({"assertion": "a~b", "oauth_verifier": "v"}, "foreign_parameter"),
        ({"assertion": ""}, "access_denied"),
        ({}, "access_denied"),
    ],
    ids=str,
)
def test_posts_that_reach_no_verifier(script, make, refused, callback, code):
    persona = make("persona")
    session = script.begin(persona).session
    if code == "access_denied":
        callback = {**callback, "state": session["state"]}
    assert refused(script.finish, persona, session, callback).code == code
