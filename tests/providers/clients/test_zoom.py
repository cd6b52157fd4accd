import pytest

USER = {
    "id": "KDcuGIm1QgePTO8WbOqwIQ",
    "type": 2,
    "email": "alice@example.com",
    "first_name": "Alice",
    "last_name": "Example",
    "display_name": "Alice Example",
    "account_id": "q6gBJVO5TzexKYTb_I2rpg",
    "account_number": 9007199254740993,
    "created_at": "2020-01-02T03:04:05Z",
    "status": "active",
    "verified": 1,
    "role_id": "0",
    "dept": "",
    "jid": "kdcugim1@xmpp.zoom.us",
    "language": "en-US",
    "timezone": "",
    "login_types": [1, 100],
    "pic_url": "https://pic.example/alice.jpg",
    "personal_meeting_url": "https://zoom.us/j/1234567890",
    "pmi": 1234567890,
    "use_pmi": False,
    "group_ids": [],
    "im_group_ids": [],
}
ANSWER = {
    "access_token": "eyJ.zoom.t",
    "token_type": "bearer",
    "refresh_token": "eyJ.zoom.r",
    "expires_in": 3599,
    "scope": "user:read:user",
    "api_url": "https://api.zoom.us",
}


def wire(user=USER, **more):
    return {
        "authorize": "https://zoom.us/oauth/authorize",
        "scope": None,
        "basic": True,
        "token": "https://zoom.us/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.zoom.us/v2/users/me", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("zoom", **wire(), begin={"optional_scope": "meeting:read:meeting"})
    assert code_login.sent["optional_scope"] == "meeting:read:meeting"
    assert (identity.uid, identity.name, identity.picture) == (USER["id"], "Alice Example", USER["pic_url"])
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)


@pytest.mark.parametrize("verified", [0, 2, "1", None, "true"])
def test_verified_is_the_number_one(one_login, verified):
    identity = one_login("zoom", **wire({**USER, "verified": verified}))
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_without_an_email(one_login):
    identity = one_login("zoom", **wire({**USER, "email": None}))
    assert (identity.email, identity.email_verified) == (None, False)


def test_a_scope(one_login):
    assert one_login("zoom", **wire(settings={"SCOPE": ["user:read"]}, scope="user:read")).uid == USER["id"]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"reason": "x", "error": "invalid_grant"})], "invalid_grant"),
        ([(400, {"reason": "x", "error": "invalid_request"})], "invalid_request"),
        ([(401, {"reason": "Invalid client", "error": "invalid_client"})], "invalid_client"),
        ([(400, {"reason": "x", "error": "unsupported_grant_type"})], "unsupported_grant_type"),
        ([(200, ANSWER), (401, {"code": 124, "message": "Access token is expired."})], "invalid_token"),
        ([(200, ANSWER), (400, {"code": 4711, "message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (404, {"code": 1001, "message": "x"})], "not_found"),
        ([(200, ANSWER), (429, {"code": 429, "message": "x"})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("zoom", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("zoom", "access_denied").code == "access_denied"
