import pytest

USER = {
    "id": 9007199254740993,
    "login": "alice",
    "login_name": "",
    "source_id": 0,
    "full_name": "Alice Example",
    "email": "alice@example.com",
    "avatar_url": "https://pic.example/alice.png",
    "html_url": "https://gitea.com/alice",
    "language": "en-US",
    "is_admin": False,
    "last_login": "2026-01-02T03:04:05Z",
    "created": "2020-01-02T03:04:05Z",
    "restricted": False,
    "active": True,
    "prohibit_login": False,
    "location": "",
    "website": "",
    "description": "",
    "visibility": "public",
    "followers_count": 0,
    "following_count": 0,
    "starred_repos_count": 0,
    "username": "alice",
}
ANSWER = {"access_token": "eyJ.a.b", "token_type": "bearer", "expires_in": 3600, "refresh_token": "eyJ.r.b"}


def wire(user=USER, base="https://gitea.com", **more):
    return {
        "authorize": f"{base}/login/oauth/authorize",
        "scope": None,
        "token": f"{base}/login/oauth/access_token",
        "answer": ANSWER,
        "api": [("GET", f"{base}/api/v1/user", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("gitea", **wire())
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/alice.png"


def test_empty_members(one_login):
    identity = one_login("gitea", **wire({**USER, "email": "", "full_name": ""}))
    assert (identity.email, identity.name) == (None, None)


def test_a_server_of_ones_own(one_login):
    base = "https://git.example.com/gitea"
    settings = {"GITEA_URL": f"{base}/", "SCOPE": ["openid", "email"]}
    assert one_login("gitea", **wire(base=base, settings=settings, scope="openid email")).uid == "9007199254740993"


@pytest.mark.parametrize("value", ["git.example.com", None, 7, ""])
def test_the_server_must_be_a_url(make, refused, value):
    assert refused(make, "gitea", {"GITEA_URL": value}).code == "setting"


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        ("invalid_client", 'cannot load client with client id: "x"', "invalid_client"),
        ("unauthorized_client", "invalid client secret", "invalid_client"),
        ("unauthorized_client", "invalid empty client secret", "invalid_client"),
        ("unauthorized_client", "unexpected redirect URI", "redirect_uri_mismatch"),
        ("unauthorized_client", "client is not authorized", "invalid_grant"),
        ("unauthorized_client", "failed PKCE code challenge", "invalid_grant"),
        ("unauthorized_client", "unable to parse refresh token", "invalid_grant"),
        ("unauthorized_client", "token was already used", "invalid_grant"),
        ("unauthorized_client", "something new", "unauthorized_client"),
        ("invalid_grant", "invalid grant", "invalid_grant"),
        ("unsupported_grant_type", "x", "unsupported_grant_type"),
    ],
)
def test_the_sentence_tells_what_was_wrong(error_after, error, words, code):
    assert error_after("gitea", (400, {"error": error, "error_description": words})).code == code


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"message": "token is required", "url": "https://gitea.com/api/swagger"}, "invalid_token"),
        (403, {"message": "x", "url": "https://gitea.com/api/swagger"}, "insufficient_scope"),
        (403, {"message": "x"}, "account_suspended"),
    ],
)
def test_userinfo_errors(error_after, status, body, code):
    assert error_after("gitea", (200, ANSWER), (status, body)).code == code


def test_a_user_who_declines(declined):
    assert declined("gitea", "access_denied").code == "access_denied"
