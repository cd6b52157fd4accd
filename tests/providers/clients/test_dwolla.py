import pytest

ACCOUNT = "b5b8d0c4-0000-4000-8000-000000000001"
HAL = "application/vnd.dwolla.v1.hal+json"


def token(link):
    return {
        "_links": {"account": {"href": link}},
        "access_token": "t0k",
        "expires_in": 3600,
        "refresh_token": "r0k",
        "refresh_expires_in": 5184000,
        "token_type": "bearer",
        "scope": "transactions",
        "account_id": ACCOUNT,
    }


PROFILE = {
    "_links": {"self": {"href": f"https://api.dwolla.com/accounts/{ACCOUNT}"}},
    "id": ACCOUNT,
    "name": "Alice Example",
    "timezoneOffset": -6.0,
    "type": "Personal",
}
LIVE, TRIAL = ("www", "api"), ("sandbox", "api-sandbox")


@pytest.mark.parametrize(
    ("settings", "hosts", "scope"),
    [
        ({}, LIVE, "Transactions"),
        ({"SCOPE": ["Send", "Transactions", "Funding"]}, LIVE, "Send|Transactions|Funding"),
        ({"ENVIROMENT": "sandbox"}, TRIAL, "Transactions"),
        ({"ENVIRONMENT": "sandbox"}, TRIAL, "Transactions"),
        ({"ENVIRONMENT": "production", "ENVIROMENT": "sandbox"}, LIVE, "Transactions"),
    ],
    ids=str,
)
def test_a_login(any_script, make, query, now, settings, hosts, scope):
    dwolla = make("dwolla", settings)
    pages, api = (f"https://{host}.dwolla.com" for host in hosts)
    login = any_script.begin(dwolla, verified_account="true", dwolla_landing="login")
    sent = query(login.url)
    assert login.url.startswith(f"{pages}/oauth/v2/authenticate?")
    assert (sent["scope"], sent["verified_account"], sent["dwolla_landing"]) == (scope, "true", "login")
    assert "code_challenge" not in sent
    form = {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://app.example/cb",
        "client_id": "app-1",
        "client_secret": "s3cret-of-the-app",
    }
    link = f"{api}/accounts/{ACCOUNT}"
    any_script.expect("POST", f"{pages}/oauth/v2/token", form=form, answer=token(link))
    headers = {"Authorization": "Bearer t0k", "Accept": HAL}
    any_script.expect("GET", link, headers=headers, answer=PROFILE, kind=HAL)
    identity = any_script.finish(dwolla, login.session, {"state": login.session["state"], "code": "c0de"})
    any_script.done()
    assert (identity.uid, identity.name, identity.email) == (ACCOUNT, "Alice Example", None)
    assert (identity.token.refresh, identity.token.expires_at) == ("r0k", now + 3600)


@pytest.mark.parametrize("name", ["ENVIROMENT", "ENVIRONMENT"])
@pytest.mark.parametrize("value", ["uat", None, True, ["sandbox"]])
def test_the_environment_is_one_of_two(make, refused, name, value):
    error = refused(make, "dwolla", {name: value})
    assert error.code == "setting"
    assert name in str(error)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/accounts/1",
        "http://api.dwolla.com/accounts/1",
        "https://api.dwolla.com.evil.example/accounts/1",
        "https://api.dwolla.com@evil.example/",
        "https://api-sandbox.dwolla.com/accounts/1",
        "//api.dwolla.com/accounts/1",
        "",
        None,
        7,
    ],
)
def test_the_token_goes_to_no_other_host(error_after, link):
    error = error_after("dwolla", (200, token(link)))
    assert (error.code, error.step) == ("profile_link", "token")


TOKEN = (200, token(f"https://api.dwolla.com/accounts/{ACCOUNT}"))


def fail(status, code):
    return status, {"code": code, "message": "in words"}, HAL


@pytest.mark.parametrize(
    ("answers", "code", "step"),
    [
        ([(200, {"error": "access_denied", "error_description": "x"})], "invalid_grant", "token"),
        ([(400, {"error": "access_denied"})], "invalid_grant", "token"),
        ([(401, {"error": "invalid_client"})], "invalid_client", "token"),
        ([TOKEN, fail(401, "InvalidAccessToken")], "invalid_token", "userinfo"),
        ([TOKEN, fail(401, "ExpiredAccessToken")], "invalid_token", "userinfo"),
        ([TOKEN, fail(401, "InvalidScopes")], "insufficient_scope", "userinfo"),
        ([TOKEN, fail(401, "InvalidAccountStatus")], "account_suspended", "userinfo"),
        ([TOKEN, fail(401, "InvalidApplicationStatus")], "unauthorized_client", "userinfo"),
        ([TOKEN, fail(401, "InvalidCredentials")], "invalid_client", "userinfo"),
        ([TOKEN, fail(403, "Forbidden")], "insufficient_scope", "userinfo"),
        ([TOKEN, fail(404, "NotFound")], "not_found", "userinfo"),
        ([TOKEN, fail(406, "InvalidVersion")], "invalid_request", "userinfo"),
        ([TOKEN, fail(500, "ServerError")], "server_error", "userinfo"),
        ([TOKEN, (200, ["x"])], "bad_response", "userinfo"),
        ([TOKEN, (200, {"name": "x"})], "uid_missing", "userinfo"),
    ],
)
def test_refusals(error_after, answers, code, step):
    error = error_after("dwolla", *answers)
    assert (error.code, error.step) == (code, step)
