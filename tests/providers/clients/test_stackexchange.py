import pytest

OAUTH = "https://stackoverflow.com/oauth"
ME = "https://api.stackexchange.com/2.3/me"
USER = {
    "user_id": 11,
    "account_id": 2**53 + 1,
    "display_name": "Al &quot;Ice&quot; &amp; Ex&#228;mple",
    "user_type": "registered",
    "reputation": 1,
    "creation_date": 1300000000,
    "last_access_date": 1400000000,
    "is_employee": False,
    "link": "https://stackoverflow.com/users/11/alice",
    "profile_image": "https://pic.example/1",
    "badge_counts": {"bronze": 0, "silver": 0, "gold": 0},
}
PAGE = {"has_more": False, "quota_max": 10000, "quota_remaining": 9999}


@pytest.mark.parametrize("site", ["stackoverflow", "serverfault"])
def test_a_login(any_script, make, query, now, site):
    exchange = make("stackexchange", {"SITE": site} if site != "stackoverflow" else None, key="request-key((")
    login = any_script.begin(exchange, scope=["no_expiry", "read_inbox"])
    sent = query(login.url)
    assert login.url.startswith(f"{OAUTH}?")
    assert (sent["scope"], sent["code_challenge_method"]) == ("no_expiry read_inbox", "S256")
    form = {
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "code": "c0de))",
        "redirect_uri": "https://app.example/cb",
        "code_verifier": login.session["verifier"],
    }
    token = "access_token=t0k((x))&expires=86400"
    any_script.expect("POST", f"{OAUTH}/access_token", form=form, answer=token, kind="text/plain; charset=utf-8")
    asked = {"access_token": "t0k((x))", "key": "request-key((", "site": site}
    quiet = {"Authorization": None}
    any_script.expect("GET", ME, query=asked, headers=quiet, answer={"items": [USER], **PAGE})
    identity = any_script.finish(exchange, login.session, {"state": login.session["state"], "code": "c0de))"})
    any_script.done()
    assert (identity.uid, identity.email) == (str(2**53 + 1), None)
    assert identity.name == identity.username == 'Al "Ice" & Exämple'
    assert (identity.picture, identity.token.expires_at) == ("https://pic.example/1", now + 86400)


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_a_token_without_end(script, make, kind):
    exchange = make("stackexchange")
    session = script.begin(exchange).session
    exchange.profile = lambda grant: iter_of({**USER})
    answer = "access_token=t0k" if kind == "text/plain" else {"access_token": "t0k"}
    form = {
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
        "code": "c",
        "code_verifier": session["verifier"],
    }
    form["redirect_uri"] = "https://app.example/cb"
    script.expect("POST", f"{OAUTH}/access_token", form=form, answer=answer, kind=kind)
    token = script.finish(exchange, session, {"state": session["state"], "code": "c"}).token
    assert (token.access, token.expires_at) == ("t0k", None)


def iter_of(value):
    return value
    yield


@pytest.mark.parametrize("settings", [{"SITE": ""}, {"SITE": None}, {"SITE": ["stackoverflow"]}])
def test_the_site_is_a_name(make, refused, settings):
    assert refused(make, "stackexchange", settings).code == "setting"


def test_the_request_key_is_needed(make, refused):
    assert refused(make, "stackexchange", key="").code == "credentials"


def test_there_is_no_refresh(make, script, refused):
    assert refused(script.refresh, make("stackexchange"), "old").code == "refresh_unsupported"


TOKEN = (200, "access_token=t0k&expires=86400")


def fail(number, name):
    return 400, {"error_id": number, "error_name": name, "error_message": "in words"}


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(400, {"error": {"type": "OAuthException", "message": "in words"}})], "token_refused", "token"),
        ([(400, {"error": {"type": "invalid_grant", "message": "in words"}})], "invalid_grant", "token"),
        ([(400, {"error": "invalid_grant"})], "invalid_grant", "token"),
        ([TOKEN, fail(400, "bad_parameter")], "invalid_request", "userinfo"),
        ([TOKEN, fail(401, "access_token_required")], "invalid_token", "userinfo"),
        ([TOKEN, fail(402, "invalid_access_token")], "invalid_token", "userinfo"),
        ([TOKEN, fail(403, "access_denied")], "insufficient_scope", "userinfo"),
        ([TOKEN, fail(405, "key_required")], "invalid_client", "userinfo"),
        ([TOKEN, fail(406, "access_token_compromised")], "invalid_token", "userinfo"),
        ([TOKEN, fail(500, "internal_error")], "server_error", "userinfo"),
        ([TOKEN, fail(502, "throttle_violation")], "rate_limited", "userinfo"),
        ([TOKEN, fail(503, "temporarily_unavailable")], "temporarily_unavailable", "userinfo"),
        ([TOKEN, (200, {"items": [], **PAGE})], "not_found", "userinfo"),
        ([TOKEN, (200, {"items": [{**USER, "account_id": 0}], **PAGE})], "not_found", "userinfo"),
        ([TOKEN, (200, {"items": [{"user_id": 11}], **PAGE})], "not_found", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("stackexchange", *answers)
    assert (error.code, error.step) == (code, step)
