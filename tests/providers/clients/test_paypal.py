import pytest

UID = "https://www.paypal.com/webapps/auth/identity/user/mWq6_1sU85v5EG9yHdPxJRrhGHrnMJ-1PQKtX6pcsmA"
USER = {
    "user_id": UID,
    "sub": UID,
    "name": "Alice Example",
    "given_name": "Alice",
    "family_name": "Example",
    "payer_id": "WDJJHEBZ4X2LY",
    "verified_account": "true",
    "address": {"street_address": "1 Main St", "locality": "X", "country": "US"},
    "emails": [
        {"value": "second@example.com", "primary": False, "confirmed": True},
        {"value": "alice@example.com", "primary": True, "confirmed": True},
    ],
}
ANSWER = {
    "access_token": "A23AAExample",
    "token_type": "Bearer",
    "expires_in": 28800,
    "refresh_token": "R23AAExample",
    "scope": "openid email",
    "nonce": "2026-05-01T10:00:00Zabc",
}


def wire(host, user=USER):
    query = {"schema": "paypalv1.1"}
    call = {"query": query, "headers": {"Content-Type": "application/json"}, "answer": user}
    return {
        "authorize": f"https://www.{host}/signin/authorize",
        "scope": "openid email",
        "pkce": False,
        "basic": True,
        "token": f"https://api-m.{host}/v1/oauth2/token",
        "form": {"redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", f"https://api-m.{host}/v1/identity/oauth2/userinfo", call)],
    }


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "sandbox.paypal.com"),
        ({"MODE": "test"}, "sandbox.paypal.com"),
        ({"MODE": "sandbox"}, "sandbox.paypal.com"),
        ({"MODE": "live"}, "paypal.com"),
    ],
)
def test_a_login(code_login, settings, host):
    identity = code_login("paypal", **wire(host), settings=settings, callback={"scope": "openid email"})
    assert (identity.uid, identity.name) == (UID, "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified, len(identity.emails)) == ("alice@example.com", True, 2)


@pytest.mark.parametrize(
    ("emails", "email"),
    [
        ([{"value": "bob@example.com", "primary": True, "confirmed": False}], "bob@example.com"),
        ([{"value": "bob@example.com", "primary": True, "confirmed": "true"}], "bob@example.com"),
        ([{"primary": True, "confirmed": True}], None),
        (["bob@example.com"], None),
        ([], None),
        (None, None),
    ],
)
def test_an_unconfirmed_or_missing_email(one_login, emails, email):
    identity = one_login("paypal", **wire("sandbox.paypal.com", {**USER, "emails": emails}))
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize("mode", ["Live", "production", True, None])
def test_another_mode_is_refused(make, refused, mode):
    assert refused(make, "paypal", {"MODE": mode}).code == "setting"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "access_denied", "error_description": "x", "correlation_id": "a"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "unsupported_grant_type", "error_description": "x"})], "unsupported_grant_type"),
        ([(400, {"error": "invalid_refresh_token", "error_description": "x"})], "invalid_grant"),
        ([(200, ANSWER), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), (401, {"name": "AUTHENTICATION_FAILURE", "message": "x", "debug_id": "1"})], "invalid_token"),
        ([(200, ANSWER), (403, {"name": "NOT_AUTHORIZED", "message": "x", "debug_id": "1"})], "insufficient_scope"),
        ([(200, ANSWER), (400, {"name": "VALIDATION_ERROR", "message": "x", "debug_id": "1"})], "invalid_request"),
        ([(200, ANSWER), (500, {"name": "INTERNAL_SERVER_ERROR", "message": "x"})], "server_error"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("paypal", *answers).code == code


@pytest.mark.parametrize(("error", "code"), [("access_denied", "access_denied"), ("invalid_scope", "invalid_scope")])
def test_errors_at_the_callback(declined, error, code):
    assert declined("paypal", error).code == code
