import pytest

OAUTH = "https://www.flickr.com/services/oauth"
REST = "https://api.flickr.com/services/rest"
REQUEST = (200, "oauth_callback_confirmed=true&oauth_token=req&oauth_token_secret=req-sec")
ACCESS = (200, "fullname=Alice&oauth_token=acc&oauth_token_secret=acc-sec&user_nsid=12%40N01&username=al")
WHO = {"user": {"id": "12@N01", "username": {"_content": "al"}, "path_alias": None}, "stat": "ok"}
PERSON = {
    "id": "12@N01",
    "nsid": "12@N01",
    "ispro": 0,
    "can_buy_pro": 0,
    "iconserver": "0",
    "iconfarm": 0,
    "path_alias": None,
    "has_stats": 0,
    "username": {"_content": "al"},
    "realname": {"_content": "Alice Example"},
    "description": {"_content": ""},
    "profileurl": {"_content": "https://www.flickr.com/people/12@N01/"},
    "photos": {"firstdate": {"_content": None}, "count": {"_content": 0}},
}
PLAIN = {"format": "json", "nojsoncallback": "1"}


def test_a_login(oauth1, make, query):
    flickr = make("flickr")
    login = oauth1.begin(flickr, f"{OAUTH}/request_token", answer=REQUEST[1])
    assert login.url.startswith(f"{OAUTH}/authorize?")
    assert query(login.url) == {"oauth_token": "req", "perms": "read"}
    oauth1.expect("POST", f"{OAUTH}/access_token", answer=ACCESS[1])
    oauth1.expect("GET", REST, query={"method": "flickr.test.login", **PLAIN}, answer=WHO)
    who = {"method": "flickr.people.getInfo", "user_id": "12@N01", **PLAIN}
    oauth1.expect("GET", REST, query=who, answer={"person": PERSON, "stat": "ok"})
    identity = oauth1.done(flickr, login, secrets=["", "req-sec", "acc-sec", "acc-sec"])
    assert (identity.uid, identity.username, identity.name) == ("12@N01", "al", "Alice Example")
    assert (identity.email, identity.token.secret) == (None, "acc-sec")
    assert identity.raw["token"]["user_nsid"] == "12@N01"


@pytest.mark.parametrize(
    ("settings", "options"), [({"AUTH_PARAMS": {"perms": "write"}}, {}), ({}, {"perms": "write"})], ids=str
)
def test_perms_may_be_more(oauth1, make, query, settings, options):
    login = oauth1.begin(make("flickr", settings), f"{OAUTH}/request_token", answer=REQUEST[1], **options)
    assert query(login.url)["perms"] == "write"


def test_profile_fields_must_be_a_list(make, refused):
    assert make("flickr", {"PROFILE_FIELDS": ["id", "first-name"]}).values["PROFILE_FIELDS"] == ("id", "first-name")
    assert refused(make, "flickr", {"PROFILE_FIELDS": "id"}).code == "setting"


def fail(code):
    return 200, {"stat": "fail", "code": code, "message": "in words"}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(401, "oauth_problem=signature_invalid&debug_sbs=POST")], "invalid_client", "request_token"),
        ([(401, "oauth_problem=consumer_key_unknown")], "invalid_client", "request_token"),
        ([(400, "oauth_problem=parameter_absent&oauth_parameters_absent=x")], "invalid_request", "request_token"),
        ([REQUEST, (401, "oauth_problem=token_rejected")], "invalid_grant", "token"),
        ([REQUEST, (401, "oauth_problem=verifier_invalid")], "invalid_grant", "token"),
        ([REQUEST, ACCESS, fail(96)], "invalid_client", "test_login"),
        ([REQUEST, ACCESS, fail(97)], "invalid_request", "test_login"),
        ([REQUEST, ACCESS, fail(98)], "invalid_token", "test_login"),
        ([REQUEST, ACCESS, fail(99)], "insufficient_scope", "test_login"),
        ([REQUEST, ACCESS, fail(100)], "invalid_client", "test_login"),
        ([REQUEST, ACCESS, fail(105)], "temporarily_unavailable", "test_login"),
        *[([REQUEST, ACCESS, fail(number)], "invalid_request", "test_login") for number in (95, 111, 112, 116)],
        ([REQUEST, ACCESS, fail(106)], "temporarily_unavailable", "test_login"),
        ([REQUEST, ACCESS, (200, {"stat": "fail"})], "token_refused", "test_login"),
        ([REQUEST, ACCESS, fail(7777)], "token_refused", "test_login"),
        ([REQUEST, ACCESS, (401, "oauth_problem=token_rejected")], "invalid_token", "test_login"),
        ([REQUEST, ACCESS, (200, {"stat": "ok", "user": {}})], "bad_response", "test_login"),
        ([REQUEST, ACCESS, (200, ["x"])], "bad_response", "test_login"),
        ([REQUEST, ACCESS, (200, WHO), fail(1)], "not_found", "userinfo"),
        ([REQUEST, ACCESS, (200, WHO), fail(5)], "not_found", "userinfo"),
        ([REQUEST, ACCESS, (200, WHO), (200, {"stat": "ok", "person": {"nsid": "9@N01"}})], "sub_mismatch", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("flickr", *answers)
    assert (error.code, error.step) == (code, step)
