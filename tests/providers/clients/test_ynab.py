import pytest

ID = "3f2a7d9e-8c1b-4f5a-9d6e-7b8c9d0e1f2a"
ANSWER = {
    "access_token": "PTUEXv0RKd3ZkKiKsHy1iMkWSrJ2AIiXVzw0L3Ylnw0",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "Jwe8aSkA0mnqxvC1gQ2eqSr0bKMtRLVAlBkv6vF3rhE",
    "scope": "read-only",
    "created_at": 1_790_000_000,
}


def wire(**more):
    return {
        "authorize": "https://app.ynab.com/oauth/authorize",
        "scope": "read-only",
        "token": "https://app.ynab.com/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://api.ynab.com/v1/user", {"answer": {"data": {"user": {"id": ID}}}})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("ynab", **wire())
    assert (identity.uid, identity.email, identity.name, identity.username) == (ID, None, None, None)
    assert identity.token.refresh == ANSWER["refresh_token"]


def test_no_scope_at_all(one_login):
    assert one_login("ynab", **wire(settings={"SCOPE": []}, scope=None)).uid == ID


def no(status, number, name):
    return (status, {"error": {"id": number, "name": name, "detail": "x"}})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "invalid_scope", "error_description": "x"})], "invalid_scope"),
        ([(200, ANSWER), no(401, "401", "unauthorized")], "invalid_token"),
        ([(200, ANSWER), no(403, "403.1", "subscription_lapsed")], "account_suspended"),
        ([(200, ANSWER), no(403, "403.2", "trial_expired")], "account_suspended"),
        ([(200, ANSWER), no(403, "403.3", "unauthorized_scope")], "insufficient_scope"),
        ([(200, ANSWER), no(404, "404.1", "not_found")], "not_found"),
        ([(200, ANSWER), no(429, "429", "too_many_requests")], "rate_limited"),
        ([(200, ANSWER), (200, {"data": {"user": {}}})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("ynab", *answers).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "access_denied"), ("invalid_code_challenge_method", "invalid_request")],
)
def test_what_comes_back_instead_of_a_code(declined, error, code):
    assert declined("ynab", error).code == code
