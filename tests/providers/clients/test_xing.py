import pytest

API = "https://api.xing.com/v1"
REQUEST = (201, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true")
ACCESS = (201, "oauth_token=acc&oauth_token_secret=acc-sec&user_id=12_3c9da3")
USER = {
    "id": "12_3c9da3",
    "first_name": "Alice",
    "last_name": "Example",
    "display_name": "Dr. Alice Example",
    "page_name": "Alice_Example",
    "permalink": "https://www.xing.com/profile/Alice_Example",
    "active_email": "alice@example.com",
    "birth_date": {"day": None, "month": None, "year": None},
    "languages": {"de": "NATIVE", "en": None},
    "photo_urls": {"large": "https://pic.example/l", "thumb": "https://pic.example/t"},
}


@pytest.mark.parametrize("email", ["alice@example.com", None])
def test_a_login(oauth1, make, email):
    xing = make("xing")
    login = oauth1.begin(xing, f"{API}/request_token", answer=REQUEST[1])
    assert login.url == f"{API}/authorize?oauth_token=req"
    oauth1.expect("POST", f"{API}/access_token", status=201, answer=ACCESS[1])
    oauth1.expect("GET", f"{API}/users/me", answer={"users": [{**USER, "active_email": email}]})
    identity = oauth1.done(xing, login, secrets=["", "req-sec", "acc-sec"])
    assert (identity.uid, identity.username, identity.name) == ("12_3c9da3", "Alice_Example", "Dr. Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == (email, False)
    assert identity.picture == "https://pic.example/l"


def named(status, name):
    return status, {"message": "in words", "error_name": name}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([named(401, "INVALID_OAUTH_SIGNATURE")], "invalid_client", "request_token"),
        ([named(401, "INVALID_OAUTH_CONSUMER")], "invalid_client", "request_token"),
        ([named(403, "CALLBACK_URL_NOT_ALLOWED")], "redirect_uri_mismatch", "request_token"),
        ([named(401, "TIMESTAMP_EXPIRED")], "invalid_request", "request_token"),
        ([REQUEST, named(401, "INVALID_OAUTH_TOKEN")], "invalid_grant", "token"),
        ([REQUEST, named(401, "NONCE_ALREADY_USED")], "invalid_request", "token"),
        ([REQUEST, named(401, "CONSUMER_MISMATCH")], "invalid_client", "token"),
        ([REQUEST, named(401, "REQUIRED_PARAMETER_MISSING")], "invalid_request", "token"),
        *[
            ([named(401, name)], "invalid_request", "request_token")
            for name in (
                "INVALID_TIMESTAMP",
                "NONCE_MISSING",
                "INVALID_OAUTH_VERSION",
                "INVALID_OAUTH_SIGNATURE_METHOD",
            )
        ],
        *[
            ([REQUEST, ACCESS, named(401, name)], "invalid_client", "userinfo")
            for name in ("INVALID_OAUTH_SIGNATURE", "INVALID_OAUTH_CONSUMER", "CONSUMER_MISMATCH")
        ],
        ([REQUEST, ACCESS, named(401, "INVALID_OAUTH_TOKEN")], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, named(403, "RATE_LIMIT_EXCEEDED")], "rate_limited", "userinfo"),
        ([REQUEST, ACCESS, named(403, "ACCESS_DENIED")], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, named(403, "INVALID_PARAMETERS")], "invalid_request", "userinfo"),
        ([REQUEST, ACCESS, named(503, "SOMETHING")], "server_error", "userinfo"),
        ([REQUEST, ACCESS, (200, {"users": [{**USER, "id": None}]})], "uid_missing", "userinfo"),
        ([REQUEST, ACCESS, (200, {"users": []})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("xing", *answers)
    assert (error.code, error.step) == (code, step)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    assert error_after("xing", REQUEST, callback={"oauth_token": "req"}).code == "access_denied"
