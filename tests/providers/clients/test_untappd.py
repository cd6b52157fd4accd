import pytest

TOKEN_URL = "https://untappd.com/oauth/authorize/"
INFO = "https://api.untappd.com/v4/user/info/"
TOKEN = {"meta": {"http_code": 200}, "response": {"access_token": "0123456789ABCDEF0123456789ABCDEF01234567"}}
META = {"code": 200, "response_time": {"time": 0.12, "measure": "seconds"}}


def info(**changes):
    user = {
        "uid": 2**53 + 1,
        "id": 2**53 + 1,
        "user_name": "alice",
        "first_name": "Alice",
        "last_name": "E.",
        "user_avatar": "https://pic.example/1",
        "is_private": 0,
        "relationship": "self",
        "account_type": "user",
        "stats": {"total_badges": 0, "total_checkins": 0},
        "contact": [],
        "date_joined": "Thu, 01 Jan 2015 00:00:00 +0000",
        "settings": {"badge": {"badges_to_facebook": 0}, "email_address": "alice@example.com"},
        **changes,
    }
    return {"meta": META, "notifications": [], "response": {"user": user}}


@pytest.mark.parametrize("agent", [None, "web:acme:v1.2"])
def test_a_login(any_script, make, query, agent):
    untappd = make("untappd", {"USER_AGENT": agent} if agent else None)
    login = any_script.begin(untappd)
    sent = query(login.url)
    assert login.url.startswith("https://untappd.com/oauth/authenticate/?")
    state = login.session["state"]
    back = "https://app.example/cb"
    assert sent == {"client_id": "app-1", "response_type": "code", "redirect_url": back, "state": state}
    asked = {
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "response_type": "code",
        "redirect_url": back,
        "code": "c0de",
    }
    own = {"User-Agent": agent} if agent else {}
    any_script.expect("GET", TOKEN_URL, query=asked, headers=own, answer=TOKEN)
    token = {"access_token": TOKEN["response"]["access_token"]}
    any_script.expect("GET", INFO, query=token, headers={"Authorization": None, **own}, answer=info())
    identity = any_script.finish(untappd, login.session, {"state": state, "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.username) == (str(2**53 + 1), "alice")
    assert (identity.first_name, identity.last_name) == ("Alice", "E.")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.picture == "https://pic.example/1"
    assert identity.token.access not in str(identity.raw)


@pytest.mark.parametrize("changes", [{"settings": []}, {"settings": {"email_address": ""}}, {"settings": None}])
def test_there_may_be_no_email(script, make, changes):
    untappd = make("untappd")
    session = script.begin(untappd).session
    untappd.exchange = lambda *_: grant_of(untappd, session)
    token = {"access_token": "t0k"}
    script.expect("GET", INFO, query=token, answer=info(**changes))
    identity = script.finish(untappd, session, {"state": session["state"], "code": "c0de"})
    assert (identity.username, identity.email) == ("alice", None)


def grant_of(provider, session):
    from providers.identity import Token
    from providers.oauth import Grant

    return Grant(session, None, Token("t0k"), {})
    yield


@pytest.mark.parametrize("value", ["", 7, None])
def test_the_user_agent_is_a_text(make, refused, value):
    assert refused(make, "untappd", {"USER_AGENT": value}).code == "setting"


GOT = (200, TOKEN)


def fail(status, kind, key="code"):
    meta = {key: status, "error_type": kind, "error_detail": "in words", "developer_friendly": ""}
    return status, {"meta": {**meta, "response_time": {"time": 0, "measure": "seconds"}}, "response": []}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([fail(500, "Param_error", "http_code")], "invalid_request", "token"),
        ([fail(500, "invalid_auth", "http_code")], "invalid_client", "token"),
        ([fail(500, "something_new", "http_code")], "token_refused", "token"),
        ([(200, {"meta": {"http_code": 500, "error_type": "something_new"}})], "token_refused", "token"),
        ([(200, {"meta": {"http_code": 500}, "response": []})], "bad_response", "token"),
        ([(500, "<html>", "text/html")], "server_error", "token"),
        ([GOT, fail(500, "invalid_auth")], "invalid_token", "userinfo"),
        ([GOT, fail(401, "invalid_token")], "invalid_token", "userinfo"),
        ([GOT, fail(500, "invalid_param")], "invalid_request", "userinfo"),
        ([GOT, fail(429, "invalid_limit")], "rate_limited", "userinfo"),
        ([GOT, (500, "<html>", "text/html")], "server_error", "userinfo"),
        ([GOT, (200, {"meta": META, "response": []})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("untappd", *answers)
    assert (error.code, error.step) == (code, step)


@pytest.mark.parametrize("param", ["redirect_url", "redirect_uri", "state"])
def test_what_protects_a_login_cannot_be_replaced(make, script, refused, param):
    assert refused(script.begin, make("untappd", {"AUTH_PARAMS": {param: "x"}})).code == "reserved_parameter"
