import pytest

USER = {
    "id": 9007199254740993,
    "name": "Alice Example",
    "bio": None,
    "follower_count": 1,
    "angellist_url": "https://angel.co/alice",
    "image": "https://pic.example/alice.jpg",
    "email": "alice@example.com",
    "blog_url": None,
    "twitter_url": None,
    "locations": [{"id": 1, "tag_type": "LocationTag", "name": "x", "display_name": "X", "angellist_url": "x"}],
    "roles": [],
    "skills": [],
    "investor": False,
    "scopes": ["email"],
}
ANSWER = {"access_token": "a1b2c3", "token_type": "bearer"}


def wire(user=USER, **more):
    step = {"query": {"access_token": "a1b2c3"}, "headers": {"Authorization": None}, "answer": user}
    return {
        "authorize": "https://angel.co/api/oauth/authorize",
        "scope": "email",
        "pkce": False,
        "token": "https://angel.co/api/oauth/token",
        "form": {"redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", "https://api.angel.co/1/me", step)],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("angellist", **wire())
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/alice.jpg"


def test_the_state_did_not_come_back(one_login):
    assert one_login("angellist", **wire(), callback={"state": ""}).username == "alice"


def test_a_state_of_somebody_else(error_after):
    assert error_after("angellist", state="other").code == "state_mismatch"


@pytest.mark.parametrize(
    ("page", "username"),
    [("https://angel.co/alice/", "alice"), ("https://angel.co", None), ("https://[", None), (None, None), (7, None)],
)
def test_the_user_name_is_the_end_of_the_address(one_login, page, username):
    identity = one_login("angellist", **wire({**USER, "angellist_url": page}))
    assert (identity.uid, identity.username) == ("9007199254740993", username)


def test_without_the_scope_there_is_no_email(one_login):
    user = {name: value for name, value in USER.items() if name != "email"}
    more = {"settings": {"SCOPE": ["message", "talent"]}, "scope": "message talent"}
    assert one_login("angellist", **wire(user, **more)).email is None


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "x"})], "invalid_token"),
        ([(200, ANSWER), (200, {"name": "Alice"})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("angellist", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("angellist", "access_denied").code == "access_denied"
