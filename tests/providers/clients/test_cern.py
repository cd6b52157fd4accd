import pytest

RESOURCE = "https://oauthresource.web.cern.ch/api"
USER = {
    "id": 9007199254740993,
    "personid": 9007199254740993,
    "username": "alice",
    "name": "Alice Example",
    "first_name": "Alice",
    "last_name": "Example",
    "email": "alice@example.com",
    "identityclass": "CERN Registered",
    "federation": "CERN",
    "phone": None,
    "mobile": None,
}
ANSWER = {"access_token": "cern-t", "token_type": "bearer", "expires_in": 1199, "refresh_token": "cern-r"}
GROUPS = ("GET", f"{RESOURCE}/Groups", {"answer": {"groups": ["it-dep", "users"]}})


def wire(user=USER, **more):
    return {
        "authorize": "https://oauth.web.cern.ch/OAuth/Authorize",
        "scope": "read:user",
        "pkce": False,
        "token": "https://oauth.web.cern.ch/OAuth/Token",
        "answer": ANSWER,
        "api": [("GET", f"{RESOURCE}/User", {"answer": user}), GROUPS],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("cern", **wire(), begin={"show_login": "true"})
    assert code_login.sent["show_login"] == "true"
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["groups"] == {"groups": ["it-dep", "users"]}


@pytest.mark.parametrize("email", [None, "", 7, "Alice"])
def test_without_an_email(one_login, email):
    assert one_login("cern", **wire({**USER, "email": email})).email is None


def test_the_scopes_of_the_services_own_clients(one_login):
    names = ["Name", "Email", "Bio", "Groups"]
    assert one_login("cern", **wire(settings={"SCOPE": names}, scope="Name Email Bio Groups")).username == "alice"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, {"error": "invalid_token"})], "invalid_token"),
        ([(200, ANSWER), (200, USER), (401, "")], "invalid_token"),
        ([(200, ANSWER), (200, [])], "bad_response"),
        ([(200, ANSWER), (200, {**USER, "id": None}), (200, {"groups": []})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("cern", *answers).code == code


def test_a_callback_needs_its_state(error_after):
    assert error_after("cern", drop=("state",)).code == "state_missing"


def test_a_user_who_declines(declined):
    assert declined("cern", "access_denied").code == "access_denied"
