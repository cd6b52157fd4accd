import pytest

USER = {
    "id": 9007199254740993,
    "username": "alice",
    "resource_state": 2,
    "firstname": "Alice",
    "lastname": "Example",
    "bio": None,
    "city": "X",
    "country": None,
    "sex": "F",
    "premium": False,
    "summit": False,
    "created_at": "2016-05-01T10:00:00Z",
    "badge_type_id": 0,
    "weight": None,
    "profile_medium": "https://dgalywyr863hv.cloudfront.example/medium.jpg",
    "profile": "https://dgalywyr863hv.cloudfront.example/large.jpg",
    "friend": None,
    "follower": None,
}
ANSWER = {
    "token_type": "Bearer",
    "expires_at": 1_790_021_600,
    "expires_in": 21600,
    "refresh_token": "e5n567567e5n567567e5n567567e5n5675675675",
    "access_token": "a4b945687ga4b945687ga4b945687ga4b9456870",
    "athlete": USER,
}
ATHLETE = "https://www.strava.com/api/v3/athlete"


def wire(user=USER, scope="read,activity:read"):
    return {
        "authorize": "https://www.strava.com/oauth/authorize",
        "scope": scope,
        "pkce": False,
        "token": "https://www.strava.com/oauth/token",
        "form": {"redirect_uri": None},
        "answer": ANSWER,
        "api": [("GET", ATHLETE, {"answer": user})],
    }


def test_a_login(code_login):
    identity = code_login("strava", **wire(), begin={"approval_prompt": "force"}, callback={"scope": "read"})
    assert code_login.sent["approval_prompt"] == "force"
    assert (identity.uid, identity.username, identity.name) == ("9007199254740993", "alice", "Alice Example")
    assert (identity.first_name, identity.last_name, identity.picture) == ("Alice", "Example", USER["profile"])
    assert identity.email is None


def test_no_address_of_an_old_body_is_taken(one_login):
    assert one_login("strava", **wire({**USER, "email": "alice@example.com"})).email is None


def test_username_and_picture_may_be_missing(one_login):
    user = {**USER, "username": None, "profile": "avatar/athlete/large.png", "lastname": ""}
    identity = one_login("strava", **wire(user))
    assert (identity.username, identity.picture, identity.name) == (None, None, "Alice")


def test_scopes_are_joined_by_commas(one_login):
    for scope in (["read,profile:read_all"], ["read", "profile:read_all"]):
        assert one_login("strava", **wire(scope="read,profile:read_all"), settings={"SCOPE": scope}).uid


def fault(status, resource, field, code):
    return (status, {"message": "x", "errors": [{"resource": resource, "field": field, "code": code}]})


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([fault(400, "AuthorizationCode", "code", "invalid")], "invalid_grant"),
        ([fault(400, "AuthorizationCode", "", "expired")], "invalid_grant"),
        ([fault(400, "RequestToken", "code", "invalid")], "invalid_grant"),
        ([fault(400, "RefreshToken", "refresh_token", "invalid")], "invalid_grant"),
        ([fault(400, "Application", "client_id", "invalid")], "invalid_client"),
        ([fault(401, "Application", "", "invalid")], "invalid_client"),
        ([fault(400, "Application", "grant_type", "invalid")], "unsupported_grant_type"),
        ([fault(400, "Application", "code", "missing")], "invalid_request"),
        ([(200, ANSWER), fault(401, "Athlete", "access_token", "invalid")], "invalid_token"),
        ([(200, ANSWER), fault(401, "Application", "", "invalid")], "invalid_token"),
        ([(200, ANSWER), fault(401, "AccessToken", "activity:read_permission", "missing")], "insufficient_scope"),
        ([(200, ANSWER), fault(429, "Application", "rate limit", "exceeded")], "rate_limited"),
        ([(200, ANSWER), fault(403, "Application", "rate limit", "exceeded")], "rate_limited"),
    ],
)
def test_refusals(error_after, answers, code):
    assert error_after("strava", *answers).code == code


def test_a_user_who_declines(declined):
    assert declined("strava", "access_denied").code == "access_denied"
