import pytest

USER = {
    "Id": 9007199254740993,
    "FirstName": "Alice",
    "LastName": "Example",
    "Email": "alice@example.com",
    "TimeZone": "America/Denver",
    "BirthMonth": None,
    "Sex": "f",
    "CoachedBy": None,
    "Weight": 64.5,
    "IsPremium": True,
    "PreferredUnits": "Metric",
}
ANSWER = {
    "access_token": "gAAAAMYien",
    "token_type": "bearer",
    "expires_in": 600,
    "refresh_token": "gAAAArefresh",
    "scope": "athlete:profile",
}


def wire(user=USER, host="sandbox.trainingpeaks.com", **more):
    return {
        "authorize": f"https://oauth.{host}/OAuth/Authorize",
        "scope": "athlete:profile",
        "pkce": False,
        "token": f"https://oauth.{host}/oauth/token",
        "answer": ANSWER,
        "api": [("GET", f"https://api.{host}/v1/athlete/profile", {"answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("trainingpeaks", **wire())
    assert (identity.uid, identity.name) == ("9007199254740993", "Alice Example")
    assert (identity.first_name, identity.last_name) == ("Alice", "Example")
    assert (identity.email, identity.email_verified) == ("alice@example.com", False)


def test_production(one_login):
    live = wire(host="trainingpeaks.com", settings={"USE_PRODUCTION": True})
    assert one_login("trainingpeaks", **live).uid == "9007199254740993"


@pytest.mark.parametrize("value", ["true", 1, None])
def test_production_is_a_flag(make, refused, value):
    assert refused(make, "trainingpeaks", {"USE_PRODUCTION": value}).code == "setting"


@pytest.mark.parametrize("email", [None, "", "Alice"])
def test_without_an_email(one_login, email):
    identity = one_login("trainingpeaks", **wire({**USER, "Email": email, "LastName": ""}))
    assert (identity.email, identity.name) == (None, "Alice")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(400, {"error": "invalid_grant"})], "invalid_grant"),
        ([(400, {"error": "invalid_scope"})], "invalid_scope"),
        ([(401, {"error": "invalid_client"})], "invalid_client"),
        ([(200, ANSWER), (401, "")], "invalid_token"),
        ([(200, ANSWER), (403, {"Message": "x"})], "insufficient_scope"),
        ([(200, ANSWER), (429, "")], "rate_limited"),
        ([(200, ANSWER), (200, {})], "uid_missing"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("trainingpeaks", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("trainingpeaks", "access_denied").code == "access_denied"
