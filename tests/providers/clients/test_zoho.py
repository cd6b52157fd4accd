import pytest

USER = {
    "ZUID": 9007199254740993,
    "Email": "alice@example.com",
    "Display_Name": "alice",
    "First_Name": "Alice",
    "Last_Name": "Example",
}
ANSWER = {
    "access_token": "1000.2deaf8d0c268e3c85daa2a013a843b10.703adef2bb337b8ca36cfc5d7b83cf24",
    "scope": "AaaServer.profile.READ",
    "api_domain": "https://www.zohoapis.eu",
    "token_type": "Bearer",
    "expires_in": 3600,
}
SERVERS = [
    "https://accounts.zoho.com",
    "https://accounts.zoho.eu",
    "https://accounts.zoho.in",
    "https://accounts.zoho.com.au",
    "https://accounts.zoho.jp",
    "https://accounts.zoho.com.cn",
    "https://accounts.zoho.sa",
    "https://accounts.zohocloud.ca",
]


def wire(user=USER, server="https://accounts.zoho.eu", callback=True, **more):
    return {
        "authorize": "https://accounts.zoho.com/oauth/v2/auth",
        "scope": "AaaServer.profile.READ",
        "token": f"{server}/oauth/v2/token",
        "answer": ANSWER,
        "callback": {"location": "eu", "accounts-server": server} if callback else None,
        "api": [("GET", f"{server}/oauth/user/info", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("zoho", **wire(), begin={"access_type": "offline", "prompt": "consent"})
    assert (code_login.sent["access_type"], code_login.sent["prompt"]) == ("offline", "consent")
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "alice")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["accounts_server"] == "https://accounts.zoho.eu"


@pytest.mark.parametrize("server", SERVERS)
def test_the_code_is_good_where_the_user_lives(one_login, server):
    assert one_login("zoho", **wire(server=server)).uid == "9007199254740993"


def test_a_callback_that_names_no_server(one_login):
    user = {**USER, "First_Name": None, "Email": "", "Full_Name": "Alice Example"}
    identity = one_login("zoho", **wire(user, server="https://accounts.zoho.com", callback=False))
    assert (identity.name, identity.first_name, identity.email) == ("Alice Example", None, None)


@pytest.mark.parametrize(
    "server",
    [
        "https://accounts.zoho.evil.example",
        "https://evil.example",
        "http://accounts.zoho.com",
        "https://accounts.zoho.com/",
        "https://accounts.zoho.com@evil.example",
        "accounts.zoho.com",
    ],
)
def test_the_secret_goes_to_no_other_server(error_after, server):
    assert error_after("zoho", **{"accounts-server": server}).code == "wrong_host"


def test_a_server_named_twice(make, script, refused):
    zoho = make("zoho")
    session = script.begin(zoho).session
    twice = [("state", session["state"]), ("code", "x"), ("accounts-server", SERVERS[0])]
    assert (
        refused(script.finish, zoho, session, [*twice, ("accounts-server", SERVERS[1])]).code == "duplicate_parameter"
    )


def test_a_refresh_goes_where_the_user_lives(script, make, refused):
    form = {"grant_type": "refresh_token", "refresh_token": "1000.r", "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    script.expect("POST", "https://accounts.zoho.in/oauth/v2/token", form=form, answer=ANSWER)
    token = script.refresh(make("zoho"), "1000.r", accounts_server="https://accounts.zoho.in")
    assert token.refresh == "1000.r"
    for more, code in (({"accounts_server": "https://evil.example"}, "wrong_host"), ({}, "parameter_missing")):
        assert refused(script.refresh, make("zoho"), "1000.r", **more).code == code


def test_commas_join_scopes(one_login):
    two = wire(settings={"SCOPE": ["email", "profile"]}, scope="email,profile")
    assert one_login("zoho", **two).uid == "9007199254740993"


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (200, "invalid_code", "invalid_grant"),
        (200, "invalid_client", "invalid_client"),
        (200, "invalid_client_secret", "invalid_client"),
        (200, "invalid_redirect_uri", "redirect_uri_mismatch"),
        (200, "unsupported_grant_type", "unsupported_grant_type"),
        (200, "general_error", "token_refused"),
        (400, "Access Denied", "rate_limited"),
    ],
)
def test_token_errors_are_http_200(error_after, status, error, code):
    assert error_after("zoho", (status, {"error": error})).code == code


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"cause": "INVALID_OAUTHTOKEN"}, "invalid_token"),
        (401, {"cause": "INVALID_OAUTHSCOPE"}, "insufficient_scope"),
        (200, {"response": "INVALID_OAUTHSCOPE"}, "insufficient_scope"),
        (200, {"Email": "alice@example.com"}, "uid_missing"),
    ],
)
def test_userinfo_errors(error_after, status, body, code):
    assert error_after("zoho", (200, ANSWER), (status, body)).code == code


def test_a_user_who_declines(declined):
    assert declined("zoho", "access_denied").code == "access_denied"
