import hashlib

import pytest

API = "https://api.draugiem.lv"
KEY = "s3cret-of-the-app"


def body(uid="4242", **changes):
    user = {
        "uid": int(uid),
        "name": "Alise",
        "surname": "Piemēra",
        "nick": "alise",
        "place": "Rīga",
        "img": "https://pic.example/sm_1.jpg",
        "sex": "F",
        "age": False,
        "adult": 1,
        "created": "01.02.2009 10:20:30",
        "deleted": False,
        **changes,
    }
    return {"apikey": "0123456789abcdef0123456789abcdef", "uid": uid, "language": "lv", "users": {uid: user}}


@pytest.mark.parametrize("redirect", ["https://app.example/cb", "https://app.example/cb?next=/a b"])
def test_a_login(any_script, make, query, redirect):
    redirect = redirect.replace(" ", "%20")
    draugiem = make("draugiem")
    login = any_script.begin(draugiem, redirect_uri=redirect, popup="1")
    assert login.url.startswith(f"{API}/authorize/?")
    sent = query(login.url)
    back = f"{redirect}{'&' if '?' in redirect else '?'}state={login.session['state']}"
    digest = hashlib.md5(f"{KEY}{back}".encode()).hexdigest()
    assert sent == {"app": "app-1", "hash": digest, "redirect": back, "popup": "1"}
    uid = str(2**53 + 1)
    asked = {"app": KEY, "action": "authorize", "code": "c0de"}
    any_script.expect("GET", f"{API}/json/", query=asked, answer=body(uid))
    callback = f"{back}&dr_auth_status=ok&dr_auth_code=c0de"
    identity = any_script.finish(draugiem, login.session, callback)
    any_script.done()
    assert (identity.uid, identity.first_name, identity.last_name) == (uid, "Alise", "Piemēra")
    assert (identity.email, identity.username, identity.name) == (None, "alise", None)
    assert identity.picture == "https://pic.example/sm_1.jpg"
    assert identity.token.access == "0123456789abcdef0123456789abcdef"
    assert identity.token.access not in str(identity.raw)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dr_auth_status": "failed", "dr_auth_code": None}, "access_denied"),
        ({"dr_auth_status": "failed"}, "access_denied"),
        ({"dr_auth_status": None}, "code_missing"),
        ({"dr_auth_code": None}, "code_missing"),
        ({"state": None}, "state_missing"),
        ({"state": "another"}, "state_mismatch"),
        ({"code": "c0de"}, "foreign_parameter"),
    ],
    ids=str,
)
def test_callbacks_that_are_no_login(script, make, refused, changes, code):
    draugiem = make("draugiem")
    session = script.begin(draugiem).session
    callback = {"state": session["state"], "dr_auth_status": "ok", "dr_auth_code": "c0de", **changes}
    callback = {name: value for name, value in callback.items() if value is not None}
    assert refused(script.finish, draugiem, session, callback).code == code


@pytest.mark.parametrize("name", ["state", "dr_auth_status", "dr_auth_code"])
def test_a_parameter_that_comes_twice_is_refused(script, make, refused, name):
    draugiem = make("draugiem")
    session = script.begin(draugiem).session
    callback = {"state": session["state"], "dr_auth_status": "ok", "dr_auth_code": "c0de"}
    twice = [*callback.items(), (name, callback[name])]
    assert refused(script.finish, draugiem, session, twice).code == "duplicate_parameter"
    assert refused(script.refresh, draugiem, "old").code == "refresh_unsupported"


@pytest.mark.parametrize("param", ["app", "hash", "redirect"])
def test_what_is_signed_cannot_be_replaced(make, script, refused, param):
    assert refused(script.begin, make("draugiem", {"AUTH_PARAMS": {param: "x"}})).code == "reserved_parameter"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": {"code": 150, "description": "Access denied"}}, "invalid_grant"),
        ({"error": {"code": 106, "description": "in words"}}, "token_refused"),
        ({"error": "in_words"}, "token_refused"),
        ({"error": {}}, "bad_response"),
        ({}, "bad_response"),
        ({"uid": "1"}, "bad_response"),
        ({**body(), "users": {}}, "sub_mismatch"),
        ({**body(), "users": []}, "sub_mismatch"),
        ({**body(), "uid": None}, "sub_mismatch"),
        ({**body(), "uid": "43"}, "sub_mismatch"),
        (body(uid="4242") | {"users": {"4242": {"uid": 43}}}, "sub_mismatch"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_refusals(error_after, answer, code):
    callback = {"dr_auth_status": "ok", "dr_auth_code": "c0de"}
    error = error_after("draugiem", (200, answer), drop=("code",), **callback)
    assert (error.code, error.step) == (code, "token")
