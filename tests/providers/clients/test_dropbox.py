import pytest

BEGIN = {
    "token_access_type": "offline",
    "include_granted_scopes": "user",
    "force_reapprove": "true",
    "force_reauthentication": "true",
    "disable_signup": "true",
    "locale": "en",
    "require_role": "personal",
}
USER = {
    "account_id": "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc",
    "name": {
        "given_name": "Alice",
        "surname": "Example",
        "familiar_name": "Alice",
        "display_name": "Alice Example",
        "abbreviated_name": "AE",
    },
    "email": "alice@example.com",
    "email_verified": True,
    "profile_photo_url": "https://pic.example/alice.jpg",
    "disabled": False,
    "country": "US",
    "locale": "en",
    "referral_link": "https://db.tt/x",
    "is_paired": False,
    "account_type": {".tag": "basic"},
    "root_info": {".tag": "user", "root_namespace_id": "3235641", "home_namespace_id": "3235641"},
}
ANSWER = {
    "access_token": "sl.ABCD1234",
    "token_type": "bearer",
    "expires_in": 14400,
    "scope": "account_info.read",
    "uid": "9007199254740993",
    "account_id": USER["account_id"],
}


def wire(user=USER, **more):
    account = "https://api.dropboxapi.com/2/users/get_current_account"
    return {
        "authorize": "https://www.dropbox.com/oauth2/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://api.dropboxapi.com/oauth2/token",
        "answer": ANSWER,
        "api": [("POST", account, {"headers": {"Content-Type": None}, "answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("dropbox", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.name) == (USER["account_id"], "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.picture == "https://pic.example/alice.jpg"


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"email_verified": False}, "alice@example.com"),
        ({"email_verified": "true"}, "alice@example.com"),
        ({"email": None}, None),
    ],
)
def test_an_unverified_or_missing_email(one_login, changes, email):
    identity = one_login("dropbox", **wire({**USER, **changes}))
    assert (identity.email, identity.email_verified) == (email, False)


def test_a_narrower_scope(one_login):
    narrow = wire(settings={"SCOPE": ["account_info.read"]}, scope="account_info.read")
    assert one_login("dropbox", **narrow).name == "Alice Example"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": "invalid_grant", "error_description": "code doesn't exist or has expired"}, "invalid_grant"),
        ({"error": "invalid_grant", "error_description": "redirect_uri mismatch"}, "redirect_uri_mismatch"),
        ({"error": "invalid_grant", "error_description": "refresh token is invalid or revoked"}, "invalid_grant"),
        ({"error": "invalid_client: Invalid client_id or client_secret"}, "invalid_client"),
        ({"error": "unsupported_grant_type", "error_description": "x"}, "unsupported_grant_type"),
    ],
)
def test_token_errors(error_after, body, code):
    assert error_after("dropbox", (400, body)).code == code


@pytest.mark.parametrize(
    ("status", "tag", "code"),
    [
        (401, "invalid_access_token", "invalid_token"),
        (401, "expired_access_token", "invalid_token"),
        (401, "missing_scope", "insufficient_scope"),
        (401, "user_suspended", "account_suspended"),
        (401, "route_access_denied", "insufficient_scope"),
        (403, "invalid_account_type", "insufficient_scope"),
        (403, "team_access_denied", "insufficient_scope"),
        (403, "no_permission", "insufficient_scope"),
        (429, "too_many_requests", "rate_limited"),
        (200, "something_new", "token_refused"),
        (200, None, "token_refused"),
    ],
)
def test_userinfo_errors_are_tagged(error_after, status, tag, code):
    body = {"error_summary": f"{tag}/...", "error": {".tag": tag, "required_scope": "x"}}
    error = error_after("dropbox", (200, ANSWER), (status, body))
    assert (error.code, error.step) == (code, "userinfo")


def test_a_bad_request_is_a_plain_sentence(error_after):
    assert error_after("dropbox", (200, ANSWER), (400, 'Error in call to API function "x"')).code == "invalid_request"


def test_a_user_who_declines(declined):
    assert declined("dropbox", "access_denied").code == "access_denied"
