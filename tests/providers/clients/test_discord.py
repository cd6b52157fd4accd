import pytest

USER = {
    "id": "9007199254740993",
    "username": "alice",
    "avatar": "8342729096ea3675442027381ff50dfe",
    "discriminator": "0",
    "public_flags": 64,
    "flags": 64,
    "banner": None,
    "accent_color": None,
    "global_name": "Alice Example",
    "avatar_decoration_data": None,
    "mfa_enabled": True,
    "locale": "en-US",
    "premium_type": 0,
    "email": "alice@example.com",
    "verified": True,
}
ANSWER = {
    "access_token": "6qrZcUqja7812RVdnEKjpzOL4CvHBF",
    "token_type": "Bearer",
    "expires_in": 604800,
    "refresh_token": "D43f5y0ahjqew82jZ4NViEr2YafMKhue",
    "scope": "identify email",
}
ME = "https://discord.com/api/users/@me"
WIRE = {
    "authorize": "https://discord.com/oauth2/authorize",
    "scope": "identify email",
    "token": "https://discord.com/api/oauth2/token",
    "answer": ANSWER,
}


def test_a_login(code_login):
    identity = code_login("discord", **WIRE, api=[("GET", ME, {"answer": USER})], begin={"prompt": "none"})
    assert code_login.sent["prompt"] == "none"
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert identity.picture == f"https://cdn.discordapp.com/avatars/9007199254740993/{USER['avatar']}.png"


@pytest.mark.parametrize(
    ("changes", "email"),
    [({"verified": False}, "alice@example.com"), ({"email": None}, None), ({"verified": "true"}, "alice@example.com")],
)
def test_an_unverified_or_missing_email(one_login, changes, email):
    identity = one_login("discord", **WIRE, api=[("GET", ME, {"answer": {**USER, **changes}})])
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("avatar", "picture"),
    [
        (None, None),
        ("a_8342729096ea3675", "https://cdn.discordapp.com/avatars/9007199254740993/a_8342729096ea3675.gif"),
        ("../x", None),
        ("", None),
        (7, None),
    ],
)
def test_the_picture_is_made_of_a_hash(one_login, avatar, picture):
    identity = one_login("discord", **WIRE, api=[("GET", ME, {"answer": {**USER, "avatar": avatar}})])
    assert identity.picture == picture


def test_a_user_without_display_name(one_login):
    old = {**USER, "global_name": None, "discriminator": "1337"}
    assert one_login("discord", **WIRE, api=[("GET", ME, {"answer": old})]).name == "alice"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": 'Invalid "code" in request.'})], "invalid_grant"),
        ([(400, {"error": "invalid_client"})], "invalid_client"),
        ([(400, {"error": "unsupported_grant_type", "error_description": "x"})], "unsupported_grant_type"),
        ([(429, {"message": "x", "retry_after": 0.5, "global": False})], "rate_limited"),
        ([(200, ANSWER), (401, {"message": "401: Unauthorized", "code": 0})], "invalid_token"),
        ([(200, ANSWER), (403, {"message": "x", "code": 50001})], "insufficient_scope"),
        ([(200, ANSWER), (429, {"message": "x", "retry_after": 1, "global": True})], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("discord", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("discord", "access_denied").code == "access_denied"
