import pytest

PHOTO = "p:a1b2c3d4-0000-4000-8000-a1b2c3d4e5f6"
USER = {
    "userid_sec": ["feide:alice@example.org", "nin:01010112345"],
    "userid": "9f70f418-3a75-4617-8375-883ab6c2b0af",
    "name": "Alice Example",
    "email": "a.example@example.com",
    "profilephoto": PHOTO,
}
ANSWER = {
    "access_token": "9a2b1c34-1111-4222-8333-abcdefabcdef",
    "token_type": "Bearer",
    "expires_in": 28800,
    "scope": "userid profile email userid-feide",
}
BEGIN = {"prompt": "login", "acr_values": "x", "max_age": "1", "login_hint": "feide|x"}
USERINFO = "https://auth.dataporten.no/userinfo"


def wire(user=USER, audience="app-1", **more):
    return {
        "authorize": "https://auth.dataporten.no/oauth/authorization",
        "scope": None,
        "token": "https://auth.dataporten.no/oauth/token",
        "answer": ANSWER,
        "api": [("GET", USERINFO, {"answer": {"user": user, "audience": audience}})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("dataporten", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.username, identity.name) == (USER["userid"], "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("a.example@example.com", False)
    assert identity.picture == f"https://api.dataporten.no/userinfo/v1/user/media/{PHOTO}"


@pytest.mark.parametrize(
    ("changes", "username"),
    [
        ({"userid_sec": []}, "a.example"),
        ({"userid_sec": ["feide:a:b", 7, "nin:1"]}, "a.example"),
        ({"userid_sec": None, "email": None}, None),
    ],
)
def test_the_username_is_that_of_feide_or_of_the_address(one_login, changes, username):
    assert one_login("dataporten", **wire({**USER, **changes})).username == username


@pytest.mark.parametrize("photo", [None, "", "x", "p:../../x", 7])
def test_without_a_picture(one_login, photo):
    identity = one_login("dataporten", **wire({**USER, "profilephoto": photo}))
    assert identity.picture is None


@pytest.mark.parametrize("audience", ["app-2", None, "", ["app-1"]])
def test_a_token_for_another_app_proves_nothing(code_refused, audience):
    assert code_refused("dataporten", **wire(audience=audience)) == "wrong_audience"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x", "error_uri": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x", "error_uri": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "Unauthorized", "message": "x"})], "invalid_token"),
        ([(200, ANSWER), (401, {"error": "Invalid Token", "message": "x"})], "invalid_token"),
        ([(200, ANSWER), (403, {"error": "Insufficient OAuth Scopes", "message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (400, {"error": "Bad Request", "message": "x"})], "invalid_request"),
        ([(200, ANSWER), (200, {"user": {"userid_sec": []}, "audience": "app-1"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("dataporten", *answers).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("dataporten"), "x").code == "refresh_unsupported"


def test_prompt_none_that_cannot_be_met(declined):
    assert declined("dataporten", "access_denied", prompt="none").code == "access_denied"
