import pytest

from providers import Email

USER = {
    "type": "user",
    "uuid": "{a54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3}",
    "username": "alice",
    "display_name": "Alice Example",
    "nickname": "alice.e",
    "account_id": "557058:c0b72ad0-1cb5-4018-9cdc-0cde8492c443",
    "account_status": "active",
    "created_on": "2019-03-04T10:11:12.123456+00:00",
    "has_2fa_enabled": None,
    "is_staff": False,
    "links": {
        "self": {"href": "https://api.bitbucket.org/2.0/users/%7Ba54f16da%7D"},
        "avatar": {"href": "https://pic.example/alice.png"},
        "repositories": {"href": "https://api.bitbucket.org/2.0/repositories/%7Ba54f16da%7D"},
    },
}
ROWS = [
    {"type": "email", "email": "new@example.com", "is_primary": False, "is_confirmed": False},
    {"type": "email", "email": "alice@example.com", "is_primary": True, "is_confirmed": True},
]
ANSWER = {
    "access_token": "bbtoken==",
    "scopes": "account email",
    "token_type": "bearer",
    "expires_in": 7200,
    "refresh_token": "bbrefresh",
    "state": "authorization_code",
}
API = "https://api.bitbucket.org/2.0/user"


def wire(user=USER, rows=ROWS, **more):
    listed = {"page": 1, "pagelen": 10, "size": 2, "values": rows}
    return {
        "authorize": "https://bitbucket.org/site/oauth2/authorize",
        "scope": None,
        "pkce": False,
        "basic": True,
        "token": "https://bitbucket.org/site/oauth2/access_token",
        "answer": ANSWER,
        "api": [("GET", API, {"answer": user}), ("GET", f"{API}/emails", {"answer": listed})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("bitbucket_oauth2", **wire())
    assert (identity.uid, identity.username) == ("{a54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3}", "alice")
    assert identity.name == "Alice Example"
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.emails[0] == Email("new@example.com", verified=False, primary=False)
    assert (identity.picture, identity.token.scope) == ("https://pic.example/alice.png", "account email")


def test_whoever_takes_over_a_user_name_is_somebody_else(one_login):
    later = {**USER, "uuid": "{00000000-24e9-4d7f-a3a7-b1ba2cd98aa3}"}
    assert one_login("bitbucket_oauth2", **wire(later)).uid == "{00000000-24e9-4d7f-a3a7-b1ba2cd98aa3}"


@pytest.mark.parametrize(
    ("rows", "email"),
    [
        ([{"email": "bob@example.com", "is_primary": True, "is_confirmed": False}], "bob@example.com"),
        ([{"email": "bob@example.com", "is_primary": True, "is_confirmed": "true"}], "bob@example.com"),
        ([], None),
        (7, None),
    ],
)
def test_an_unconfirmed_or_missing_email(one_login, rows, email):
    identity = one_login("bitbucket_oauth2", **wire(rows=rows))
    assert (identity.email, identity.email_verified) == (email, False)


def test_asking_for_scopes_with_it(one_login):
    more = {"settings": {"SCOPE": ["account", "email"]}, "scope": "account email"}
    identity = one_login("bitbucket_oauth2", **wire(rows=[ROWS[1], 7], **more))
    assert (identity.emails[0].primary, len(identity.raw["emails"]["values"])) == (True, 2)


def test_no_address_is_asked_for_when_the_scopes_are_said_to_lack_it(one_login):
    more = {"settings": {"SCOPE": ["account"]}, "scope": "account", "api": [("GET", API, {"answer": USER})]}
    assert one_login("bitbucket_oauth2", **wire(**more)).email is None


LACKS = {"type": "error", "error": {"message": "x", "detail": {"required": ["email"], "granted": ["account"]}}}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "unauthorized_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "invalid_request", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "unsupported_grant_type", "error_description": "x"})], "unsupported_grant_type"),
        ([(200, ANSWER), (401, {"type": "error", "error": {"message": "x"}})], "invalid_token"),
        ([(200, ANSWER), (403, LACKS)], "insufficient_scope"),
        ([(200, ANSWER), (200, USER), (403, LACKS)], "insufficient_scope"),
        ([(200, ANSWER), (429, {"type": "error", "error": {"message": "x"}})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("bitbucket_oauth2", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("bitbucket_oauth2", "access_denied").code == "access_denied"
