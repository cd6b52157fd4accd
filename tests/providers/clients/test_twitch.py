import pytest

USER = {
    "id": "9007199254740993",
    "login": "alice",
    "display_name": "AliceExample",
    "type": "",
    "broadcaster_type": "partner",
    "description": "words",
    "profile_image_url": "https://static-cdn.jtvnw.example/a.png",
    "offline_image_url": "",
    "view_count": 0,
    "email": "alice@example.com",
    "created_at": "2016-12-14T20:32:28Z",
}
ANSWER = {
    "access_token": "rfx2uswqe8l4g1mkagrvg5tv0ks3",
    "expires_in": 14124,
    "refresh_token": "5b93chm6hdve3mycz05zfzatkfdenfspp1h1ar2xxdalen01",
    "scope": ["user:read:email"],
    "token_type": "bearer",
}
HELIX = "https://api.twitch.tv/helix/users"
WIRE = {
    "authorize": "https://id.twitch.tv/oauth2/authorize",
    "scope": "user:read:email",
    "pkce": False,
    "token": "https://id.twitch.tv/oauth2/token",
    "answer": ANSWER,
}


def call(user):
    return [("GET", HELIX, {"headers": {"Client-Id": "app-1"}, "answer": {"data": [user]}})]


def test_a_login(code_login):
    identity = code_login("twitch", **WIRE, api=call(USER), callback={"scope": "user:read:email"})
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "AliceExample")
    assert (identity.email, identity.email_verified) == ("alice@example.com", True)
    assert (identity.picture, identity.token.scope) == (USER["profile_image_url"], None)


@pytest.mark.parametrize("email", [None, 7])
def test_without_its_scope_there_is_no_email(one_login, email):
    identity = one_login("twitch", **WIRE, api=call({**USER, "email": email}))
    assert (identity.email, identity.email_verified) == (None, False)


def words(status, message):
    return (status, {"status": status, "message": message})


def helix(status, error, message):
    return (status, {"error": error, "status": status, "message": message})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([words(400, "Invalid authorization code")], "invalid_grant"),
        ([words(400, "Invalid refresh token")], "invalid_grant"),
        ([words(400, "Invalid grant")], "invalid_grant"),
        ([words(400, "Invalid grant type")], "unsupported_grant_type"),
        ([words(400, "invalid client")], "invalid_client"),
        ([words(403, "invalid client secret")], "invalid_client"),
        ([words(403, "anything")], "invalid_client"),
        ([words(400, "missing client secret")], "invalid_client"),
        ([words(400, "missing client id")], "invalid_client"),
        ([words(400, "Parameter redirect_uri does not match registeredURI")], "redirect_uri_mismatch"),
        ([words(400, "missing code")], "invalid_request"),
        ([words(500, "Missing column")], "server_error"),
        ([(200, ANSWER), helix(401, "Unauthorized", "Invalid OAuth token")], "invalid_token"),
        ([(200, ANSWER), helix(401, "Unauthorized", "Client ID is missing")], "invalid_token"),
        ([(200, ANSWER), helix(429, "Too Many Requests", "x")], "rate_limited"),
        ([(200, ANSWER), (200, {"data": []})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("twitch", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("twitch", "access_denied").code == "access_denied"
