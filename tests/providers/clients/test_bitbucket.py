import pytest

from providers import Email

API = "https://bitbucket.org/api/1.0"
REQUEST = (200, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true")
ACCESS = (200, "oauth_token=acc&oauth_token_secret=acc-sec")
USER = {
    "username": "alice",
    "first_name": "Alice",
    "last_name": "Example",
    "display_name": "Alice Example",
    "is_team": False,
    "avatar": "https://pic.example/alice",
    "resource_uri": "/1.0/users/alice",
}
ROWS = [
    {"active": True, "email": "old@example.com", "primary": False},
    {"active": False, "email": "new@example.com", "primary": False},
    {"active": True, "email": "a+b@bücher.example", "primary": True},
]


def login_with(oauth1, make, rows, profile):
    bitbucket = make("bitbucket")
    login = oauth1.begin(bitbucket, f"{API}/oauth/request_token", answer=REQUEST[1])
    assert login.url == f"{API}/oauth/authenticate?oauth_token=req"
    oauth1.expect("POST", f"{API}/oauth/access_token", answer=ACCESS[1])
    oauth1.expect("GET", f"{API}/emails/", answer=rows)
    oauth1.expect("GET", profile, answer={"repositories": [], "user": USER})
    return oauth1.done(bitbucket, login, secrets=["", "req-sec", "acc-sec", "acc-sec"])


def test_a_login(oauth1, make):
    identity = login_with(oauth1, make, ROWS, f"{API}/users/a+b@b%C3%BCcher.example")
    assert (identity.uid, identity.username, identity.name) == ("alice", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("a+b@bücher.example", True)
    assert identity.emails[1] == Email("new@example.com", verified=False, primary=False)
    assert identity.picture == "https://pic.example/alice"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"active": False, "email": "victim@example.com", "primary": True}],
        [{"active": "true", "email": "victim@example.com", "primary": True}],
        [{"active": True, "email": None, "primary": True}, 7],
    ],
    ids=str,
)
def test_an_address_that_nobody_confirmed_fetches_nobodys_profile(oauth1, make, rows):
    identity = login_with(oauth1, make, rows, f"{API}/user")
    assert (identity.uid, identity.email_verified) == ("alice", False)


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(400, "Could not verify OAuth request.")], "invalid_client", "request_token"),
        ([REQUEST, (400, "Could not verify OAuth request.")], "invalid_grant", "token"),
        ([REQUEST, (401, "Could not verify OAuth request.")], "invalid_grant", "token"),
        ([REQUEST, ACCESS, (401, "")], "invalid_token", "emails"),
        ([REQUEST, ACCESS, (403, "", "text/plain")], "insufficient_scope", "emails"),
        ([REQUEST, ACCESS, (200, ROWS), (401, "")], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, (200, ROWS), (404, "", "text/html")], "not_found", "userinfo"),
        ([REQUEST, ACCESS, (200, ROWS), (200, {"user": {}})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("bitbucket", *answers)
    assert (error.code, error.step) == (code, step)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    assert error_after("bitbucket", REQUEST, callback={"oauth_token": "req"}).code == "access_denied"
