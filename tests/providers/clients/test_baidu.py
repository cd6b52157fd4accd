import pytest

BEGIN = {"display": "popup", "force_login": "1", "confirm_login": "1", "login_type": "sms"}
USER = {"uid": "9007199254740993", "uname": "爱丽丝", "portrait": "e2c1776c31393837313031319605"}
ANSWER = {
    "access_token": "24.6c5e1ff107f0e8bcef8c46d3424a0e78.2592000.1792592000.282335-10226",
    "expires_in": 2592000,
    "refresh_token": "25.e3a3b9b7e3a3b9b7e3a3b9b7e3a3b9b7.315360000.2105360000.282335-10226",
    "scope": "basic",
    "session_key": "9mzdDZXu3dENdFZQurfg0Vz8slgSgvvOAUebNFzyzcpQ5EnbxbF+hfG9DQkpUVQdh4p6HbQcAiz5RmuBAja1JJGgIdJI",
    "session_secret": "248c1b7d3ab8b8d7d3ab8b8d7d3ab8b8",
}
PROFILE = "https://openapi.baidu.com/rest/2.0/passport/users/getLoggedInUser"


def wire(user=USER, **more):
    query = {"access_token": ANSWER["access_token"]}
    return {
        "authorize": "https://openapi.baidu.com/oauth/2.0/authorize",
        "scope": None,
        "pkce": False,
        "token": "https://openapi.baidu.com/oauth/2.0/token",
        "answer": ANSWER,
        "api": [("GET", PROFILE, {"query": query, "headers": {"Authorization": None}, "answer": user})],
        **more,
    }


def test_a_login(code_login):
    identity = code_login("baidu", **wire(), begin=BEGIN)
    assert BEGIN.items() <= code_login.sent.items()
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "爱丽丝", "爱丽丝")
    assert identity.email is None
    assert identity.picture == f"http://tb.himg.baidu.com/sys/portrait/item/{USER['portrait']}"


@pytest.mark.parametrize("portrait", [None, "", "../x", 7])
def test_without_a_picture(one_login, portrait):
    assert one_login("baidu", **wire({**USER, "portrait": portrait})).picture is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "invalid_grant", "error_description": "x"}, "invalid_grant"),
        (400, {"error": "expired_token", "error_description": "refresh token has been used"}, "invalid_grant"),
        (400, {"error": "invalid_client", "error_description": "unknown client id"}, "invalid_client"),
        (400, {"error": "redirect_uri_mismatch", "error_description": "x"}, "redirect_uri_mismatch"),
        (400, {"error": "invalid_scope", "error_description": "x"}, "invalid_scope"),
    ],
)
def test_token_errors(error_after, status, body, code):
    assert error_after("baidu", (status, body)).code == code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (100, "invalid_request"),
        (102, "invalid_token"),
        (110, "invalid_token"),
        (111, "invalid_token"),
        (112, "invalid_token"),
        (6, "insufficient_scope"),
        (4, "rate_limited"),
        (2, "temporarily_unavailable"),
        (900, "invalid_client"),
        (12345, "token_refused"),
    ],
)
def test_userinfo_errors_are_http_200(error_after, number, code):
    assert error_after("baidu", (200, ANSWER), (200, {"error_code": number, "error_msg": "x"})).code == code


def test_a_user_who_declines(declined):
    assert declined("baidu", "access_denied").code == "access_denied"
