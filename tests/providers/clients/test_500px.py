import pytest

from providers import Email

API = "https://api.500px.com/v1"
ANSWER = "oauth_token=req&oauth_token_secret=req-sec"
USER = {
    "id": 2**53 + 1,
    "username": "alice",
    "firstname": "Alice",
    "lastname": "Example",
    "fullname": "Alice Example",
    "sex": 0,
    "city": "",
    "country": "",
    "registration_date": "2011-11-18T05:52:08-05:00",
    "about": "",
    "domain": "alice.500px.com",
    "upgrade_status": 0,
    "show_nude": False,
    "userpic_url": "https://pic.example/1.jpg",
    "contacts": {},
    "photos_count": 3,
    "email": "alice@example.com",
    "auth": {"facebook": 0, "twitter": 0},
}


@pytest.mark.parametrize("confirmed", ["", "&oauth_callback_confirmed=true"])
def test_a_login(oauth1, make, confirmed):
    provider = make("500px")
    login = oauth1.begin(provider, f"{API}/oauth/request_token", answer=ANSWER + confirmed)
    assert login.url == f"{API}/oauth/authorize?oauth_token=req"
    oauth1.expect("POST", f"{API}/oauth/access_token", answer="oauth_token=acc&oauth_token_secret=acc-sec")
    oauth1.expect("GET", f"{API}/users", answer={"user": USER})
    identity = oauth1.done(provider, login, secrets=["", "req-sec", "acc-sec"])
    assert (identity.uid, identity.username, identity.name) == (str(2**53 + 1), "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert identity.emails == (Email("alice@example.com", verified=False, primary=True),)
    assert identity.picture == "https://pic.example/1.jpg"


REQUEST, ACCESS = (200, ANSWER), (200, "oauth_token=acc&oauth_token_secret=acc-sec")
GONE = {"status": 403, "error": "Application is deactivated, see the documentation"}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(200, f"{ANSWER}&oauth_callback_confirmed=false")], "bad_response", "request_token"),
        ([(401, "Invalid OAuth Request")], "invalid_client", "request_token"),
        ([(403, GONE)], "unauthorized_client", "request_token"),
        ([REQUEST, (401, "Invalid OAuth Request")], "invalid_grant", "token"),
        ([REQUEST, ACCESS, (401, {"status": 401, "error": "Not authorized"})], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, (403, GONE)], "unauthorized_client", "userinfo"),
        ([REQUEST, ACCESS, (403, {"status": 403, "error": "Forbidden"})], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, (404, {"status": 404, "error": "User not found"})], "not_found", "userinfo"),
        ([REQUEST, ACCESS, (400, {"status": 400, "error": "Bad"})], "invalid_request", "userinfo"),
        ([REQUEST, ACCESS, (200, {"user": {**USER, "id": None}})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("500px", *answers)
    assert (error.code, error.step) == (code, step)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    assert error_after("500px", REQUEST, callback={"oauth_token": "req"}).code == "access_denied"


def test_there_may_be_no_email(oauth1, make):
    provider = make("500px")
    login = oauth1.begin(provider, f"{API}/oauth/request_token", answer=ANSWER)
    oauth1.expect("POST", f"{API}/oauth/access_token", answer="oauth_token=acc&oauth_token_secret=acc-sec")
    oauth1.expect("GET", f"{API}/users", answer={"user": {"id": 1, "username": "carol", "email": None}})
    identity = oauth1.done(provider, login, secrets=["", "req-sec", "acc-sec"])
    assert (identity.uid, identity.email, identity.emails) == ("1", None, ())
