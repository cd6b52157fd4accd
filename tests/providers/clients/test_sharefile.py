import pytest

USER = {
    "odata.metadata": "https://example.sf-api.com/sf/v3/$metadata#Users/ShareFile.Api.Models.User@Element",
    "Id": "b0a2b6a6-6e3a-4d0c-8f1e-3c2f1a4b5c6d",
    "url": "https://example.sf-api.com/sf/v3/Users(b0a2b6a6-6e3a-4d0c-8f1e-3c2f1a4b5c6d)",
    "Name": None,
    "Email": "alice@example.com",
    "Username": "alice",
    "Company": "Example",
    "FullName": "Alice Example",
    "FirstName": "Alice",
    "LastName": "Example",
    "DateCreated": "2020-01-02T03:04:05.678Z",
    "Emails": ["alice@example.com"],
    "IsConfirmed": True,
    "IsDeleted": False,
}
ANSWER = {
    "access_token": "sf-t",
    "refresh_token": "sf-r",
    "token_type": "bearer",
    "appcp": "sharefile.com",
    "apicp": "sf-api.com",
    "subdomain": "example",
    "expires_in": 28800,
    "access_files_folders": True,
}
NAMED = {"subdomain": "example", "appcp": "sharefile.com", "apicp": "sf-api.com", "h": "hmac="}


def wire(user=USER, answer=ANSWER, base="https://example", callback=NAMED, **more):
    return {
        "authorize": "https://secure.sharefile.com/oauth/authorize",
        "scope": None,
        "pkce": False,
        "token": f"{base}.sharefile.com/oauth/token",
        "form": {"redirect_uri": None},
        "answer": answer,
        "callback": callback,
        "api": [("GET", "https://example.sf-api.com/sf/v3/Users", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("sharefile", **wire())
    assert (identity.uid, identity.username, identity.name) == (USER["Id"], "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["subdomain"] == "example"


def test_a_callback_that_names_nothing_leaves_it_to_the_settings(one_login):
    bare = {name: value for name, value in ANSWER.items() if name not in ("subdomain", "appcp", "apicp")}
    assert one_login("sharefile", **wire(base="https://secure", callback={})).uid == USER["Id"]
    mine = {"SUBDOMAIN": "example"}
    assert one_login("sharefile", **wire(answer=bare, callback={}, settings=mine)).uid == USER["Id"]


def test_a_control_plane_of_ones_own(one_login):
    plane = {"APICP": "sharefile.example"}
    named = {**NAMED, "appcp": "sharefile.example"}
    own = wire(answer={**ANSWER, "appcp": "sharefile.example"}, callback=named, settings=plane)
    own["token"] = "https://example.sharefile.example/oauth/token"
    assert one_login("sharefile", **own).uid == USER["Id"]


@pytest.mark.parametrize("appcp", ["sharefile.eu", "securevdr.com"])
@pytest.mark.parametrize("apicp", ["sf-api.eu", "sharefile.com", "securevdr.com"])
def test_sharefiles_own_planes(one_login, appcp, apicp):
    named = {"subdomain": "example", "appcp": appcp, "apicp": apicp}
    own = wire(answer={**ANSWER, **named}, callback=named, token=f"https://example.{appcp}/oauth/token")
    own["api"] = [("GET", f"https://example.{apicp}/sf/v3/Users", {"answer": USER})]
    assert one_login("sharefile", **own, settings={"APICP": "sharefile.example"}).uid == USER["Id"]


def test_the_page_of_users_is_a_setting(make, script):
    login = script.begin(make("sharefile", {"DEFAULT_URL": "https://example.sharefile.eu/"}))
    assert login.url.startswith("https://example.sharefile.eu/oauth/authorize?")


@pytest.mark.parametrize(
    "settings",
    [{"SUBDOMAIN": "https://x"}, {"SUBDOMAIN": 7}, {"APICP": "a b"}, {"APICP": None}, {"DEFAULT_URL": "secure"}],
)
def test_settings_of_another_type(make, refused, settings):
    assert refused(make, "sharefile", settings).code == "setting"


@pytest.mark.parametrize(
    "named",
    [
        {"appcp": "evil.example"},
        {"apicp": "evil.example"},
        {"subdomain": "evil.example/"},
        {"subdomain": "x@evil"},
        {"subdomain": "a.b"},
        {"subdomain": "-x"},
        {"subdomain": "example", "appcp": "sharefile.com.evil.example"},
    ],
)
def test_the_secret_goes_to_no_host_of_the_callbacks_own(error_after, named):
    assert error_after("sharefile", **named).code == "wrong_host"


@pytest.mark.parametrize("named", [{"apicp": "evil.example"}, {"subdomain": "evil.example/x"}])
def test_the_token_goes_to_no_host_of_the_answers_own(error_after, named):
    assert error_after("sharefile", (200, {**ANSWER, **named})).code == "wrong_host"


def test_a_refresh_goes_to_the_account(script, make, refused):
    form = {"grant_type": "refresh_token", "refresh_token": "sf-r", "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    script.expect("POST", "https://example.sharefile.com/oauth/token", form=form, answer=ANSWER)
    assert script.refresh(make("sharefile"), "sf-r", subdomain="example").access == "sf-t"
    assert refused(script.refresh, make("sharefile"), "sf-r").code == "parameter_missing"
    assert refused(script.refresh, make("sharefile"), "sf-r", subdomain="evil.example/").code == "wrong_host"


def test_without_an_email(one_login):
    assert one_login("sharefile", **wire({**USER, "Email": ""})).email is None


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(401, {"error": "invalid_client", "error_description": "x"})], "invalid_client"),
        ([(200, ANSWER), (401, {"code": "Unauthorized", "message": {"lang": "en-US", "value": "x"}})], "invalid_token"),
        ([(200, ANSWER), (403, {"code": "Forbidden", "message": {"value": "x"}})], "insufficient_scope"),
        ([(200, ANSWER), (200, {**USER, "Id": ""})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("sharefile", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("sharefile", "access_denied").code == "access_denied"
