import pytest

USER = {
    "dc": "us6",
    "role": "owner",
    "accountname": "Example Inc",
    "user_id": 9007199254740993,
    "login": {
        "email": "alice@example.com",
        "avatar": None,
        "login_id": 9007199254740995,
        "login_name": "alice",
        "login_email": "alice@example.com",
    },
    "login_url": "https://login.mailchimp.com",
    "api_endpoint": "https://us6.api.mailchimp.com",
}
ANSWER = {"access_token": "5c6ccc561059aa386da9d112215bae55", "expires_in": 0, "scope": None}
METADATA = "https://login.mailchimp.com/oauth2/metadata"


def wire(user=USER):
    header = {"Authorization": f"OAuth {ANSWER['access_token']}"}
    return {
        "authorize": "https://login.mailchimp.com/oauth2/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://login.mailchimp.com/oauth2/token",
        "answer": ANSWER,
        "api": [("GET", METADATA, {"headers": header, "answer": user})],
    }


def test_a_login(code_login):
    identity = code_login("mailchimp", **wire())
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Example Inc")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["userinfo"]["api_endpoint"] == "https://us6.api.mailchimp.com"
    assert (identity.token.expires_at, identity.token.scope) == (None, None)


@pytest.mark.parametrize(
    ("login", "email", "picture"),
    [
        ({"login_email": "bob@example.com", "avatar": "https://pic.example/b.png"}, "bob@example.com", True),
        ({"email": None}, None, False),
        (None, None, False),
    ],
)
def test_older_and_shorter_bodies(one_login, login, email, picture):
    identity = one_login("mailchimp", **wire({**USER, "user_id": "15c64a5b5a3b5c4d5e6f7a8b9", "login": login}))
    assert (identity.uid, identity.email) == ("15c64a5b5a3b5c4d5e6f7a8b9", email)
    assert bool(identity.picture) is picture


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "redirect_uri_mismatch"})], "redirect_uri_mismatch"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (200, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), (200, {"dc": "us6", "login_url": "x", "api_endpoint": "x"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("mailchimp", *answers).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("mailchimp"), "x").code == "refresh_unsupported"


def test_a_user_who_declines(declined):
    assert declined("mailchimp", "access_denied").code == "access_denied"
