import pytest

OAUTH = "https://vimeo.com/oauth"
REST = "https://vimeo.com/api/rest/v2"
REQUEST = (200, "oauth_token=req&oauth_token_secret=req-sec&oauth_callback_confirmed=true")
ACCESS = (200, "oauth_token=acc&oauth_token_secret=acc-sec")
PORTRAITS = [{"height": size, "width": size, "_content": f"https://pic.example/{size}"} for size in ("30", "75", "100")]
PERSON = {
    "id": "9007199254740993",
    "username": "user1",
    "display_name": "Alice Example",
    "location": "",
    "created_on": "2009-07-13 18:51:12",
    "is_plus": "0",
    "is_staff": "0",
    "number_of_contacts": "0",
    "profileurl": "http://vimeo.com/user1",
    "portraits": {"portrait": PORTRAITS},
}


def test_a_login(oauth1, make, query):
    vimeo = make("vimeo")
    login = oauth1.begin(vimeo, f"{OAUTH}/request_token", answer=REQUEST[1])
    assert login.url.startswith(f"{OAUTH}/authorize?")
    assert query(login.url) == {"oauth_token": "req", "permission": "read"}
    oauth1.expect("POST", f"{OAUTH}/access_token", answer=ACCESS[1])
    asked = {"method": "vimeo.people.getInfo", "format": "json"}
    body = {"generated_in": "0.0195", "stat": "ok", "person": PERSON}
    oauth1.expect("GET", REST, query=asked, answer=body)
    identity = oauth1.done(vimeo, login, secrets=["", "req-sec", "acc-sec"])
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "user1", "Alice Example")
    assert (identity.email, identity.picture) == (None, "https://pic.example/100")


@pytest.mark.parametrize(
    ("settings", "options"), [({"AUTH_PARAMS": {"permission": "delete"}}, {}), ({}, {"permission": "delete"})], ids=str
)
def test_the_permission_may_be_more(oauth1, make, query, settings, options):
    login = oauth1.begin(make("vimeo", settings), f"{OAUTH}/request_token", answer=REQUEST[1], **options)
    assert query(login.url)["permission"] == "delete"


def fail(code):
    return 200, {"generated_in": "0.01", "stat": "fail", "err": {"code": code, "msg": "in words"}}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(401, "oauth_problem=consumer_key_unknown")], "invalid_client", "request_token"),
        ([REQUEST, (401, "no good")], "invalid_grant", "token"),
        ([REQUEST, ACCESS, fail("1")], "not_found", "userinfo"),
        ([REQUEST, ACCESS, fail("2")], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, fail("96")], "invalid_client", "userinfo"),
        *[([REQUEST, ACCESS, fail(number)], "invalid_request", "userinfo") for number in ("97", "111", "112")],
        ([REQUEST, ACCESS, fail("401")], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, fail("98")], "invalid_token", "userinfo"),
        ([REQUEST, ACCESS, fail("99")], "insufficient_scope", "userinfo"),
        ([REQUEST, ACCESS, fail("100")], "invalid_client", "userinfo"),
        ([REQUEST, ACCESS, fail("105")], "temporarily_unavailable", "userinfo"),
        ([REQUEST, ACCESS, fail("7777")], "token_refused", "userinfo"),
        ([REQUEST, ACCESS, (200, {"stat": "fail"})], "token_refused", "userinfo"),
        ([REQUEST, ACCESS, (200, {"stat": "ok", "person": {}})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("vimeo", *answers)
    assert (error.code, error.step) == (code, step)


def test_a_user_who_declines_comes_back_without_verifier(error_after):
    assert error_after("vimeo", REQUEST, callback={"oauth_token": "req"}).code == "access_denied"
