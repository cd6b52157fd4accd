import pytest

SIZES = [
    {"width": 30, "height": 30, "link": "https://pic.example/30.jpg"},
    {"width": 360, "height": 360, "link": "https://pic.example/360.jpg"},
]
USER = {
    "uri": "/users/9007199254740993",
    "name": "Alice Example",
    "link": "https://vimeo.com/alice",
    "account": "basic",
    "bio": None,
    "location": None,
    "created_time": "2012-01-01T00:00:00+00:00",
    "resource_key": "a1" * 20,
    "email": "alice@example.com",
    "pictures": {"uri": "/users/1/pictures/2", "active": True, "type": "custom", "sizes": SIZES},
    "websites": [],
    "upload_quota": {"space": {"free": 1, "max": 2, "used": 1, "showing": "lifetime"}},
    "metadata": {"connections": {}, "interactions": {}},
}
ANSWER = {
    "access_token": "a1b2c3d4" * 5,
    "token_type": "bearer",
    "scope": "public private email",
    "app": {"name": "Example", "uri": "/apps/1"},
    "user": USER,
}
ACCEPT = {"Accept": "application/vnd.vimeo.*+json;version=3.4"}


def wire(user=USER, **more):
    step = {"headers": ACCEPT, "kind": "application/vnd.vimeo.user+json", "answer": user}
    return {
        "authorize": "https://api.vimeo.com/oauth/authorize",
        "scope": "public private email",
        "pkce": False,
        "basic": True,
        "token": "https://api.vimeo.com/oauth/access_token",
        "answer": ANSWER,
        "api": [("GET", "https://api.vimeo.com/me", step)],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("vimeo_oauth2", **wire())
    assert code_login.script.seen[0][2]["accept"] == ACCEPT["Accept"]
    assert (identity.uid, identity.name, identity.username) == ("9007199254740993", "Alice Example", None)
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/360.jpg"


@pytest.mark.parametrize("pictures", [None, {"sizes": []}, {"sizes": [7]}, {"sizes": "x"}])
def test_without_picture_and_email(one_login, pictures):
    user = {name: value for name, value in USER.items() if name != "email"}
    narrow = wire({**user, "pictures": pictures}, settings={"SCOPE": ["public"]}, scope="public")
    identity = one_login("vimeo_oauth2", **narrow)
    assert (identity.picture, identity.email) == (None, None)


@pytest.mark.parametrize("uri", [None, "/users/", "/users/1/videos", "/channels/1", 7])
def test_an_address_that_is_no_users(code_refused, uri):
    assert code_refused("vimeo_oauth2", **wire({**USER, "uri": uri})) == "uid_missing"


AUTH = "application/vnd.vimeo.auth+json"
BAD_CODE = {"error": "invalid_request", "error_description": "Invalid authorization code"}
BAD_TOKEN = {"error": "x", "link": None, "developer_message": "x", "error_code": 8003}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, BAD_CODE, AUTH)], "invalid_grant"),
        ([(400, {"error": "invalid_request", "error_description": "x"}, AUTH)], "invalid_request"),
        ([(400, {"error": "unsupported_grant_type"}, AUTH)], "unsupported_grant_type"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER, AUTH), (401, BAD_TOKEN, "application/vnd.vimeo.error+json")], "invalid_token"),
        ([(200, ANSWER, AUTH), (403, BAD_TOKEN)], "insufficient_scope"),
        ([(200, ANSWER, AUTH), (429, BAD_TOKEN)], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("vimeo_oauth2", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("vimeo_oauth2", "access_denied").code == "access_denied"
