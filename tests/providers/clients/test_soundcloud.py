import pytest

URN = "soundcloud:users:9007199254740993"
USER = {
    "urn": URN,
    "kind": "user",
    "username": "alice",
    "permalink": "alice",
    "permalink_url": "https://soundcloud.com/alice",
    "avatar_url": "https://i1.sndcdn.example/a.jpg",
    "full_name": "Alice Example",
    "first_name": "Alice",
    "last_name": None,
    "city": None,
    "created_at": "2016/05/01 10:00:00 +0000",
    "online": False,
    "plan": "Free",
    "primary_email_confirmed": True,
    "followers_count": 0,
    "quota": {"unlimited_upload_quota": False, "upload_seconds_used": 0, "upload_seconds_left": None},
    "subscriptions": [],
}
ANSWER = {
    "access_token": "2-300000-1-AbC",
    "expires_in": 3599,
    "scope": "",
    "refresh_token": "r-1",
    "token_type": "bearer",
}


def wire(user=USER):
    call = {"headers": {"Authorization": "OAuth 2-300000-1-AbC"}, "answer": user}
    return {
        "authorize": "https://secure.soundcloud.com/authorize",
        "scope": None,
        "token": "https://secure.soundcloud.com/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.soundcloud.com/me", call)],
    }


def test_a_login(code_login):
    identity = code_login("soundcloud", **wire())
    assert code_login.sent["code_challenge_method"] == "S256"
    assert (identity.uid, identity.username, identity.name) == (URN, "alice", "Alice Example")
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", None, USER["avatar_url"])
    assert (identity.email, identity.email_verified) == (None, False)


def test_a_body_of_before_2025_has_a_number(one_login):
    old = {**USER, "id": 9007199254740993, "full_name": ""}
    assert one_login("soundcloud", **wire(old)).uid == URN
    del old["urn"]
    identity = one_login("soundcloud", **wire({**old, "last_name": "Example"}))
    assert (identity.uid, identity.name, identity.last_name) == ("9007199254740993", None, "Example")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(400, {"code": 400, "message": "invalid_grant", "link": "x"})], "invalid_grant"),
        ([(401, {"code": 401, "message": "invalid_client", "link": "x"})], "invalid_client"),
        ([(401, {"code": 401, "message": "x", "error": None, "error_code": "invalid_grant"})], "invalid_grant"),
        ([(200, ANSWER), (401, {"code": 401, "message": "x", "status": "401 - Unauthorized"})], "invalid_token"),
        ([(200, ANSWER), (429, {"code": 429, "message": "x", "spam_warning_urn": None})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("soundcloud", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("soundcloud", "access_denied").code == "access_denied"
