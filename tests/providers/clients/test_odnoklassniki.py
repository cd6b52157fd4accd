import hashlib

import pytest

TOKEN_URL = "https://api.ok.ru/oauth/token.do"
SECRET = "s3cret-of-the-app"
FIELDS = (
    "uid,first_name,last_name,name,locale,gender,birthday,has_email,email,location,"
    "pic1024x768,pic640x480,pic190x190,pic_2,pic_1"
)
USER = {
    "uid": "9007199254740993",
    "birthday": "1990-01-31",
    "first_name": "Алиса",
    "last_name": "Примерова",
    "name": "Алиса Примерова",
    "locale": "ru",
    "gender": "female",
    "has_email": True,
    "location": {"city": "", "country": "RUSSIA", "countryCode": "RU"},
    "pic_1": "https://pic.example/50",
    "pic190x190": "https://pic.example/190",
}


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize("email", [None, "alice@example.com"])
def test_a_login(any_script, make, query, email):
    ok = make("odnoklassniki", key="PUBLICKEY")
    login = any_script.begin(ok, layout="m", scope=["VALUABLE_ACCESS"])
    sent = query(login.url)
    assert login.url.startswith("https://connect.ok.ru/oauth/authorize?")
    assert (sent["scope"], sent["layout"], sent["state"]) == ("GET_EMAIL;VALUABLE_ACCESS", "m", login.session["state"])
    assert "code_challenge" not in sent
    form = {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://app.example/cb",
        "client_id": "app-1",
        "client_secret": SECRET,
    }
    token = {"access_token": "t.0k", "token_type": "session", "refresh_token": "r", "expires_in": "1800"}
    any_script.expect("POST", TOKEN_URL, form=form, answer=token)
    base = f"application_key=PUBLICKEYfields={FIELDS}format=jsonmethod=users.getCurrentUser"
    asked = {
        "application_key": "PUBLICKEY",
        "fields": FIELDS,
        "format": "json",
        "method": "users.getCurrentUser",
        "sig": md5(base + md5(f"t.0k{SECRET}")),
        "access_token": "t.0k",
    }
    user = {**USER, **({"email": email} if email else {})}
    quiet = {"Authorization": None}
    any_script.expect("GET", "https://api.ok.ru/fb.do", query=asked, headers=quiet, answer=user)
    identity = any_script.finish(ok, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.name) == ("9007199254740993", "Алиса Примерова")
    assert (identity.first_name, identity.last_name) == ("Алиса", "Примерова")
    assert (identity.email, identity.email_verified) == (email, False)
    assert identity.picture == "https://pic.example/190"


def test_the_public_key_is_needed(make, refused):
    assert refused(make, "odnoklassniki", key=" ").code == "credentials"


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ("https://app.example/cb", "access_denied"),
        ("https://app.example/cb#error=access_denied", "access_denied"),
        ({"state": "{}"}, "access_denied"),
        ({"state": "{}", "error": "access_denied"}, "access_denied"),
        ({"state": "{}", "error": "invalid_request"}, "invalid_request"),
        ({"code": "c0de"}, "state_missing"),
        ({"error": "access_denied"}, "state_missing"),
    ],
    ids=str,
)
def test_callbacks_that_are_no_login(script, make, refused, callback, code):
    ok = make("odnoklassniki")
    session = script.begin(ok).session
    if isinstance(callback, dict):
        callback = {name: value.format(session["state"]) for name, value in callback.items()}
    assert refused(script.finish, ok, session, callback).code == code
    assert session["used"] is ("state" in callback)


TOKEN = (200, {"access_token": "t0k"})


def fail(code, words="PARAM"):
    return 200, {"error_code": code, "error_msg": f"{words} : in words", "error_data": None}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(200, {"error": "invalid_request", "error_description": "x"})], "invalid_request", "token"),
        ([(200, {"error": "invalid_grant"})], "invalid_grant", "token"),
        ([(200, {"error": "invalid_token", "error_description": "x"})], "invalid_grant", "token"),
        ([(400, "<html>", "text/html")], "bad_response", "token"),
        ([TOKEN, fail("102")], "invalid_token", "userinfo"),
        ([TOKEN, fail(103)], "invalid_token", "userinfo"),
        ([TOKEN, fail("453")], "invalid_token", "userinfo"),
        ([TOKEN, fail("104")], "invalid_client", "userinfo"),
        ([TOKEN, fail("101")], "invalid_client", "userinfo"),
        ([TOKEN, fail("100")], "invalid_request", "userinfo"),
        ([TOKEN, fail("10")], "insufficient_scope", "userinfo"),
        ([TOKEN, fail("11")], "rate_limited", "userinfo"),
        ([TOKEN, fail("8")], "rate_limited", "userinfo"),
        ([TOKEN, fail("210")], "unauthorized_client", "userinfo"),
        ([TOKEN, fail("7")], "account_suspended", "userinfo"),
        ([TOKEN, fail("300")], "not_found", "userinfo"),
        *[([TOKEN, fail(number)], "server_error", "userinfo") for number in ("1", "2")],
        *[([TOKEN, fail(number)], "invalid_request", "userinfo") for number in ("3", "4")],
        ([TOKEN, fail("200")], "insufficient_scope", "userinfo"),
        ([TOKEN, fail("22")], "account_suspended", "userinfo"),
        ([TOKEN, fail("7777")], "token_refused", "userinfo"),
        ([TOKEN, (200, ["x"])], "bad_response", "userinfo"),
        ([TOKEN, (200, {"name": "x"})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("odnoklassniki", *answers)
    assert (error.code, error.step) == (code, step)
