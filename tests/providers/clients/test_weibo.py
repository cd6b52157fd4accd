import json

import pytest

UID = "9007199254740993"
USER = {
    "id": 9007199254740993,
    "idstr": UID,
    "class": 1,
    "screen_name": "alice",
    "name": "Alice Example",
    "province": "11",
    "city": "5",
    "location": "x",
    "description": "",
    "url": "",
    "profile_image_url": "https://pic.example/50.jpg",
    "avatar_large": "https://pic.example/180.jpg",
    "profile_url": f"u/{UID}",
    "domain": "",
    "gender": "f",
    "followers_count": 1,
    "friends_count": 1,
    "statuses_count": 1,
    "favourites_count": 0,
    "created_at": "Tue May 31 17:46:55 +0800 2011",
    "following": False,
    "follow_me": False,
    "geo_enabled": True,
    "verified": True,
    "verified_type": -1,
    "verified_reason": "",
    "online_status": 0,
    "lang": "zh-cn",
}
ANSWER = {"access_token": "2.00aBcDeF", "remind_in": "157679999", "expires_in": 157679999, "uid": UID}
TEXT = "text/plain;charset=UTF-8"


@pytest.fixture
def login(any_script, make):
    def login(user=USER, answer=ANSWER, **begin):
        weibo = make("weibo", begin.pop("settings", None))
        begun = any_script.begin(weibo, **begin)
        form = {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": "https://app.example/cb"}
        form |= {"client_id": "app-1", "client_secret": "s3cret-of-the-app"}
        token = "https://api.weibo.com/oauth2/access_token"
        any_script.expect("POST", token, form=form, answer=json.dumps(answer), kind=TEXT)
        query = {"access_token": answer["access_token"], "uid": UID}
        show = "https://api.weibo.com/2/users/show.json"
        any_script.expect("GET", show, query=query, headers={"Authorization": None}, answer=user)
        state = begun.session["state"]
        identity = any_script.finish(weibo, begun.session, {"state": state, "code": "c0de"})
        any_script.done()
        return begun.url, identity

    return login


def test_a_login(login, query):
    url, identity = login(display="mobile", forcelogin="true", language="en")
    assert url.startswith("https://api.weibo.com/oauth2/authorize?")
    assert {"display": "mobile", "forcelogin": "true", "language": "en"}.items() <= query(url).items()
    assert not {"code_challenge", "scope"} & set(query(url))
    assert (identity.uid, identity.username, identity.name) == (UID, "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == (None, False)
    assert identity.raw["userinfo"]["location"] == "x"
    assert identity.picture == "https://pic.example/180.jpg"


def test_commas_join_scopes(login, query):
    url, _ = login(settings={"SCOPE": ["email", "follow_app_official_microblog"]})
    assert query(url)["scope"] == "email,follow_app_official_microblog"


def test_another_user_than_the_tokens(refused, login):
    assert refused(login, {**USER, "idstr": "1"}).code == "sub_mismatch"


@pytest.mark.parametrize("uid", [None, "", "1&uid=2", 7, "../1"])
def test_a_token_that_names_nobody(error_after, uid):
    assert error_after("weibo", (200, {**ANSWER, "uid": uid})).code == "bad_response"


def no(error, number, path="/oauth2/access_token"):
    return {"error": error, "error_code": number, "request": path, "error_uri": path, "error_description": "x"}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, no("invalid_grant", 21325), "invalid_grant"),
        (401, no("invalid_client", 21324), "invalid_client"),
        (400, no("redirect_uri_mismatch", 21322), "redirect_uri_mismatch"),
        (400, no("unsupported_grant_type", 21328), "unsupported_grant_type"),
        (400, no("unauthorized_client", 21326), "unauthorized_client"),
    ],
)
def test_token_errors_are_json_in_text(error_after, status, body, code):
    assert error_after("weibo", (status, json.dumps(body), TEXT)).code == code


@pytest.mark.parametrize(
    ("status", "error", "number", "code"),
    [
        (400, "source paramter(appkey) is missing", 10006, "invalid_token"),
        (403, "expired_token", 21327, "invalid_token"),
        (403, "invalid_access_token", 21332, "invalid_token"),
        (403, "token_rejected", 21317, "invalid_token"),
        (403, "x", 21314, "invalid_token"),
        (403, "x", 21315, "invalid_token"),
        (403, "x", 21316, "invalid_token"),
        (403, "access_denied", 21330, "insufficient_scope"),
        (403, "Insufficient app permissions!", 10014, "insufficient_scope"),
        (403, "IP requests out of rate limit!", 10022, "rate_limited"),
        (403, "User requests out of rate limit!", 10023, "rate_limited"),
        (403, "User requests out of rate limit!", 10024, "rate_limited"),
        (400, "User does not exists!", 20003, "not_found"),
    ],
)
def test_userinfo_errors_are_numbers(error_after, status, error, number, code):
    body = {"error": error, "error_code": number, "request": "/2/users/show.json"}
    assert error_after("weibo", (200, ANSWER), (status, body)).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("weibo"), "x").code == "refresh_unsupported"


def test_a_user_who_declines(error_after):
    refusal = {"error": "access_denied", "error_code": "21330", "error_uri": "/oauth2/authorize"}
    assert error_after("weibo", drop=("code",), **refusal).code == "access_denied"
