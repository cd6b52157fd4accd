import pytest

USER = {
    "id": "900719925474099301",
    "username": "alice",
    "account_type": "BUSINESS",
    "about": "",
    "business_name": "Example Shop",
    "profile_image": "https://pic.example/alice.jpg",
    "website_url": "",
    "board_count": 1,
    "pin_count": None,
    "follower_count": 1,
    "following_count": None,
    "monthly_views": None,
}
ANSWER = {
    "response_type": "authorization_code",
    "access_token": "pina_ABC",
    "token_type": "bearer",
    "expires_in": 2592000,
    "scope": "user_accounts:read",
    "refresh_token": "pinr.abc",
    "refresh_token_expires_in": 5184000,
}


def wire(user=USER, host="api.pinterest.com", **more):
    return {
        "authorize": "https://www.pinterest.com/oauth/",
        "scope": "user_accounts:read",
        "pkce": False,
        "basic": True,
        "token": f"https://{host}/v5/oauth/token",
        "answer": ANSWER,
        "api": [("GET", f"https://{host}/v5/user_account", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("pinterest", **wire())
    assert (identity.uid, identity.username, identity.name) == ("900719925474099301", "alice", "Example Shop")
    assert (identity.email, identity.picture) == (None, USER["profile_image"])


def test_the_wire_of_2021(code_login):
    user = {"data": {"id": "900719925474099301", "first_name": "Alice", "last_name": "Example", "url": "x"}}
    step = {"query": {"access_token": "pina_ABC"}, "headers": {"Authorization": None}, "answer": user}
    old = {
        "authorize": "https://api.pinterest.com/oauth/",
        "scope": "read_public",
        "basic": False,
        "token": "https://api.pinterest.com/v1/oauth/token",
        "api": [("GET", "https://api.pinterest.com/v1/me", step)],
    }
    identity = code_login("pinterest", **{**wire(), **old}, settings={"PINTEREST_VERSION": "v1"})
    assert (identity.uid, identity.first_name, identity.last_name) == ("900719925474099301", "Alice", "Example")


def test_the_host_of_the_api(one_login):
    sandbox = "api-sandbox.pinterest.com"
    assert one_login("pinterest", **wire(host=sandbox, settings={"PINTEREST_URL": sandbox})).username == "alice"


def test_commas_join_scopes(one_login):
    scope = ["user_accounts:read", "boards:read"]
    two = wire(settings={"SCOPE": scope}, scope="user_accounts:read,boards:read")
    assert one_login("pinterest", **two).username == "alice"


@pytest.mark.parametrize(
    "settings",
    [
        {"PINTEREST_VERSION": "v3"},
        {"PINTEREST_VERSION": 5},
        {"PINTEREST_URL": "https://api.pinterest.com"},
        {"PINTEREST_URL": None},
    ],
)
def test_settings_of_another_type(make, refused, settings):
    assert refused(make, "pinterest", settings).code == "setting"


def test_no_uid_is_made_of_a_user_name(error_after):
    user = {name: value for name, value in USER.items() if name != "id"}
    assert error_after("pinterest", (200, ANSWER), (200, user)).code == "uid_missing"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"code": 283, "message": "x", "status": "failure"})], "invalid_grant"),
        ([(401, {"code": 2, "message": "Authentication failed."})], "invalid_client"),
        ([(400, {"code": 1, "message": "x"})], "invalid_request"),
        ([(200, ANSWER), (401, {"code": 2, "message": "Authentication failed."})], "invalid_token"),
        ([(200, ANSWER), (403, {"code": 29, "message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (400, {"code": 8, "message": "x"})], "rate_limited"),
        ([(200, ANSWER), (500, {"code": 9, "message": "x"})], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("pinterest", *answers).code == code


def test_errors_of_2021_are_words(error_after):
    bad_code = (401, {"error": "invalid_grant", "status": "failure"})
    assert error_after("pinterest", bad_code, settings={"PINTEREST_VERSION": "v1"}).code == "invalid_grant"


def test_a_user_who_declines(declined):
    assert declined("pinterest", "access_denied").code == "access_denied"
