import pytest

PUBLIC = "https://public.agaveapi.co"
TOKEN = {"access_token": "t0k", "token_type": "bearer", "expires_in": 14400, "refresh_token": "r0k"}
SNAKE = {
    "first_name": "Alice",
    "last_name": "Example",
    "full_name": "Alice Example",
    "email": "alice@example.com",
    "phone": "",
    "mobile_phone": "",
    "status": "Active",
    "create_time": "20140515180254Z",
    "uid": None,
    "username": "alice",
}
CAMEL = {
    "firstName": "Alice",
    "lastName": "Example",
    "fullName": "Alice Example",
    "email": "",
    "mobilePhone": "",
    "createTime": "2014-05-15T18:02:54Z",
    "uid": 7,
    "username": "alice",
}


@pytest.mark.parametrize("profile", [SNAKE, CAMEL], ids=["snake", "camel"])
@pytest.mark.parametrize("tenant", [None, "https://api.tacc.utexas.edu/"])
def test_a_login(any_script, make, query, now, tenant, profile):
    agave = make("agave", {"API_URL": tenant} if tenant else None)
    base = (tenant or PUBLIC).rstrip("/")
    login = any_script.begin(agave)
    sent = query(login.url)
    assert login.url.startswith(f"{base}/authorize?")
    assert sent["scope"] == "PRODUCTION"
    assert "code_challenge" not in sent
    form = {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://app.example/cb",
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
    }
    any_script.expect("POST", f"{base}/token", form=form, answer=TOKEN)
    body = {"status": "success", "message": None, "version": "2.2.27", "result": profile}
    any_script.expect("GET", f"{base}/profiles/v2/me", headers={"Authorization": "Bearer t0k"}, answer=body)
    identity = any_script.finish(agave, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert identity.uid == profile.get("create_time", profile.get("createTime"))
    assert (identity.username, identity.name) == ("alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == (profile["email"] or None, False)
    assert (identity.token.refresh, identity.token.expires_at) == ("r0k", now + 14400)


@pytest.mark.parametrize("value", ["agave.example", "", None, ["https://x.example"]])
def test_the_tenant_is_a_url(make, refused, value):
    assert refused(make, "agave", {"API_URL": value}).code == "setting"


FAULT = '<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900904</ams:code></ams:fault>'
GOT = (200, TOKEN)


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant", "token"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client", "token"),
        ([GOT, (401, FAULT, "application/xml")], "invalid_token", "userinfo"),
        ([GOT, (401, {"fault": {"code": 900901, "message": "Invalid Credentials"}})], "invalid_token", "userinfo"),
        ([GOT, (404, {"status": "error", "message": "x", "version": "v"})], "not_found", "userinfo"),
        ([GOT, (200, {"status": "success", "message": None, "version": "v"})], "uid_missing", "userinfo"),
        ([GOT, (200, {"status": "success", "result": {"uid": 7, "username": "alice"}})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("agave", *answers)
    assert (error.code, error.step) == (code, step)
