import pytest

API = "https://open.feishu.cn/open-apis"
PAGE_1 = {"AUTHORIZE_URL": f"{API}/authen/v1/index"}
SECRET = "s3cret-of-the-app"
USER = {
    "name": "王小明",
    "en_name": "Alice",
    "avatar_url": "https://pic.example/72",
    "avatar_thumb": "https://pic.example/72",
    "avatar_middle": "https://pic.example/240",
    "avatar_big": "https://pic.example/640",
    "open_id": "ou_0123456789abcdef0123456789abcdef",
    "union_id": "on_0123456789abcdef0123456789abcdef",
    "tenant_key": "t1",
}
TOKEN = {"code": 0, "access_token": "u-t", "expires_in": 7200, "token_type": "Bearer", "scope": "auth:user.id:read"}


def expect_user(script, api=API, **changes):
    body = {"code": 0, "msg": "success", "data": {**USER, **changes}}
    script.expect("GET", f"{api}/authen/v1/user_info", headers={"Authorization": "Bearer u-t"}, answer=body)


@pytest.mark.parametrize("lark", [False, True])
@pytest.mark.parametrize("email", [None, "", "alice@example.com"])
def test_a_login(any_script, make, query, lark, email):
    place = "larksuite.com" if lark else "feishu.cn"
    page = f"https://accounts.{place}/open-apis/authen/v1/authorize"
    feishu = make("feishu", {"AUTHORIZE_URL": page} if lark else None)
    login = any_script.begin(feishu, prompt="consent", scope=["contact:user.email:readonly"])
    sent = query(login.url)
    assert login.url.startswith(f"{page}?")
    assert (sent["client_id"], sent["response_type"], sent["prompt"]) == ("app-1", "code", "consent")
    assert (sent["scope"], sent["code_challenge_method"]) == ("contact:user.email:readonly", "S256")
    asked = {
        "grant_type": "authorization_code",
        "client_id": "app-1",
        "client_secret": SECRET,
        "code": "c0de",
        "redirect_uri": "https://app.example/cb",
        "code_verifier": login.session["verifier"],
    }
    any_script.expect("POST", f"https://open.{place}/open-apis/authen/v2/oauth/token", body=asked, answer=TOKEN)
    expect_user(any_script, f"https://open.{place}/open-apis", email=email)
    identity = any_script.finish(feishu, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.name, identity.username) == (USER["open_id"], "王小明", "王小明")
    assert (identity.email, identity.email_verified) == (email or None, False)
    assert identity.picture == "https://pic.example/72"


def expect_app_token(script):
    script.expect(
        "POST",
        f"{API}/auth/v3/app_access_token/internal",
        body={"app_id": "app-1", "app_secret": SECRET},
        answer={"code": 0, "msg": "ok", "app_access_token": "a-app", "tenant_access_token": "t-x", "expire": 7100},
    )


def test_a_login_at_the_page_of_version_1_takes_the_app_token_first(any_script, make, query, now):
    feishu = make("feishu", {**PAGE_1, "SCOPE": ["x"], "AUTH_PARAMS": {"a": "b"}})
    login = any_script.begin(feishu)
    assert login.url.startswith(f"{API}/authen/v1/index?")
    mine = {"app_id": "app-1", "redirect_uri": "https://app.example/cb", "state": login.session["state"], "a": "b"}
    assert query(login.url) == mine
    expect_app_token(any_script)
    data = {**USER, "access_token": "u-t", "token_type": "Bearer", "expires_in": 6900, "refresh_token": "ur-r"}
    any_script.expect(
        "POST",
        f"{API}/authen/v1/access_token",
        body={"grant_type": "authorization_code", "code": "c0de"},
        headers={"Authorization": "Bearer a-app"},
        answer={"code": 0, "msg": "success", "data": data},
    )
    expect_user(any_script)
    identity = any_script.finish(feishu, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.email) == (USER["open_id"], None)
    assert (identity.token.refresh, identity.token.expires_at) == ("ur-r", now + 6900)


def test_a_refresh_of_each_version(any_script, make):
    asked = {"grant_type": "refresh_token", "refresh_token": "old"}
    own = {"client_id": "app-1", "client_secret": SECRET}
    any_script.expect("POST", f"{API}/authen/v2/oauth/token", body={**asked, **own}, answer=TOKEN)
    assert any_script.refresh(make("feishu"), "old").refresh == "old"
    expect_app_token(any_script)
    answer = {"code": 0, "data": {"access_token": "u-2", "refresh_token": "ur-2"}}
    bearer = {"Authorization": "Bearer a-app"}
    any_script.expect("POST", f"{API}/authen/v1/refresh_access_token", body=asked, headers=bearer, answer=answer)
    assert any_script.refresh(make("feishu", PAGE_1), "old").refresh == "ur-2"
    any_script.done()


def wrong(code, status=400, **more):
    return status, {"code": code, "msg": "in words", **more}


APP = (200, {"code": 0, "app_access_token": "a-app"})


@pytest.mark.parametrize(
    ("settings", "answers", "code", "step"),
    [
        ({}, [wrong(20003, error="invalid_grant")], "invalid_grant", "token"),
        *[
            ({}, [wrong(number)], "invalid_grant", "token")
            for number in (20003, 20004, 20010, 20026, 20037, 20049, 20064, 20073)
        ],
        *[({}, [wrong(number)], "invalid_client", "token") for number in (20002, 10012, 99991661, 99991663)],
        ({}, [wrong(20050)], "server_error", "token"),
        *[({}, [(200, TOKEN), wrong(number)], "insufficient_scope", "userinfo") for number in (99991672, 99991676)],
        ({}, [(200, TOKEN), wrong(99991671)], "invalid_token", "userinfo"),
        ({}, [wrong(20002, error="invalid_client")], "invalid_client", "token"),
        ({}, [wrong(20049, error="invalid_grant")], "invalid_grant", "token"),
        ({}, [wrong(20050, 500, error="server_error")], "server_error", "token"),
        ({}, [wrong(77777, error="invalid_request")], "invalid_request", "token"),
        ({}, [wrong(77777, 200)], "token_refused", "token"),
        (PAGE_1, [wrong(10014, 200)], "invalid_client", "app_token"),
        (PAGE_1, [wrong(10003, 200)], "invalid_client", "app_token"),
        (PAGE_1, [(200, {"code": 0})], "bad_response", "app_token"),
        (PAGE_1, [APP, wrong(20007, 200)], "invalid_grant", "token"),
        (PAGE_1, [APP, wrong(99991664)], "invalid_client", "token"),
        (PAGE_1, [APP, (200, {"code": 0, "access_token": "t"})], "bad_response", "token"),
        (PAGE_1, [APP, (200, {"code": 0, "data": {}})], "bad_response", "token"),
        ({}, [(200, TOKEN), wrong(99991661)], "invalid_token", "userinfo"),
        ({}, [(200, TOKEN), wrong(99991668, error={"log_id": "1"})], "invalid_token", "userinfo"),
        ({}, [(200, TOKEN), wrong(99991677)], "invalid_token", "userinfo"),
        ({}, [(200, TOKEN), wrong(99991679)], "insufficient_scope", "userinfo"),
        ({}, [(200, TOKEN), wrong(99991400)], "rate_limited", "userinfo"),
        ({}, [(200, TOKEN), (200, {"code": 0, "data": {"union_id": "on_x"}})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, settings, answers, code, step):
    error = error_after("feishu", *answers, settings=settings)
    assert (error.code, error.step) == (code, step)


@pytest.mark.parametrize("param", ["app_id", "state", "redirect_uri"])
def test_what_protects_the_page_of_version_1_cannot_be_replaced(make, script, refused, param):
    feishu = make("feishu", {**PAGE_1, "AUTH_PARAMS": {param: "x"}})
    assert refused(script.begin, feishu).code == "reserved_parameter"
