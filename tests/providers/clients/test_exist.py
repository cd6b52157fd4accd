import pytest

USER = {
    "username": "alice",
    "first_name": "Alice",
    "last_name": "Example",
    "avatar": "https://exist.io/static/media/avatars/alice.png",
    "timezone": "Australia/Melbourne",
    "local_time": "2026-07-31T22:33:49.359+10:00",
    "imperial_distance": False,
    "imperial_weight": False,
    "imperial_energy": False,
    "imperial_liquid": False,
    "imperial_temperature": False,
    "trial": False,
    "delinquent": False,
}
ANSWER = {
    "access_token": "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
    "token_type": "Bearer",
    "expires_in": 31535999,
    "refresh_token": "f1b2c3d4e5f60718293a4b5c6d7e8f9001122334",
    "scope": "mood_read health_read productivity_read",
}


def wire(user=USER, **more):
    return {
        "authorize": "https://exist.io/oauth2/authorize",
        "scope": "mood_read health_read productivity_read",
        "pkce": False,
        "token": "https://exist.io/oauth2/access_token",
        "answer": ANSWER,
        "api": [("GET", "https://exist.io/api/2/accounts/profile/", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("exist", **wire())
    assert (identity.uid, identity.username, identity.name) == ("alice", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", USER["avatar"])
    assert (identity.email, identity.email_verified) == (None, False)


def test_a_number_of_the_old_version_is_not_the_uid(one_login):
    assert one_login("exist", **wire({**USER, "id": 1, "last_name": ""})).uid == "alice"


def test_another_scope(one_login):
    assert one_login("exist", **wire(settings={"SCOPE": ["sleep_read"]}, scope="sleep_read")).name == "Alice Example"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(400, {"error": "invalid_client"})], "invalid_client"),
        ([(400, {"error": "unsupported_grant_type"})], "unsupported_grant_type"),
        ([(200, ANSWER), (401, {"detail": "x"})], "invalid_token"),
        ([(200, ANSWER), (429, "")], "rate_limited"),
        ([(200, ANSWER), (200, {**USER, "username": ""})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("exist", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("exist", "access_denied").code == "access_denied"
