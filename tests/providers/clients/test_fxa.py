import pytest

OAUTH = "https://oauth.accounts.firefox.com/v1"
PROFILE = "https://profile.accounts.firefox.com/v1"
USER = {
    "uid": "6d940dd41e636cc156074109b8092f96",
    "email": "alice@example.com",
    "locale": "en-US,en;q=0.5",
    "amrValues": ["pwd", "email"],
    "twoFactorAuthentication": False,
    "displayName": "Alice Example",
    "avatar": "https://profile.stage.mozaws.net/a.png",
    "avatarDefault": False,
}
ANSWER = {
    "access_token": "4c" * 32,
    "token_type": "bearer",
    "scope": "profile",
    "expires_in": 86400,
    "auth_at": 1_789_999_000,
}
WIRE = {
    "authorize": f"{OAUTH}/authorization",
    "scope": "profile",
    "pkce": False,
    "token": f"{OAUTH}/token",
    "answer": ANSWER,
    "api": [("GET", f"{PROFILE}/profile", {"answer": USER})],
}


def test_a_login(code_login):
    identity = code_login("fxa", **WIRE, begin={"access_type": "offline", "action": "email"})
    assert (code_login.sent["access_type"], code_login.sent["action"]) == ("offline", "email")
    assert (identity.uid, identity.name, identity.picture) == (USER["uid"], "Alice Example", USER["avatar"])
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_what_no_scope_opens_is_absent(one_login):
    api = [("GET", f"{PROFILE}/profile", {"answer": {"sub": USER["uid"]}})]
    wire = {**WIRE, "settings": {"SCOPE": ["openid"]}, "scope": "openid", "api": api}
    identity = one_login("fxa", **wire)
    assert (identity.uid, identity.email, identity.name) == (USER["uid"], None, None)


def test_both_servers_are_settings(one_login, make, refused):
    stage = {"OAUTH_ENDPOINT": "https://oauth.example/v1/", "PROFILE_ENDPOINT": "https://profile.example/v1"}
    places = {"authorize": "https://oauth.example/v1/authorization", "token": "https://oauth.example/v1/token"}
    api = [("GET", "https://profile.example/v1/profile", {"answer": USER})]
    assert one_login("fxa", **{**WIRE, **places, "settings": stage, "api": api}).uid == USER["uid"]
    for name in stage:
        assert refused(make, "fxa", {name: "oauth.example"}).code == "setting"


def fault(status, errno, **more):
    return (status, {"code": status, "errno": errno, "error": "Bad Request", "message": "some words", **more})


@pytest.mark.parametrize(
    ("answers", "code", "detail"),
    [
        ([fault(400, 101, clientId="x")], "invalid_client", "101"),
        ([fault(400, 102, clientId="x")], "invalid_client", "102"),
        ([fault(400, 103, redirectUri="x")], "redirect_uri_mismatch", "103"),
        ([fault(400, 105, requestCode="x")], "invalid_grant", "105"),
        ([fault(400, 106)], "invalid_grant", "106"),
        ([fault(400, 107)], "invalid_grant", "107"),
        ([fault(400, 108)], "invalid_grant", "108"),
        ([fault(400, 115)], "invalid_grant", "115"),
        ([fault(400, 117)], "invalid_grant", "117"),
        ([fault(400, 118)], "invalid_request", "118"),
        ([fault(400, 122)], "invalid_grant", "122"),
        ([fault(400, 109, validation={})], "invalid_request", "109"),
        ([fault(400, 114, invalidScopes=["x"])], "invalid_scope", "114"),
        ([fault(400, 116)], "invalid_request", "116"),
        ([fault(400, 121)], "unsupported_grant_type", "121"),
        ([fault(503, 202)], "server_error", "202"),
        ([fault(429, 201, retryAfter=30)], "rate_limited", "201"),
        ([(200, ANSWER), fault(401, 100, reason="Bearer token not provided")], "invalid_token", "100"),
        ([(200, ANSWER), fault(403, 999)], "insufficient_scope", "999"),
        ([(200, ANSWER), fault(500, 999)], "server_error", "999"),
    ],
)
def test_errors_are_numbers(error_after, answers, code, detail):
    error = error_after("fxa", *answers)
    assert (error.code, error.detail) == (code, detail)


def test_a_refresh_keeps_its_token(make, script):
    form = {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    script.expect("POST", f"{OAUTH}/token", form=form, answer=ANSWER)
    assert script.refresh(make("fxa"), "r").refresh == "r"
