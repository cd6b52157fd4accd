import pytest

BASE = "https://login.salesforce.com"
SUB = f"{BASE}/id/00Dx0000000BV7zEAG/005x00000012Q9PAAU"
CLAIMS = {"iss": BASE, "sub": SUB}
USER = {
    "sub": SUB,
    "user_id": "005x00000012Q9PAAU",
    "organization_id": "00Dx0000000BV7zEAG",
    "preferred_username": "alice@example.com.sandbox",
    "nickname": "alice1",
    "name": "Alice Example",
    "email": "alice@example.com",
    "email_verified": True,
    "given_name": "Alice",
    "family_name": "Example",
    "zoneinfo": "America/Los_Angeles",
    "photos": {"picture": "https://c.example/F", "thumbnail": "https://c.example/T"},
    "picture": "https://c.example/F",
    "address": {"country": "US"},
    "active": True,
    "user_type": "STANDARD",
    "utcOffset": -28800000,
    "updated_at": "2026-05-01T10:00:00Z",
}
ANSWER = {
    "access_token": "00Dx0000000BV7z!AR8AQAxo9UfVkh8AlV0Gomt9Czx9LjHnSSpwBMmbRcgKFmxOtvxjTrKW19ye6PE3Ds1eQz3z8jr3W7",
    "signature": "e8VtKv5NeF1fnt6pIKkzmJLTUGqPN3dnWZS5Mb1bPlg=",
    "scope": "id openid",
    "instance_url": "https://yourInstance.my.salesforce.com",
    "id": SUB,
    "token_type": "Bearer",
    "issued_at": "1790000000000",
}


def wire(base=BASE, user=USER, **claims):
    return {
        "authorize": f"{base}/services/oauth2/authorize",
        "scope": "id openid",
        "token": f"{base}/services/oauth2/token",
        "answer": ANSWER,
        "claims": {**CLAIMS, **claims},
        "jwks": f"{base}/id/keys",
        "api": [("GET", f"{base}/services/oauth2/userinfo", {"answer": user})],
    }


def test_a_login(code_login):
    identity = code_login("salesforce", **wire())
    assert (identity.uid, identity.username) == ("005x00000012Q9PAAU", "alice@example.com.sandbox")
    assert (identity.name, identity.first_name, identity.last_name) == ("Alice Example", "Alice", "Example")
    assert (identity.email, identity.email_verified, identity.picture) == ("alice@example.com", True, USER["picture"])
    assert identity.token.expires_at is None


def test_the_key_is_the_address_to_log_in_at(one_login):
    own = "https://acme.my.salesforce.com"
    assert one_login("salesforce", **wire(own, iss=own), key=f"{own}/").uid == "005x00000012Q9PAAU"


@pytest.mark.parametrize("key", [None, "", "login.salesforce.com", "ftp://x", 7])
def test_the_key_is_needed(make, refused, key):
    assert refused(make, "salesforce", key=key).code == "credentials"


@pytest.mark.parametrize(("email", "verified"), [("bob@example.com", False), (None, None)])
def test_an_unverified_or_missing_email(one_login, email, verified):
    identity = one_login("salesforce", **wire(user={**USER, "email": email, "email_verified": verified}))
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (wire(iss="https://test.salesforce.com"), "id_token_issuer"),
        (wire(iss="https://other.my.salesforce.com"), "id_token_issuer"),
        (wire(nonce="x"), "id_token_nonce"),
        (wire(user={**USER, "sub": f"{SUB[:-1]}X"}), "sub_mismatch"),
        (wire(user={**USER, "user_id": None}), "uid_missing"),
    ],
)
def test_hostile_answers(code_refused, wire, code):
    assert code_refused("salesforce", **wire) == code


def words(error):
    return (400, {"error": error, "error_description": "some words"})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([words("invalid_grant")], "invalid_grant"),
        ([words("invalid_client_id")], "invalid_client"),
        ([words("invalid_client")], "invalid_client"),
        ([words("invalid_client_credentials")], "invalid_client"),
        ([words("redirect_uri_mismatch")], "redirect_uri_mismatch"),
        ([words("inactive_user")], "account_suspended"),
        ([words("inactive_org")], "account_suspended"),
        ([words("rate_limit_exceeded")], "rate_limited"),
        ([(200, ANSWER), (403, "Bad_OAuth_Token")], "invalid_token"),
        ([(200, ANSWER), (403, "Wrong_Org", "text/html;charset=UTF-8")], "invalid_token"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("salesforce", *answers, settings={"SCOPE": ["id"]}).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "access_denied"),
        ("access-denied", "access_denied"),
        ("immediate_unsuccessful", "interaction_required"),
        ("OAUTH_APPROVAL_ERROR_GENERIC", "token_refused"),
        ("invalid_client", "invalid_client"),
    ],
)
def test_errors_at_the_callback(declined, error, code):
    assert declined("salesforce", error).code == code
