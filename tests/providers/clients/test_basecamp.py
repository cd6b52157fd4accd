import pytest

IDENTITY = {
    "id": 9007199254740993,
    "first_name": "Alice",
    "last_name": "Example",
    "email_address": "alice@example.com",
}
BODY = {
    "expires_at": "2026-10-08T11:00:00-05:00",
    "identity": IDENTITY,
    "accounts": [
        {
            "product": "bc3",
            "id": 99999999,
            "name": "Honcho Design",
            "href": "https://3.basecampapi.com/99999999",
            "app_href": "https://3.basecamp.com/99999999",
            "hidden": False,
            "expired": False,
            "featured": False,
        }
    ],
}
ANSWER = {"access_token": "BAhbB0ki--0a1b", "refresh_token": "BAhbB0kr--0a1b", "expires_in": 1209600}


def wire(**changes):
    body = {**BODY, "identity": {**IDENTITY, **changes}}
    return {
        "authorize": "https://launchpad.37signals.com/authorization/new",
        "scope": None,
        "pkce": False,
        "token": "https://launchpad.37signals.com/authorization/token",
        "answer": ANSWER,
        "api": [("GET", "https://launchpad.37signals.com/authorization.json", {"answer": body})],
    }


def test_a_login(code_login):
    identity = code_login("basecamp", **wire())
    assert code_login.sent["response_type"] == "code"
    assert (identity.uid, identity.name) == ("9007199254740993", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)
    assert identity.raw["userinfo"]["accounts"][0]["href"] == "https://3.basecampapi.com/99999999"


@pytest.mark.parametrize("email", [None, "", "Alice"])
def test_without_an_email(one_login, email):
    assert one_login("basecamp", **wire(email_address=email, last_name=None)).email is None


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant", "error_description": "x"})], "invalid_grant"),
        ([(400, {"error": "authorization_expired"})], "invalid_grant"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(401, "This Basecamp ID rekeyed its deadbolt.")], "invalid_grant"),
        ([(401, "Unknown Basecamp ID.")], "invalid_grant"),
        ([(200, ANSWER), (401, {"error": "OAuth token expired (old age). <a href=x>x</a>"})], "invalid_token"),
        ([(200, ANSWER), (429, "")], "rate_limited"),
        ([(200, ANSWER), (503, "")], "server_error"),
        ([(200, ANSWER), (200, {**BODY, "identity": {}})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("basecamp", *answers).code == code


def test_a_spent_refresh_token_is_told_in_text(script, make, refused):
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app-1"}
    form["client_secret"] = "s3cret-of-the-app"
    url = "https://launchpad.37signals.com/authorization/token"
    script.expect("POST", url, form=form, status=401, answer="Unknown Basecamp ID.")
    assert refused(script.refresh, make("basecamp"), "x").code == "invalid_grant"


def test_a_user_who_declines(declined):
    assert declined("basecamp", "access_denied").code == "access_denied"
