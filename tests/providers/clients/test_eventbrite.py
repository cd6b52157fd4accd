import pytest

from providers import Email

ROWS = [
    {"email": "old@example.com", "verified": False, "primary": False},
    {"email": "alice@example.com", "verified": True, "primary": True},
]
USER = {
    "id": "9007199254740993",
    "name": "Alice Example",
    "first_name": "Alice",
    "last_name": "Example",
    "is_public": False,
    "image_id": None,
    "emails": ROWS,
}
ANSWER = {"access_token": "ABCDEFGHIJ0123456789", "token_type": "bearer"}


def wire(rows=ROWS):
    return {
        "authorize": "https://www.eventbrite.com/oauth/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://www.eventbrite.com/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://www.eventbriteapi.com/v3/users/me/", {"answer": {**USER, "emails": rows}})],
    }


def test_a_login(code_login):
    identity = code_login("eventbrite", **wire())
    assert (identity.uid, identity.name) == ("9007199254740993", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.emails[0] == Email("old@example.com", verified=False, primary=False)


@pytest.mark.parametrize(
    ("rows", "email", "verified"),
    [
        ([{"email": "bob@example.com", "verified": True}], "bob@example.com", True),
        ([{"email": "bob@example.com", "verified": False}], "bob@example.com", False),
        ([{"email": "bob@example.com", "verfified": True}], "bob@example.com", False),
        ([], None, False),
        (None, None, False),
    ],
)
def test_an_unverified_or_missing_email(one_login, rows, email, verified):
    identity = one_login("eventbrite", **wire(rows))
    assert (identity.email, identity.email_verified) == (email, verified)


def no(status, word):
    return (status, {"error": word, "error_description": "x", "status_code": status})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), no(400, "INVALID_AUTH")], "invalid_token"),
        ([(200, ANSWER), no(400, "INVALID_AUTH_HEADER")], "invalid_token"),
        ([(200, ANSWER), no(401, "NO_AUTH")], "invalid_token"),
        ([(200, ANSWER), no(401, "ACCESS_DENIED")], "insufficient_scope"),
        ([(200, ANSWER), no(403, "NOT_AUTHORIZED")], "insufficient_scope"),
        ([(200, ANSWER), no(404, "NOT_FOUND")], "not_found"),
        ([(200, ANSWER), no(429, "HIT_RATE_LIMIT")], "rate_limited"),
        ([(200, ANSWER), no(500, "INTERNAL_ERROR")], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("eventbrite", *answers).code == code


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("eventbrite"), "x").code == "refresh_unsupported"


def test_a_user_who_declines(declined):
    assert declined("eventbrite", "access_denied").code == "access_denied"
