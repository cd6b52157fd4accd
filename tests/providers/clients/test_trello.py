import pytest

OAUTH = "https://trello.com/1"
REQUEST = (200, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true")
ACCESS = (200, "oauth_token=acc&oauth_token_secret=acc-sec")
MEMBER = {
    "id": "5a1b2c3d4e5f60718293a4b5",
    "username": "alice",
    "fullName": "Alice Example",
    "initials": "AE",
    "email": "alice@example.com",
    "confirmed": True,
    "memberType": "normal",
    "bioData": None,
    "avatarUrl": None,
    "idBoards": [],
    "prefs": {"locale": "en-US"},
}


@pytest.mark.parametrize("key", ["the-key", ""])
@pytest.mark.parametrize("email", ["alice@example.com", None])
def test_a_login(oauth1, make, query, key, email):
    trello = make("trello", key=key)
    login = oauth1.begin(trello, f"{OAUTH}/OAuthGetRequestToken", answer=REQUEST[1], name="An app", expiration="1hour")
    assert login.url.startswith(f"{OAUTH}/OAuthAuthorizeToken?")
    page = {"oauth_token": "req", "scope": "read,account", "name": "An app", "expiration": "1hour"}
    assert query(login.url) == page
    oauth1.expect("POST", f"{OAUTH}/OAuthGetAccessToken", answer=ACCESS[1])
    oauth1.expect(
        "GET",
        "https://api.trello.com/1/members/me",
        query={"key": key or "app-1", "token": "acc"},
        headers={"Authorization": None},
        answer={**MEMBER, "email": email},
    )
    identity = oauth1.done(trello, login, secrets=["", "req-sec"])
    assert (identity.uid, identity.username, identity.name) == (MEMBER["id"], "alice", "Alice Example")
    assert (identity.email, identity.email_verified) == (email, False)


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        ({}, "read,account"),
        ({"SCOPE": ["read", "write"]}, "read,write"),
        ({"AUTH_PARAMS": {"scope": "read,write"}}, "read,write"),
        ({"SCOPE": []}, None),
    ],
    ids=str,
)
def test_the_scope_is_asked_on_the_page(oauth1, make, query, settings, scope):
    login = oauth1.begin(make("trello", settings), f"{OAUTH}/OAuthGetRequestToken", answer=REQUEST[1])
    assert query(login.url).get("scope") == scope


TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(500, "Invalid Signature", TEXT)], "invalid_client", "request_token"),
        ([(500, "App not found", TEXT)], "invalid_client", "request_token"),
        ([(500, {})], "invalid_client", "request_token"),
        ([(500, "<html>", "text/html")], "server_error", "request_token"),
        ([REQUEST, (500, "Invalid Signature", TEXT)], "invalid_client", "token"),
        ([REQUEST, (500, "App not found", TEXT)], "invalid_client", "token"),
        ([REQUEST, (500, "some words", TEXT)], "invalid_grant", "token"),
        ([REQUEST, ACCESS, (401, "invalid token", TEXT)], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, (401, "invalid key", TEXT)], "invalid_client", "userinfo"),
        ([REQUEST, ACCESS, (401, "unauthorized permission requested", TEXT)], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, (400, "invalid value", TEXT)], "bad_response", "userinfo"),
        ([REQUEST, ACCESS, (429, {"error": "API_TOKEN_LIMIT_EXCEEDED", "message": "x"})], "rate_limited", "userinfo"),
        ([REQUEST, ACCESS, (503, "busy", TEXT)], "server_error", "userinfo"),
        ([REQUEST, ACCESS, (200, {"username": "alice"})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("trello", *answers)
    assert (error.code, error.step) == (code, step)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    assert error_after("trello", REQUEST, callback={"oauth_token": "req"}).code == "access_denied"
