import pytest

LMS = "https://courses.example.org"
ACCOUNT = {
    "username": "alice",
    "url": f"{LMS}/api/user/v1/accounts/alice",
    "email": "alice@example.com",
    "id": 9007199254740993,
    "date_joined": "2020-01-02T03:04:05Z",
    "last_login": None,
    "is_active": True,
    "bio": None,
    "country": None,
    "profile_image": {"has_image": True, "image_url_full": "https://pic.example/a_500.jpg"},
    "language_proficiencies": [{"code": "en"}],
    "name": "Alice Example",
    "gender": None,
    "goals": None,
    "year_of_birth": None,
    "mailing_address": None,
    "requires_parental_consent": False,
    "account_privacy": "private",
    "social_links": [],
    "extended_profile": [],
    "phone_number": None,
    "accomplishments_shared": False,
}
ANSWER = {
    "access_token": "fUSzCWf6YmRAbwnP6VhVqfWbw9WtkA",
    "token_type": "Bearer",
    "expires_in": 36000,
    "scope": "profile",
    "refresh_token": "z1xKdC3TMPmU6rMyY2n4x3wVvPQvBd",
}


def wire(*api, base=LMS, **more):
    return {
        "settings": {"EDX_URL": base},
        "authorize": f"{base}/oauth2/authorize/",
        "scope": "profile",
        "token": f"{base}/oauth2/access_token/",
        "answer": ANSWER,
        "api": [(method, base + path, {"answer": answer}) for method, path, answer in api],
        **more,
    }


ME, MINE = "/api/user/v1/me", "/api/user/v1/accounts/alice"
USUAL = [("GET", ME, {"username": "alice"}), ("GET", MINE, ACCOUNT)]


def test_a_login(code_login):
    identity = code_login("edx", **wire(*USUAL), begin={"approval_prompt": "auto"})
    assert code_login.sent["approval_prompt"] == "auto"
    assert (identity.uid, identity.username, identity.name) == ("alice", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.picture == "https://pic.example/a_500.jpg"


def test_the_site_is_a_setting(one_login, make, script):
    assert one_login("edx", **wire(*USUAL, base="http://lms.example:8000/x")).uid == "alice"
    assert script.begin(make("edx")).url.startswith("https://edx.org/oauth2/authorize/?")


@pytest.mark.parametrize("value", ["edx.org", None, 7, ""])
def test_the_site_must_be_a_url(make, refused, value):
    assert refused(make, "edx", {"EDX_URL": value}).code == "setting"


def test_a_first_body_with_an_address_is_enough(one_login):
    assert one_login("edx", **wire(("GET", ME, ACCOUNT))).email == "alice@example.com"


@pytest.mark.parametrize(
    ("changes", "email"),
    [({"is_active": False}, "alice@example.com"), ({"is_active": 1}, "alice@example.com"), ({"email": None}, None)],
)
def test_an_unconfirmed_or_missing_email(one_login, changes, email):
    identity = one_login("edx", **wire(USUAL[0], ("GET", MINE, {**ACCOUNT, **changes})))
    assert (identity.email, identity.email_verified) == (email, False)


def test_without_a_picture(one_login):
    account = {**ACCOUNT, "profile_image": {"has_image": False, "image_url_full": "https://pic.example/default.png"}}
    assert one_login("edx", **wire(USUAL[0], ("GET", MINE, account))).picture is None


def test_a_user_name_stays_within_its_part_of_the_address(one_login):
    account = {**ACCOUNT, "username": "../me?x"}
    path = "/api/user/v1/accounts/..%2Fme%3Fx"
    assert one_login("edx", **wire(("GET", ME, {"username": "../me?x"}), ("GET", path, account))).uid == "../me?x"


def test_an_account_of_somebody_else(code_refused):
    account = {**ACCOUNT, "username": "eve"}
    assert code_refused("edx", **wire(USUAL[0], ("GET", MINE, account))) == "sub_mismatch"


def no(code):
    return (401, {"error_code": code, "developer_message": "x"})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        (
            [(400, {"error": "invalid_request", "error_description": "Mismatching redirect URI."})],
            "redirect_uri_mismatch",
        ),
        ([(403, "<h1>403</h1>", "text/html")], "rate_limited"),
        ([(200, ANSWER), (401, {"detail": "x"})], "invalid_token"),
        ([(200, ANSWER), no("token_nonexistent")], "invalid_token"),
        ([(200, ANSWER), no("token_expired")], "invalid_token"),
        ([(200, ANSWER), no("user_not_active")], "unverified_user_email"),
        ([(200, ANSWER), no("user_is_disabled")], "account_suspended"),
        ([(200, ANSWER), (200, {"username": "alice"}), (404, "")], "not_found"),
    ],
)
def test_refusals(error_after, answers, code):
    error = error_after("edx", *answers)
    assert (error.code, error.step) == (code, ["token", "userinfo", "account"][len(answers) - 1])


def test_a_user_who_declines(declined):
    assert declined("edx", "access_denied").code == "access_denied"
