import pytest

BEGIN = {"prompt": "login", "login_hint": "a@example.com", "service_terms": "x", "channel_public_id": "_x"}
ACCOUNT = {
    "profile_nickname_needs_agreement": False,
    "profile_image_needs_agreement": False,
    "profile": {
        "nickname": "앨리스",
        "thumbnail_image_url": "https://pic.example/110.jpg",
        "profile_image_url": "https://pic.example/640.jpg",
        "is_default_image": False,
    },
    "email_needs_agreement": False,
    "is_email_valid": True,
    "is_email_verified": True,
    "email": "alice@example.com",
}
USER = {
    "id": 9007199254740993,
    "connected_at": "2026-01-02T03:04:05Z",
    "properties": {"nickname": "앨리스", "profile_image": "https://pic.example/old.jpg"},
    "kakao_account": ACCOUNT,
}
ANSWER = {
    "access_token": "kakao-t",
    "token_type": "bearer",
    "refresh_token": "kakao-r",
    "expires_in": 21599,
    "scope": "account_email profile_image profile_nickname",
    "refresh_token_expires_in": 5183999,
}


def wire(user=USER, **more):
    return {
        "authorize": "https://kauth.kakao.com/oauth/authorize",
        "scope": None,
        "token": "https://kauth.kakao.com/oauth/token",
        "answer": ANSWER,
        "api": [("GET", "https://kapi.kakao.com/v2/user/me", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("kakao", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "앨리스", "앨리스")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.emails[0].primary, identity.picture) == (True, "https://pic.example/640.jpg")


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"is_email_verified": False}, "alice@example.com"),
        ({"is_email_valid": False}, "alice@example.com"),
        ({"is_email_verified": "true"}, "alice@example.com"),
        ({"email": None}, None),
    ],
)
def test_an_unverified_lost_or_missing_email(one_login, changes, email):
    identity = one_login("kakao", **wire({**USER, "kakao_account": {**ACCOUNT, **changes}}))
    assert (identity.email, identity.email_verified) == (email, False)


def test_a_user_who_consents_to_nothing(one_login):
    identity = one_login("kakao", **wire({"id": 1}))
    assert (identity.uid, identity.email, identity.name, identity.picture) == ("1", None, None, None)


def test_an_old_app_has_properties(one_login):
    user = {name: value for name, value in USER.items() if name != "kakao_account"}
    identity = one_login("kakao", **wire(user))
    assert (identity.username, identity.picture) == ("앨리스", "https://pic.example/old.jpg")


def no(status, error, code):
    return (status, {"error": error, "error_description": "x", "error_code": code})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (no(400, "invalid_grant", "KOE320"), "invalid_grant"),
        (no(400, "invalid_grant", "KOE303"), "redirect_uri_mismatch"),
        (no(400, "invalid_grant", "KOE322"), "invalid_grant"),
        (no(401, "invalid_client", "KOE010"), "invalid_client"),
        (no(401, "invalid_client", "KOE101"), "invalid_client"),
        ((400, {"error": "misconfigured", "error_description": "x"}), "unauthorized_client"),
    ],
)
def test_token_errors(error_after, answer, code):
    assert error_after("kakao", answer).code == code


@pytest.mark.parametrize(
    ("status", "number", "code"),
    [
        (401, -401, "invalid_token"),
        (400, -2, "invalid_token"),
        (400, -101, "invalid_token"),
        (403, -402, "insufficient_scope"),
        (403, -5, "insufficient_scope"),
        (400, -103, "account_suspended"),
        (401, -406, "account_suspended"),
        (400, -201, "invalid_request"),
        (400, -401, "invalid_token"),
        (400, -402, "insufficient_scope"),
        (400, -5, "insufficient_scope"),
        (400, -10, "rate_limited"),
        (400, -1, "server_error"),
        (400, -9798, "temporarily_unavailable"),
    ],
)
def test_userinfo_errors_are_negative_numbers(error_after, status, number, code):
    error = error_after("kakao", (200, ANSWER), (status, {"msg": "x", "code": number}))
    assert (error.code, error.detail) == (code, str(number))


@pytest.mark.parametrize("error", ["access_denied", "consent_required"])
def test_what_comes_back_instead_of_a_code(declined, error):
    assert declined("kakao", error).code == error
