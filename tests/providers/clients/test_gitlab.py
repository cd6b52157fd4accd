import pytest

USER = {
    "id": 9007199254740993,
    "username": "alice",
    "public_email": None,
    "name": "Alice Example",
    "state": "active",
    "locked": False,
    "avatar_url": "https://pic.example/alice.png",
    "web_url": "https://gitlab.com/alice",
    "created_at": "2020-01-02T03:04:05.678Z",
    "bio": "",
    "location": "",
    "job_title": "",
    "pronouns": None,
    "bot": False,
    "work_information": None,
    "followers": 0,
    "following": 0,
    "local_time": None,
    "last_sign_in_at": "2026-01-02T03:04:05.678Z",
    "confirmed_at": "2020-01-02T03:05:00.000Z",
    "last_activity_on": "2026-01-02",
    "email": "alice@example.com",
    "theme_id": 1,
    "color_scheme_id": 1,
    "projects_limit": 100,
    "current_sign_in_at": "2026-01-02T03:04:05.678Z",
    "identities": [{"provider": "saml", "extern_uid": "x"}],
    "can_create_group": True,
    "can_create_project": True,
    "two_factor_enabled": True,
    "external": False,
    "private_profile": False,
    "commit_email": "alice@example.com",
}
ANSWER = {
    "access_token": "de6780bc506a0446309bd9362820ba8aed28aa506c71eedbe1c5c4f9dd350e54",
    "token_type": "Bearer",
    "expires_in": 7200,
    "refresh_token": "8257e65c97202ed1726cf9571600918f3bffb2544b26e00a61df9897668c33a1",
    "scope": "read_user",
    "created_at": 1_790_000_000,
}


def wire(user=USER, base="https://gitlab.com", **more):
    return {
        "authorize": f"{base}/oauth/authorize",
        "scope": "read_user",
        "token": f"{base}/oauth/token",
        "answer": ANSWER,
        "api": [("GET", f"{base}/api/v4/user", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("gitlab", **wire(), begin={"root_namespace_id": "42"})
    assert code_login.sent["root_namespace_id"] == "42"
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.picture, identity.token.refresh) == ("https://pic.example/alice.png", ANSWER["refresh_token"])


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"confirmed_at": None}, "alice@example.com"),
        ({"confirmed_at": ""}, "alice@example.com"),
        ({"confirmed_at": True}, "alice@example.com"),
        ({"email": ""}, None),
    ],
)
def test_an_unconfirmed_or_missing_email(one_login, changes, email):
    identity = one_login("gitlab", **wire({**USER, **changes}))
    assert (identity.email, identity.email_verified) == (email, False)


def test_a_server_of_ones_own(one_login):
    base = "https://git.example.com/gitlab"
    assert one_login("gitlab", **wire(base=base, settings={"GITLAB_URL": f"{base}/"})).username == "alice"


@pytest.mark.parametrize("value", ["git.example.com", None, 7, ""])
def test_the_server_must_be_a_url(make, refused, value):
    assert refused(make, "gitlab", {"GITLAB_URL": value}).code == "setting"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(400, {"error": "unauthorized_client", "error_description": "x"})], "unauthorized_client"),
        ([(200, ANSWER), (401, {"message": "401 Unauthorized"})], "invalid_token"),
        ([(200, ANSWER), (401, {"error": "invalid_token", "error_description": "x"})], "invalid_token"),
        ([(200, ANSWER), (403, {"error": "insufficient_scope", "error_description": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (403, {"message": "403 Forbidden - x"})], "account_suspended"),
        ([(200, ANSWER), (429, "Retry later")], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("gitlab", *answers).code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "access_denied"), ("invalid_code_challenge_method", "invalid_request")],
)
def test_what_comes_back_instead_of_a_code(declined, error, code):
    assert declined("gitlab", error).code == code
